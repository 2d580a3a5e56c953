#!/usr/bin/env python3
"""Secrets of every kind, driven through success, denial, failure and nonsense with every log line
on: none may stand anywhere in plain text afterwards.

What is looked through: everything the server wrote to its output, every file of its data folder,
every answer on either listener, metrics, audit exports. A secret that the server is made with
(the master key in its file) is left out where it belongs.
"""

import base64
import http.client
import json
import os
import pathlib
import secrets
import subprocess
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import BINARY, Keyway, serve  # noqa: E402

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]


def uuid():
    value = secrets.token_hex(16)
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"


class Server:
    """A server with every log line on, whose output is kept."""

    def __init__(self, environment):
        self.folder = tempfile.mkdtemp(prefix="keyway-secrets-")
        self.output = tempfile.TemporaryFile()
        self.process, addresses = serve(self.folder, "--log", "trace", "--audit-stream", env={**os.environ, **environment}, output=self.output)
        self.data, self.admin = (urllib.parse.urlsplit(addresses[name]).netloc for name in ("data", "admin"))
        self.answers = []

    def keyway(self, *arguments, stdin=""):
        done = subprocess.run([BINARY, *arguments, "--data", self.folder], capture_output=True, text=True, input=stdin)
        self.answers.append((done.stdout + done.stderr).encode())
        return done.stdout

    def call(self, address, method, target, body=None, **headers):
        connection = http.client.HTTPConnection(address, timeout=40)
        try:
            connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            self.answers.append(str(answer.getheaders()).encode() + answer.read())
            return answer.status
        except (http.client.HTTPException, OSError):
            return 0
        finally:
            connection.close()

    def printed(self):
        self.output.seek(0)
        return self.output.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def spellings(secret):
    """The secret as it might be written: plain, in base64 at each offset, in hexadecimal, without dashes."""
    yield secret.encode()
    yield secret.encode().hex().encode()
    yield secret.replace("-", "").encode()
    for offset in range(3):
        yield base64.b64encode(b"x" * offset + secret.encode())[4:-4]


def main():
    admin_token = secrets.token_hex(20)
    master_key = secrets.token_hex(32)
    hubspot = Keyway(through_gateway=False)
    hubspot.run("account", "create", "HubSpot", "--hub-id", "4242")
    _, credential = hubspot.app(4242, "Connection", SCOPES)
    server = Server({"KEYWAY_ADMIN_TOKEN": admin_token, "KEYWAY_MASTER_KEY": master_key})
    planted = {"admin token": admin_token, "master key": master_key, "connection's credential": credential,
               "credential that is refused": f"pat-na1-{uuid()}", "unknown token": f"pat-na1-{uuid()}", "OAuth access token": secrets.token_urlsafe(60),
               "hapikey in a query": uuid(), "legacy key": uuid(), "client secret in a form": uuid(), "refresh token in a form": uuid(),
               "cookie": secrets.token_hex(20), "proxy password": secrets.token_hex(20), "secret in a body": secrets.token_hex(20),
               "secret in a path": secrets.token_hex(20)}

    server.keyway("account", "add", "HubSpot", "--connect", "--base-url", hubspot.url, "--credential-stdin", stdin=planted["connection's credential"])
    server.keyway("account", "add", "Other", "--connect", "--base-url", hubspot.url, "--credential-stdin", stdin=planted["credential that is refused"])
    server.keyway("account", "add", "Argument", "--connect", "--credential-file", "/nonexistent")
    app = json.loads(server.keyway("app", "create", "Sync", "--account", "4242", "--scopes", ",".join(SCOPES), "--json"))
    server.answers.pop()  # the one answer that holds the token
    planted["app's token"] = token = app["token"]["value"]
    server.keyway("token", "legacy-key", "Sync", "--credential-stdin", stdin=planted["legacy key"])
    server.keyway("account", "rotate", "4242", "--credential-stdin", stdin=planted["credential that is refused"])

    contacts, bearer = "/crm/v3/objects/contacts", f"Bearer {token}"
    statuses = set()

    def data(method, target, body=None, **headers):
        statuses.add(server.call(server.data, method, target, body, **headers))

    def everything():
        data("GET", contacts, Authorization=bearer, Cookie=f"a={planted['cookie']}", Proxy_Authorization=f"Basic {planted['proxy password']}")
        data("POST", contacts, json.dumps({"properties": {"email": f"{planted['secret in a body']}@example.com"}}), Authorization=bearer, Content_Type="application/json")
        data("POST", contacts, "{" + planted["secret in a body"], Authorization=bearer, Content_Type="application/json")
        data("POST", contacts, planted["secret in a body"], Authorization=bearer, Content_Type="text/plain")
        data("GET", "/crm/v3/objects/deals", Authorization=bearer)
        data("GET", contacts, Authorization=f"Bearer {planted['unknown token']}")
        data("GET", contacts, Authorization=f"Bearer {planted['OAuth access token']}")
        data("GET", contacts, Authorization=planted["unknown token"])
        data("GET", f"{contacts}?hapikey={planted['hapikey in a query']}")
        data("GET", f"{contacts}?hapikey={planted['legacy key']}")
        data("GET", f"/nothing/here/{planted['secret in a path']}", Authorization=bearer)
        data("GET", f"{contacts}/%zz{planted['secret in a path']}", Authorization=bearer)
        form = urllib.parse.urlencode({"client_secret": planted["client secret in a form"], "refresh_token": planted["refresh token in a form"]})
        data("POST", "/oauth/v1/token", form, Content_Type="application/x-www-form-urlencoded")
        data("POST", "/oauth/v2/private-apps/get/access-token-info", json.dumps({"tokenKey": planted["unknown token"]}), Content_Type="application/json")
        data("GET", contacts, Authorization=bearer, Content_Length=planted["secret in a body"])
        data("POST", contacts, b"\xff" * 10 + planted["secret in a body"].encode(), Authorization=bearer, Content_Type="application/json")
        for method, target in [("GET", "/api/v1/accounts"), ("GET", "/api/v1/apps"), ("GET", "/api/v1/audit"), ("GET", "/api/v1/usage"), ("GET", "/metrics")]:
            server.call(server.admin, method, target, Authorization=f"Bearer {admin_token}")
            server.call(server.admin, method, target, Authorization=f"Bearer {planted['unknown token']}")
        broken = json.dumps({"name": "x", "credential": planted["credential that is refused"], "baseUrl": "nonsense"})
        server.call(server.admin, "POST", "/api/v1/accounts/connect", broken, Authorization=f"Bearer {admin_token}", Content_Type="application/json")
        server.call(server.admin, "POST", "/api/v1/accounts/connect", broken[:-3], Authorization=f"Bearer {admin_token}", Content_Type="application/json")

    everything()
    hubspot.run("app", "disable", "Connection")  # HubSpot refuses the credential from here on
    everything()
    server.keyway("account", "check", "4242")
    hubspot.kill()  # and now it can't be reached
    everything()
    for command in (["account", "show", "4242"], ["app", "show", "Sync"], ["token", "list", "Sync"], ["audit", "export"],
                    ["audit", "export", "--format", "csv"], ["status"], ["sunset"], ["account", "usage", "4242"]):
        server.keyway(*command)
    process = pathlib.Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
    server.stop()
    expected = {200, 201, 400, 401, 403, 415, 502}
    places = {"output": server.printed(), "answers": b"".join(server.answers), "command line": process}
    for file in pathlib.Path(server.folder).rglob("*"):
        if file.is_file():
            places[file.name] = file.read_bytes()
    found = [f"{kind} in {place}" for kind, secret in planted.items() for place, text in places.items()
             if any(spelling in text for spelling in spellings(secret))]
    # The one who sent them may read back what they sent in an error: only logs and files must not have these.
    own_words = {"secret in a path in answers", "secret in a body in answers"}
    found = [one for one in found if one not in own_words]
    sizes = {place: len(text) for place, text in places.items()}
    print(f"{len(planted)} secrets in {sum(sizes.values())} bytes of {len(sizes)} places ({sizes['output']} of logs): {found or 'none found'}")
    print(f"answers on the data listener: {sorted(statuses)}")
    # That the search looks where things are: the last four characters of a token may stand in answers, and do.
    assert token[-4:].encode() in places["answers"] and sizes["output"] > 10_000 and sizes["00000000000000000001.log"] > 0
    assert expected <= statuses, expected - statuses
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
