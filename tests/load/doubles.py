"""An embedded account as a test double, beside Prism and a mock written by hand, in one run.

    KEYWAY_BIN=target/release/keyway python3 tests/load/doubles.py --runs 15 --tests 200

For each: the time from its start to its first answer, and the time of one test. A test brings the double back to its
start, creates a contact, reads it, searches for it, and checks that both answers have what was created. The doubles take
turns, so that what else runs on the machine falls on each. Prism comes from npm (@stoplight/prism-cli) and mocks a
document of these three operations alone, which is the least that it can have to read. The mock by hand is what a
project writes first: node:http, a map, and a search that compares equal values.
"""

import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).parents[2]
BINARY = os.environ.get("KEYWAY_BIN") or str(ROOT / "target/release/keyway")
PRISM = ROOT / "target/doubles-prism"
PRISM_PACKAGE = "@stoplight/prism-cli@5.16.0"
CONTACTS = "/crm/v3/objects/contacts"
WAIT_S = 60

MOCK = """
const http = require('node:http')
let contacts = new Map()
http.createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => { body += chunk })
  request.on('end', () => {
    const answer = (status, value) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    const path = request.url.split('?')[0]
    const id = /^\\/crm\\/v3\\/objects\\/contacts\\/(\\d+)$/.exec(path)?.[1]
    if (path === '/reset') { contacts = new Map(); return answer(200, {}) }
    if (request.method === 'GET' && id) return contacts.has(id) ? answer(200, contacts.get(id)) : answer(404, { status: 'error' })
    if (request.method === 'GET') return answer(200, { results: [...contacts.values()] })
    const sent = JSON.parse(body)
    if (path.endsWith('/search')) {
      const [filter] = sent.filterGroups[0].filters
      const results = [...contacts.values()].filter((one) => one.properties[filter.propertyName] === filter.value)
      return answer(200, { total: results.length, results })
    }
    const one = { id: String(contacts.size + 1), properties: sent.properties, archived: false }
    contacts.set(one.id, one)
    answer(201, one)
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
"""


def document():
    """The three operations in OpenAPI, with an example of a contact."""
    contact = {"id": "1", "properties": {"email": "example@example.com"}, "archived": False}
    answer = lambda status, value: {str(status): {"description": "done", "content": {"application/json": {"schema": {"type": "object"}, "example": value}}}}
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    one = {"name": "contactId", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        CONTACTS: {"get": {"responses": answer(200, {"results": [contact]})}, "post": {"requestBody": body, "responses": answer(201, contact)}},
        CONTACTS + "/{contactId}": {"get": {"parameters": [one], "responses": answer(200, contact)}},
        CONTACTS + "/search": {"post": {"requestBody": body, "responses": answer(200, {"total": 1, "results": [contact]})}},
    }
    return {"openapi": "3.0.3", "info": {"title": "Contacts", "version": "1"}, "paths": paths}


class Double:
    """A server that stands for HubSpot: how it starts, and how a test brings it back to its start."""

    token = "none"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self):
        self.begun = time.perf_counter()
        environment = {**os.environ, **getattr(self, "environment", {})}
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)
        return self.first_answer()

    def first_answer(self):
        """Milliseconds from the start until it answers a call with 200."""
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}"
            try:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                if self.call("GET", CONTACTS)[0] == 200:
                    return (time.perf_counter() - self.begun) * 1_000
            except (ConnectionError, http.client.HTTPException):
                pass
            self.connection.close()
            time.sleep(0.001)
        raise AssertionError(f"{self.name} did not answer in {WAIT_S} s")

    def call(self, method, path, body=None):
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def reset(self):
        """Nothing to bring back."""

    def test(self, number):
        """Milliseconds of one test, and whether the answers had what was created."""
        email = f"a{number}@example.com"
        begun = time.perf_counter()
        self.reset()
        status, made = self.call("POST", CONTACTS, {"properties": {"email": email}})
        _, read = self.call("GET", f"{CONTACTS}/{made['id']}?properties=email")
        wanted = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": email}]}], "properties": ["email"]}
        _, found = self.call("POST", f"{CONTACTS}/search", wanted)
        right = status == 201 and read["properties"]["email"] == email and [one["properties"]["email"] for one in found["results"]] == [email]
        return (time.perf_counter() - begun) * 1_000, right

    def stop(self):
        self.connection.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Keyway(Double):
    name = "Keyway"

    def __init__(self, folder):
        super().__init__(folder)
        self.token, self.secret = f"pat-na1-{uuid.uuid4()}", uuid.uuid4().hex
        self.environment = {"TEST_TOKEN": self.token, "KEYWAY_ADMIN_TOKEN": self.secret}

    def command(self):
        self.ready = self.folder / "ready.json"
        self.ready.unlink(missing_ok=True)
        listen = ("--listen", f"127.0.0.1:{self.port}", "--admin", "127.0.0.1:0")
        return [BINARY, "serve", "--ephemeral", "--data", self.folder, *listen, "--app", "Tests:all", "--token", "env:TEST_TOKEN", "--ready-file", self.ready]

    def reset(self):
        if not getattr(self, "admin", None):
            address = json.loads(self.ready.read_text())["admin"].removeprefix("http://")
            self.admin = http.client.HTTPConnection(address, timeout=10)
            self.hub = self.ask("GET", "/api/v1/accounts")["accounts"][0]["hubId"]
        self.ask("POST", f"/api/v1/portals/{self.hub}/reset")

    def ask(self, method, path):
        self.admin.request(method, path, headers={"authorization": f"Bearer {self.secret}"})
        answer = self.admin.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)


class Prism(Double):
    name = "Prism"

    def command(self):
        api = self.folder / "contacts.json"
        api.write_text(json.dumps(document()))
        return [PRISM / "node_modules/.bin/prism", "mock", "--host", "127.0.0.1", "--port", str(self.port), api]


class ByHand(Double):
    name = "mock by hand"

    def command(self):
        script = self.folder / "mock.js"
        script.write_text(MOCK)
        return ["node", script, str(self.port)]

    def reset(self):
        self.call("GET", "/reset")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="starts of each")
    parser.add_argument("--tests", type=int, default=200, help="tests of each")
    asked = parser.parse_args()
    if not (PRISM / "node_modules/.bin/prism").exists():
        PRISM.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", PRISM, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error", PRISM_PACKAGE], check=True)
    kinds = (Keyway, Prism, ByHand)
    starts, times, right = ({kind.name: [] for kind in kinds} for _ in range(3))
    with tempfile.TemporaryDirectory(prefix="keyway-doubles-") as folder:
        for _ in range(asked.runs):
            for kind in kinds:
                double = kind(folder)
                starts[kind.name].append(double.start())
                double.stop()
        doubles = [kind(folder) for kind in kinds]
        try:
            [double.start() for double in doubles]
            for number in range(-20, asked.tests):
                for double in doubles:
                    took, is_right = double.test(number)
                    # The first twenty fill caches and compile scripts.
                    if number >= 0:
                        times[double.name].append(took)
                        right[double.name].append(is_right)
        finally:
            [double.stop() for double in doubles if hasattr(double, "process")]
    middle = lambda values: statistics.median(values)
    print("| double | first answer | one test | right |\n| --- | --- | --- | --- |")
    for kind in kinds:
        first, test = middle(starts[kind.name]), middle(times[kind.name])
        first_ratio, test_ratio = first / middle(starts["Keyway"]), test / middle(times["Keyway"])
        print(f"| {kind.name} | {first:.1f} ms ({first_ratio:.1f}) | {test:.2f} ms ({test_ratio:.1f}) | {sum(right[kind.name])} of {asked.tests} |")
    assert all(right["Keyway"]) and all(right["mock by hand"])


if __name__ == "__main__":
    main()
