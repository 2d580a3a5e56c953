#!/usr/bin/env python3
"""Resident memory with many idle connections, each of which has made a call.

    idle.py [CONNECTIONS]

KEYWAY_BIN names the binary (a release build). The limit of open files must allow it.
"""

import os
import pathlib
import resource
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import Keyway  # noqa: E402


def resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 3 * count), most))
    keyway = Keyway(through_gateway=False)
    port = int(keyway.url.rsplit(":", 1)[1])
    before = resident(keyway.process.pid)
    # Refused calls take the same way through the server's buffers, and count against no limit.
    request = b"GET /crm/v3/objects/contacts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n\r\n"
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(request)
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")
        connections.append(connection)
    after = resident(keyway.process.pid)
    print(f"{count} idle connections: {after:.0f} MiB resident, {before:.0f} before: {(after - before) * 1024 / count:.1f} KiB each")
    keyway.stop()


if __name__ == "__main__":
    main()
