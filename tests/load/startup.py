"""How long `keyway serve --ephemeral` takes from its start to its first answer.

    KEYWAY_BIN=target/release/keyway python3 tests/load/startup.py --runs 30

Wall time, and the CPU time of all its threads by then (Linux), which a busy machine does not stretch
as much.
"""

import argparse
import glob
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

BINARY = os.environ.get("KEYWAY_BIN") or str(pathlib.Path(__file__).parents[2] / "target/release/keyway")


def run():
    """Milliseconds to the first answer, and of CPU."""
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="keyway-startup-") as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        begun = time.perf_counter()
        command = [BINARY, "serve", "--ephemeral", "--data", folder, "--listen", f"127.0.0.1:{port}", "--admin", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        printed = b""
        while b"keyway is ready" not in printed:
            printed += os.read(server.stdout.fileno(), 65_536)
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /crm/v3/objects/contacts HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n")
            assert b" 401 " in client.recv(100)
        wall = (time.perf_counter() - begun) * 1_000
        threads = glob.glob(f"/proc/{server.pid}/task/*/schedstat")
        cpu = sum(int(pathlib.Path(thread).read_text().split()[0]) for thread in threads) / 1e6
        server.kill()
        server.wait()
        return wall, cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30)
    runs = [run() for _ in range(parser.parse_args().runs)]
    print("| | least | median | nine in ten |\n| --- | --- | --- | --- |")
    for name, values in (("wall", [wall for wall, _ in runs]), ("CPU", [cpu for _, cpu in runs])):
        values.sort()
        print(f"| {name} | {values[0]:.1f} ms | {statistics.median(values):.1f} ms | {values[int(len(values) * 0.9)]:.1f} ms |")


if __name__ == "__main__":
    main()
