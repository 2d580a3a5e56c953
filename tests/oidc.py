#!/usr/bin/env python3
"""Signing in at an identity provider, a real one: oidc-provider on Node.

KEYWAY_BIN=target/debug/keyway python3 tests/oidc.py
"""

import http.cookiejar
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import Keyway  # noqa: E402
from servers import free_port  # noqa: E402

SECRET = "a client secret of the test, long enough"

# Signs in whoever `/as` named last, without asking; all else is the provider's own.
PROVIDER = """
import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'
const [port, redirect, secret, inToken] = process.argv.slice(2)
const people = {}
let now
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'keyway', client_secret: secret, redirect_uris: [redirect], id_token_signed_response_alg: inToken === 'yes' ? 'ES256' : 'RS256' }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: inToken !== 'yes',
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  jwks: { keys: JSON.parse(process.env.PROVIDER_KEYS) },
  cookies: { keys: ['a key of the test'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_, id) { return { accountId: id, async claims() { return { sub: id, ...people[id] } } } },
})
const serve = provider.callback()
createServer(async (request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1')
  if (url.pathname === '/as') {
    now = url.searchParams.get('sub')
    people[now] = { email: url.searchParams.get('email'), email_verified: url.searchParams.get('verified') === 'yes' }
    return response.end('ok')
  }
  if (!url.pathname.startsWith('/interaction/')) return serve(request, response)
  const { prompt, params, grantId } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId: now } })
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: now, clientId: params.client_id })
  grant.addOIDCScope('openid email')
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true })
}).listen(Number(port), '127.0.0.1', () => console.log('ready'))
"""

KEYS = """
const { generateKeyPairSync } = require('node:crypto')
const key = (kind, options, alg) => ({ ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg })
console.log(JSON.stringify([key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')]))
"""


class Browser:
    """Follows redirects, and keeps cookies, as a browser does."""

    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, url):
        """Status, address and text of where it leads."""
        try:
            answer = self.opener.open(url, timeout=20)
        except urllib.error.HTTPError as refused:
            answer = refused
        return answer.status, answer.url, answer.read().decode()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def location(browser, url):
    """Where a redirect leads, without going there."""
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPCookieProcessor(browser.jar))
    try:
        return opener.open(url, timeout=20).url
    except urllib.error.HTTPError as answer:
        return urllib.parse.urljoin(url, answer.headers["location"])


def start_provider(folder, port, redirect, in_token):
    script = pathlib.Path(folder) / "provider.mjs"
    script.write_text(PROVIDER)
    keys = subprocess.run(["node", "-e", KEYS], check=True, capture_output=True, text=True).stdout
    command = ["node", str(script), str(port), redirect, SECRET, in_token]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PROVIDER_KEYS": keys})
    assert any(line.startswith("ready") for line in process.stdout), "the provider did not start"
    return process


class Both:
    """A server of Keyway's, and the provider that it knows."""

    def __init__(self, folder, in_token, *options):
        port = free_port()
        self.issuer = f"http://127.0.0.1:{port}"
        os.environ["KEYWAY_OIDC_CLIENT_SECRET"] = SECRET
        self.server = Keyway(None, "--ephemeral", "--oidc-issuer", self.issuer, "--oidc-client-id", "keyway", *options, through_gateway=False)
        self.redirect = f"{self.server.admin}/sign-in/oidc/callback"
        self.provider = start_provider(folder, port, self.redirect, in_token)

    def __enter__(self):
        return self.server, self.issuer, self.redirect

    def __exit__(self, *_):
        self.server.stop()
        self.provider.terminate()
        self.provider.wait()


def check(folder, in_token):
    with Both(folder, in_token) as (server, issuer, redirect):
        server.run("user", "create", "ada@example.com")

        def sign_in(subject, email, verified="yes", browser=None):
            who = urllib.parse.urlencode({"sub": subject, "email": email, "verified": verified})
            urllib.request.urlopen(f"{issuer}/as?{who}").read()
            browser = browser or Browser()
            return (*browser.get(f"{server.admin}/sign-in/oidc?next=/account"), browser)

        assert "/sign-in/oidc" in Browser().get(f"{server.admin}/sign-in")[2], "the sign-in page leads there"
        status, url, text, browser = sign_in("1", "Ada@example.com")
        assert (status, urllib.parse.urlsplit(url).path) == (200, "/account") and "ada@example.com" in text, (status, url, text)
        assert "super-admin" in text
        # The nearest neighbours: an address that is not verified, and one that nobody has here.
        for subject, email, verified in [("2", "ada@example.com", "no"), ("3", "eve@example.com", "yes")]:
            status, url, text, stranger = sign_in(subject, email, verified)
            assert status == 403, (email, verified, status, text)
            assert "/sign-in" in stranger.get(f"{server.admin}/account")[1]
        assert [user["email"] for user in server.run("user", "list")["users"]] == ["ada@example.com"]
        # She is known by the provider's own name for her from then on, whatever her address becomes there,
        # and whoever has the address after her is not her.
        status, _, text, _ = sign_in("1", "ada.married@example.com", "no")
        assert status == 200 and "ada@example.com" in text, (status, text)
        status, _, text, stranger = sign_in("9", "ada@example.com")
        assert status == 403 and "another person" in text, (status, text)
        assert "/sign-in" in stranger.get(f"{server.admin}/account")[1]
        linked = [one for one in server.run("changes")["changes"] if one["operation"] == "linkProvider"]
        assert [one["target"] for one in linked] == ["user ada@example.com"], linked
        assert server.run("user", "list")["users"][0]["provider"] == issuer
        # Until a super admin says that it is her.
        server.run("user", "unlink-provider", "ada@example.com")
        assert "/sign-in" in browser.get(f"{server.admin}/account")[1], "her sessions have ended"
        assert sign_in("9", "ada@example.com")[0] == 200
        assert sign_in("1", "ada@example.com")[0] == 403
        server.run("user", "unlink-provider", "ada@example.com")
        # A way back that somebody else began signs nobody in (login CSRF), nor does one twice.
        begun = Browser()
        answer = location(begun, f"{server.admin}/sign-in/oidc")
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(answer).query)["state"][0]
        assert Browser().get(f"{redirect}?code=x&state={state}")[0] == 400, "without the browser's cookie"
        assert begun.get(f"{redirect}?code=x&state=other")[0] == 400
        assert begun.get(f"{redirect}?code=x&state={state}")[0] == 502, "a code that the provider did not give"
        assert begun.get(f"{redirect}?code=x&state={state}")[0] == 400, "it is good once"
        # Where one is led after it is of this server.
        elsewhere = Browser()
        who = urllib.parse.urlencode({"sub": "1", "email": "ada@example.com", "verified": "yes"})
        urllib.request.urlopen(f"{issuer}/as?{who}").read()
        _, url, _ = elsewhere.get(f"{server.admin}/sign-in/oidc?next=https://evil.example/")
        assert url == f"{server.admin}/", url
        seen = [one["operation"] for one in server.run("changes")["changes"]]
        assert seen.count("signIn") == 4, seen
    # With a role for new people, somebody who is not known is made.
    with Both(folder, in_token, "--oidc-new-users", "auditor") as (server, issuer, _):
        server.run("user", "create", "ada@example.com")
        urllib.request.urlopen(f"{issuer}/as?{urllib.parse.urlencode({'sub': '4', 'email': 'new@example.com', 'verified': 'yes'})}").read()
        status, url, text = Browser().get(f"{server.admin}/sign-in/oidc?next=/account")
        assert status == 200 and "new@example.com" in text and "auditor" in text, (status, url, text)
        assert "identity provider" in text and "Present password" not in text, "of a password that is not here nothing is asked"
        made = [one for one in server.run("changes")["changes"] if one["operation"] == "addUser"]
        assert made[0]["target"] == "user new@example.com", made


def main():
    with tempfile.TemporaryDirectory(prefix="keyway-oidc-") as folder:
        subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", "oidc-provider@9.13.3"], check=True)
        # Addresses in the ID token under ES256, and from the userinfo endpoint beside RS256.
        for in_token in ("yes", "no"):
            check(folder, in_token)
    print(json.dumps({"signed in": "ada@example.com", "providers": 2}))


if __name__ == "__main__":
    main()
