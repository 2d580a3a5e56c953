"""A Redis of our own, in memory alone, ended with the test."""

import socket
import subprocess
import time

from servers import free_port, run_with


class Redis:
    """A running server that keeps nothing over a restart. `url` stays the same."""

    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
        for _ in range(500):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("redis-server does not answer")

    def script_calls(self):
        """How often its scripts ran, and the mean time in microseconds."""
        asked = ["redis-cli", "-p", str(self.port), "info", "commandstats"]
        lines = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.splitlines()
        line = next(line for line in lines if line.startswith("cmdstat_evalsha:"))
        stats = dict(pair.split("=") for pair in line.split(":")[1].split(","))
        return int(stats["calls"]), float(stats["usec_per_call"])

    def stop(self):
        self.process.kill()
        self.process.wait()


if __name__ == "__main__":
    # Runs a command with KEYWAY_TEST_REDIS set to a server of its own.
    run_with("KEYWAY_TEST_REDIS", Redis())
