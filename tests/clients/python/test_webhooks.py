"""Webhooks: subscriptions made with hubspot-sdk, and signatures checked with hubspot-api-client, at a receiver of the test's own.
And the webhooks journal with hubspot-sdk, its answers validated strictly."""

import http.server
import json
import queue
import threading
import unittest

import hubspot
import requests
from hubspot.utils.signature import Signature
from hubspot_sdk import HubSpot as HubSpotSdk
from hubspot_sdk import NotFoundError, PermissionDeniedError
from keyway import THROUGH_GATEWAY, Keyway
from test_oauth import CALLBACK, query_of, signed_up

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write", "private-apps-read", "private-apps-write"]
JOURNAL_SCOPES = [
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "webhooks-journal-data-access",
    "webhooks-journal-snapshot-management",
    "webhooks-journal-subscription-management",
    "webhooks-journal-subscription-read",
]


class Receiver(http.server.HTTPServer):
    """What HubSpot's webhooks are sent to: keeps them, and answers 200."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got = queue.Queue()
        self.url = f"http://127.0.0.1:{self.server_port}/webhooks?tenant=7"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        url = f"http://{self.headers['host']}{self.path}"
        self.send_response(200)
        self.end_headers()
        self.server.got.put((url, dict(self.headers), body))

    def log_message(self, *_):
        pass


@unittest.skipIf(THROUGH_GATEWAY, "webhooks of a connected account are HubSpot's")
class Webhooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway()
        cls.receiver = Receiver()

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()
        cls.receiver.shutdown()

    def subscribe(self, token, app_id):
        """hubspot-api-client would send a developer key here, which opens nothing of an account."""
        webhooks = HubSpotSdk(access_token=token, base_url=self.keyway.url).webhooks
        webhooks.update_settings(app_id, target_url=self.receiver.url, throttling={"max_concurrent_requests": 5})
        made = webhooks.create_event_subscription(app_id, active=True, event_type="contact.creation")
        [listed] = webhooks.list_event_subscriptions(app_id).results
        self.assertEqual((listed.id, listed.event_type, listed.active), (made.id, "contact.creation", True))
        return made

    def client(self, token):
        client = hubspot.HubSpot(access_token=token)
        client.config["host"] = self.keyway.url
        return client

    def received(self, secret):
        """The events of the next webhook, whose signatures are those of this secret and of no other."""
        url, headers, body = self.receiver.got.get(timeout=30)
        sent = {name.lower(): value for name, value in headers.items()}
        stamp = sent["x-hubspot-request-timestamp"]
        for key, is_good in ((secret, True), (secret[::-1], False)):
            v3 = Signature.is_valid(sent["x-hubspot-signature-v3"], key, body, url, "POST", "v3", stamp)
            v1 = Signature.is_valid(sent["x-hubspot-signature"], key, body, signature_version="v1")
            self.assertEqual((v3, v1), (is_good, is_good))
        self.assertEqual(sent["x-hubspot-signature-version"], "v1")
        return json.loads(body)

    def test_a_private_app(self):
        account = self.keyway.account("Private")
        app, token = self.keyway.app(account, "Private", SCOPES)
        client = self.client(token)
        app_id = self.keyway.run("app", "show", str(app))["app"]["id"]
        subscription = self.subscribe(token, app_id)
        contact = client.crm.contacts.basic_api.create({"properties": {"email": "ada@example.com"}})
        secret = self.keyway.run("portal", "--account", str(account), "webhook", "secret", str(app_id))["secret"]
        [event] = self.received(secret)
        self.assertEqual((event["objectId"], event["portalId"], event["appId"]), (int(contact.id), account, app_id))
        self.assertEqual((str(event["subscriptionId"]), event["attemptNumber"]), (subscription.id, 0))

    def test_an_install_is_told_with_the_client_secret_of_its_public_app(self):
        account, person = self.keyway.account("Install"), signed_up(self.keyway)
        command = ["public-app", "create", "Vendor", "--redirect-uri", CALLBACK, "--scopes", " ".join(["oauth", *SCOPES])]
        app = self.keyway.run(*command)["publicApp"]
        params = {"client_id": app["clientId"], "redirect_uri": CALLBACK, "scope": " ".join(["oauth", *SCOPES])}
        url = requests.Request("GET", f"{self.keyway.admin}/oauth/authorize", params=params).prepare().url
        code = query_of(person.consent(url, account))["code"]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        grant |= {"client_id": app["clientId"], "client_secret": app["clientSecret"]}
        token = requests.post(f"{self.keyway.url}/oauth/v3/token", data=grant).json()["access_token"]
        client = self.client(token)
        self.subscribe(token, app["id"])
        client.crm.contacts.basic_api.create({"properties": {"email": "ben@example.com"}})
        [event] = self.received(app["clientSecret"])
        self.assertEqual(event["appId"], app["id"])

        # Once it is rotated, the new one signs.
        rotated = self.keyway.run("public-app", "rotate-secret", "Vendor", "--grace", "1h")["publicApp"]
        client.crm.contacts.basic_api.create({"properties": {"email": "cai@example.com"}})
        self.received(rotated["clientSecret"])


@unittest.skipIf(THROUGH_GATEWAY, "the journal of a connected account is HubSpot's")
class Journal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway()
        cls.account = cls.keyway.account("Journal")

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()

    def app(self, name, scopes=JOURNAL_SCOPES):
        app, token = self.keyway.app(self.account, name, scopes)
        return app, token, HubSpotSdk(access_token=token, base_url=self.keyway.url, _strict_response_validation=True)

    def subscribe(self, client, object_type="0-1"):
        return client.webhooks_journal.subscriptions.create(
            subscription_type="OBJECT", object_type_id=object_type, portal_id=self.account, actions=["CREATE", "UPDATE"], properties=["email"], object_ids=[]
        )

    def events(self, token, entry):
        """The address takes the app's token, and no other."""
        self.assertEqual(requests.get(entry["url"]).status_code, 401)
        content = requests.get(entry["url"], headers={"authorization": f"Bearer {token}"}).json()
        self.assertEqual(content["offset"], entry["currentOffset"])
        return [(event["action"], event["propertyChanges"]) for event in content["journalEvents"]]

    def test_what_happens_is_fetched_entry_by_entry(self):
        _, token, client = self.app("Reader")
        journal = client.webhooks_journal
        made = self.subscribe(client)
        self.assertEqual(journal.subscriptions.list().results, [made])
        self.assertEqual(journal.subscriptions.get(made.id), made)
        condition = {"filter_type": "CRM_OBJECT_PROPERTY", "operator": "ENDS_WITH", "property": "email", "value": "@example.com"}
        kept = journal.subscriptions.filters.create(subscription_id=made.id, filter={"conditions": [condition]}).filter_id
        self.assertEqual([one.id for one in journal.subscriptions.filters.list(made.id)], [kept])
        self.assertEqual(journal.subscriptions.filters.get(kept).filter.conditions[0].value, "@example.com")
        for email in ("ada@example.com", "ben@example.org", "cai@example.com"):
            contact = client.crm.objects.contacts.create(properties={"email": email}, associations=[])
        first = json.loads(journal.journal.get_earliest().read())
        self.assertEqual(self.events(token, first), [("CREATE", {"email": "ada@example.com"})])
        second = json.loads(journal.journal.get_next_from_offset(first["currentOffset"]).read())
        self.assertEqual(self.events(token, second), [("CREATE", {"email": "cai@example.com"})])
        self.assertEqual(journal.journal.get_next_from_offset(second["currentOffset"]).read(), b"")
        offsets = [first["currentOffset"], second["currentOffset"]]
        for variant in (journal.journal, journal.journal_local):
            batches = [variant.batch.get_earliest(10), variant.batch.get(inputs=offsets)]
            self.assertEqual([[one.current_offset for one in batch.results] for batch in batches], [offsets, offsets])
            self.assertEqual([one.current_offset for one in variant.batch.get_from_offset(10, offset=offsets[0]).results], offsets[1:])
            self.assertEqual(json.loads(variant.get_earliest(install_portal_id=self.account).read()), first | {"url": f"{variant_url(first, variant)}&installPortalId={self.account}"})
        [taken] = journal.snapshots.create(snapshot_requests=[{"object_id": int(contact.id), "object_type_id": "0-1"}]).snapshot_responses
        statuses = [journal.journal.get_status(taken.snapshot_status_id).status for _ in range(2)]
        self.assertEqual(statuses, ["IN_PROGRESS", "COMPLETED"])
        journal.subscriptions.filters.delete(kept)
        journal.subscriptions.delete(made.id)
        with self.assertRaises(NotFoundError):
            journal.subscriptions.get(made.id)
        self.subscribe(client)
        journal.subscriptions.delete_for_portal(self.account)
        self.assertEqual(journal.subscriptions.list().results, [])

    def test_each_part_needs_its_scope_and_each_subscription_that_of_its_records(self):
        _, _, reader = self.app("Without", ["crm.objects.contacts.read", "webhooks-journal-subscription-read"])
        self.assertEqual(reader.webhooks_journal.subscriptions.list().results, [])
        refused = [lambda: self.subscribe(reader), reader.webhooks_journal.journal.get_earliest]
        refused.append(lambda: reader.webhooks_journal.snapshots.create(snapshot_requests=[{"object_id": 1, "object_type_id": "0-1"}]))
        _, _, other = self.app("Other")
        refused.append(lambda: self.subscribe(other, "0-3"))
        for call in refused:
            with self.assertRaises(PermissionDeniedError):
                call()

    def test_an_app_that_lost_a_scope_gets_no_events_of_its_records_any_more(self):
        app, token, client = self.app("Loser")
        self.subscribe(client)
        client.crm.objects.contacts.create(properties={"email": "dan@example.com"}, associations=[])
        entry = json.loads(client.webhooks_journal.journal.get_earliest().read())
        self.assertEqual(len(self.events(token, entry)), 1)
        scopes = [scope for scope in JOURNAL_SCOPES if not scope.startswith("crm.")]
        self.keyway.run("app", "update", str(app), "--scopes", ",".join(scopes))
        self.assertEqual(self.events(token, entry), [])


def variant_url(entry, variant):
    """The address of an entry leads through the variant that was asked."""
    name = "journal-local" if "Local" in type(variant).__name__ else "journal"
    return entry["url"].replace("/webhooks-journal/journal/", f"/webhooks-journal/{name}/")


if __name__ == "__main__":
    unittest.main()
