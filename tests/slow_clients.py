#!/usr/bin/env python3
"""Clients that take their time: each limit of time and number that docs/operations.md states, over real sockets."""

import concurrent.futures
import json
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import Keyway, rest_of  # noqa: E402

CONTACTS = "/crm/v3/objects/contacts"
# The limit is 30 s. A busy machine may be late, and nothing may be early.
SOONEST, LATEST = 25, 90
ADMIN_CONNECTIONS = 256
MIB = 1 << 20


class Clients:
    def __init__(self, server):
        self.server = server
        account = server.account("slow clients")
        self.token = server.app(account, "slow clients", ["crm.objects.contacts.read", "crm.objects.contacts.write"])[1]
        self.account = account

    def connect(self, where):
        if where == "socket":
            stream = socket.socket(socket.AF_UNIX)
            stream.settimeout(LATEST)
            stream.connect(f"{self.server.folder}/admin.sock")
            return stream
        url = self.server.url if where == "data" else self.server.admin
        host, port = url.removeprefix("http://").split(":")
        return socket.create_connection((host, int(port)), timeout=LATEST)

    def whole(self, where):
        return b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" if where != "data" else self.call()

    def call(self):
        return f"GET {CONTACTS} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode()


def answer_of(stream):
    """One answer of a connection that stays open."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        chunk = stream.recv(65536)
        if not chunk:
            return answer
        answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


def ends_in_time(name, start):
    took = time.monotonic() - start
    assert SOONEST < took < LATEST, f"{name}: ended after {took:.0f} s"


def a_head_that_stops(clients, where):
    with clients.connect(where) as stream:
        start = time.monotonic()
        stream.sendall(clients.whole(where)[:-4])
        rest_of(stream)
        ends_in_time(f"a head that stops, {where}", start)


def an_idle_connection(clients, where):
    with clients.connect(where) as stream:
        stream.sendall(clients.whole(where))
        assert answer_of(stream).split()[1] == b"200", where
        start = time.monotonic()
        assert rest_of(stream) == b""
        ends_in_time(f"an idle connection, {where}", start)


def a_body_that_stops(clients):
    head = f"POST {CONTACTS} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {clients.token}\r\n"
    with clients.connect("data") as stream:
        start = time.monotonic()
        stream.sendall((head + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{").encode())
        answer = rest_of(stream)
        assert answer.split()[1] == b"408", answer[:200]
        ends_in_time("a body that stops", start)


def more_admin_connections_than_there_are_places(clients, where):
    """The last one waits for a place. The data listener has places of its own."""
    held = [clients.connect(where) for _ in range(ADMIN_CONNECTIONS)]
    for stream in held:
        stream.sendall(clients.whole(where))
    for stream in held:
        assert answer_of(stream).split()[1] == b"200"
    with clients.connect(where) as late, clients.connect("data") as other:
        late.sendall(clients.whole(where))
        other.sendall(clients.call())
        assert answer_of(other).split()[1] == b"200", "the data listener answers meanwhile"
        late.setblocking(False)
        try:
            raise AssertionError(f"{where}: a connection too many was answered: {late.recv(1)}")
        except BlockingIOError:
            late.setblocking(True)
            late.settimeout(LATEST)
        held.pop().close()
        assert answer_of(late).split()[1] == b"200", f"{where}: a place that is free again is used"
    [stream.close() for stream in held]


def more_admin_bodies_than_there_is_room(clients):
    """Two copies of an account that are both 120 MiB: the second is refused, and the first keeps its room."""
    size = 120 * MIB
    head = f"POST /api/v1/portals/{clients.account}/seed HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    filler = b" " * MIB
    with clients.connect("socket") as first, clients.connect("socket") as second:
        first.sendall(head.encode())
        for _ in range(119):
            first.sendall(filler)
        second.sendall(head.encode())
        try:
            for _ in range(119):
                second.sendall(filler)
        except OSError:
            pass  # Refused before it was all read.
        answer = answer_of(second)
        assert answer.split()[1] == b"503", answer[:200]
        assert b"\r\nretry-after:" in answer.lower(), answer[:400]
        body = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert body.get("title") and body.get("detail"), body
        first.sendall(filler)
        assert answer_of(first).split()[1] == b"400", "the first was read whole, and is not a copy of an account"


def main():
    server = Keyway()
    try:
        clients = Clients(server)
        more_admin_bodies_than_there_is_room(clients)
        for where in ("admin", "socket"):
            more_admin_connections_than_there_are_places(clients, where)
        # These wait, so they wait together.
        waiting = [(a_head_that_stops, where) for where in ("data", "admin", "socket")]
        waiting += [(an_idle_connection, where) for where in ("data", "admin", "socket")] + [(a_body_that_stops,)]
        with concurrent.futures.ThreadPoolExecutor(len(waiting)) as pool:
            ended = [pool.submit(case, clients, *where) for case, *where in waiting]
            for one in ended:
                one.result()
        print(f"{len(waiting) + 3} limits hold")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
