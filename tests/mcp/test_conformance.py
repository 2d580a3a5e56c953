"""The protocol's own conformance suite against the door: every scenario for servers, those that do not apply with the reason.

The suite sends no token, so a proxy adds one. Most of its scenarios call tools, prompts and resources that its own
example server has (`test_simple_text` and others); no other server has them.
"""

import http.client
import http.server
import pathlib
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from door import HERE, NODE, Door

SUITE = HERE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"

FIXTURE = "calls something that only the suite's example server has"
NO_LOGGING = "the door declares no logging, which the protocol has deprecated"
NO_PROMPTS = "the door declares no prompts"
NO_RESOURCES = "the door declares no resources"
NO_QUESTIONS = "the door asks its clients nothing: it keeps no session over which it could"

PASS = ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"]
DO_NOT_APPLY = {
    "logging-set-level": NO_LOGGING,
    "completion-complete": "the door declares no completions",
    "tools-call-simple-text": FIXTURE,
    "tools-call-image": FIXTURE,
    "tools-call-audio": FIXTURE,
    "tools-call-embedded-resource": FIXTURE,
    "tools-call-mixed-content": FIXTURE,
    "tools-call-with-logging": NO_LOGGING,
    "tools-call-error": FIXTURE,
    "tools-call-with-progress": FIXTURE,
    "tools-call-sampling": NO_QUESTIONS,
    "tools-call-elicitation": NO_QUESTIONS,
    "json-schema-2020-12": FIXTURE,
    "elicitation-sep1034-defaults": NO_QUESTIONS,
    "elicitation-sep1330-enums": NO_QUESTIONS,
    "server-sse-polling": "the door answers with JSON, and holds no stream open",
    "server-sse-multiple-streams": "the door answers with JSON, and holds no stream open",
    "resources-list": NO_RESOURCES,
    "resources-read-text": NO_RESOURCES,
    "resources-read-binary": NO_RESOURCES,
    "resources-templates-read": NO_RESOURCES,
    "resources-subscribe": NO_RESOURCES,
    "resources-unsubscribe": NO_RESOURCES,
    "prompts-list": NO_PROMPTS,
    "prompts-get-simple": NO_PROMPTS,
    "prompts-get-with-args": NO_PROMPTS,
    "prompts-get-embedded-resource": NO_PROMPTS,
    "prompts-get-with-image": NO_PROMPTS,
}


class WithToken(http.server.BaseHTTPRequestHandler):
    """Passes a request on with a token, all else as it came."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        there = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "content-length"):
                there.putheader(name, value)
        there.putheader("authorization", f"Bearer {self.server.token}")
        there.putheader("content-length", str(len(body)))
        there.endheaders(body)
        answer = there.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        there.close()

    do_GET = do_POST = do_DELETE = do_OPTIONS = pass_on

    def log_message(self, *_):
        pass


def setUpModule():
    global DOOR, PROXY
    PROXY = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WithToken)
    # The suite calls as a web page of this address, too; the door takes none that is not named.
    DOOR = Door("--mcp-origins", f"http://127.0.0.1:{PROXY.server_port}")
    address = urllib.parse.urlsplit(DOOR.url)
    PROXY.host, PROXY.port, PROXY.token = address.hostname, address.port, DOOR.reader
    threading.Thread(target=PROXY.serve_forever, daemon=True).start()


def tearDownModule():
    PROXY.shutdown()
    PROXY.server_close()
    DOOR.stop()


class Conformance(unittest.TestCase):
    maxDiff = None

    def run_suite(self, *arguments):
        done = subprocess.run([NODE, SUITE, *arguments], capture_output=True, text=True, check=False, timeout=600)
        return done.stdout + done.stderr, done.returncode

    def test_every_scenario_of_the_suite_has_an_answer_here(self):
        listed, _ = self.run_suite("list", "--server")
        names = {line.split()[1] for line in listed.splitlines() if line.strip().startswith("- ")}
        self.assertEqual(names, {*PASS, *DO_NOT_APPLY})

    def test_the_door_conforms_where_a_scenario_applies(self):
        with tempfile.TemporaryDirectory() as folder:
            # A scenario of this list that passes fails the run, as one that is not on it and fails.
            expected = pathlib.Path(folder) / "expected.yml"
            expected.write_text("server:\n" + "".join(f"  - {name}\n" for name in DO_NOT_APPLY))
            url = f"http://127.0.0.1:{PROXY.server_port}/mcp"
            said, code = self.run_suite("server", "--url", url, "--suite", "all", "--expected-failures", str(expected), "--output-dir", folder)
        self.assertEqual(code, 0, said[-6000:])
        print(said[-1500:])


if __name__ == "__main__":
    unittest.main()
