#!/usr/bin/env python3
"""Clients that hang up: what they caused is on record while the server runs, not only after a restart."""

import json
import pathlib
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import BINARY, Keyway  # noqa: E402

CONTACTS = "/crm/v3/objects/contacts"
CALLS = 60
# From before the call is looked at to after its answer; what falls in between differs with the machine.
PAUSES_MS = (0, 1, 2, 3)


def send(server, token, method, target, body=b"", pause_ms=None):
    """Sends a request; hangs up after a pause, or returns the whole answer."""
    host, port = server.url.removeprefix("http://").split(":")
    head = f"{method} {target} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as stream:
        stream.sendall(head.encode() + body)
        if pause_ms is not None:
            time.sleep(pause_ms / 1000)
            return None
        answer = b""
        while chunk := stream.recv(65536):
            answer += chunk
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def recorded(server, app):
    export = subprocess.run([BINARY, "audit", "export", "--data", server.folder], check=True, capture_output=True, text=True).stdout
    return sum(json.loads(line)["appId"] == app for line in export.splitlines())


def settled(server, reader, app):
    """Contacts made and calls on record, once the calls under way have come to their end."""
    deadline = time.monotonic() + 10
    while True:
        made = len(send(server, reader, "GET", f"{CONTACTS}?limit=100")["results"])
        records = recorded(server, app)
        if records >= CALLS or time.monotonic() > deadline:
            return made, records
        time.sleep(0.1)


def check(server):
    for pause_ms in PAUSES_MS:
        # An account each: the contacts in it are those that these calls made.
        account = server.account(f"hang up {pause_ms}", "--tier", "enterprise", "--addons", "2")
        scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
        app, token = server.app(account, f"hang up {pause_ms}", scopes)
        reader = server.app(account, f"reader {pause_ms}", scopes)[1]
        for number in range(CALLS):
            body = json.dumps({"properties": {"email": f"p{number}@example.com"}}).encode()
            send(server, token, "POST", CONTACTS, body, pause_ms)
        made, records = settled(server, reader, app)
        print(f"hung up after {pause_ms} ms: {CALLS} calls, {made} contacts made, {records} on record", flush=True)
        assert records == CALLS, f"{CALLS - records} calls have no record, and {made} contacts were made"


def main():
    server = Keyway()
    try:
        check(server)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
