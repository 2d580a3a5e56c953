#!/usr/bin/env python3
"""How long the console's pages take with 1,000 apps, 1,000 accounts and ten million audit records.

Makes the accounts and apps over the admin API, fills the audit of the stopped server with the example
fill_audit (30 days of calls), starts it again, waits until it has counted them, signs in, and asks for each
page 21 times. Usage: tests/load/console.py [RECORDS] [--most MS] [--month-most MS]; needs a release build
of the program and of the example: cargo build --release --workspace --bin keyway --example fill_audit.
Exits 1 when a page's median is above --most (50), or that of a page about a month above --month-most (100).
"""

import argparse
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import BINARY, Keyway  # noqa: E402

DAY = 86_400

PAGES = {
    "overview": "/",
    "overview, the live part": "/overview/live",
    "overview of a week": "/?range=week",
    "overview of a month": "/?range=month",
    "apps": "/apps",
    "apps, searched": "/apps?q=integration+7&state=enabled",
    "an app": "/apps/{app}",
    "an app, a month": "/apps/{app}?range=month",
    "an app, editing": "/apps/{app}/edit",
    "an app, its scopes": "/apps/{app}/scopes",
    "an app, rotating": "/apps/{app}/rotate",
    "an app, deleting": "/apps/{app}/delete",
    "accounts": "/accounts",
    "accounts, searched": "/accounts?q=account+7",
    "an account": "/accounts/10000001",
    "a new account": "/accounts/new",
    "public apps": "/public-apps",
    "a new public app": "/public-apps/new",
    "audit log": "/audit",
    "audit log, of an app": "/audit?app={app}",
    "audit log, refused": "/audit?status=429",
    "audit log, of an hour": "/audit?from={hour}",
    "audit log, of a month": "/audit?from={month}",
    "audit log, refused, of a month": "/audit?status=429&from={month}",
    "audit log, the middle": "/audit?before={middle}",
    "a record": "/audit/record?id={record}",
    "changes": "/changes",
    "migration": "/migration",
    "search": "/search?q=integration+7",
    "settings": "/settings",
}
# Parts of pages that come after the page: what they read grows with what an app called.
PARTS = {"what an app used": "/apps/{app}/used/part", "what uses a token": "/tokens/{token}/users/part"}


def fill(server, things):
    """A thousand of each, over one connection."""
    admin = http.client.HTTPConnection(server.admin.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {os.environ['KEYWAY_ADMIN_TOKEN']}", "Content-Type": "application/json"}

    def ask(path, body):
        admin.request("POST", path, json.dumps(body), headers)
        answer = admin.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)

    made = [ask("/api/v1/apps", {"hubId": 10000001, "name": f"Integration {n}", "owner": f"team-{n % 20}@example.com", "description": "Made by a test", "scopes": ["crm.objects.contacts.read", "crm.objects.deals.read"]}) for n in range(things)]
    for n in range(things - 1):
        ask("/api/v1/accounts", {"name": f"Account {n}", "tier": "professional"})
    return made


def wait_until_counted(server, records):
    """After a start Keyway counts the calls that it has not counted yet, beside its other work."""
    began = time.monotonic()
    request = urllib.request.Request(f"{server.admin}/api/v1/overview?range=month", headers={"Authorization": f"Bearer {os.environ['KEYWAY_ADMIN_TOKEN']}"})
    while True:
        with urllib.request.urlopen(request, timeout=60) as answer:
            overview = json.load(answer)
        if overview["whole"]:
            break
        time.sleep(1)
    calls = overview["total"]["calls"]
    assert calls > records * 0.95, f"of {records} calls of the last 30 days {calls} are counted"
    print(f"{records} calls were counted within {time.monotonic() - began:.0f} s of the start", file=sys.stderr)


def minute(ms):
    return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(ms / 1000))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?", type=int, default=10_000_000)
    parser.add_argument("--things", type=int, default=1_000, help="apps, and accounts")
    parser.add_argument("--most", type=float, default=50.0, help="milliseconds a page may take")
    parser.add_argument("--month-most", type=float, default=100.0, help="milliseconds a page about a month may take")
    asked = parser.parse_args()
    os.environ["KEYWAY_ADMIN_TOKEN"] = os.urandom(16).hex()
    server = Keyway(through_gateway=False)
    folder = server.folder
    made = fill(server, asked.things)
    password = server.run("user", "create", "ada@example.com")["password"]
    server.kill()
    fill_audit = pathlib.Path(BINARY).parent / "examples/fill_audit"
    subprocess.run([fill_audit, str(folder), str(asked.records), "--days", "30"], check=True)
    first_ms = (time.time() - 30 * DAY) * 1000
    server = Keyway(folder, through_gateway=False)
    wait_until_counted(server, asked.records)
    pages = http.client.HTTPConnection(server.admin.removeprefix("http://"))
    origin = {"Origin": server.admin, "Content-Type": "application/x-www-form-urlencoded"}
    pages.request("POST", "/sign-in", urllib.parse.urlencode({"email": "ada@example.com", "password": password}), origin)
    signed_in = pages.getresponse()
    signed_in.read()
    cookie = signed_in.headers["set-cookie"].split(";")[0]
    # Every app calls once, so that the overview has something to show.
    calls = http.client.HTTPConnection(server.url.removeprefix("http://"))
    for one in made:
        calls.request("GET", "/crm/v3/objects/contacts?limit=1", headers={"Authorization": f"Bearer {one['token']['value']}"})
        answer = calls.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        record = answer.headers["x-hubspot-correlation-id"]
    # App 137 has its share of what the example writes.
    hour = f"{minute(first_ms + DAY * 1000)}&to={minute(first_ms + (DAY + 3_600) * 1000)}"
    names = {"app": 137, "token": made[136]["token"]["id"], "record": record, "hour": hour, "month": minute(first_ms), "middle": asked.records // 2}
    slow = []
    print("| page | size | first | median | slowest |\n| --- | --- | --- | --- | --- |")
    for name, path in {**PAGES, **PARTS}.items():
        times = []
        for _ in range(21 if name in PAGES else 3):
            began = time.perf_counter()
            pages.request("GET", path.format(**names), headers={"Cookie": cookie})
            answer = pages.getresponse()
            text = answer.read()
            times.append((time.perf_counter() - began) * 1000)
            assert answer.status == 200, (name, answer.status, text[:300])
        median = statistics.median(times)
        if name in PAGES and median > (asked.month_most if "month" in name else asked.most):
            slow.append(name)
        print(f"| {name} | {len(text) / 1000:.1f} KB | {times[0]:.1f} ms | {median:.1f} ms | {max(times):.1f} ms |", flush=True)
    server.stop()
    if slow:
        sys.exit(f"slower than {asked.most} ms, or {asked.month_most} ms about a month: {', '.join(slow)}")


if __name__ == "__main__":
    main()
