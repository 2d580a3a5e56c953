"""Calls that need an approval, in the official clients that can open pages (elicitation, URL mode); and batches."""

import json
import unittest
import urllib.error
import urllib.request

from door import CLIENTS, HERE, MODERN, WRITE, Door, Program

PROGRAMS = {
    "Python mcp 1": "elicit_python.py",
    "Python mcp 2": "elicit_python.py",
    "TypeScript sdk 1": "elicit_ts_sdk.mjs",
    "TypeScript client 2": "elicit_ts_client.mjs",
}


def setUpModule():
    global DOOR, TOKEN
    DOOR = Door()
    _, TOKEN = DOOR.app("held", WRITE, "--allow", "read,create", "--approve", "create")


def tearDownModule():
    DOOR.stop()


class Calling(Program):
    """A client that makes one call; a line comes for each page and for what came of the call."""

    def __init__(self, client, mode, email, **more):
        super().__init__([CLIENTS[client][0][0], HERE / PROGRAMS[client]])
        arguments = {"object_type": "contacts", "properties": {"email": email}, **more}
        self.say(url=DOOR.url, token=TOKEN, mode=mode, call={"name": "create_record", "arguments": arguments})


def email(name):
    return f"{''.join(letter for letter in name.lower() if letter.isalnum())}@example.com"


def pending():
    return [one["id"] for one in DOOR.keyway.run("approval", "list")["approvals"] if one["state"] == "pending"]


class Elicitation(unittest.TestCase):
    def modern(self):
        return [client for client, (_, modes) in CLIENTS.items() if MODERN in modes.values()]

    def test_a_client_of_2026_opens_the_page_and_the_call_is_made_once_a_person_has_approved(self):
        for client in self.modern():
            with self.subTest(client), Calling(client, "auto", email(f"approved {client}")) as calling:
                page = calling.hear()
                self.assertTrue((page.get("page") or "").startswith(f"{DOOR.keyway.admin}/approvals/"), page)
                self.assertEqual(page["mode"], "url")
                approval, = pending()
                calling.say(action="accept")
                # Opening the page approves nothing.
                DOOR.keyway.run("approval", "approve", str(approval))
                done = calling.hear()
                self.assertFalse(done.get("is_error", True), done)
                self.assertIn(email(f"approved {client}"), done["text"])

    def test_a_call_that_a_person_rejects_is_not_made(self):
        for client in self.modern():
            with self.subTest(client), Calling(client, "auto", email(f"rejected {client}")) as calling:
                self.assertIn("page", calling.hear())
                approval, = pending()
                calling.say(action="accept")
                DOOR.keyway.run("approval", "reject", str(approval), "--reason", "not now")
                done = calling.hear()
                self.assertTrue(done.get("is_error"), done)
                self.assertIn("approval-rejected", done["text"])

    def test_a_person_who_does_not_open_the_page_has_not_approved(self):
        for client in self.modern():
            with self.subTest(client), Calling(client, "auto", email(f"declined {client}")) as calling:
                self.assertIn("page", calling.hear())
                approval, = pending()
                calling.say(action="decline")
                done = calling.hear()
                self.assertTrue(done.get("is_error"), done)
                self.assertIn("did not open the page", done["text"])
                DOOR.keyway.run("approval", "reject", str(approval))

    def test_a_client_of_2025_11_25_gets_the_page_with_an_error_and_calls_again(self):
        for client, (_, modes) in CLIENTS.items():
            if "legacy" not in modes:
                continue
            with self.subTest(client):
                with Calling(client, "legacy", email(f"legacy {client}")) as calling:
                    told = calling.hear()
                    approval, = pending()
                    self.assertEqual(told.get("code"), -32042, told)
                    self.assertIn(f"{DOOR.keyway.admin}/approvals/{approval}", json.dumps(told))
                DOOR.keyway.run("approval", "approve", str(approval))
                with Calling(client, "legacy", email(f"legacy {client}"), approval=str(approval)) as calling:
                    done = calling.hear()
                    self.assertFalse(done.get("is_error", True), done)


class Batches(unittest.TestCase):
    def send(self, body, version=None):
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "accept": "application/json, text/event-stream"}
        headers |= {"mcp-protocol-version": version} if version else {}
        try:
            answer = urllib.request.urlopen(urllib.request.Request(DOOR.url, json.dumps(body).encode(), headers))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if text else None

    def test_each_message_of_a_batch_of_2025_03_26_is_answered(self):
        def call(number, name, **arguments):
            return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name, "arguments": arguments}}

        notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        for version in (None, "2025-03-26"):
            batch = [call(1, "whoami"), notification, call("two", "list_records", object_type="contacts", limit=1), call(3, "nothing")]
            status, answers = self.send(batch, version)
            self.assertEqual(status, 200, answers)
            self.assertEqual([answer["id"] for answer in answers], [1, "two", 3])
            self.assertIn("held", json.dumps(answers[0]))
            self.assertEqual(answers[2]["error"]["code"], -32602)
        self.assertEqual(self.send([notification]), (202, None))

    def test_later_versions_have_no_batches_and_none_is_endless(self):
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        for body, version, why in (
            ([ping], "2025-06-18", "2025-03-26 alone"),
            ([ping], MODERN, "2025-03-26 alone"),
            ([], None, "from 1 to 20"),
            ([ping] * 21, None, "from 1 to 20"),
            ([ping, 7], None, "an object"),
            ([ping | {"method": "initialize"}], None, "none of them is initialize"),
        ):
            with self.subTest(why, version=version):
                status, answer = self.send(body, version)
                self.assertEqual((status, answer["error"]["code"]), (400, -32600))
                self.assertIn(why, answer["error"]["message"])


if __name__ == "__main__":
    unittest.main()
