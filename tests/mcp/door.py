"""A Keyway with the agents' door over an embedded account, and the official clients that come to it."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "clients/python"))
from keyway import BINARY, Keyway  # noqa: E402

NODE = HERE / "node_modules/.bin/node"
MODERN = "2026-07-28"

# Each client: its program, the modes in which it agrees on a version, and the version that comes of it.
CLIENTS = {
    "Python mcp 1": ([ROOT / "target/mcp-1/bin/python", HERE / "session_python.py"], {"legacy": "2025-11-25"}),
    "Python mcp 2": ([ROOT / "target/mcp-2/bin/python", HERE / "session_python.py"], {"auto": MODERN, MODERN: MODERN, "legacy": "2025-11-25"}),
    "TypeScript sdk 1": ([NODE, HERE / "session_ts_sdk.mjs"], {"legacy": "2025-11-25"}),
    "TypeScript client 2": ([NODE, HERE / "session_ts_client.mjs"], {"auto": MODERN, MODERN: MODERN, "legacy": "2025-11-25"}),
}

READ = ["crm.objects.contacts.read", "crm.objects.companies.read"]
WRITE = [*READ, "crm.objects.contacts.write"]


class Door:
    """The server, with a token that may read and one that may write.

    With `gateway` the account is one of a second Keyway, which stands for HubSpot.
    """

    def __init__(self, *options, gateway=False):
        self.options = ["--mcp", "127.0.0.1:0", *options]
        self.gateway = gateway
        self.start(None)
        try:
            self.account = self.keyway.account("Agents")
            self.keyway.seed(self.account, "minimal")
            self.reader_id, self.reader = self.app("reader", READ)
            self.writer_id, self.writer = self.app("writer", WRITE, "--allow", "read,create,update")
            for number in range(4):
                self.send("POST", "/crm/v3/objects/contacts", {"properties": {"email": f"person{number}@example.com"}})
        except BaseException:
            self.keyway.stop()
            raise

    def start(self, folder):
        self.keyway = Keyway(folder, *self.options, through_gateway=self.gateway)
        ready = json.loads((pathlib.Path(self.keyway.folder) / "ready.json").read_text())
        self.origin = ready["mcp"].removesuffix("/mcp")
        self.url = f"{self.origin}/mcp"

    def cut_power(self):
        """Kills the server, and starts it again with what it had written down."""
        self.keyway.kill()
        self.start(self.keyway.folder)

    def session(self, app, *options):
        """A session of an app: its id and its token."""
        asked = ["--app", app, "--on-behalf-of", "ada@example.com", "--purpose", "find duplicates", *options]
        made = self.keyway.run("session", "create", *asked)
        return made["session"]["id"], made["token"]["value"]

    def app(self, name, scopes, *options):
        # A connected account has HubSpot's limits.
        unlimited = [] if self.gateway else ["--no-limits"]
        made = self.keyway.run("app", "create", name, "--account", str(self.account), "--scopes", ",".join(scopes), *unlimited, *options)
        return made["app"]["id"], made["token"]["value"]

    def send(self, method, path, body=None):
        """A call of the API without the door: its answer."""
        headers = {"authorization": f"Bearer {self.writer}", "content-type": "application/json"}
        request = urllib.request.Request(self.keyway.url + path, body and json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def ways(self, token):
        """How a client reaches the door: over HTTP, and by a process that it starts."""
        yield "HTTP", {"url": self.url, "token": token}
        yield "stdio", {"command": [BINARY, "mcp"], "env": {"KEYWAY_URL": self.keyway.url, "KEYWAY_TOKEN": token, "PATH": os.environ["PATH"]}}

    def stop(self):
        self.keyway.stop()


class Program:
    """A program of an official client: it reads a line of JSON for each step, and writes lines."""

    def __init__(self, command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def say(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the client ended: {self.process.stderr.read()[-3000:]}")
        return json.loads(line)

    def step(self, **what):
        self.say(**what)
        return self.hear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


class Session(Program):
    """One session of an official client: a step is a line to its standard input, and a line comes back."""

    def __init__(self, program, mode, way):
        super().__init__(program)
        self.began = self.step(mode=mode, **way)

    def tools(self):
        return {tool["name"]: tool for tool in self.step(list=True)["tools"]}

    def call(self, name, **arguments):
        return self.step(call={"name": name, "arguments": arguments})

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        finally:
            super().__exit__()
