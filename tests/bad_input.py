#!/usr/bin/env python3
"""Hostile input over a real socket: HubSpot's envelope, nothing changed, nothing lost, no crash."""

import json
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import Keyway, rest_of  # noqa: E402

CONTACTS = "/crm/v3/objects/contacts"


class Tester:
    def __init__(self, server):
        self.server = server
        account = server.account("bad input", "--tier", "enterprise", "--addons", "2")
        self.token = server.app(account, "bad input", ["crm.objects.contacts.read", "crm.objects.contacts.write"])[1]
        self.passed = 0

    def raw(self, data):
        host, port = self.server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as stream:
            try:
                stream.sendall(data)
            except OSError:
                pass  # Refused before it was all read.
            answer = rest_of(stream)
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def request(self, method, target, body=None, headers="", content_type="application/json"):
        body = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        content = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n" if body is not None else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {self.token}\r\n{content}{headers}Connection: close\r\n\r\n"
        return self.raw(head.encode() + (body or b""))

    def refused(self, name, status, answer):
        got, body = answer
        try:
            envelope = json.loads(body)
        except ValueError:
            raise AssertionError(f"{name}: {got} and no JSON: {body[:200]}") from None
        assert got == status, f"{name}: {got}, not {status}: {body[:300]}"
        assert envelope["status"] == "error" and envelope["message"] and envelope["category"], f"{name}: {envelope}"
        assert len(envelope["correlationId"]) == 36, f"{name}: {envelope}"
        self.passed += 1


def both_framings(test):
    """RFC 9112, section 6.1: with a length and chunks, what follows must never be taken for a second request."""
    body = b'{"properties":{"email":"smuggled@example.com"}}'
    head = f"Host: t\r\nAuthorization: Bearer {test.token}\r\nContent-Type: application/json\r\n"
    hidden = f"POST {CONTACTS} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    outer = f"GET {CONTACTS} HTTP/1.1\r\n{head}Content-Length: {5 + len(hidden)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    refused = test.raw(outer.encode() + hidden)
    assert not re.search(rb"HTTP/1\.1 \d{3}", refused[1]), f"a second request was answered: {refused[1]}"
    test.refused("two framings", 400, refused)
    test.refused("a smuggled contact", 404, test.request("GET", f"{CONTACTS}/smuggled@example.com?idProperty=email"))


def one_answer(stream):
    """Status and head of the next answer on a connection that may stay open."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = stream.recv(65536)
        assert piece, f"the connection ended without a word, after {text}"
        text += piece
    head, _, body = text.partition(b"\r\n\r\n")
    head = head.decode().lower()
    left = int(re.search(r"content-length: (\d+)", head).group(1)) - len(body)
    while left > 0:
        left -= len(stream.recv(left))
    return int(head.split()[1]), head


def refusals_of_the_admin_listener(server):
    """A refusal comes before its body was read: it keeps the connection, or announces its end, and always reaches the client."""
    host, port = server.admin.removeprefix("http://").split(":")

    def send(stream, length):
        # No operation has this path, so that nothing reads the body.
        stream.sendall(f"POST /api/v1/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n".encode())
        stream.sendall(b" " * length)

    with socket.create_connection((host, int(port)), timeout=30) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(200):
            send(stream, number % 40 * 100 + 1)
            status, head = one_answer(stream)
            assert 400 <= status < 500 and "connection: close" not in head, f"short body {number}: {head}"
    for number in range(10):
        with socket.create_connection((host, int(port)), timeout=30) as stream:
            send(stream, 4_000_000)
            status, head = one_answer(stream)
            assert 400 <= status < 500 and "connection: close" in head, f"long body {number}: {head}"


def main():
    server = Keyway()
    try:
        passed = check_all(server)
        refusals_of_the_admin_listener(server)
        assert server.process.poll() is None
    finally:
        server.stop()
    print(f"{passed} kinds of bad input refused, nothing changed")


def check_all(server):
    test = Tester(server)
    search = f"{CONTACTS}/search"
    some = {"propertyName": "email", "operator": "HAS_PROPERTY"}
    status, made = test.request("POST", CONTACTS, {"properties": {"email": "kept@example.com"}})
    assert status == 201, made
    record = json.loads(made)["id"]

    test.refused("malformed JSON", 400, test.request("POST", CONTACTS, b'{"properties":'))
    test.refused("a list for an object", 400, test.request("POST", CONTACTS, []))
    test.refused("deep nesting", 400, test.request("POST", CONTACTS, b"[" * 100_000))
    test.refused("invalid UTF-8", 400, test.request("POST", CONTACTS, b'{"properties":{"email":"\xff\xfe"}}'))
    test.refused("invalid UTF-8 in the path", 400, test.request("GET", CONTACTS + "/%ff%fe"))
    test.refused("an encoded slash", 400, test.request("GET", CONTACTS + "/..%2fdeals"))
    test.refused("10 MB", 413, test.request("POST", CONTACTS, b"x" * 10_000_000))
    test.refused("10,000 headers", 431, test.request("GET", CONTACTS, headers="".join(f"X-{number}: y\r\n" for number in range(10_000))))
    test.refused("a form", 415, test.request("POST", CONTACTS, b"a=b", content_type="application/x-www-form-urlencoded"))
    test.refused("a long URI", 414, test.request("GET", "/" + "a" * 20_000))
    test.refused("an endless URI", 431, test.request("GET", "/" + "a" * 200_000))
    test.refused("an unknown path", 501, test.request("GET", "/crm/v3/nothing"))
    test.refused("a wrong method", 405, test.request("PUT", CONTACTS))
    test.refused("an unknown property", 400, test.request("PATCH", f"{CONTACTS}/{record}", {"properties": {"nosuch": "x"}}))
    test.refused("a list as a value", 400, test.request("PATCH", f"{CONTACTS}/{record}", {"properties": {"email": ["x"]}}))
    test.refused("an unknown option", 400, test.request("PATCH", f"{CONTACTS}/{record}", {"properties": {"lifecyclestage": "nosuch"}}))
    test.refused("properties missing", 400, test.request("POST", CONTACTS, {}))
    test.refused("a batch of 101", 400, test.request("POST", f"{CONTACTS}/batch/create", {"inputs": [{"properties": {}}] * 101}))
    test.refused("six filter groups", 400, test.request("POST", search, {"filterGroups": [{"filters": [some]}] * 6}))
    test.refused("seven filters", 400, test.request("POST", search, {"filterGroups": [{"filters": [some] * 7}]}))
    test.refused("nineteen filters", 400, test.request("POST", search, {"filterGroups": [{"filters": [some] * 5}] * 3 + [{"filters": [some] * 4}]}))
    test.refused("an unknown operator", 400, test.request("POST", search, {"filterGroups": [{"filters": [{**some, "operator": "LIKE"}]}]}))
    test.refused("two lengths", 400, test.raw(b"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"))
    test.refused("no HTTP", 400, test.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"))

    test.refused("an unknown framing", 400, test.raw(f"POST {CONTACTS} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\nab".encode()))
    both_framings(test)

    status, body = test.request("GET", f"{CONTACTS}?limit=100&properties=email")
    listed = json.loads(body)["results"]
    assert status == 200 and [one["properties"]["email"] for one in listed] == ["kept@example.com"], body
    return test.passed


if __name__ == "__main__":
    main()
