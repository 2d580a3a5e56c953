"""The snippets for clients against the clients: read by the inspector, which connects with them, by n8n's description
of its node, and by the types of OpenAI's package."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from door import BINARY, HERE, ROOT, Door
from test_inspector import inspect

N8N = ROOT / "target/mcp-n8n/package/dist/types/nodes.json"


def setUpModule():
    global DOOR
    DOOR = Door()


def tearDownModule():
    DOOR.stop()


def snippet(client, *options):
    command = [BINARY, "mcp", "snippet", "--client", client, "--url", DOOR.url, "--gateway", DOOR.keyway.url, "--json", *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Snippets(unittest.TestCase):
    def listed(self, text):
        """The tools that the inspector finds with settings, once the token is where they say."""
        for place in ("${KEYWAY_TOKEN}", "${env:KEYWAY_TOKEN}", "$KEYWAY_TOKEN", "PASTE_THE_TOKEN_HERE"):
            text = text.replace(place, DOOR.reader)
        settings = json.loads(text)
        for server in settings["mcpServers"].values():
            if "env" in server:
                server["env"]["PATH"] = f"{os.path.dirname(BINARY)}:{os.environ['PATH']}"
            elif "httpUrl" in server:
                server["url"] = server.pop("httpUrl")
            server.setdefault("type", "stdio" if "command" in server else "streamable-http")
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "mcp.json"
            file.write_text(json.dumps(settings))
            answer, code = inspect("--config", str(file), "--server", "keyway", "--method", "tools/list")
        self.assertEqual(code, 0, answer)
        return [tool["name"] for tool in answer["tools"]]

    def test_a_client_connects_with_what_is_printed(self):
        for client, over in [("claude-desktop", "stdio"), ("claude-code", "http"), ("claude-code", "stdio"), ("cursor", "http"), ("cursor", "stdio"), ("gemini", "http"), ("gemini", "stdio")]:
            with self.subTest(client=client, over=over):
                self.assertIn("search_records", self.listed(snippet(client, "--over", over)["text"]))

    def test_n8n_has_such_a_node_with_such_parameters(self):
        node = json.loads(snippet("n8n")["text"])["nodes"][0]
        known = next(one for one in json.loads(N8N.read_text()) if f"@n8n/n8n-nodes-langchain.{one['name']}" == node["type"])
        self.assertIn(node["typeVersion"], known["version"])
        for name, value in node["parameters"].items():
            found = [one for one in known["properties"] if one["name"] == name and self.is_shown(one, node)]
            self.assertEqual(len(found), 1, f"{name}: {found}")
            if found[0]["type"] == "options":
                self.assertIn(value, [option["value"] for option in found[0]["options"]])

    def is_shown(self, known, node):
        """Whether a property belongs to the node's version."""
        for wanted in known.get("displayOptions", {}).get("show", {}).get("@version", []):
            condition = wanted["_cnd"] if isinstance(wanted, dict) else {"eq": wanted}
            (how, version), = condition.items()
            holds = {"eq": node["typeVersion"] == version, "gte": node["typeVersion"] >= version, "lt": node["typeVersion"] < version}
            if not holds[how]:
                return False
        return True

    def test_openais_api_takes_such_a_tool(self):
        script = """
import json, sys, typing
import openai.types.responses.tool_param as tools
from pydantic import TypeAdapter
given = json.load(sys.stdin)
unknown = set(given) - set(typing.get_type_hints(tools.Mcp))
assert not unknown, unknown
TypeAdapter(tools.Mcp).validate_python(given)
"""
        python = ROOT / "target/mcp-2/bin/python"
        done = subprocess.run([python, "-c", script], input=snippet("chatgpt")["text"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
