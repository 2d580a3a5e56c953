#!/usr/bin/env python3
"""Six apps that together want three times what HubSpot allows, through one gateway.

    fair.py [--seconds S]

HubSpot is a second Keyway with a free account: 100 calls in any ten seconds. What it saw is read
from its own audit: how many calls any ten seconds held, how many it had to refuse, and which part
of what passed each app got. Exit code 1 if HubSpot saw more than its limit or an app less than 70 %
of its part. KEYWAY_BIN names the binary (a release build).
"""

import argparse
import asyncio
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import BINARY, Keyway, most_in_ten_seconds  # noqa: E402

APPS, BURST, TIMES = 6, 100, 3
SCOPES = ["crm.objects.contacts.read"]


async def call(port, token):
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0
    head = f"GET /crm/v3/objects/contacts?limit=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
    writer.write(head.encode())
    line = await reader.readline()
    await reader.read()
    writer.close()
    return int(line.split()[1]) if line else 0


async def load(port, tokens, seconds):
    """Each app sends evenly, whether or not the calls before were answered."""
    every = APPS * 10 / (BURST * TIMES)
    calls = []

    async def app(number, token):
        await asyncio.sleep(every * number / APPS)
        for _ in range(int(seconds / every)):
            calls.append((number, asyncio.create_task(call(port, token))))
            await asyncio.sleep(every)

    await asyncio.gather(*(app(number, token) for number, token in enumerate(tokens)))
    return [(number, await task) for number, task in calls]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    hubspot, gateway = Keyway(through_gateway=False), Keyway(through_gateway=False)
    hub_id = hubspot.run("account", "create", "HubSpot", "--hub-id", "4242")["account"]["hubId"]
    connection, credential = hubspot.app(hub_id, "Connection", SCOPES)
    add = [BINARY, "account", "add", "HubSpot", "--connect", "--base-url", hubspot.url, "--credential-stdin", "--data", gateway.folder]
    subprocess.run(add, check=True, capture_output=True, text=True, input=credential)
    apps = [gateway.app(hub_id, f"App {number}", SCOPES) for number in range(APPS)]

    port = int(gateway.url.rsplit(":", 1)[1])
    outcomes = asyncio.run(load(port, [token for _, token in apps], options.seconds))
    statuses = {status: sum(1 for _, one in outcomes if one == status) for status in sorted({status for _, status in outcomes})}
    passed = [sum(1 for number, status in outcomes if number == app and status == 200) for app in range(APPS)]

    # A token's introspection when it was connected counts against no limit.
    seen = [record for record in hubspot.records("--app", str(connection)) if "access-token-info" not in record["operation"]]
    worst = most_in_ten_seconds(seen)
    refused = sum(1 for record in seen if record["status"] == 429)
    part = sum(passed) / APPS
    least = min(passed) / part
    print(f"{len(outcomes)} calls in {options.seconds:.0f} s by {APPS} apps; answered: {statuses}; by app: {passed}")
    print(f"HubSpot saw {len(seen)}, at most {worst} in ten seconds (limit {BURST}), and refused {refused}")
    print(f"use of what was allowed: {len(seen) / (BURST * (options.seconds / 10 + 1)):.2f}; least part of a fair share: {least:.2f}")
    gateway.stop()
    hubspot.stop()
    sys.exit(worst > BURST or refused > 0 or least < 0.7)


if __name__ == "__main__":
    main()
