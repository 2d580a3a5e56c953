"""OAuth with clients that know nothing of Keyway, and the attacks of RFC 9700 as a person's browser and a
thief's script would try them. Each attack names the section it is from."""

import base64
import hashlib
import html
import os
import re
import secrets
import unittest
import urllib.parse

import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from hubspot import HubSpot
from hubspot.oauth import ApiException
from hubspot.utils.oauth import get_auth_url
from hubspot_sdk import HubSpot as HubSpotSdk
from keyway import Keyway
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # everything here is on this machine

CALLBACK = "http://localhost:3999/callback"
REQUIRED = ["crm.objects.contacts.read", "crm.objects.contacts.write", "oauth"]
OPTIONAL = "crm.objects.deals.read"
SCOPE = " ".join(REQUIRED)


class Person:
    """A browser with somebody in front of it: follows nothing to the app, and keeps cookies."""

    def __init__(self, keyway, email, password):
        self.keyway, self.http = keyway, requests.Session()
        self.credentials = {"email": email, "password": password}

    def open(self, url):
        """The consent page behind an authorization URL, signing in on the way."""
        page = self.http.get(url, allow_redirects=False)
        if page.status_code == 303 and "/sign-in" in page.headers["location"]:
            form = self.http.get(self.keyway.admin + page.headers["location"])
            data = {**hidden(form.text), **self.credentials}
            page = self.post("/sign-in", data)
            assert page.status_code == 303, page.text
            page = self.http.get(self.keyway.admin + page.headers["location"], allow_redirects=False)
        return page

    def post(self, path, data, **headers):
        headers = {"origin": self.keyway.admin, **headers}
        return self.http.post(self.keyway.admin + path, data=data, headers=headers, allow_redirects=False)

    def consent(self, url, hub_id, answer="install"):
        """Says yes (or no), and returns where that leads."""
        page = self.open(url)
        assert page.status_code == 200, (page.status_code, page.text, page.headers)
        done = self.post("/oauth/authorize", {**hidden(page.text), "hub_id": str(hub_id), "answer": answer})
        assert done.status_code == 303, done.text
        return done.headers["location"]


def signed_up(keyway):
    """Somebody who may sign in."""
    email = "ada@example.com"
    return Person(keyway, email, keyway.run("user", "create", email, "--role", "super-admin")["password"])


def hidden(page):
    return {html.unescape(name): html.unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page)}


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def pkce():
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class OAuth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway()
        cls.person = signed_up(cls.keyway)

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()

    def setUp(self):
        self.hub_id = self.keyway.account(self.id().rsplit(".", 1)[1])
        self.app = self.public_app()
        self.id_, self.secret = self.app["clientId"], self.app["clientSecret"]

    def public_app(self, *options, name=None, uri=CALLBACK):
        name = name or f"App {secrets.token_hex(4)}"
        command = ["public-app", "create", name, "--redirect-uri", uri, "--scopes", SCOPE, "--optional-scopes", OPTIONAL, *options]
        return self.keyway.run(*command)["publicApp"]

    def authorize_url(self, client_id=None, **more):
        params = {"client_id": client_id or self.id_, "redirect_uri": CALLBACK, "scope": SCOPE, **more}
        return f"{self.keyway.admin}/oauth/authorize?{urllib.parse.urlencode({name: value for name, value in params.items() if value is not None})}"

    def code(self, url=None, hub_id=None):
        return query_of(self.person.consent(url or self.authorize_url(), hub_id or self.hub_id))["code"]

    def post(self, path, version="2026-09", **fields):
        return requests.post(f"{self.keyway.url}/oauth/{version}/{path}", data=fields)

    def token(self, version="2026-09", client=None, **fields):
        client = client or self.app
        fields = {"client_id": client["clientId"], "client_secret": client.get("clientSecret"), **fields}
        return self.post("token", version, **{name: value for name, value in fields.items() if value is not None})

    def exchange(self, code, **more):
        return self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **more)

    def refresh(self, refresh_token, **more):
        return self.token(grant_type="refresh_token", refresh_token=refresh_token, **more)

    def install(self):
        answer = self.exchange(self.code())
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def contacts(self, access_token):
        return requests.get(f"{self.keyway.url}/crm/objects/2026-09/contacts", headers={"authorization": f"Bearer {access_token}"})

    def refused(self, answer, error, status):
        self.assertEqual((answer.status_code, answer.json()["error"], answer.json()["status"]), (400, error, status), answer.text)
        self.assertEqual(answer.json()["message"], answer.json()["error_description"])

    # Clients

    def test_hubspots_own_client(self):
        url = get_auth_url(self.id_, CALLBACK, tuple(REQUIRED), (OPTIONAL,), "mine").replace("https://app.hubspot.com", self.keyway.admin)
        back = query_of(self.person.consent(url, self.hub_id))
        self.assertEqual((back["state"], back["iss"]), ("mine", self.keyway.url))
        client = HubSpot()
        client.config["host"] = self.keyway.url
        tokens = client.oauth.tokens_api.create(
            grant_type="authorization_code", code=back["code"], redirect_uri=CALLBACK, client_id=self.id_, client_secret=self.secret
        )
        self.assertEqual((tokens.expires_in, tokens.token_type), (1800, "bearer"))
        known = client.oauth.access_tokens_api.get(tokens.access_token)
        self.assertEqual((known.hub_id, known.user, known.app_id), (self.hub_id, "ada@example.com", self.app["id"]))
        if not self.keyway.hubspot:  # an embedded account has every scope
            self.assertIn(OPTIONAL, known.scopes)
        api = HubSpot(access_token=tokens.access_token)
        api.config["host"] = self.keyway.url
        api.crm.contacts.basic_api.get_page(limit=1)
        again = client.oauth.tokens_api.create(
            grant_type="refresh_token", refresh_token=tokens.refresh_token, client_id=self.id_, client_secret=self.secret
        )
        self.assertEqual(again.refresh_token, tokens.refresh_token)
        self.assertEqual(client.oauth.refresh_tokens_api.get(tokens.refresh_token).client_id, self.id_)
        client.oauth.refresh_tokens_api.archive(tokens.refresh_token)
        with self.assertRaises(ApiException) as gone:
            client.oauth.tokens_api.create(
                grant_type="refresh_token", refresh_token=tokens.refresh_token, client_id=self.id_, client_secret=self.secret
            )
        self.assertIn("BAD_REFRESH_TOKEN", gone.exception.body)

    def test_hubspots_generated_sdk_which_sends_json(self):
        sdk = HubSpotSdk(base_url=self.keyway.url, access_token="none")
        tokens = sdk.auth.oauth.create_token(
            grant_type="authorization_code", code=self.code(), redirect_uri=CALLBACK, client_id=self.id_, client_secret=self.secret
        )
        self.assertEqual((tokens.hub_id, tokens.token_use), (self.hub_id, "access_token"))
        both = {"client_id": self.id_, "client_secret": self.secret}
        again = sdk.auth.oauth.create_token(grant_type="refresh_token", refresh_token=tokens.refresh_token, **both)
        known = sdk.auth.oauth.introspect_token(token=again.access_token, token_type_hint="access_token", **both)
        self.assertEqual((known.active, known.hub_id), (True, self.hub_id))
        sdk.auth.oauth.revoke_token(token=again.refresh_token, token_type_hint="refresh_token", **both)
        self.assertFalse(sdk.auth.oauth.introspect_token(token=again.refresh_token, **both).active)

    def test_authlib_with_pkce(self):
        client = AuthlibSession(self.id_, self.secret, redirect_uri=CALLBACK, scope=SCOPE, code_challenge_method="S256", token_endpoint_auth_method="client_secret_post")
        verifier = secrets.token_urlsafe(48)
        url, state = client.create_authorization_url(f"{self.keyway.admin}/oauth/authorize", code_verifier=verifier)
        back = self.person.consent(url, self.hub_id)
        token_url = f"{self.keyway.url}/oauth/2026-09/token"
        tokens = client.fetch_token(token_url, authorization_response=back, code_verifier=verifier, state=state)
        self.assertEqual(client.get(f"{self.keyway.url}/crm/objects/2026-09/contacts").status_code, 200)
        client.refresh_token(token_url, tokens["refresh_token"])
        self.assertTrue(client.introspect_token(f"{token_url}/introspect", client.token["access_token"]).json()["active"])
        client.revoke_token(f"{token_url}/revoke", client.token["refresh_token"], token_type_hint="refresh_token")
        self.assertFalse(client.introspect_token(f"{token_url}/introspect", client.token["refresh_token"]).json()["active"])

    def test_requests_oauthlib_with_basic_authentication(self):
        client = OAuth2Session(self.id_, redirect_uri=CALLBACK, scope=REQUIRED, pkce="S256")
        url, _ = client.authorization_url(f"{self.keyway.admin}/oauth/authorize")
        token_url = f"{self.keyway.url}/oauth/v3/token"
        tokens = client.fetch_token(token_url, authorization_response=self.person.consent(url, self.hub_id), client_secret=self.secret, auth=(self.id_, self.secret))
        self.assertEqual(client.get(f"{self.keyway.url}/crm/v3/objects/contacts").status_code, 200)
        again = client.refresh_token(token_url, tokens["refresh_token"], client_id=self.id_, client_secret=self.secret)
        self.assertNotEqual(again["access_token"], tokens["access_token"])

    # What HubSpot does

    def test_every_version_answers_alike(self):
        tokens = self.install()
        for version in ("v1", "v3", "2026-03", "2026-09"):
            answer = self.refresh(tokens["refresh_token"], version=version)
            self.assertEqual(answer.status_code, 200, version)
            self.assertEqual(answer.headers["cache-control"], "no-store")
            fields = {"access_token", "expires_in", "refresh_token", "token_type", "token_use", "hub_id", "user_id", "scopes"}
            self.assertEqual(set(answer.json()), fields)
            known = self.post("token/introspect", version, client_id=self.id_, client_secret=self.secret, token=answer.json()["access_token"]).json()
            self.assertEqual((known["active"], known["token_type"], known["signed_access_token"]["hubId"]), (True, "Bearer", self.hub_id))

    def test_oauth_v1_takes_its_secrets_in_the_query_and_later_versions_do_not(self):
        query = {"grant_type": "refresh_token", "refresh_token": self.install()["refresh_token"], "client_id": self.id_, "client_secret": self.secret}
        ask = lambda version: requests.post(f"{self.keyway.url}/oauth/{version}/token", params=query)  # noqa: E731
        self.assertEqual(ask("v1").status_code, 200)
        self.refused(ask("2026-09"), "invalid_client", "BAD_CLIENT_ID")  # RFC 9700, section 4.3: secrets in URLs

    def test_errors_are_told_in_both_forms(self):
        code = self.code()
        self.refused(self.exchange(code, client_secret="wrong"), "invalid_client", "BAD_CLIENT_SECRET")
        self.refused(self.exchange(code, client_id="nobody"), "invalid_client", "BAD_CLIENT_ID")
        self.refused(self.token(grant_type="authorization_code", code=code, redirect_uri=CALLBACK + "x"), "invalid_grant", "BAD_REDIRECT_URI")
        self.refused(self.exchange("nonsense"), "invalid_grant", "BAD_AUTH_CODE")
        self.refused(self.refresh("nonsense"), "invalid_grant", "BAD_REFRESH_TOKEN")
        self.refused(self.token(grant_type="password"), "unsupported_grant_type", "BAD_GRANT_TYPE")
        self.assertEqual(self.exchange(code).status_code, 200)

    def test_revocation_ends_the_refresh_token_and_access_tokens_live_out_their_time(self):
        tokens = self.install()
        for _ in range(2):  # RFC 7009, section 2.2: a token that is gone is revoked too
            self.assertEqual(self.post("token/revoke", client_id=self.id_, client_secret=self.secret, token=tokens["refresh_token"]).status_code, 200)
        self.refused(self.refresh(tokens["refresh_token"]), "invalid_grant", "BAD_REFRESH_TOKEN")
        self.assertEqual(self.contacts(tokens["access_token"]).status_code, 200)

    def test_an_app_uninstalls_itself(self):
        tokens = self.install()
        for version, expected in (("2026-09", 204), ("v3", 401)):
            answer = requests.delete(f"{self.keyway.url}/appinstalls/{version}/external-install", headers={"authorization": f"Bearer {tokens['access_token']}"})
            self.assertEqual(answer.status_code, expected)
        self.assertEqual(self.contacts(tokens["access_token"]).status_code, 401)
        self.refused(self.refresh(tokens["refresh_token"]), "invalid_grant", "BAD_REFRESH_TOKEN")

    def test_an_operator_ends_an_install(self):
        tokens = self.install()
        (install,) = self.keyway.run("install", "list", "--public-app", self.id_)["installs"]
        self.assertEqual((install["hubId"], install["tokens"][0]["grantedBy"]), (self.hub_id, "ada@example.com"))
        self.keyway.run("install", "end", str(install["id"]))
        self.assertEqual(self.contacts(tokens["access_token"]).status_code, 401)
        self.assertEqual(self.keyway.run("install", "list", "--public-app", self.id_)["installs"], [])

    def test_new_scopes_need_a_new_consent_and_old_tokens_keep_old_ones(self):
        tokens = self.install()
        self.keyway.run("public-app", "update", self.id_, "--scopes", f"{SCOPE} crm.objects.companies.read")
        companies = lambda token: requests.get(f"{self.keyway.url}/crm/v3/objects/companies", headers={"authorization": f"Bearer {token}"}).status_code  # noqa: E731
        old = self.refresh(tokens["refresh_token"]).json()
        self.assertEqual((old["scopes"], companies(old["access_token"])), (REQUIRED, 403))
        back = query_of(self.person.open(self.authorize_url()).headers["location"])
        self.assertEqual(back["error"], "invalid_scope")  # the URL must ask for what the app requires now
        new = self.exchange(self.code(self.authorize_url(scope=f"{SCOPE} crm.objects.companies.read"))).json()
        self.assertEqual((companies(new["access_token"]), companies(old["access_token"])), (200, 403))

    def test_a_marketplace_app_has_its_own_burst_and_no_daily_limit(self):
        if self.keyway.hubspot:
            self.skipTest("on a connected account the connection's limits are shared")
        app = self.public_app("--distribution", "marketplace")
        tokens = self.exchange(self.code(self.authorize_url(app["clientId"])), client=app).json()
        answers = [self.contacts(tokens["access_token"]) for _ in range(111)]
        self.assertEqual([answer.status_code for answer in answers], [200] * 110 + [429])
        self.assertEqual(answers[0].headers["x-hubspot-ratelimit-max"], "110")
        self.assertNotIn("x-hubspot-ratelimit-daily", answers[0].headers)

    def test_a_client_secret_is_rotated_with_overlap(self):
        tokens = self.install()
        new = self.keyway.run("public-app", "rotate-secret", self.id_, "--grace", "1h")["publicApp"]["clientSecret"]
        for secret in (self.secret, new):
            self.assertEqual(self.refresh(tokens["refresh_token"], client_secret=secret).status_code, 200)
        last = self.keyway.run("public-app", "rotate-secret", self.id_, "--now")["publicApp"]["clientSecret"]
        for secret, expected in ((self.secret, 400), (new, 400), (last, 200)):
            self.assertEqual(self.refresh(tokens["refresh_token"], client_secret=secret).status_code, expected)

    def test_an_apps_own_token_opens_no_account(self):
        own = self.token(grant_type="client_credentials").json()
        self.assertEqual((own["token_use"], "refresh_token" in own), ("client_credentials", False))
        self.assertEqual(self.contacts(own["access_token"]).status_code, 401)
        self.assertTrue(self.post("token/introspect", client_id=self.id_, client_secret=self.secret, token=own["access_token"]).json()["active"])

    def test_every_call_and_refresh_is_on_record(self):
        tokens = self.install()
        self.contacts(self.refresh(tokens["refresh_token"]).json()["access_token"])
        self.refused(self.refresh(tokens["refresh_token"], scope="tickets"), "invalid_scope", "BAD_SCOPES")
        (install,) = self.keyway.run("install", "list", "--public-app", self.id_)["installs"]
        seen = [(record["operation"], record["status"], record["category"]) for record in self.keyway.records("--app", str(install["id"]))]
        token = "POST /oauth/2026-09/token"
        contacts = "GET /crm/objects/2026-09/{objectType}"
        self.assertEqual(seen, [(token, 400, "BAD_SCOPES"), (contacts, 200, None), (token, 200, None), (token, 200, None)])

    def test_a_server_describes_itself(self):
        told = requests.get(f"{self.keyway.url}/.well-known/oauth-authorization-server").json()
        self.assertEqual((told["issuer"], told["authorization_endpoint"]), (self.keyway.url, f"{self.keyway.admin}/oauth/authorize"))
        self.assertEqual(told["code_challenge_methods_supported"], ["S256"])

    # Attacks

    def test_attack_code_replay(self):
        """RFC 9700, section 4.5; RFC 6749, section 4.1.2: what the code gave is ended."""
        code = self.code()
        tokens = self.exchange(code).json()
        self.refused(self.exchange(code), "invalid_grant", "BAD_AUTH_CODE")
        self.assertEqual(self.contacts(tokens["access_token"]).status_code, 401)
        self.refused(self.refresh(tokens["refresh_token"]), "invalid_grant", "BAD_REFRESH_TOKEN")

    def test_attack_code_injection(self):
        """RFC 9700, section 4.5: another client's code, and a stolen code without its verifier."""
        other = self.public_app()
        code = self.code()
        self.refused(self.exchange(code, client=other), "invalid_grant", "BAD_AUTH_CODE")
        verifier, challenge = pkce()
        bound = self.code(self.authorize_url(code_challenge=challenge, code_challenge_method="S256"))
        self.refused(self.exchange(bound), "invalid_grant", "BAD_CODE_VERIFIER")
        self.refused(self.exchange(bound, code_verifier=pkce()[0]), "invalid_grant", "BAD_CODE_VERIFIER")
        self.assertEqual(self.exchange(bound, code_verifier=verifier).status_code, 200)

    def test_attack_pkce_downgrade(self):
        """RFC 9700, section 4.8.2: no challenge asked, a verifier given; and `plain`."""
        self.refused(self.exchange(self.code(), code_verifier=pkce()[0]), "invalid_grant", "BAD_CODE_VERIFIER")
        plain = self.person.open(self.authorize_url(code_challenge=pkce()[1], code_challenge_method="plain"))
        self.assertEqual(query_of(plain.headers["location"])["error"], "invalid_request")

    def test_attack_on_a_client_without_a_secret(self):
        """RFC 9700, section 2.1.1: PKCE is required; section 4.14.2: a replaced refresh token ends the grant."""
        app = self.public_app("--public-client")
        self.assertIsNone(app["clientSecret"])
        no_pkce = self.person.open(self.authorize_url(app["clientId"]))
        self.assertEqual(query_of(no_pkce.headers["location"])["error"], "invalid_request")
        verifier, challenge = pkce()
        code = self.code(self.authorize_url(app["clientId"], code_challenge=challenge, code_challenge_method="S256"))
        first = self.exchange(code, client=app, code_verifier=verifier).json()["refresh_token"]
        second = self.refresh(first, client=app).json()["refresh_token"]
        self.assertNotEqual(first, second)
        self.assertEqual(self.refresh(first, client=app).json()["refresh_token"], second)  # a lost answer is given again
        third = self.refresh(second, client=app).json()
        self.refused(self.refresh(first, client=app), "invalid_grant", "BAD_REFRESH_TOKEN")
        self.refused(self.refresh(third["refresh_token"], client=app), "invalid_grant", "BAD_REFRESH_TOKEN")
        self.assertEqual(self.contacts(third["access_token"]).status_code, 401)

    def test_attack_redirect_tricks(self):
        """RFC 9700, section 4.1: nothing like the registered URI is redirected to."""
        tricks = [
            CALLBACK + "/", CALLBACK + "/../evil", CALLBACK + "x", CALLBACK.upper(), CALLBACK.replace("callback", "Callback"),
            CALLBACK.replace("callback", "%63allback"), CALLBACK + "#x", CALLBACK + "?x=1", CALLBACK.replace("//", "//user@"),
            CALLBACK.replace("localhost:3999", "localhost:3999@evil.example"), CALLBACK.replace(":3999", ":4000"), CALLBACK.replace(":3999", ""),
            "https://evil.example/callback", CALLBACK.replace("localhost", "127.0.0.1"), CALLBACK + "\t", "//localhost:3999/callback", "", None,
        ]
        for uri in tricks:
            page = self.person.open(self.authorize_url(redirect_uri=uri))
            self.assertEqual((page.status_code, "location" in page.headers), (400, False), uri)
        twice = self.person.open(self.authorize_url() + "&redirect_uri=https://evil.example/")
        self.assertEqual(twice.status_code, 400)

    def test_attack_open_redirect(self):
        """RFC 9700, section 4.11: neither an unknown app nor the sign-in leads to another site."""
        self.assertEqual(self.person.open(self.authorize_url("nobody", redirect_uri="https://evil.example/")).status_code, 400)
        for target in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
            done = self.person.post("/sign-in", {**self.person.credentials, "next": target})
            self.assertEqual(done.headers["location"], "/")

    def test_attack_mix_up(self):
        """RFC 9700, section 4.4: the answer says which server it is from, also when the answer is no."""
        for answer in ("install", "refuse"):
            back = query_of(self.person.consent(self.authorize_url(state="s"), self.hub_id, answer))
            self.assertEqual((back["iss"], back["state"]), (self.keyway.url, "s"))
        self.assertEqual(back["error"], "access_denied")

    def test_attack_state(self):
        """RFC 9700, section 4.7: state comes back byte for byte, and none is made up."""
        state = "a b&c=d%20é'\"<script>"
        self.assertEqual(query_of(self.person.consent(self.authorize_url(state=state), self.hub_id))["state"], state)
        self.assertNotIn("state", query_of(self.person.consent(self.authorize_url(), self.hub_id)))

    def test_attack_csrf_on_consent(self):
        """RFC 9700, section 4.7: a form of another site, or of another session, installs nothing."""
        fields = {**hidden(self.person.open(self.authorize_url()).text), "hub_id": str(self.hub_id), "answer": "install"}
        for wrong in ({"origin": "https://evil.example"}, {"origin": "null"}, {"origin": self.keyway.admin + ".evil.example"}):
            self.assertEqual(self.person.post("/oauth/authorize", fields, **wrong).status_code, 403, wrong)
        self.assertEqual(self.person.post("/oauth/authorize", {**fields, "form_token": "guess"}).status_code, 403)
        self.assertEqual(requests.post(f"{self.keyway.admin}/oauth/authorize", data=fields, headers={"origin": self.keyway.admin}).status_code, 401)
        self.assertEqual(self.keyway.run("install", "list", "--public-app", self.id_)["installs"], [])

    def test_attack_click_jacking(self):
        """RFC 9700, section 4.16: no page can be framed."""
        for page in (self.person.open(self.authorize_url()), requests.get(f"{self.keyway.admin}/sign-in")):
            self.assertEqual(page.headers["x-frame-options"], "DENY")
            self.assertIn("frame-ancestors 'none'", page.headers["content-security-policy"])
            self.assertEqual((page.headers["referrer-policy"], page.headers["cache-control"]), ("no-referrer", "no-store"))

    def test_attack_scope_upgrade_on_refresh(self):
        """RFC 6749, section 6: never more than was granted; less is possible, and holds."""
        tokens = self.install()
        self.refused(self.refresh(tokens["refresh_token"], scope=f"{SCOPE} tickets"), "invalid_scope", "BAD_SCOPES")
        less = self.refresh(tokens["refresh_token"], scope="crm.objects.contacts.read").json()["access_token"]
        self.assertEqual(self.contacts(less).status_code, 200)
        created = requests.post(f"{self.keyway.url}/crm/v3/objects/contacts", json={"properties": {}}, headers={"authorization": f"Bearer {less}"})
        self.assertEqual(created.status_code, 403)

    def test_attack_token_in_the_query_or_of_the_wrong_kind(self):
        """RFC 9700, section 4.3.2: tokens are taken in the header only; a refresh token opens nothing."""
        tokens = self.install()
        url = f"{self.keyway.url}/crm/v3/objects/contacts"
        for name in ("access_token", "hapikey"):
            self.assertEqual(requests.get(url, params={name: tokens["access_token"]}).status_code, 401)
        self.assertEqual(self.contacts(tokens["refresh_token"]).status_code, 401)
        self.refused(self.refresh(tokens["access_token"]), "invalid_grant", "BAD_REFRESH_TOKEN")

    def test_attack_another_clients_tokens(self):
        """RFC 6749, section 10.4; RFC 7662, section 2.2: bound to the client they were given to."""
        tokens, other = self.install(), self.public_app()
        self.refused(self.refresh(tokens["refresh_token"], client=other), "invalid_grant", "BAD_REFRESH_TOKEN")
        both = {"client_id": other["clientId"], "client_secret": other["clientSecret"]}
        for token in (tokens["access_token"], tokens["refresh_token"]):
            self.assertEqual(self.post("token/introspect", token=token, **both).json(), {"active": False})
        self.assertEqual(self.post("token/revoke", token=tokens["refresh_token"], **both).status_code, 200)
        self.assertEqual(self.refresh(tokens["refresh_token"]).status_code, 200)

    def test_attack_parameters_twice(self):
        """RFC 6749, section 3.2: which of two counts must never be a question."""
        answer = requests.post(f"{self.keyway.url}/oauth/2026-09/token", data=[("grant_type", "refresh_token"), ("client_id", self.id_), ("client_id", "x")])
        self.refused(answer, "invalid_request", "BAD_REQUEST")


class Guessing(unittest.TestCase):
    """On a server of its own: it ends with this address told to wait for a minute."""

    def test_attack_guessing_secrets(self):
        """RFC 6749, section 10.10: a client's secret and a person's password can't be tried out."""
        keyway = Keyway(through_gateway=False)
        try:
            app = keyway.run("public-app", "create", "App", "--redirect-uri", CALLBACK, "--scopes", SCOPE)["publicApp"]
            guess = lambda: requests.post(f"{keyway.url}/oauth/v3/token", data={"grant_type": "client_credentials", "client_id": app["clientId"], "client_secret": secrets.token_hex(16)})  # noqa: E731
            self.assertEqual([guess().status_code for _ in range(22)], [400] * 20 + [429] * 2)
            self.assertLessEqual(int(guess().headers["retry-after"]), 60)
            right = requests.post(f"{keyway.url}/oauth/v3/token", data={"grant_type": "client_credentials", "client_id": app["clientId"], "client_secret": app["clientSecret"]})
            self.assertEqual(right.status_code, 200, "the right secret passes")
            person = signed_up(keyway)
            wrong = [person.post("/sign-in", {"email": "ada@example.com", "password": "x" * 20}).status_code for _ in range(6)]
            self.assertEqual(wrong, [401] * 5 + [429])
            self.assertEqual(person.post("/sign-in", person.credentials).status_code, 303)
        finally:
            keyway.stop()


if __name__ == "__main__":
    unittest.main()
