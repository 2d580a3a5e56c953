"""The official clients sign in: discovery, registration or a document, a person's consent over HTTP, a tool, a refresh."""

import html
import http.cookiejar
import http.server
import json
import pathlib
import re
import ssl
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

from door import CLIENTS, HERE, READ, Door, Program

sys.path.insert(0, str(HERE.parent))
from openssl import authority, certificate  # noqa: E402

CALLBACK = "http://127.0.0.1:50321/callback"
EMAIL, PASSWORD = "ada@example.com", "a password that is long"
PROGRAMS = {
    "Python mcp 1": "oauth_python.py",
    "Python mcp 2": "oauth_python.py",
    "TypeScript sdk 1": "oauth_ts_sdk.mjs",
    "TypeScript client 2": "oauth_ts_client.mjs",
}


class Documents(http.server.BaseHTTPRequestHandler):
    """Describes a client at its own address; `/moved` only says that it is elsewhere."""

    def do_GET(self):
        url = f"https://localhost:{self.server.server_address[1]}"
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", f"{url}/agent.json")
            self.end_headers()
            return
        said = {"client_id": f"{url}/agent.json", "client_name": "Described agent", "redirect_uris": ["http://127.0.0.1/callback"]}
        body = json.dumps(said | ({"padding": "x" * 20_000} if self.path == "/long" else {})).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def setUpModule():
    global DOOR, DOCUMENTS
    folder = tempfile.mkdtemp(prefix="keyway-oauth-")
    authority(folder, "authority")
    certificate(folder, "site", "localhost", "authority")
    DOCUMENTS = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Documents)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pathlib.Path(folder, "site.pem"), pathlib.Path(folder, "site.key"))
    DOCUMENTS.socket = context.wrap_socket(DOCUMENTS.socket, server_side=True)
    threading.Thread(target=DOCUMENTS.serve_forever, daemon=True).start()
    DOOR = Door("--mcp-client-hosts", "localhost", "--ca-file", str(pathlib.Path(folder, "authority.pem")))
    DOOR.keyway.run("user", "create", EMAIL, "--credential-command", f"printf '{PASSWORD}'")


def tearDownModule():
    DOOR.stop()
    DOCUMENTS.shutdown()


def document(name):
    return f"https://localhost:{DOCUMENTS.server_address[1]}/{name}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Person:
    """Somebody at the console, with what a browser keeps: forms and a cookie, and no script."""

    def __init__(self):
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), NoRedirect)
        self.send("/sign-in", email=EMAIL, password=PASSWORD)

    def send(self, path, **form):
        """The status, the body, and where it leads."""
        url = urllib.parse.urljoin(DOOR.keyway.admin, path)
        body = urllib.parse.urlencode(form, doseq=True).encode() if form else None
        try:
            answer = self.browser.open(urllib.request.Request(url, body, {"origin": DOOR.keyway.admin}))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.read().decode(), answer.headers.get("location")

    def answers(self, url, app, answer="allow", **chosen):
        """Reads the page of an authorization URL, picks the app, and answers: where that leads."""
        status, page, _ = self.send(f"{url}&keyway_app={app}")
        assert status == 200, page
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        form = {name: html.unescape(value) for name, value in hidden.items()}
        ticked = re.findall(r'name="(allow|scope)" value="([^"]+)" checked', page)
        default = {name: [value for one, value in ticked if one == name] for name in ("allow", "scope")}
        form |= {"lifetime": "900000", "purpose": "Look around", **default, **chosen, "answer": answer}
        status, page, location = self.send("/agents/authorize", **form)
        assert status == 303, page
        return location


class SignedIn(Program):
    """A program of an official client that signs in."""

    def __init__(self, client, mode, **more):
        super().__init__([CLIENTS[client][0][0], HERE / PROGRAMS[client]])
        self.first = self.step(url=DOOR.url, mode=mode, callback=CALLBACK, **more)


def acts_for(whoami):
    """On whose behalf the session of an agent is, as a tool says."""
    found = re.search(r'"onBehalfOf": "([^"]*)"', json.dumps(whoami.get("structured")))
    return found and found[1]


def clients():
    for client in PROGRAMS:
        for mode in CLIENTS[client][1]:
            # Pinned to a version, a client signs in as it does when it asks for one.
            if mode in ("auto", "legacy"):
                yield client, mode


class SignIn(unittest.TestCase):
    def test_a_client_registers_is_let_in_reads_and_refreshes(self):
        person = Person()
        for client, mode in clients():
            with self.subTest(client=client, mode=mode), SignedIn(client, mode) as agent:
                self.assertIn("/agents/authorize?", agent.first.get("authorize", ""), agent.first)
                done = agent.step(callback=person.answers(agent.first["authorize"], DOOR.writer_id))
                self.assertTrue(done.get("signed_in"), done)
                self.assertTrue(done["client_id"].startswith("kwc_"), done)
                said = agent.step(call={"name": "whoami", "arguments": {}})
                self.assertEqual(acts_for(said), EMAIL, said)
                read = agent.step(call={"name": "list_records", "arguments": {"object_type": "contacts", "limit": 1}})
                self.assertFalse(read.get("is_error", True), read)
                # The app may write; the session that the person chose may read.
                refused = agent.step(call={"name": "create_record", "arguments": {"object_type": "contacts", "properties": {"email": "no@example.com"}}})
                self.assertTrue(refused.get("is_error") or "error" in refused, refused)
                again = agent.step(spoil=True, call={"name": "whoami", "arguments": {}})
                self.assertTrue(again.get("refreshed"), again)
                self.assertEqual(acts_for(again), EMAIL)

    def test_a_client_with_a_document_signs_in_without_registering(self):
        person = Person()
        for client, mode in clients():
            with self.subTest(client=client, mode=mode), SignedIn(client, mode, document=document("agent.json")) as agent:
                status, page, _ = person.send(f"{agent.first['authorize']}&keyway_app={DOOR.reader_id}")
                self.assertIn("Described agent", page)
                self.assertIn("It is described at", page)
                done = agent.step(callback=person.answers(agent.first["authorize"], DOOR.reader_id))
                self.assertEqual(done.get("client_id"), document("agent.json"), done)
                self.assertEqual(acts_for(agent.step(call={"name": "whoami", "arguments": {}})), EMAIL)
        shown = DOOR.keyway.run("session", "list")["sessions"]
        self.assertIn(document("agent.json"), [session["agent"] and session["agent"]["client"] for session in shown])

    def test_a_document_is_read_at_its_own_address_only(self):
        person = Person()
        query = {
            "response_type": "code", "redirect_uri": CALLBACK, "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256", "resource": DOOR.url,
        }
        for name, why in (("moved", "redirects are not followed"), ("long", "KiB"), ("other.json", "another client_id")):
            with self.subTest(name):
                status, page, _ = person.send("/agents/authorize?" + urllib.parse.urlencode(query | {"client_id": document(name)}))
                self.assertEqual(status, 400)
                self.assertIn(why, page)
        status, page, _ = person.send("/agents/authorize?" + urllib.parse.urlencode(query | {"client_id": "https://127.0.0.1/agent.json"}))
        self.assertEqual(status, 400, page)

    def test_a_client_gets_the_scopes_that_it_asks_for_and_the_person_leaves(self):
        person = Person()
        for client, mode in clients():
            with self.subTest(client=client, mode=mode), SignedIn(client, mode, scope=READ[0]) as agent:
                # Python's SDK asks for the scopes that the server names, which are none: there the person narrows.
                chosen = {} if client.startswith("TypeScript") else {"scope": [READ[0]]}
                done = agent.step(callback=person.answers(agent.first["authorize"], DOOR.reader_id, **chosen))
                self.assertEqual(done.get("scope"), f"{READ[0]} oauth", done)
                refused = agent.step(call={"name": "list_records", "arguments": {"object_type": "companies"}})
                self.assertTrue(refused.get("is_error"), refused)
                self.assertIn(READ[1], refused["text"])

    def test_an_agent_that_was_let_in_is_out_when_its_session_ends(self):
        person = Person()
        with SignedIn("Python mcp 2", "auto") as agent:
            agent.step(callback=person.answers(agent.first["authorize"], DOOR.reader_id))
            token = agent.step(call={"name": "whoami", "arguments": {}})["token"]
            # For this listener, and for no other.
            request = urllib.request.Request(f"{DOOR.keyway.url}/crm/v3/objects/contacts", headers={"authorization": f"Bearer {token}"})
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request)
            self.assertEqual(refused.exception.headers["keyway-rule"], "token-audience")
            refused.exception.close()
            newest = max(DOOR.keyway.run("session", "list")["sessions"], key=lambda session: session["id"])
            DOOR.keyway.run("session", "end", str(newest["id"]))
            asks_again = agent.step(call={"name": "whoami", "arguments": {}})
            self.assertIn("authorize", asks_again, "an ended session leads to a new consent")


if __name__ == "__main__":
    unittest.main()
