#!/usr/bin/env python3
"""10,000 calls at 500 a second while the app's token and the account's credential are both rotated.

    rotation.py [--calls N] [--rate R]

HubSpot is a server of this script's own that takes the old and the new credential, as HubSpot does
with "rotate and expire later", and answers 401 to any other. The app goes over to its new token
while calls with the old one are under way. Exit code 1 if a single call is not answered 200.
KEYWAY_BIN names the binary (a release build).
"""

import argparse
import asyncio
import collections
import os
import pathlib
import secrets
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import BINARY, Keyway  # noqa: E402

SCOPES = ["crm.objects.contacts.read"]
INFO = b'{"userId":1,"hubId":4242,"appId":1,"scopes":["crm.objects.contacts.read"]}'
LIMITS = b"x-hubspot-ratelimit-max: 1000000\r\nx-hubspot-ratelimit-daily: 100000000\r\n"


def credential():
    value = secrets.token_hex(16)
    return f"pat-na1-{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"


class HubSpot:
    """Counts the calls with each credential."""

    def __init__(self, *accepted):
        self.accepted = {f"bearer {one}".encode(): name for name, one in accepted}
        self.calls = collections.Counter()
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        ready.wait()

    async def _serve(self, ready):
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1024)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await server.serve_forever()

    async def _connection(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
                await reader.readexactly(int(fields.get(b"content-length", 0)))
                name = self.accepted.get(fields.get(b"authorization", b""))
                if b"access-token-info" not in head:
                    self.calls[name or "unknown"] += 1
                # A little later, so that calls are under way whenever something changes.
                await asyncio.sleep(0.02)
                status = b"200 OK" if name else b"401 Unauthorized"
                body = INFO if name else b"{}"
                writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-type: application/json\r\n" + LIMITS + b"content-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class Client:
    """Keeps connections open, as a client library does."""

    def __init__(self, port, token):
        self.port, self.token, self.idle = port, token, []
        self.statuses = collections.Counter()

    async def call(self):
        head = f"GET /crm/v3/objects/contacts?limit=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self.token}\r\n\r\n".encode()
        reader, writer = self.idle.pop() if self.idle else await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n")[1:-2])
        await reader.readexactly(int(fields.get(b"content-length", 0)))
        self.statuses[int(answer.split(b" ")[1])] += 1
        self.idle.append((reader, writer))


async def load(client, calls, rate, changes):
    start, waiting = time.monotonic(), []
    for number in range(calls):
        for change in [one for one in changes if one[0] == number]:
            waiting.append(asyncio.create_task(asyncio.to_thread(change[1])))
        waiting.append(asyncio.create_task(client.call()))
        await asyncio.sleep(max(0, start + (number + 1) / rate - time.monotonic()))
    await asyncio.gather(*waiting)
    return calls / (time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=500)
    options = parser.parse_args()
    old, new = credential(), credential()
    hubspot = HubSpot(("old credential", old), ("new credential", new))
    gateway = Keyway(through_gateway=False)

    def keyway(*arguments, credential):
        command = [BINARY, *arguments, "--credential-stdin", "--data", gateway.folder]
        subprocess.run(command, check=True, capture_output=True, text=True, input=credential)

    keyway("account", "add", "HubSpot", "--connect", "--base-url", hubspot.url, "--tier", "enterprise", credential=old)
    _, token = gateway.app(4242, "Sync", SCOPES)
    client = Client(int(gateway.url.rsplit(":", 1)[1]), token)
    asyncio.run(client.call())  # HubSpot tells its limits with the first answer
    client.idle.clear()

    def rotate_token():
        client.token = gateway.run("token", "rotate", "Sync", "--grace", "1h")["token"]["value"]

    def rotate_credential():
        keyway("account", "rotate", "4242", credential=new)

    changes = [(options.calls // 3, rotate_token), (options.calls // 2, rotate_credential)]
    rate = asyncio.run(load(client, options.calls, options.rate, changes))
    tokens = gateway.run("token", "list", "Sync")["tokens"]
    used = [sum(user["calls"] for user in gateway.run("token", "users", str(one["id"]))["users"]) for one in tokens]
    print(f"{options.calls} calls at {rate:.0f}/s; answered: {dict(client.statuses)}; HubSpot saw {dict(hubspot.calls)}; by token: {used}")
    gateway.stop()
    both = all(hubspot.calls[name] > options.calls / 4 for name in ("old credential", "new credential"))
    sys.exit(set(client.statuses) != {200} or not both or min(used) < options.calls / 4)


if __name__ == "__main__":
    main()
