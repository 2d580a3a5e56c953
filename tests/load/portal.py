"""What an embedded account of many contacts takes: memory for each, and the time of searches one by one.

KEYWAY_BIN=target/release/keyway python3 tests/load/portal.py --contacts 100000
"""

import argparse
import http.client
import itertools
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
from keyway import Keyway, SCOPES  # noqa: E402

APPS = 8
SEARCHES = 9


class Caller:
    """Calls in turn with the tokens of several apps, and waits where a limit refuses."""

    def __init__(self, keyway):
        account = keyway.account("many", "--tier", "enterprise", "--addons", "2")
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    options = parser.parse_args()
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
        print(f"{options.contacts} contacts of {len(names) + 1} properties in {time.time() - start:.0f} s, {each:.0f} bytes for each")
        filters = {
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
            print(f"{name}: {found['total']} found, {statistics.median(taken) * 1000:.1f} ms")
    finally:
        keyway.stop()


if __name__ == "__main__":
    main()
