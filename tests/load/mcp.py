"""What the tools for agents cost: the size of their list, and the time that a tool adds to the plain call.

    KEYWAY_BIN=target/release/keyway python3 tests/load/mcp.py --calls 2000

The list of tools is set beside one that has a tool for each operation of the catalog, with the same fields: a name, a
description (method and path), a schema with the names in the path, a query, and a body where there is one. Tokens are
bytes of compact JSON divided by four. The times are those of one contact, read by its id over one connection each: plain
on the data listener, and by get_record over HTTP and over standard input, in turns, so that what else runs on the
machine falls on each.
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

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(ROOT / "target/release/keyway"))
from keyway import BINARY, Keyway  # noqa: E402

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}}


def one_tool_each():
    """The tools of a server that lists one for each operation."""
    tools = []
    for table in ("endpoints.tsv", "unpublished.tsv", "pre_v3_endpoints.tsv"):
        for line in (ROOT / "data" / table).read_text().splitlines()[1:]:
            method, path = line.split("\t")[:2]
            names = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
            properties = {name: {"type": "string"} for name in names} | {"query": {"type": "object"}}
            if method not in ("GET", "DELETE"):
                properties["body"] = {"type": "object"}
            tools.append({
                "name": (method + path).lower().replace("/", "_").replace("{", "").replace("}", "")[:64],
                "description": f"{method} {path}",
                "inputSchema": {"type": "object", "properties": properties, "required": names},
                "annotations": {"readOnlyHint": method == "GET"},
            })
    return tools


def tokens(value):
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) // 4


class Plain:
    """The call as any client makes it."""

    def __init__(self, url, token, contact):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"))
        self.headers, self.path = {"Authorization": f"Bearer {token}"}, f"/crm/objects/2026-09/contacts/{contact}?properties=email"

    def call(self):
        self.connection.request("GET", self.path, headers=self.headers)
        answer = self.connection.getresponse()
        assert b"load@example.com" in answer.read() and answer.status == 200


class OverHttp:
    """The tool over HTTP."""

    def __init__(self, url, token, contact):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://").removesuffix("/mcp"))
        self.headers = {
            "Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
        }
        self.contact = contact

    def ask(self, method, params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        self.connection.request("POST", "/mcp", body, self.headers)
        answer = self.connection.getresponse()
        return json.loads(answer.read())["result"]

    def call(self):
        arguments = {"object_type": "contacts", "id": self.contact, "properties": ["email"]}
        result = self.ask("tools/call", {"name": "get_record", "arguments": arguments})
        assert "load@example.com" in result["content"][0]["text"], result


class OverStdio(OverHttp):
    """The tool over standard input: the process calls the data listener over HTTP."""

    def __init__(self, url, token, contact):
        environment = {"KEYWAY_URL": url, "KEYWAY_TOKEN": token, "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen([BINARY, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.contact, self.number = contact, 0
        self.ask("initialize", INITIALIZE)
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def say(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.number += 1
        self.say({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        return json.loads(self.process.stdout.readline())["result"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=2_000)
    calls = options.parse_args().calls
    server = Keyway(None, "--mcp", "127.0.0.1:0")
    try:
        mcp = json.loads((pathlib.Path(server.folder) / "ready.json").read_text())["mcp"]
        account = server.account("load", "--tier", "enterprise")
        made = server.run("app", "create", "load", "--account", str(account), "--scopes", ",".join(SCOPES), "--no-limits")
        token = made["token"]["value"]
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/crm/v3/objects/contacts", json.dumps({"properties": {"email": "load@example.com"}}), headers)
        contact = json.loads(connection.getresponse().read())["id"]

        ways = {"plain": Plain(server.url, token, contact), "HTTP": OverHttp(mcp, token, contact), "stdio": OverStdio(server.url, token, contact)}
        tools = ways["HTTP"].ask("tools/list", {})["tools"]
        each = one_tool_each()
        print(f"tools/list: {len(tools)} tools, {tokens(tools):,} tokens; one for each operation: {len(each):,} tools, {tokens(each):,} tokens")
        times = {name: [] for name in ways}
        for _ in range(calls):
            for name, way in ways.items():
                began = time.perf_counter()
                way.call()
                times[name].append((time.perf_counter() - began) * 1e6)
        for name, taken in times.items():
            taken.sort()
            print(f"{name:<6} p50 {statistics.median(taken):>6.0f} µs   p99 {taken[int(len(taken) * 0.99)]:>6.0f} µs   ({calls:,} calls)")
        ways["stdio"].process.stdin.close()
        ways["stdio"].process.wait()
    finally:
        server.stop()


if __name__ == "__main__":
    main()
