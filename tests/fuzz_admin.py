#!/usr/bin/env python3
"""Calls to every operation of the admin API with hostile paths, queries and bodies, over connections that stay open.

The rules are those of fuzz_http.py: no server error, panic, hang, or connection that closes without notice. Bodies follow
the API's OpenAPI document, with values replaced, left out and added. tests/admin_api.py holds answers against the document.

KEYWAY_BIN=target/debug/keyway python3 tests/fuzz_admin.py [--seconds 20] [--seed 1]
"""

import argparse
import json
import os
import pathlib
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from fuzz_http import Fuzzer  # noqa: E402
from keyway import Keyway  # noqa: E402

DOCUMENT = pathlib.Path(__file__).parent.parent / "docs/openapi.json"

# These ask HubSpot, or lead to asking it later; tests talk to this machine alone.
ASK_HUBSPOT = ["connectAccount", "connectAccountByOAuth", "importAccounts", "beginAuthorization"]
# A call waits for requests or deliveries as long as this parameter asks for.
WAITS = ["waitMs"]
# What these delete is made again, so that other operations find something.
REFILL_EVERY = 500
# Of the server's own settings, so that no call can revoke it.
TOKEN = "an admin token of the test"


class AdminFuzzer(Fuzzer):
    def __init__(self, server, token, seed):
        super().__init__(server.admin, token, seed)
        self.server, self.document = server, json.loads(DOCUMENT.read_text())
        self.known = ["1", "10000001", "fuzzed", "ada@example.com"]
        self.operation = None

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if operation.get("operationId") not in ASK_HUBSPOT:
                    yield method.upper(), path, operation

    def perform(self, method, path, operation):
        self.operation = operation
        self.call(method, path)

    def resolved(self, schema):
        while "$ref" in schema:
            *_, kind, name = schema["$ref"].split("/")
            schema = self.document["components"][kind][name]
        return schema

    def of(self, schema, depth=0):
        """A value that mostly fits a schema."""
        schema = self.resolved(schema)
        if depth > 6 or self.random.random() < 0.06:
            return self.value(4)
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.of(self.random.choice(schema[choice]), depth + 1)
        if "allOf" in schema:
            parts = [self.of(part, depth + 1) for part in schema["allOf"]]
            return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        kind = schema.get("type")
        kind = self.random.choice(kind) if isinstance(kind, list) else kind
        if kind == "object" or "properties" in schema:
            required = schema.get("required", [])
            named = {name: self.of(part, depth + 1) for name, part in schema.get("properties", {}).items() if self.random.random() < (0.95 if name in required else 0.5)}
            return named | ({self.word(): self.value(4)} if self.random.random() < 0.1 else {})
        if kind == "array":
            return [self.of(schema.get("items", {}), depth + 1) for _ in range(self.random.choice([0, 1, 1, 2, 5]))]
        if kind == "integer":
            return self.random.choice([0, 1, 7, 365, -1, 2**31, 2**63, 10000001])
        if kind == "number":
            return self.random.choice([0, 1.5, -1, 1e308])
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "null":
            return None
        return self.word()

    def body(self):
        content = self.operation.get("requestBody", {}).get("content", {})
        kind = self.random.random()
        if not content or kind < 0.15:
            return super().body()
        content_type, described = self.random.choice(sorted(content.items()))
        text = json.dumps(self.of(described.get("schema", {}))).encode()
        if kind < 0.25:
            at = self.random.randint(0, len(text))
            text = text[:at] + bytes([self.random.randint(0, 255)]) + text[at:]
        return text, content_type

    def target(self, path):
        path = super().target(path).split("?")[0]
        named = [parameter for parameter in map(self.resolved, self.operation.get("parameters", [])) if parameter["in"] == "query" and parameter["name"] not in WAITS]
        chosen = [parameter for parameter in named if self.random.random() < 0.4]
        pairs = [(parameter["name"], self.word() if self.random.random() < 0.3 else self.of(parameter.get("schema", {}))) for parameter in chosen]
        return path + ("?" + urllib.parse.urlencode(pairs, errors="replace") if pairs else "")

    def refill(self):
        """Something for operations to find, whatever was deleted or used up before."""
        number = self.random.randint(0, 10**9)
        account = self.server.run("account", "create", f"fuzzed {number}", "--hub-id", str(20_000_000 + number))["account"]["hubId"]
        self.server.app(account, f"fuzzed {number}", ["crm.objects.contacts.read"])
        self.known += [str(account), f"fuzzed {number}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ["KEYWAY_ADMIN_TOKEN"] = TOKEN
    server = Keyway(None, "--ephemeral", through_gateway=False)
    try:
        fuzzer = AdminFuzzer(server, TOKEN, options.seed)
        every = list(fuzzer.operations())
        until, calls = time.monotonic() + options.seconds, 0
        while time.monotonic() < until or calls < len(every):
            if calls % REFILL_EVERY == 0:
                fuzzer.refill()
            fuzzer.perform(*(every[calls // 2 % len(every)] if calls % 2 else fuzzer.random.choice(every)))
            calls += 1
        assert server.process.poll() is None, "the server ended"
    finally:
        server.stop()
    counted = ", ".join(f"{status}: {count}" for status, count in sorted(fuzzer.statuses.items()))
    print(f"{calls} calls to {len(every)} operations of the admin API: no server error, no broken connection ({counted})")


if __name__ == "__main__":
    main()
