"""The inspector's command line, which its users try a server with: over HTTP, and with the snippets for clients."""

import json
import os
import subprocess
import tempfile
import unittest

from door import BINARY, HERE, NODE, Door

INSPECTOR = HERE / "node_modules/.bin/mcp-inspector"


def setUpModule():
    global DOOR
    DOOR = Door()


def tearDownModule():
    DOOR.stop()


def inspect(*arguments, **env):
    """What the inspector prints, as JSON, and its exit code."""
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": f"{NODE.parent}:{os.path.dirname(BINARY)}:{os.environ['PATH']}", "HOME": home, **env}
        done = subprocess.run([NODE, INSPECTOR.resolve(), "--cli", *arguments], env=env, capture_output=True, text=True, check=False, timeout=120)
    try:
        return json.loads(done.stdout), done.returncode
    except json.JSONDecodeError:
        return done.stdout + done.stderr, done.returncode


class Inspector(unittest.TestCase):
    def over_http(self, token, *arguments):
        return inspect(DOOR.url, "--transport", "http", "--header", f"Authorization: Bearer {token}", *arguments)

    def test_it_lists_the_tools_and_finds_no_fault_with_their_schemas(self):
        listed, code = self.over_http(DOOR.reader, "--method", "tools/list", "--strict")
        self.assertEqual(code, 0, listed)
        self.assertIn("whoami", [tool["name"] for tool in listed["tools"]])

    def test_it_calls_a_tool(self):
        answer, code = self.over_http(DOOR.reader, "--method", "tools/call", "--tool-name", "list_records", "--tool-arg", "object_type=contacts", "--tool-arg", "limit=2")
        self.assertEqual(code, 0, answer)
        self.assertEqual(answer["structuredContent"]["rows"], 2)

    def test_it_is_refused_without_a_token(self):
        said, code = inspect(DOOR.url, "--transport", "http", "--method", "tools/list")
        self.assertNotEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main()
