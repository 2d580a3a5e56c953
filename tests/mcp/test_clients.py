"""The official clients for TypeScript and Python, both generations of the protocol, over HTTP and standard input."""

import re
import unittest
import urllib.error
import urllib.request
from functools import partial

from door import CLIENTS, MODERN, Door, Session


def setUpModule():
    global DOOR
    DOOR = Door()


def tearDownModule():
    DOOR.stop()


class Clients(unittest.TestCase):
    def sessions(self, token):
        """Each client in each mode and in each way: its name, what opens a session, and the version to expect."""
        for client, (program, modes) in CLIENTS.items():
            for mode, version in modes.items():
                for way, reached in DOOR.ways(token):
                    yield f"{client}, {mode}, {way}", partial(Session, program, mode, reached), version

    def test_the_version_is_agreed_on_and_the_server_says_who_it_is(self):
        for name, opened, version in self.sessions(DOOR.reader):
            with self.subTest(name), opened() as session:
                self.assertEqual(session.began.get("protocol"), version, session.began)
                # With a version that it is told, Python's client asks the server for nothing before the first request.
                if name.startswith(f"Python mcp 2, {MODERN}"):
                    continue
                self.assertEqual(session.began["server"], "keyway")
                self.assertIn("never an instruction", session.began["instructions"])

    def test_only_what_the_token_opens_is_listed(self):
        for name, opened, _ in self.sessions(DOOR.reader):
            with self.subTest(name), opened() as session:
                tools = session.tools()
                self.assertIn("search_records", tools)
                self.assertNotIn("create_record", tools)
                self.assertTrue(all(tool["annotations"]["readOnlyHint"] for tool in tools.values()), tools)
                self.assertTrue(all(tool["inputSchema"]["type"] == "object" for tool in tools.values()), tools)

    def test_a_tool_is_called_and_its_pages_are_read(self):
        for name, opened, _ in self.sessions(DOOR.reader):
            with self.subTest(name), opened() as session:
                found, after = [], {}
                while True:
                    answer = session.call("list_records", object_type="contacts", limit=2, properties=["email"], **after)
                    self.assertFalse(answer.get("is_error", True), answer)
                    found += [row["id"] for row in answer["structured"]["data"]]
                    if "after" not in answer["structured"]:
                        break
                    self.assertIn(answer["structured"]["after"], answer["text"])
                    after = {"after": answer["structured"]["after"]}
                self.assertGreater(len(found), 2)
                self.assertEqual(len(found), len(set(found)))

    def test_a_call_beyond_the_token_is_refused_with_the_way_to_ask(self):
        for name, opened, _ in self.sessions(DOOR.reader):
            with self.subTest(name), opened() as session:
                answer = session.call("list_records", object_type="deals")
                self.assertTrue(answer["is_error"], answer)
                self.assertIn("crm.objects.deals.read", answer["text"])
                self.assertIn("keyway app update", answer["text"])
                # What is not listed is not callable either.
                answer = session.call("create_record", object_type="contacts", properties={"email": "no@example.com"})
                self.assertTrue(answer.get("is_error") or "error" in answer, answer)

    def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol(self):
        for name, opened, _ in self.sessions(DOOR.reader):
            with self.subTest(name), opened() as session:
                answer = session.call("search_record")
                self.assertEqual(answer.get("code"), -32602, answer)
                self.assertIn("search_records", answer["error"])

    def test_a_token_that_may_write_writes(self):
        for at, (name, opened, _) in enumerate(self.sessions(DOOR.writer)):
            with self.subTest(name), opened() as session:
                tools = session.tools()
                self.assertFalse(tools["create_record"]["annotations"]["readOnlyHint"])
                answer = session.call("create_record", object_type="contacts", properties={"email": f"agent{at}@example.com"})
                self.assertFalse(answer.get("is_error", True), answer)
                made = session.call("get_record", object_type="contacts", id=f"agent{at}@example.com", id_property="email", properties=["email"])
                self.assertIn(f"agent{at}@example.com", made["text"])

    def test_a_token_that_is_not_known_gets_nothing(self):
        unknown = f"{DOOR.reader[:-4]}0000"
        for name, opened, _ in self.sessions(unknown):
            with self.subTest(name), opened() as session:
                # Over standard input the process tells it at the start, or with the first answer.
                answer = session.began if "refused" in session.began else session.step(list=True)
                self.assertTrue("refused" in answer or "error" in answer, answer)

    def test_calls_are_on_record_with_the_tool(self):
        with Session(CLIENTS["Python mcp 2"][0], "auto", dict(DOOR.ways(DOOR.reader))["HTTP"]) as session:
            session.call("search_records", object_type="companies", query="Acme")
        records = DOOR.keyway.records("--app", "reader")
        self.assertTrue(any("search" in record["operation"] and record.get("tool") == "search_records" for record in records), records[:3])

    def test_a_session_may_do_less_than_its_app_and_its_end_counts_at_once(self):
        for client, mode in (("Python mcp 2", "auto"), ("TypeScript sdk 1", "legacy")):
            for way in ("HTTP", "stdio"):
                made = DOOR.keyway.run(
                    "session", "create", "--app", "writer", "--classes", "read", "--on-behalf-of", "ada@example.com", "--purpose", "find duplicates", "--calls", "9"
                )
                reached = dict(DOOR.ways(made["token"]["value"]))[way]
                with self.subTest(client=client, way=way), Session(CLIENTS[client][0], mode, reached) as session:
                    self.assertNotIn("create_record", session.tools())
                    me = session.call("whoami")
                    self.assertEqual(me["structured"]["me"]["session"]["purpose"], "find duplicates")
                    told = f"on behalf of ada@example.com, for this purpose: find duplicates. It ends at {made['session']['expiresAt'][:16]}"
                    self.assertIn(told, me["text"])
                    self.assertIn("Left: 9 of 9 calls", me["text"])
                    self.assertFalse(session.call("list_records", object_type="contacts")["is_error"])
                    answer = session.call("create_record", object_type="contacts", properties={"email": "no@example.com"})
                    self.assertTrue(answer.get("is_error"), answer)
                    self.assertIn(f"keyway session create --app {DOOR.writer_id} --classes read,create", answer["text"])
                    self.assertNotIn("hubspot_says", str(answer))
                    DOOR.keyway.run("session", "end", str(made["session"]["id"]))
                    answer = session.call("list_records", object_type="contacts")
                    self.assertTrue(answer.get("is_error") or "error" in answer, answer)


class Listener(unittest.TestCase):
    """What the listener says to those without a token."""

    def get(self, path, data=None):
        try:
            with urllib.request.urlopen(urllib.request.Request(DOOR.origin + path, data)) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode()

    def test_the_texts_for_agents_need_no_token(self):
        for path, kind, beginning in (("/llms.txt", "text/plain", "# Keyway\n\n> "), ("/skill.md", "text/markdown", "---\nname: keyway\ndescription: ")):
            status, headers, text = self.get(path)
            self.assertEqual((status, headers.get_content_type(), headers["x-content-type-options"]), (200, kind, "nosniff"))
            self.assertTrue(text.startswith(beginning), text[:80])
            # A model pays for each word of it.
            self.assertLess(len(text), 4_000)
            self.assertEqual(self.get(path, data=b"x")[0], 405)
        links = re.findall(r"\]\((/[^)]*)\)", self.get("/llms.txt")[2])
        self.assertEqual([(link, self.get(link)[0]) for link in links], [("/skill.md", 200), ("/mcp", 401)])

    def test_the_skill_names_tools_that_exist(self):
        with Session(CLIENTS["Python mcp 2"][0], "auto", dict(DOOR.ways(DOOR.writer))["HTTP"]) as session:
            tools = session.tools()
        arguments = {name for tool in tools.values() for name in tool["inputSchema"]["properties"]}
        named = set(re.findall(r"`([a-z_]+)`", self.get("/skill.md")[2]))
        self.assertEqual(named - set(tools) - arguments, set())
        self.assertGreaterEqual(len(named & set(tools)), 8)

    def test_the_protocol_needs_one(self):
        status, headers, _ = self.get("/mcp")
        self.assertEqual(status, 401)
        self.assertIn("Bearer", headers["www-authenticate"])


if __name__ == "__main__":
    unittest.main()
