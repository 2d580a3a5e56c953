"""Accounts that are connected by OAuth: a second server stands for HubSpot, whose consent page a person
sees; in front of it a proxy of the test's own counts token requests and answers them wrongly on demand."""

import http.client
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from keyway import BINARY, Keyway
from test_oauth import query_of, signed_up

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"]


class Proxy:
    """Stands before HubSpot. `answer` decides what becomes of a token request: none lets it through, a
    status with a body is answered, "cut" lets it through and loses the answer."""

    def __init__(self, target):
        self.target, self.tokens, self.calls, self.answer = urllib.parse.urlsplit(target).netloc, [], [], lambda form: None
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                said = None
                if self.path.endswith("/token"):
                    form = dict(urllib.parse.parse_qsl(body.decode()))
                    proxy.tokens.append((time.time(), form))
                    said = proxy.answer(form)
                else:
                    proxy.calls.append(self.headers.get("authorization"))
                if isinstance(said, tuple):
                    return self.reply(said[0], [("content-type", "application/json")], json.dumps(said[1]).encode())
                connection = http.client.HTTPConnection(proxy.target)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if said == "cut":
                    self.close_connection = True
                    return None
                return self.reply(answer.status, [(n, v) for n, v in answer.getheaders() if n.lower() not in ("content-length", "connection", "date")], content)

            do_GET = do_POST = do_DELETE = do

            def reply(self, status, headers, content):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def refreshes(self):
        return [form for _, form in self.tokens if form["grant_type"] == "refresh_token"]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Connected(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hubspot = Keyway(through_gateway=False)
        cls.person = signed_up(cls.hubspot)

    @classmethod
    def tearDownClass(cls):
        cls.hubspot.stop()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="keyway-connected-")
        self.proxy = Proxy(self.hubspot.url)
        self.keyway = Keyway(self.folder, through_gateway=False)
        self.hub_id = 20_000_000 + len(self.hubspot.run("account", "list")["accounts"])
        self.hubspot.run("account", "create", self.id().rsplit(".", 1)[1], "--hub-id", str(self.hub_id))
        self.client()

    def tearDown(self):
        self.keyway.stop()
        self.proxy.stop()

    def client(self, *options):
        callback = f"{self.keyway.admin}/oauth/callback"
        name = f"SaaS {self.keyway.admin}"
        created = self.hubspot.run("public-app", "create", name, "--redirect-uri", callback, "--scopes", " ".join(SCOPES), *options)
        self.app = created["publicApp"]
        self.add_client(self.app["clientSecret"])

    def add_client(self, secret):
        command = ["oauth-client", "add", "SaaS", "--client-id", self.app["clientId"], "--credential-stdin", "--scopes", ",".join(SCOPES)]
        command += ["--base-url", self.proxy.url, "--authorize-url", f"{self.hubspot.admin}/oauth/authorize"]
        subprocess.run([BINARY, *command, "--data", self.folder], check=True, input=secret, text=True, capture_output=True)

    def connect(self, answer="install"):
        """`keyway account add --oauth`, with a person at the consent page."""
        command = [BINARY, "account", "add", "--oauth", "SaaS", "--data", self.folder, "--json"]
        waiting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(waiting.stderr.close)
        self.addCleanup(waiting.stdout.close)
        url = next(line.strip() for line in waiting.stderr if line.strip().startswith("http"))
        self.assertIn("code_challenge_method=S256", url)
        back = self.person.consent(url, self.hub_id, answer)
        page = requests.get(back)
        output, errors = waiting.communicate(timeout=20)
        return page, waiting.returncode, output, errors, back

    def connected(self):
        page, code, output, errors, _ = self.connect()
        self.assertEqual((page.status_code, code), (200, 0), page.text + errors)
        self.assertEqual(json.loads(output)["account"]["hubId"], self.hub_id)
        self.token = self.keyway.app(self.hub_id, "Sync", SCOPES)[1]

    def contacts(self, keyway=None):
        return requests.get(f"{(keyway or self.keyway).url}/crm/objects/2026-09/contacts", headers={"authorization": f"Bearer {self.token}"})

    def expire(self):
        """HubSpot's access tokens live half an hour; here the store is told that this one's is over."""
        self.restart("update oauth_token set expires_at = 1")

    def restart(self, sql=None):
        self.keyway.process.terminate()
        self.keyway.process.wait()
        if sql:
            import sqlite3

            with sqlite3.connect(os.path.join(self.folder, "keyway.db")) as store:
                store.execute(sql)
            store.close()
        self.keyway = Keyway(self.folder, through_gateway=False)
        # It listens on another port now.
        self.hubspot.run("public-app", "update", self.app["clientId"], "--redirect-uri", f"{self.keyway.admin}/oauth/callback")

    def test_a_person_connects_an_account_and_its_calls_carry_hubspots_token(self):
        self.connected()
        limits = self.keyway.run("account", "show", str(self.hub_id))["account"]["limits"]
        self.assertEqual(limits["burst"], 110)  # until HubSpot's headers say otherwise
        self.assertEqual(self.contacts().status_code, 200)
        self.assertTrue(all(sent and self.token not in sent for sent in self.proxy.calls))
        shown = self.keyway.run("account", "show", str(self.hub_id))["account"]
        self.assertEqual((shown["connection"]["oauth"], shown["connection"]["state"]), (True, "fine"))
        self.assertEqual(self.proxy.refreshes(), [])

    def test_a_restart_asks_for_no_new_token(self):
        self.connected()
        self.restart()
        self.assertEqual(self.contacts().status_code, 200)
        self.assertEqual(self.proxy.refreshes(), [])

    def test_who_says_no_connects_nothing(self):
        page, code, _, errors, _ = self.connect("refuse")
        self.assertEqual((page.status_code, code), (400, 2))
        self.assertIn("access_denied", errors)

    def test_a_callback_counts_once_and_only_for_what_was_begun_here(self):
        """RFC 9700, section 4.7: login CSRF on the callback."""
        _, _, _, _, back = self.connect()
        self.assertEqual(requests.get(back).status_code, 400)
        made_up = requests.get(f"{self.keyway.admin}/oauth/callback", params={"code": query_of(back)["code"], "state": "made-up"})
        self.assertEqual(made_up.status_code, 400)
        self.assertEqual(requests.get(f"{self.keyway.admin}/oauth/callback", params={"code": "x"}).status_code, 400)

    def test_many_calls_at_once_refresh_once(self):
        self.connected()
        self.expire()
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.contacts().status_code)) for _ in range(20)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual((answers, len(self.proxy.refreshes())), ([200] * 20, 1))

    def test_a_grant_that_is_over_is_said_to_be_and_connecting_again_mends_it(self):
        self.connected()
        (install,) = self.hubspot.run("install", "list", "--public-app", self.app["clientId"])["installs"]
        self.hubspot.run("install", "end", str(install["id"]))
        self.expire()
        answer = self.contacts()
        self.assertEqual((answer.status_code, answer.json()["category"], answer.headers["keyway-rule"]), (401, "CONNECTION_REVOKED", "connection-revoked"))
        self.assertEqual(self.contacts().status_code, 401)
        self.assertEqual(len(self.proxy.refreshes()), 1)  # HubSpot is not asked again
        for _ in range(2):
            status = subprocess.run([BINARY, "status", "--data", self.folder], capture_output=True, text=True)
            self.assertEqual(status.returncode, 1)
            self.assertIn("connect it again", status.stdout)
            self.restart()
        self.assertEqual(self.contacts().status_code, 401)
        self.connect()
        self.assertEqual(self.contacts().status_code, 200)

    def test_a_wrong_secret_ends_no_accounts_grant(self):
        self.connected()
        self.add_client("not-the-secret")
        self.expire()
        answer = self.contacts()
        self.assertEqual((answer.status_code, answer.json()["category"]), (502, "CONNECTION_CREDENTIAL"))
        self.add_client(self.app["clientSecret"])
        self.restart()
        self.assertEqual(self.contacts().status_code, 200)

    def test_passing_faults_are_tried_again_while_the_call_waits(self):
        self.connected()
        self.expire()
        faults = [(500, {}), (477, {}), (503, {"error": "invalid_grant"})]
        self.proxy.answer = lambda form: faults.pop(0) if faults else None
        self.assertEqual(self.contacts().status_code, 200)
        self.assertEqual(len(self.proxy.refreshes()), 4)

    def test_a_lost_answer_loses_no_refresh_token_even_where_they_are_replaced(self):
        self.hubspot.run("public-app", "update", self.app["clientId"], "--rotate-refresh-tokens", "on")
        self.connected()
        self.expire()
        lost = ["cut"]
        self.proxy.answer = lambda form: lost.pop() if lost else None
        self.assertEqual(self.contacts().status_code, 200)
        self.expire()
        self.assertEqual(self.contacts().status_code, 200)
        sent = [form["refresh_token"] for form in self.proxy.refreshes()]
        self.assertEqual((len(sent), sent[0] == sent[1], sent[1] == sent[2]), (3, True, False))

    def test_accounts_come_over_from_another_store(self):
        tokens = []
        for number in range(3):
            hub_id = self.hubspot.run("account", "create", f"Customer {self.keyway.admin} {number}")["account"]["hubId"]
            url = f"{self.hubspot.admin}/oauth/authorize?" + urllib.parse.urlencode(
                {"client_id": self.app["clientId"], "redirect_uri": f"{self.keyway.admin}/oauth/callback", "scope": " ".join(SCOPES)})
            code = self.hubspot.run("install", "approve", url, "--account", str(hub_id))["code"]
            given = requests.post(f"{self.hubspot.url}/oauth/v1/token", data={
                "grant_type": "authorization_code", "code": code, "redirect_uri": f"{self.keyway.admin}/oauth/callback",
                "client_id": self.app["clientId"], "client_secret": self.app["clientSecret"]}).json()
            tokens.append({"hubId": hub_id, "refreshToken": given["refresh_token"]})
        lines = "\n".join(json.dumps(one) for one in tokens)
        command = [BINARY, "account", "import", "-", "--oauth", "SaaS", "--data", self.folder, "--json"]
        done = subprocess.run(command, input=lines, text=True, capture_output=True, check=True)
        self.assertEqual(json.loads(done.stdout)["imported"], 3)
        self.assertEqual(subprocess.run(command, input=lines, text=True, capture_output=True).returncode, 2)
        self.assertEqual(self.proxy.refreshes(), [])  # nobody has used them
        for one in tokens:
            self.token = self.keyway.app(one["hubId"], "Sync", SCOPES)[1]
            self.assertEqual(self.contacts().status_code, 200)
        self.assertEqual(len(self.proxy.refreshes()), 3)

    def test_the_token_service_gives_tokens_to_who_may_have_them_and_records_it(self):
        os.environ["KEYWAY_ADMIN_TOKEN"], os.environ["KEYWAY_TOKEN_SERVICE_TOKEN"] = "an admin token of the test", "a service token of the test"
        try:
            self.restart()
            self.connected()
        finally:
            del os.environ["KEYWAY_ADMIN_TOKEN"], os.environ["KEYWAY_TOKEN_SERVICE_TOKEN"]
        ask = lambda token, path: requests.post(f"{self.keyway.admin}/api/v1/accounts/{path}", headers={"authorization": f"Bearer {token}"})  # noqa: E731
        path = f"{self.hub_id}/access-token"
        given = ask("a service token of the test", path)
        self.assertEqual(given.status_code, 200, given.text)
        own = requests.get(f"{self.hubspot.url}/crm/objects/2026-09/contacts", headers={"authorization": f"Bearer {given.json()['accessToken']}"})
        self.assertEqual((own.status_code, 0 < given.json()["expiresIn"] <= 1800), (200, True))
        self.assertEqual([ask(token, path).status_code for token in ("an admin token of the test", "guess")], [200, 401])
        self.assertEqual(requests.get(f"{self.keyway.admin}/api/v1/accounts", headers={"authorization": "Bearer a service token of the test"}).status_code, 403)
        self.assertEqual(ask("a service token of the test", f"{self.hub_id + 77}/access-token").status_code, 404)
        records = self.keyway.records("--account", str(self.hub_id))
        seen = [record["status"] for record in records if record["operation"] == "POST /api/v1/accounts/{hub_id}/access-token"]
        self.assertEqual(seen, [200, 200])

    def test_no_token_stands_anywhere_in_plain_text(self):
        self.connected()
        self.contacts()
        self.restart()
        secrets = {form.get("refresh_token") or form["code"] for _, form in self.proxy.tokens} | {self.app["clientSecret"]}
        secrets |= {sent.split()[1] for sent in self.proxy.calls if sent}
        for path, _, names in os.walk(self.folder):
            for name in names:
                if not re.search(r"\.sock$", name):
                    with open(os.path.join(path, name), "rb") as file:
                        content = file.read()
                    self.assertFalse([secret[:8] for secret in secrets if secret.encode() in content], name)


if __name__ == "__main__":
    unittest.main()
