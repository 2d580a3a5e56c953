#!/usr/bin/env python3
"""Calls to every operation of the catalog with hostile paths, queries and bodies, over connections that stay open.

Nothing that a client sends may cause a server error, a panic, a hang, or a connection that closes without
`Connection: close` in the answer before.

KEYWAY_BIN=target/debug/keyway python3 tests/fuzz_http.py [--seconds 20] [--seed 1]
"""

import argparse
import csv
import http.client
import json
import pathlib
import random
import re
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "clients/python"))
from keyway import Keyway  # noqa: E402

DATA = HERE.parent / "data"
# What is stated to be missing: operations that the embedded account does not serve.
NOT_SERVED = 501
PATIENCE_S = 20
CONNECTIONS = 4
# The server ends a connection that is idle for 30 s.
IDLE_MAX_S = 20

WORDS = [
    "contacts", "0-1", "2-1", "p_x", "email", "firstname", "hs_object_id", "createdate", "lifecyclestage", "dealstage", "contact", "EQ", "IN",
    "BETWEEN", "CONTAINS_TOKEN", "AND", "OR", "IN_LIST", "PROPERTY", "DYNAMIC", "HUBSPOT_DEFINED", "STATIC", "string", "enumeration", "datetime",
    "2026-02-30T25:00:00Z", "1767225600000", "-1", "0", "1e999", "9223372036854775808", "NaN", "", " ", "a" * 300, "\u202e", "\u0000", "é", "💥",
    "../x", "%2e%2e", "a/b", "a;b", "{}", "[]", "null", "=1+1", "' or 1=1--", "<script>", "https://127.0.0.1/", "ada@example.com", "EUR", "UTC",
]  # fmt: skip
KEYS = [
    "properties", "inputs", "filterGroups", "filters", "sorts", "query", "limit", "after", "id", "idProperty", "associations", "to", "types", "name",
    "label", "groupName", "type", "fieldType", "options", "value", "values", "propertyName", "operator", "highValue", "email", "objectTypeId",
    "processingType", "filterBranch", "filterBranches", "filterBranchType", "filterType", "operation", "operationType", "from", "associationTypeId",
    "associationCategory", "primaryObjectId", "objectIdToMerge", "stages", "displayOrder", "metadata", "requiredProperties", "labels", "events",
    "portalId", "fields", "context", "subscriptions", "eventType", "active", "timestamp", "objectId", "vid", "companyId", "dealId", "ownerId",
]  # fmt: skip
QUERIES = ["limit", "after", "properties", "propertiesWithHistory", "associations", "archived", "idProperty", "count", "vidOffset", "offset", "q", "sort", "hapikey", "includeFilters"]


class Fuzzer:
    def __init__(self, url, token, seed):
        self.random, self.token = random.Random(seed), token
        self.host, self.port = url.removeprefix("http://").split(":")
        self.known = ["1", "2", "101", "ada@example.com"]
        self.connections = [self.connect() for _ in range(CONNECTIONS)]
        # When each was used last, and for what.
        self.used = [(0.0, "nothing")] * CONNECTIONS
        self.statuses = {}

    def connect(self):
        return http.client.HTTPConnection(self.host, int(self.port), timeout=PATIENCE_S)

    def word(self):
        return self.random.choice(self.known if self.random.random() < 0.4 else WORDS)

    def value(self, depth=0):
        kind = self.random.random()
        if depth > 6 or kind < 0.45:
            return self.random.choice([self.word(), self.word(), self.random.randint(-5, 10**12), 1.5, True, None])
        if kind < 0.65:
            return [self.value(depth + 1) for _ in range(self.random.choice([0, 1, 2, 3, 40]))]
        return {self.random.choice(KEYS): self.value(depth + 1) for _ in range(self.random.randint(0, 6))}

    def likely(self):
        """Bodies of the shapes that most operations read, with a value or two replaced."""
        properties = {self.word() or "x": self.word() for _ in range(self.random.randint(0, 5))}
        shapes = [
            {"properties": properties},
            {"inputs": [{"id": self.word(), "properties": properties} for _ in range(self.random.randint(0, 4))]},
            {"filterGroups": [{"filters": [{"propertyName": self.word(), "operator": self.word(), "value": self.value(5)}]}], "sorts": [self.word()], "limit": self.value(6)},
            {"inputs": [{"from": {"id": self.word()}, "to": {"id": self.word()}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.value(6)}]}]},
            {"name": self.word(), "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": self.value(1)},
            {"name": self.word(), "label": self.word(), "type": self.word(), "fieldType": self.word(), "groupName": self.word(), "options": self.value(3)},
            {"fields": [{"name": self.word(), "value": self.word()}], "context": self.value(4)},
        ]
        shape = self.random.choice(shapes)
        if self.random.random() < 0.5:
            shape[self.random.choice(KEYS)] = self.value(2)
        return shape

    def body(self):
        kind = self.random.random()
        if kind < 0.1:
            return b"", "application/json"
        if kind < 0.5:
            return json.dumps(self.likely()).encode(), "application/json"
        text = json.dumps(self.value()).encode()
        if kind < 0.8:
            return text, "application/json"
        if kind < 0.9:
            at = self.random.randint(0, len(text))
            return text[:at] + bytes([self.random.randint(0, 255)]) + text[at:], "application/json"
        if kind < 0.95:
            part = f'--b\r\nContent-Disposition: form-data; name="{self.random.choice(["file", "files", "importRequest", "options"])}"; filename="a.csv"\r\n\r\n'
            return part.encode() + text + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"
        return urllib.parse.urlencode({self.random.choice(KEYS): self.word()}).encode(), "application/x-www-form-urlencoded"

    def target(self, path):
        fill = lambda _: urllib.parse.quote(self.word(), safe="")  # noqa: E731
        path = re.sub(r"\{[^}]*\}", fill, path)
        if self.random.random() < 0.05:
            at = self.random.randint(1, len(path))
            path = path[:at] + self.random.choice(["%", "%2e", "//", ";", "%00", "é".encode().decode("latin-1"), "../"]) + path[at:]
        if self.random.random() < 0.5:
            pairs = [(self.random.choice(QUERIES), self.word()) for _ in range(self.random.randint(1, 4))]
            path += "?" + urllib.parse.urlencode([pair for pair in pairs if pair[0] != "hapikey" or self.random.random() < 0.1])
        return path

    def call(self, method, path):
        number = self.random.randrange(CONNECTIONS)
        before, last = self.used[number]
        if time.monotonic() - before > IDLE_MAX_S:
            self.connections[number] = self.connect()
        connection = self.connections[number]
        reused = connection.sock is not None
        target = self.target(path)
        body, content_type = (None, None) if method in ("GET", "DELETE") and self.random.random() < 0.9 else self.body()
        what = f"{method} {target} {(body or b'')[:300]!r}"
        try:
            connection.putrequest(method, target, skip_host=False, skip_accept_encoding=True)
        except (http.client.InvalidURL, UnicodeEncodeError):
            self.connections[number] = self.connect()  # Python itself refuses it.
            return
        headers = {"Authorization": f"Bearer {self.token if self.random.random() < 0.97 else self.word().encode('ascii', 'ignore').decode().replace(chr(0), '')}"}
        if body is not None:
            headers |= {"Content-Type": content_type, "Content-Length": str(len(body))}
        for name, value in headers.items():
            connection.putheader(name, value)
        try:
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read()
        except TimeoutError:
            raise AssertionError(f"no answer in {PATIENCE_S} s: {what}") from None
        except (http.client.HTTPException, OSError) as error:
            raise AssertionError(f"the connection broke ({error!r}, reused: {reused}): {what}; before it {last}") from None
        if answer.getheader("Connection", "").lower() == "close":
            self.connections[number] = self.connect()
        status = answer.status
        self.used[number] = (time.monotonic(), f"{status} to {what}")
        self.statuses[status] = self.statuses.get(status, 0) + 1
        assert status < 500 or status == NOT_SERVED, f"{status} {text[:300]!r}: {what}"
        if text and answer.getheader("Content-Type", "").startswith("application/json") and method != "HEAD":
            self.learn(json.loads(text))

    def learn(self, answer):
        """Ids of what there is, for later calls to name."""
        for _ in range(3):
            answer = next(iter(answer.values()), None) if isinstance(answer, dict) and "id" not in answer else answer
            if isinstance(answer, list) and answer:
                answer = answer[0]
        if isinstance(answer, dict) and isinstance(answer.get("id"), (str, int)):
            self.known.append(str(answer["id"])[:40])
            del self.known[:-400]


def operations():
    """Method and path template of every operation."""
    for table in ["endpoints.tsv", "pre_v3_endpoints.tsv"]:
        with (DATA / table).open() as rows:
            yield from ((row["method"], row["path"]) for row in csv.DictReader(rows, delimiter="\t"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    server = Keyway(None, "--ephemeral", through_gateway=False)
    try:
        account = server.account("fuzzed", "--tier", "enterprise", "--addons", "2")
        server.seed(account, "demo")
        scopes = (DATA / "scopes.txt").read_text().split()
        made = server.run("app", "create", "fuzzed", "--account", str(account), "--scopes", ",".join(scopes), "--no-limits")
        fuzzer = Fuzzer(server.url, made["token"]["value"], options.seed)
        every = list(operations())
        fuzzer.random.shuffle(every)
        # What an account is used for most gets half of the calls.
        daily = [operation for operation in every if re.search("/crm/|/contacts/|/deals/|/companies/|/files|/forms|/automation", operation[1])]
        until, calls = time.monotonic() + options.seconds, 0
        while time.monotonic() < until or calls < len(every):
            fuzzer.call(*(every[calls // 2 % len(every)] if calls % 2 else fuzzer.random.choice(daily)))
            calls += 1
        assert server.process.poll() is None, "the server ended"
    finally:
        server.stop()
    counted = ", ".join(f"{status}: {count}" for status, count in sorted(fuzzer.statuses.items()))
    print(f"{calls} calls to {len(every)} operations: no server error, no broken connection ({counted})")


if __name__ == "__main__":
    main()
