"""A person's approval, asked for and used through the official clients."""

import sqlite3
import subprocess
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

from door import BINARY, CLIENTS, WRITE, Door, Session

CONTACTS = "/crm/v3/objects/contacts"


def setUpModule():
    global DOOR
    DOOR = Door()
    DOOR.app("careful", WRITE, "--allow", "read,create,update", "--approve", "update", "--approve-above", "10")
    DOOR.careful = DOOR.keyway.run("token", "create", "careful")["token"]["value"]


def tearDownModule():
    DOOR.stop()


class Approvals(unittest.TestCase):
    def setUp(self):
        address = f"{uuid.uuid4()}@example.com"
        self.contact = DOOR.send("POST", CONTACTS, {"properties": {"email": address, "city": "Bern"}})["id"]

    def opened(self, client="Python mcp 2", mode="auto", way="HTTP", token=None):
        return Session(CLIENTS[client][0], mode, dict(DOOR.ways(token or DOOR.careful))[way])

    def update(self, session, city="Chur", **more):
        return session.call("update_record", object_type="contacts", id=self.contact, properties={"city": city}, **more)

    def city(self):
        return DOOR.send("GET", f"{CONTACTS}/{self.contact}?properties=city")["properties"]["city"]

    def asked(self, session, city="Chur"):
        """The id of the approval that a call asks for."""
        answer = self.update(session, city)
        self.assertTrue(answer["is_error"], answer)
        self.assertEqual(answer["structured"]["rule"], "approval-required", answer)
        approval = answer["structured"]["approval"]
        self.assertIn(f"keyway approval approve {approval}", answer["text"])
        self.assertNotIn("hubspot_says", str(answer))
        return approval

    def approved(self, session, city="Chur"):
        approval = self.asked(session, city)
        DOOR.keyway.run("approval", "approve", approval)
        return approval

    def refused(self, answer, rule):
        self.assertTrue(answer["is_error"], answer)
        self.assertEqual(answer["structured"]["rule"], rule, answer)

    def test_every_client_is_refused_approved_and_performs_once(self):
        for number, (client, (_, modes)) in enumerate(CLIENTS.items()):
            for mode in modes:
                for way in ("HTTP", "stdio"):
                    city = f"City {number} {mode} {way}"
                    before = self.city()
                    with self.subTest(client=client, mode=mode, way=way), self.opened(client, mode, way) as session:
                        approval = self.asked(session, city)
                        self.assertEqual(self.asked(session, city), approval, "the same call does not ask twice")
                        self.refused(self.update(session, city, approval=approval), "approval-required")
                        self.assertEqual(self.city(), before)
                        DOOR.keyway.run("approval", "approve", approval)
                        done = self.update(session, city, approval=approval)
                        self.assertFalse(done["is_error"], done)
                        self.assertEqual(self.city(), city)
                        self.refused(self.update(session, city, approval=approval), "approval-used")

    def test_the_audit_has_the_refusal_and_the_use_with_the_approval(self):
        with self.opened() as session:
            approval = self.approved(session)
            self.assertFalse(self.update(session, approval=approval)["is_error"])
        records = [one for one in DOOR.keyway.records("--app", "careful") if one.get("approval") == int(approval)]
        self.assertEqual([(one["decision"], one["rule"], one["tool"]) for one in records], [("allowed", None, "update_record"), ("denied", "approval-required", "update_record")])

    def test_what_the_token_needs_an_approval_for_is_told_before(self):
        with self.opened() as session:
            answer = session.call("whoami")
        self.assertIn("A person must approve, before you make them: operations of the class update; changes of more than 10 records.", answer["text"])
        self.assertEqual(answer["structured"]["me"]["approval"]["classes"], ["update"])

    def test_a_record_that_changed_since_is_not_overwritten(self):
        with self.opened() as session:
            approval = self.approved(session)
            DOOR.send("PATCH", f"{CONTACTS}/{self.contact}", {"properties": {"city": "Genf"}})
            self.refused(self.update(session, approval=approval), "approval-mismatch")
        self.assertEqual(self.city(), "Genf")

    def test_a_property_beside_those_that_are_set_counts_too(self):
        with self.opened() as session:
            approval = self.approved(session)
            DOOR.send("PATCH", f"{CONTACTS}/{self.contact}", {"properties": {"firstname": "Ada"}})
            self.refused(self.update(session, approval=approval), "approval-mismatch")
        self.assertEqual(self.city(), "Bern")

    def test_an_approval_is_for_the_input_that_was_shown(self):
        other = DOOR.send("POST", CONTACTS, {"properties": {"email": f"other-{self.contact}@example.com"}})["id"]
        with self.opened() as session:
            approval = self.approved(session)
            self.refused(self.update(session, "Basel", approval=approval), "approval-mismatch")
            more = {"city": "Chur", "firstname": "Ada"}
            self.refused(session.call("update_record", object_type="contacts", id=self.contact, properties=more, approval=approval), "approval-mismatch")
            self.refused(session.call("update_record", object_type="contacts", id=other, properties={"city": "Chur"}, approval=approval), "approval-mismatch")
            path = f"{CONTACTS}/{self.contact}"
            by_path = session.call("call_operation", method="PATCH", path=path, body={"properties": {"city": "Chur"}}, approval=approval)
            self.refused(by_path, "approval-mismatch")
            self.assertEqual(self.city(), "Bern")
            self.assertFalse(self.update(session, approval=approval)["is_error"], "what was approved can still be performed")

    def test_the_order_of_a_list_counts(self):
        other = DOOR.send("POST", CONTACTS, {"properties": {"email": f"second-{self.contact}@example.com"}})["id"]
        body = {"inputs": [{"id": one, "properties": {"city": "Chur"}} for one in (self.contact, other)]}
        turned = {"inputs": body["inputs"][::-1]}
        DOOR.app("bulk", WRITE, "--approve", "update")
        _, token = DOOR.session("bulk", "--classes", "read,update,bulk")
        with self.opened(token=token) as session:
            asked = session.call("call_operation", method="POST", path=f"{CONTACTS}/batch/update", body=body)
            approval = asked["structured"]["approval"]
            DOOR.keyway.run("approval", "approve", approval)
            self.refused(session.call("call_operation", method="POST", path=f"{CONTACTS}/batch/update", body=turned, approval=approval), "approval-mismatch")

    def test_an_approval_whose_time_is_over_is_refused(self):
        with self.opened() as session:
            approval = self.approved(session)
            with sqlite3.connect(f"{DOOR.keyway.folder}/keyway.db") as store:
                store.execute("update approval set expires_at = 1 where id = ?", (approval,))
            self.refused(self.update(session, approval=approval), "approval-expired")
            self.assertNotEqual(self.asked(session), approval, "it can be asked for again")
        self.assertEqual(self.city(), "Bern")

    def test_a_rejection_is_told_with_its_reason(self):
        with self.opened() as session:
            approval = self.asked(session)
            DOOR.keyway.run("approval", "reject", approval, "--reason", "not this customer")
            answer = self.update(session, approval=approval)
            self.refused(answer, "approval-rejected")
            self.assertIn("not this customer", answer["text"])
        self.assertEqual(self.city(), "Bern")

    def test_of_many_people_who_decide_at_once_one_does(self):
        with self.opened() as session:
            approval = self.asked(session)

            def decide(number):
                verb = "approve" if number % 2 else "reject"
                command = [BINARY, "approval", verb, approval, "--data", DOOR.keyway.folder, "--json"]
                return verb, subprocess.run(command, capture_output=True, text=True)

            with ThreadPoolExecutor(8) as people:
                decided = list(people.map(decide, range(8)))
            won = [verb for verb, run in decided if run.returncode == 0]
            self.assertEqual(len(won), 1, decided)
            self.assertTrue(all("decided" in run.stderr or "rejected" in run.stderr or "approved" in run.stderr for _, run in decided if run.returncode))
            answer = self.update(session, approval=approval)
            self.assertEqual(answer["is_error"], won == ["reject"], answer)

    def test_of_two_clients_that_use_it_at_once_one_does(self):
        with self.opened() as one, self.opened("TypeScript sdk 1", "legacy", "stdio") as other:
            approval = self.approved(one)
            with ThreadPoolExecutor(2) as both:
                answers = list(both.map(lambda session: self.update(session, approval=approval), (one, other)))
        self.assertEqual(sorted(answer["is_error"] for answer in answers), [False, True], answers)
        self.refused(next(answer for answer in answers if answer["is_error"]), "approval-used")

    def test_a_session_adds_to_the_rule_of_its_app_and_its_approval_is_its_own(self):
        number, token = DOOR.session("writer", "--classes", "read,update", "--approve", "update")
        with self.opened(token=token) as session, self.opened(token=DOOR.session("writer", "--classes", "read,update", "--approve", "update")[1]) as other:
            self.assertIn("before you make them: operations of the class update.", session.call("whoami")["text"])
            approval = self.approved(session)
            self.refused(self.update(other, approval=approval), "approval-mismatch")
            self.assertFalse(self.update(session, approval=approval)["is_error"])
        shown = DOOR.keyway.run("session", "show", str(number))["session"]
        self.assertEqual(shown["approval"]["classes"], ["update"])
        with self.opened(token=DOOR.writer) as session:
            self.assertFalse(self.update(session, "Thun")["is_error"], "the app itself has no rule")

    def test_an_approval_outlives_a_power_cut_and_is_used_once(self):
        with self.opened() as session:
            approval = self.asked(session)
        DOOR.cut_power()
        DOOR.keyway.run("approval", "approve", approval)
        DOOR.cut_power()
        with self.opened() as session:
            self.assertFalse(self.update(session, approval=approval)["is_error"])
        DOOR.cut_power()
        with self.opened() as session:
            self.refused(self.update(session, approval=approval), "approval-used")
        self.assertEqual(self.city(), "Chur")


if __name__ == "__main__":
    unittest.main()
