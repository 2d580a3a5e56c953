"""Webhooks: subscriptions made with hubspot-sdk, and signatures checked with hubspot-api-client, at a receiver of the test's own."""

import http.server
import json
import queue
import threading
import unittest

import hubspot
import requests
from hubspot.utils.signature import Signature
from hubspot_sdk import HubSpot as HubSpotSdk
from keyway import THROUGH_GATEWAY, Keyway
from test_oauth import CALLBACK, query_of, signed_up

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write", "private-apps-read", "private-apps-write"]


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


if __name__ == "__main__":
    unittest.main()
