"""What an embedded account of many contacts takes: memory for each, and the time of searches one by one.

KEYWAY_BIN=target/release/keyway python3 tests/load/portal.py --contacts 100000 [--rates SECONDS]

With --rates also the calls a second that wrk gets through with 1 thread and 16 connections: reads and
creates from 1,600 apps with their limits on, searches from one app without (HubSpot allows five a second).
"""

import argparse
import http.client
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from contact import APPS as MANY_APPS, LUA, post  # noqa: E402
from keyway import Keyway, SCOPES  # noqa: E402

APPS = 8
SEARCHES = 9

# The request of each kind of load; `at` turns through the tokens, `turn` counts the calls.
REQUESTS = {
    "reads of one contact": 'wrk.format("GET", "/crm/v3/objects/contacts/" .. (101 + turn % {count}), headers)',
    "creates of a contact": 'wrk.format("POST", "/crm/v3/objects/contacts", headers, \'{{"properties":{{"email":"new\' .. turn .. \'@example.com","firstname":"New","lastname":"Contact"}}}}\')',
    "searches for an address": 'wrk.format("POST", "/crm/v3/objects/contacts/search", headers, \'{{"filters":[{{"propertyName":"email","operator":"EQ","value":"p\' .. turn % {count} .. \'@example.com"}}]}}\')',
    "searches for a word": 'wrk.format("POST", "/crm/v3/objects/contacts/search", headers, \'{{"filters":[{{"propertyName":"{text}","operator":"CONTAINS_TOKEN","value":"word\' .. turn % 977 .. \' \' .. turn % {count} .. \'"}}]}}\')',
}


class Caller:
    """Calls in turn with the tokens of several apps, and waits where a limit refuses."""

    def __init__(self, keyway):
        account = keyway.account("many", "--tier", "enterprise", "--addons", "2")
        self.account = account
        self.tokens = itertools.cycle([keyway.app(account, f"app {at}", SCOPES)[1] for at in range(APPS)])
        self.connection = http.client.HTTPConnection(keyway.url.split("//")[1])

    def call(self, method, path, body=None):
        while True:
            headers = {"authorization": f"Bearer {next(self.tokens)}", "content-type": "application/json"}
            self.connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            response = self.connection.getresponse()
            content = response.read()
            if response.status == 429:
                time.sleep(0.2)
                continue
            if response.status >= 300:
                raise RuntimeError(f"{method} {path}: {response.status} {content[:300]}")
            return json.loads(content)


def resident_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def texts(caller, count):
    """Text properties that a caller may write."""
    known = caller.call("GET", "/crm/v3/properties/contacts")["results"]
    fits = [one["name"] for one in known if one["type"] == "string" and not one["modificationMetadata"]["readOnlyValue"] and not one["externalOptions"]]
    return [name for name in fits if not name.startswith("hs_") and name != "email"][:count]


def rates(keyway, hub_id, count, text, seconds):
    """What wrk gets through of each kind of call."""
    many = [post(keyway, "/api/v1/apps", {"hubId": hub_id, "name": f"load {at}", "scopes": SCOPES})["token"]["value"] for at in range(MANY_APPS)]
    one = post(keyway, "/api/v1/apps", {"hubId": hub_id, "name": "searches", "scopes": SCOPES, "noLimits": True})["token"]["value"]
    for name, request in REQUESTS.items():
        with tempfile.TemporaryDirectory() as folder:
            script, tokens = pathlib.Path(folder, "load.lua"), pathlib.Path(folder, "tokens")
            turning = "at = at % #tokens + 1\n  turn = turn + 1\n  local headers = { Authorization = tokens[at], [\"Content-Type\"] = \"application/json\" }\n  return "
            lua = LUA.replace("status ~= 200", "status >= 300").replace("local at = 0", "local at, turn = 0, 0")
            start, end = lua.index("  at = at %"), lua.index("\nend\nlocal refused")
            script.write_text(lua[:start] + "  " + turning + request.format(count=count, text=text) + lua[end:])
            tokens.write_text("\n".join([one] if "searches" in name else many))
            command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", str(script), keyway.url]
            out = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "TOKENS": str(tokens)}).stdout
            print(f"| {name}, wrk | {next(line for line in out.splitlines() if line.startswith('requests/s'))} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--rates", type=int, metavar="SECONDS")
    options = parser.parse_args()
    os.environ["KEYWAY_ADMIN_TOKEN"] = os.urandom(16).hex()
    keyway = Keyway(None, through_gateway=False)
    try:
        caller = Caller(keyway)
        names = texts(caller, 19)
        before, start = resident_kib(keyway.process), time.time()
        for first in range(0, options.contacts, 100):
            inputs = [
                {"properties": {"email": f"p{at}@example.com", **{name: f"value {at} word{at % 977}" for name in names}}}
                for at in range(first, first + 100)
            ]
            caller.call("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
        each = (resident_kib(keyway.process) - before) * 1024 / options.contacts
        print(f"| | {options.contacts:,} contacts of {len(names) + 1} properties |\n| --- | --- |")
        print(f"| created in batches of 100 | {time.time() - start:.0f} s |\n| memory for each | {each:,.0f} bytes |")
        mark = int(time.time() * 1000)
        for at in range(20):
            caller.call("PATCH", f"/crm/v3/objects/contacts/{200 + at * 100}", {"properties": {names[1]: "changed"}})
        filters = {
            "what changed since": ("lastmodifieddate", "GTE", str(mark)),
            "an address": ("email", "EQ", "p5@example.com"),
            "record ids from one on": ("hs_object_id", "GT", str(options.contacts)),
            "CONTAINS_TOKEN": (names[0], "CONTAINS_TOKEN", "word5"),
            "EQ without an index": (names[0], "EQ", "value 5 word5"),
        }
        for name, (property_name, operator, value) in filters.items():
            taken = []
            for _ in range(SEARCHES):
                time.sleep(0.25)
                start = time.time()
                body = {"filters": [{"propertyName": property_name, "operator": operator, "value": value}]}
                found = caller.call("POST", "/crm/v3/objects/contacts/search", body)
                taken.append(time.time() - start)
            print(f"| search, {name}: {found['total']:,} found; median, first | {statistics.median(taken) * 1000:.1f} ms, {taken[0] * 1000:.1f} ms |")
        if options.rates:
            rates(keyway, caller.account, options.contacts, names[0], options.rates)
    finally:
        keyway.stop()


if __name__ == "__main__":
    main()
