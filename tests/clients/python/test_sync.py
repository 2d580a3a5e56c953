"""A two-way sync of contacts and deals, written from HubSpot's documentation alone, against an account that is kind to it and
one that is not.

The sync knows what HubSpot's pages say of search (results lag, 10,000 at most), of 429 and 5xx, of upserts by an address or a
unique property, of merges (the new record's `hs_merged_object_ids` has the old ids), of lifecycle stages (forward only) and of
associations. It runs twice on the same story. The hostile run refuses calls, fails, cuts connections, makes searches late and
shuffles them. Both must end alike on both sides.
"""

import http.client
import json
import random
import subprocess
import unittest
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from keyway import BINARY, SCOPES, Keyway

# HubSpot's order of lifecycle stages.
STAGES = ["subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "evangelist"]
CONTACT = ["email", "firstname", "phone", "lifecyclestage", "lastmodifieddate", "hs_merged_object_ids"]
DEAL = ["our_id", "dealname", "amount", "dealstage", "hs_lastmodifieddate", "hs_is_closed_won"]
# "It may take a few moments" for a search to find a change: each round reads so much of the past again.
OVERLAP = timedelta(seconds=60)
TRIES = 40


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class HubSpot:
    """Calls with the retries that HubSpot's page on errors asks for."""

    def __init__(self, url, token, wait):
        self.at, self.token, self.wait = urlsplit(url), token, wait
        self.retried = 0

    def call(self, method, path, body=None):
        for attempt in range(TRIES):
            connection = http.client.HTTPConnection(self.at.hostname, self.at.port)
            try:
                headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                answer = connection.getresponse()
                status, content, retry = answer.status, answer.read(), answer.headers.get("Retry-After")
            except (http.client.HTTPException, OSError):
                # Nobody knows whether it was performed, so every call of this sync may be repeated.
                status, content, retry = 0, b"", None
            finally:
                connection.close()
            if status not in (0, 429, 477) and status < 500:
                answered = json.loads(content) if content else None
                if status >= 400:
                    raise Refused(status, answered)
                return answered
            self.retried += 1
            self.wait(int(retry or 1))
        raise AssertionError(f"{method} {path} was not answered in {TRIES} tries; the last status was {status}")

    def search(self, kind, properties, modified, since):
        """Records that changed since a moment, by their ids. Pages by id, so that neither the limit of 10,000 nor an order that
        changes between two pages loses one."""
        found, last = {}, 0
        while True:
            filters = [
                {"propertyName": modified, "operator": "GTE", "value": str(int(since.timestamp() * 1000))},
                {"propertyName": "hs_object_id", "operator": "GT", "value": str(last)},
            ]
            sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
            page = self.call("POST", f"/crm/v3/objects/{kind}/search", {"filters": filters, "sorts": sorts, "properties": properties, "limit": 100})
            found |= {one["id"]: one["properties"] for one in page["results"]}
            if "paging" not in page:
                return found
            last = max(int(one["id"]) for one in page["results"])


class Sync:
    """Our side is the people by their address and the orders by our id; HubSpot's ids are remembered."""

    def __init__(self, hubspot, now):
        self.hubspot, self.now = hubspot, now
        self.people, self.orders, self.ids = {}, {}, {}
        self.dirty_people, self.dirty_orders = set(), set()
        self.since = now() - timedelta(days=1)

    def person(self, email, **fields):
        self.people.setdefault(email, {}).update(fields)
        self.dirty_people.add(email)

    def order(self, our_id, email, **fields):
        self.orders.setdefault(our_id, {"email": email}).update(fields)
        self.dirty_orders.add(our_id)

    def round(self):
        began = self.now()
        self.pull()
        self.push_people()
        self.push_orders()
        self.since = began - OVERLAP

    def pull(self):
        contacts = self.hubspot.search("contacts", CONTACT, "lastmodifieddate", self.since)
        for contact in contacts.values():
            self.take(contact)
        for deal in self.hubspot.search("deals", DEAL, "hs_lastmodifieddate", self.since).values():
            order = self.orders.get(deal["our_id"])
            if order is not None and deal["our_id"] not in self.dirty_orders and deal["hs_is_closed_won"] == "true":
                order["dealstage"] = "closedwon"

    def take(self, contact):
        # A search may show an old state, and an address that another record has now: the record itself decides.
        read = self.read(contact["email"])
        if read is None:
            return
        values = read["properties"]
        email, merged = values["email"], set((values["hs_merged_object_ids"] or "").split(";"))
        for gone in [own for own, known in self.ids.items() if known in merged and own != email]:
            self.unite(gone, email)
        self.ids[email] = read["id"]
        mine = self.people.setdefault(email, {})
        if email not in self.dirty_people:
            mine |= {name: values[name] for name in ("firstname", "phone") if values[name] is not None}
        theirs = values["lifecyclestage"]
        if theirs in STAGES and STAGES.index(theirs) > STAGES.index(mine.get("lifecyclestage", STAGES[0])):
            mine["lifecyclestage"] = theirs
        mine.setdefault("lifecyclestage", theirs)

    def unite(self, gone, email):
        """Two of our people are one in HubSpot."""
        self.people.pop(gone, None)
        self.dirty_people.discard(gone)
        del self.ids[gone]
        for order in self.orders.values():
            if order["email"] == gone:
                order["email"] = email

    def read(self, email):
        names = ",".join(CONTACT)
        try:
            return self.hubspot.call("GET", f"/crm/v3/objects/contacts/{email}?idProperty=email&properties={names}")
        except Refused as refused:
            if refused.status != 404:
                raise
            return None

    def push_people(self):
        emails = sorted(self.dirty_people)
        for first in range(0, len(emails), 100):
            some = emails[first : first + 100]
            inputs = [{"id": email, "idProperty": "email", "properties": {"email": email, **self.people[email]}} for email in some]
            made = self.hubspot.call("POST", "/crm/v3/objects/contacts/batch/upsert", {"inputs": inputs})
            for one in made["results"]:
                self.ids[one["properties"]["email"]] = one["id"]
        self.dirty_people.clear()

    def push_orders(self):
        ids = sorted(self.dirty_orders)
        for first in range(0, len(ids), 100):
            some = ids[first : first + 100]
            inputs = [
                {"id": our_id, "idProperty": "our_id", "properties": {"our_id": our_id, **{name: value for name, value in self.orders[our_id].items() if name != "email"}}}
                for our_id in some
            ]
            made = self.hubspot.call("POST", "/crm/v3/objects/deals/batch/upsert", {"inputs": inputs})
            for one in made["results"]:
                contact = self.read(self.orders[one["properties"]["our_id"]]["email"])
                self.hubspot.call("PUT", f"/crm/v4/objects/deals/{one['id']}/associations/default/contacts/{contact['id']}")
        self.dirty_orders.clear()


class Story(unittest.TestCase):
    """What happens on both sides, and what must have come of it."""

    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway(None, through_gateway=False)

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()

    def portal(self, *arguments):
        command = [BINARY, "portal", "--account", str(self.account), *arguments, "--data", self.keyway.folder, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def run_story(self, name, faults):
        self.account = self.keyway.account(name, "--tier", "enterprise", "--addons", "2")
        self.portal("clock", "set", "2027-03-01T09:00:00Z", "--frozen")
        clock = [datetime.fromisoformat("2027-03-01T09:00:00+00:00")]

        def wait(seconds):
            clock[0] += timedelta(seconds=seconds)
            self.portal("clock", "advance", f"{seconds}s")

        scopes = [*SCOPES, "crm.schemas.deals.write"]
        someone = HubSpot(self.keyway.url, self.keyway.app(self.account, f"{name}: somebody else", scopes)[1], wait)
        hubspot = HubSpot(self.keyway.url, self.keyway.app(self.account, f"{name}: the sync", scopes)[1], wait)
        unique = {"name": "our_id", "label": "Our id", "groupName": "dealinformation", "type": "string", "fieldType": "text", "hasUniqueValue": True}
        someone.call("POST", "/crm/v3/properties/deals", unique)
        for fault in faults:
            self.portal("fault", "add", "--app", f"{name}: the sync", *fault)

        def contact(email):
            return someone.call("GET", f"/crm/v3/objects/contacts/{email}?idProperty=email")["id"]

        sync, chance = Sync(hubspot, lambda: clock[0]), random.Random(7)
        # 250 people and 60 orders of ours; HubSpot has ten of the people already.
        for at in range(10):
            someone.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": f"p{at}@example.com", "phone": "+1 555 010000", "lifecyclestage": "customer"}})
        for at in range(250):
            sync.person(f"p{at}@example.com", firstname=f"Person {at}", lifecyclestage=chance.choice(STAGES[:4]))
        for at in range(60):
            sync.order(f"o{at}", f"p{at}@example.com", dealname=f"Order {at}", amount=str(100 + at), dealstage="appointmentscheduled")
        # Lifecycle stages only move forward, so the ten must be read before they are written.
        wait(30)
        sync.round()
        wait(120)
        sync.round()
        # Somebody changes records in HubSpot, merges two people and wins a deal.
        for at in range(20, 30):
            someone.call("PATCH", f"/crm/v3/objects/contacts/{contact(f'p{at}@example.com')}", {"properties": {"phone": f"+1 555 0200{at}", "lifecyclestage": "opportunity"}})
        someone.call("POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": contact("p40@example.com"), "objectIdToMerge": contact("p41@example.com")})
        won = someone.call("GET", "/crm/v3/objects/deals/o5?idProperty=our_id")["id"]
        someone.call("PATCH", f"/crm/v3/objects/deals/{won}", {"properties": {"dealstage": "closedwon"}})
        someone.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "theirs@example.com", "firstname": "Theirs"}})
        # Meanwhile people and orders change here.
        for at in range(100, 110):
            sync.person(f"p{at}@example.com", firstname=f"Renamed {at}")
        sync.order("o7", "p7@example.com", amount="7000")
        # The first round comes before a late search finds the changes.
        for _ in range(4):
            sync.round()
            wait(90)
        return sync, hubspot, someone

    def ends_as_it_should(self, sync, someone):
        contacts, after = {}, ""
        while True:
            page = someone.call("GET", f"/crm/v3/objects/contacts?limit=100&properties={','.join(CONTACT)}{after}")
            for one in page["results"]:
                self.assertNotIn(one["properties"]["email"], contacts, "an address stands for one record")
                contacts[one["properties"]["email"]] = one["properties"]
            if "paging" not in page:
                break
            after = f"&after={page['paging']['next']['after']}"
        self.assertEqual(len(contacts), 250, "ten were there, one is merged away, one is new in HubSpot")
        self.assertEqual(sorted(contacts), sorted(sync.people))
        for email, person in sync.people.items():
            theirs = contacts[email]
            self.assertEqual((person.get("firstname"), person["lifecyclestage"]), (theirs["firstname"], theirs["lifecyclestage"]), email)
        self.assertEqual(contacts["p3@example.com"]["lifecyclestage"], "customer", "a stage does not go back")
        self.assertEqual(contacts["p25@example.com"]["lifecyclestage"], "opportunity")
        self.assertEqual((sync.people["p25@example.com"]["phone"], contacts["p105@example.com"]["firstname"]), ("+1 555 020025", "Renamed 105"))
        deals = someone.call("GET", f"/crm/v3/objects/deals?limit=100&properties={','.join(DEAL)}&associations=contacts")["results"]
        deals = {one["properties"]["our_id"]: one for one in deals}
        self.assertEqual(sorted(deals), sorted(sync.orders))
        self.assertEqual((sync.orders["o5"]["dealstage"], deals["o7"]["properties"]["amount"]), ("closedwon", "7000"))
        for our_id, order in sync.orders.items():
            linked = {one["id"] for one in deals[our_id]["associations"]["contacts"]["results"]}
            self.assertEqual(linked, {sync.read(order["email"])["id"]}, our_id)
        return {email: person for email, person in sync.people.items()}, sync.orders

    def test_both_runs_end_alike(self):
        kind, _, someone = self.run_story("kind", [])
        expected = self.ends_as_it_should(kind, someone)
        faults = [
            ["--search-lag", "20s", "--search-shuffled", "--seed", "3"],
            ["--status", "429", "--probability", "0.1", "--seed", "5"],
            ["--status", "503", "--probability", "0.05", "--seed", "6", "--retry-after", "2"],
            ["--cut", "after", "--probability", "0.03", "--seed", "8"],
        ]
        hostile, hubspot, someone = self.run_story("hostile", faults)
        self.portal("fault", "clear")
        self.assertGreater(hubspot.retried, 10, "the faults struck")
        self.assertEqual(self.ends_as_it_should(hostile, someone), expected)


if __name__ == "__main__":
    unittest.main()
