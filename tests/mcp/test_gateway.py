"""The official clients on a connected account: the calls of their tools go through the gateway to a second Keyway."""

import unittest

from door import CLIENTS, Door, Session


def setUpModule():
    global DOOR
    DOOR = Door(gateway=True)


def tearDownModule():
    DOOR.stop()


class Gateway(unittest.TestCase):
    def clients(self, token):
        for client, (program, modes) in CLIENTS.items():
            for way, reached in DOOR.ways(token):
                yield f"{client}, {way}", Session(program, next(iter(modes)), reached)

    def test_a_tool_reads_and_writes_the_account_behind_the_gateway(self):
        for at, (name, session) in enumerate(self.clients(DOOR.writer)):
            with self.subTest(name), session:
                email = f"gateway{at}@example.com"
                made = session.call("create_record", object_type="contacts", properties={"email": email})
                self.assertFalse(made.get("is_error", True), made)
                read = session.call("get_record", object_type="contacts", id=email, id_property="email", properties=["email"])
                self.assertIn(email, read["text"])
                found = session.call("list_records", object_type="contacts", limit=2, properties=["email"])
                self.assertEqual(len(found["structured"]["data"]), 2, found)
        credentials = {record["appId"] for record in DOOR.keyway.hubspot.records() if record["operation"].startswith("POST /crm")}
        self.assertEqual(len(credentials), 1, "the second Keyway sees the credential of the connection alone")

    def test_what_hubspot_refuses_is_data_and_what_keyway_refuses_names_the_way_to_ask(self):
        for name, session in self.clients(DOOR.writer):
            with self.subTest(name), session:
                refused = session.call("list_records", object_type="deals")
                self.assertTrue(refused["is_error"], refused)
                self.assertIn("keyway app update", refused["text"])
                wrong = session.call("create_record", object_type="contacts", properties={"no_such_property": "x"})
                self.assertTrue(wrong["is_error"], wrong)
                self.assertIn("no_such_property", str(wrong["structured"]["data"]["hubspot_says"]))
                self.assertNotIn("no_such_property", wrong["structured"]["keyway"])


if __name__ == "__main__":
    unittest.main()
