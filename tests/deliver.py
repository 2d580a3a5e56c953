#!/usr/bin/env python3
"""Delivers new tokens to the places where integrations read them: check, delivery and restoration.

AWS Secrets Manager is moto's server, and each signature is checked with botocore's own; GitHub, Vault, Kubernetes,
Google, Azure and 1Password Connect answer here as their documentation says, GitHub's seal is opened with libsodium.
Needs pynacl and moto[secretsmanager,server] of PyPI.
"""

import base64
import collections
import http.server
import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request

import nacl.public
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients/python"))
from keyway import BINARY, Keyway  # noqa: E402

ACCESS, SECRET = "AKIDEXAMPLE", "not-a-key"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body=None):
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def do_GET(self):
        self.serve("GET", b"")

    def do_POST(self):
        self.serve("POST", self.body())

    def do_PUT(self):
        self.serve("PUT", self.body())

    def do_PATCH(self):
        self.serve("PATCH", self.body())

    def do_DELETE(self):
        self.serve("DELETE", b"")


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class Vault(Handler):
    """The key-value engine, version 2, of one mount."""

    token = "vault-" + os.urandom(8).hex()
    versions = collections.defaultdict(list)
    read_only = False

    def serve(self, method, body):
        if self.headers["x-vault-token"] != self.token or self.headers["x-vault-request"] != "true":
            return self.answer(403, {"errors": ["permission denied"]})
        if self.path == "/v1/sys/capabilities-self":
            paths = json.loads(body)["paths"]
            held = ["read"] if self.read_only else ["create", "read", "update", "delete"]
            return self.answer(200, {"data": {path: held for path in paths}})
        path, _, query = self.path.removeprefix("/v1/secret/data/").partition("?version=")
        versions = self.versions[path]
        if method == "GET":
            number = int(query or len(versions))
            data = versions[number - 1] if 0 < number <= len(versions) else None
            metadata = {"version": number}
            return self.answer(200 if data else 404, {"data": {"data": data, "metadata": metadata}} if number else {"errors": []})
        if method == "DELETE":
            versions[-1] = None
            return self.answer(204)
        asked = json.loads(body)
        if asked["options"]["cas"] != len(versions):
            return self.answer(400, {"errors": ["check-and-set parameter did not match the current version"]})
        versions.append(asked["data"])
        return self.answer(200, {"data": {"version": len(versions)}})


class GitHub(Handler):
    token = "github-" + os.urandom(8).hex()
    key = nacl.public.PrivateKey.generate()
    secrets = {}

    def serve(self, method, body):
        if self.headers["authorization"] != f"Bearer {self.token}" or not self.headers["user-agent"]:
            return self.answer(401, {"message": "Bad credentials"})
        place, name = self.path.removeprefix("/repos/").rsplit("/", 1)
        if name == "public-key":
            return self.answer(200, {"key_id": "7", "key": base64.b64encode(bytes(self.key.public_key)).decode()})
        if method == "GET":
            return self.answer(200 if (place, name) in self.secrets else 404, {})
        asked = json.loads(body)
        assert asked["key_id"] == "7"
        new = (place, name) not in self.secrets
        opened = nacl.public.SealedBox(self.key).decrypt(base64.b64decode(asked["encrypted_value"]))
        self.secrets[place, name] = opened.decode()
        return self.answer(201 if new else 204)


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


class Kubernetes(Handler):
    """Secrets of the core API with optimistic locking, and the review of one's own access."""

    token = "kube-" + os.urandom(8).hex()
    secret = {"metadata": {"resourceVersion": "1"}, "data": {"other": base64_of("kept"), "token": base64_of("before")}}
    allowed = True
    written_between = False

    def serve(self, method, body):
        if self.headers["authorization"] != f"Bearer {self.token}":
            return self.answer(401, {"message": "Unauthorized"})
        if self.path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            asked = json.loads(body)["spec"]["resourceAttributes"]
            assert (asked["verb"], asked["resource"], asked["name"], asked["namespace"]) == ("patch", "secrets", "hubspot", "crm")
            return self.answer(201, {"status": {"allowed": self.allowed}})
        if self.path != "/api/v1/namespaces/crm/secrets/hubspot":
            return self.answer(404, {"message": "secrets not found"})
        if method == "GET":
            answer = json.loads(json.dumps(self.secret))
            if Kubernetes.written_between:
                self.secret["metadata"]["resourceVersion"] += "0"
            return self.answer(200, answer)
        assert method == "PATCH" and self.headers["content-type"] == "application/merge-patch+json"
        asked = json.loads(body)
        if asked["metadata"]["resourceVersion"] != self.secret["metadata"]["resourceVersion"]:
            return self.answer(409, {"message": "the object has been modified"})
        for key, value in asked["data"].items():
            if value is None:
                self.secret["data"].pop(key, None)
            else:
                base64.b64decode(value, validate=True)
                self.secret["data"][key] = value
        self.secret["metadata"]["resourceVersion"] += "1"
        return self.answer(200, self.secret)


class Google(Handler):
    """Secret Manager v1: versions of one secret, one of them destroyed."""

    token = "google-" + os.urandom(8).hex()
    versions = [base64_of('{"token":"before","owner":"billing"}'), None]
    permissions = ["secretmanager.versions.access", "secretmanager.versions.add"]

    def serve(self, method, body):
        if self.headers["authorization"] != f"Bearer {self.token}":
            return self.answer(401, {"error": {"status": "UNAUTHENTICATED", "message": "no"}})
        secret, _, what = self.path.removeprefix("/v1/").partition("/secrets/billing")
        assert secret == "projects/acme", self.path
        if what == ":testIamPermissions":
            return self.answer(200, {"permissions": [one for one in json.loads(body)["permissions"] if one in self.permissions]})
        if what == ":addVersion":
            self.versions.append(json.loads(body)["payload"]["data"])
            return self.answer(200, {"name": f"projects/1/secrets/billing/versions/{len(self.versions)}"})
        number = what.removeprefix("/versions/").removesuffix(":access")
        number = len(self.versions) if number == "latest" else int(number)
        if self.versions[number - 1] is None:
            return self.answer(400, {"error": {"status": "FAILED_PRECONDITION", "message": "is in DESTROYED state"}})
        return self.answer(200, {"name": f"projects/1/secrets/billing/versions/{number}", "payload": {"data": self.versions[number - 1]}})


class Azure(Handler):
    """A key vault, and the token endpoint of its tenant."""

    token, password = "azure-" + os.urandom(8).hex(), "p&s=" + os.urandom(4).hex()
    versions = [{"value": "older", "enabled": False}, {"value": "before", "contentType": "text/plain", "tags": {"owner": "billing"}}]

    def version(self, number):
        one = self.versions[number - 1]
        answer = {"id": f"https://vault/secrets/hubspot/v{number}", "attributes": {"enabled": one.get("enabled", True), "created": number}}
        return {**one, **answer}

    def serve(self, method, body):
        if self.path == "/tenant/oauth2/v2.0/token":
            form = urllib.parse.parse_qs(body.decode())
            good = form["client_secret"] == [self.password] and form["scope"] == ["https://vault.azure.net/.default"]
            return self.answer(200, {"access_token": self.token}) if good else self.answer(401, {"error": "invalid_client"})
        if self.headers["authorization"] != f"Bearer {self.token}":
            return self.answer(401, {"error": {"message": "no"}})
        path, _, query = self.path.partition("?")
        assert query == "api-version=7.4", self.path
        if method == "PUT":
            asked = json.loads(body)
            assert set(asked) <= {"value", "contentType", "tags"}
            self.versions.append(asked)
            return self.answer(200, self.version(len(self.versions)))
        if path == "/secrets/hubspot/versions":
            listed = [self.version(number) for number in range(1, len(self.versions) + 1)]
            return self.answer(200, {"value": [{"id": one["id"], "attributes": one["attributes"]} for one in listed], "nextLink": None})
        number = int(path.rpartition("/v")[2]) if "/v" in path else len(self.versions)
        return self.answer(200, self.version(number))


class OnePassword(Handler):
    """A Connect server with one vault and one item."""

    token = "op-" + os.urandom(8).hex()
    fields = [{"id": "f1", "label": "username", "value": "hubspot"}, {"id": "f2", "label": "credential", "value": "before"}]

    def serve(self, method, body):
        if self.headers["authorization"] != f"Bearer {self.token}":
            return self.answer(401, {"message": "Invalid token signature"})
        if self.path == "/v1/vaults":
            return self.answer(200, [{"id": "v" * 26, "name": "Integrations"}, {"id": "w" * 26, "name": "Other"}])
        if self.path == f"/v1/vaults/{'v' * 26}/items":
            return self.answer(200, [{"id": "i" * 26, "title": "HubSpot billing"}])
        assert self.path == f"/v1/vaults/{'v' * 26}/items/{'i' * 26}", self.path
        if method == "PATCH":
            for change in json.loads(body):
                _, _, field, *attribute = change["path"].split("/") + [None] * (change["path"] == "/fields")
                if change["op"] == "add":
                    self.fields.append({"id": f"f{len(self.fields) + 1}", **change["value"]})
                elif change["op"] == "remove":
                    self.fields[:] = [one for one in self.fields if one["id"] != field]
                else:
                    assert attribute == ["value"], change
                    next(one for one in self.fields if one["id"] == field)["value"] = change["value"]
        return self.answer(200, {"id": "i" * 26, "fields": self.fields})

    @classmethod
    def values(cls):
        return {one["label"]: one["value"] for one in cls.fields}


def signature_checked(behind):
    """A server that lets a call to AWS through if botocore signs it alike."""

    class Aws(Handler):
        def serve(self, _, body):
            names = re.search(r"SignedHeaders=([^,]+)", self.headers["authorization"])[1].split(";")
            request = AWSRequest("POST", f"http://{self.headers['host']}/", data=body, headers={name: self.headers[name] for name in names})
            auth = SigV4Auth(Credentials(ACCESS, SECRET), "secretsmanager", "eu-west-1")
            request.context["timestamp"] = self.headers["x-amz-date"]
            text = auth.string_to_sign(request, auth.canonical_request(request))
            if not self.headers["authorization"].endswith(f"Signature={auth.signature(text, request)}"):
                return self.answer(403, {"__type": "InvalidSignatureException", "message": "signature"})
            onward = urllib.request.Request(behind, body, dict(self.headers))
            try:
                with urllib.request.urlopen(onward) as answer:
                    return self.answer(answer.status, json.load(answer))
            except urllib.error.HTTPError as answer:
                return self.answer(answer.code, json.loads(answer.read() or b"{}"))

    return serve(Aws)


def aws(url, action, **body):
    headers = {"x-amz-target": f"secretsmanager.{action}", "content-type": "application/x-amz-json-1.1",
               "authorization": f"AWS4-HMAC-SHA256 Credential={ACCESS}/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)


TARGETS = """
[[target]]
kind = "github-actions"
repository = "acme/billing"
secret = "HUBSPOT_TOKEN"

[[target]]
kind = "file"
path = "{folder}/billing.env"
mode = "0640"
template = "REGION=eu\\nHUBSPOT_TOKEN={{token}}\\n"

[[target]]
kind = "command"
run = ["sh", "-c", "cat > {folder}/seen"]
undo = ["rm", "{folder}/seen"]

[[target]]
kind = "vault"
path = "billing/hubspot"

[[target]]
kind = "aws-secrets-manager"
secret_id = "billing"
key = "token"
region = "eu-west-1"

[[target]]
kind = "kubernetes-secret"
namespace = "crm"
secret = "hubspot"

[[target]]
kind = "google-secret-manager"
project = "acme"
secret = "billing"
key = "token"

[[target]]
kind = "azure-key-vault"
vault = "acme-vault"
secret = "hubspot"

[[target]]
kind = "1password"
vault = "Integrations"
item = "HubSpot billing"
"""


def main():
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    behind = f"http://{host}:{port}/"
    os.environ.update(VAULT_ADDR=serve(Vault), VAULT_TOKEN=Vault.token, GITHUB_API_URL=serve(GitHub), GITHUB_TOKEN=GitHub.token,
                      AWS_ENDPOINT_URL=signature_checked(behind), AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET, AWS_REGION="eu-west-1")
    azure = serve(Azure)
    os.environ.update(KUBE_SERVER=serve(Kubernetes), KUBE_TOKEN=Kubernetes.token, CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER=serve(Google),
                      GOOGLE_OAUTH_ACCESS_TOKEN=Google.token, KEYWAY_AZURE_VAULT_URL=azure, AZURE_AUTHORITY_HOST=azure, AZURE_TENANT_ID="tenant",
                      AZURE_CLIENT_ID="client", AZURE_CLIENT_SECRET=Azure.password, OP_CONNECT_HOST=serve(OnePassword), OP_CONNECT_TOKEN=OnePassword.token)
    Google.versions.append(Google.versions[0])
    keyway = Keyway(through_gateway=False)
    hub_id = keyway.account("Delivery")
    _, old = keyway.app(hub_id, "Billing", ["crm.objects.contacts.read"])
    folder = tempfile.mkdtemp(prefix="keyway-deliver-")
    targets = pathlib.Path(folder, "targets.toml")
    targets.write_text(TARGETS.format(folder=folder))
    file, seen = pathlib.Path(folder, "billing.env"), pathlib.Path(folder, "seen")
    file.write_text("REGION=eu\nHUBSPOT_TOKEN=before\n")
    Vault.versions["billing/hubspot"] = [{"token": "before", "owner": "billing"}]
    aws(behind, "CreateSecret", Name="billing", SecretString=json.dumps({"token": "before", "owner": "billing"}), ClientRequestToken="a" * 32)

    def current():
        return json.loads(aws(behind, "GetSecretValue", SecretId="billing", VersionStage="AWSCURRENT")["SecretString"])

    def keyway_command(*arguments):
        return subprocess.run([BINARY, *arguments, "--data", keyway.folder], capture_output=True, text=True, check=False)

    def works(token):
        request = urllib.request.Request(keyway.url + "/crm/v3/objects/contacts", headers={"authorization": f"Bearer {token}"})
        try:
            return urllib.request.urlopen(request).status == 200
        except urllib.error.HTTPError as error:
            assert error.code == 401, error
            return False

    def states():
        return [one["state"] for one in keyway.run("token", "list", "Billing")["tokens"]]

    # A dry run says what would be done, and nothing is.
    dry = keyway_command("token", "rotate", "Billing", "--deliver", str(targets), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    print(dry.stdout)
    assert states() == ["active"] and "before" in file.read_text() and len(Vault.versions["billing/hubspot"]) == 1

    # A delivery puts one token everywhere, shows it nowhere, and the old one goes on for its grace.
    done = keyway_command("token", "rotate", "Billing", "--grace", "1h", "--deliver", str(targets))
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    new = seen.read_text().strip()
    assert new.startswith("pat-") and new not in done.stdout + done.stderr
    assert file.read_text() == f"REGION=eu\nHUBSPOT_TOKEN={new}\n" and stat.S_IMODE(file.stat().st_mode) == 0o640
    assert Vault.versions["billing/hubspot"][-1] == {"token": new, "owner": "billing"}
    assert current() == {"token": new, "owner": "billing"}
    assert GitHub.secrets == {("acme/billing/actions/secrets", "HUBSPOT_TOKEN"): new}
    assert works(old) and works(new) and sorted(states()) == ["active", "expiring"]
    assert Kubernetes.secret["data"] == {"other": base64_of("kept"), "token": base64_of(new), "token.keyway-former": base64_of("before")}
    assert json.loads(base64.b64decode(Google.versions[-1])) == {"token": new, "owner": "billing"}
    assert Azure.versions[-1] == {"value": new, "contentType": "text/plain", "tags": {"owner": "billing"}}
    assert OnePassword.values() == {"username": "hubspot", "credential": new, "credential before Keyway": "before"}

    # It is undone where it can be, and said where not.
    undone = keyway_command("token", "undeliver", "Billing", str(targets))
    print(undone.stdout)
    assert undone.returncode == 1 and "NOT restored" in undone.stdout and "keyway token revoke" in undone.stdout
    # GitHub may still hold the new token, so both work, without an end.
    assert works(old) and works(new) and states() == ["active", "active"]
    unclear = keyway_command("token", "undeliver", "Billing", str(targets))
    assert unclear.returncode == 2 and "several active tokens" in unclear.stderr, unclear.stderr
    assert file.read_text() == "REGION=eu\nHUBSPOT_TOKEN=before\n" and not seen.exists()
    assert Vault.versions["billing/hubspot"][-1] == {"token": "before", "owner": "billing"} and current()["token"] == "before"
    assert Kubernetes.secret["data"] == {"other": base64_of("kept"), "token": base64_of("before")}
    assert Google.versions[-1] == Google.versions[0] and len(Google.versions) == 5
    assert Azure.versions[-1] == {"value": "before", "contentType": "text/plain", "tags": {"owner": "billing"}} and len(Azure.versions) == 4
    assert OnePassword.values() == {"username": "hubspot", "credential": "before"}

    # Each says no in its own way before anything is changed.
    for owner, attribute, value, words in [
        (Kubernetes, "allowed", False, "may not patch the Secret crm/hubspot"),
        (Google, "permissions", [], "lacks secretmanager.versions.access and secretmanager.versions.add"),
        (Azure, "password", "other", "Azure gives no access token (401 invalid_client)"),
        (OnePassword, "token", "other", "1Password answered 401"),
    ]:
        good = getattr(owner, attribute)
        setattr(owner, attribute, value)
        refused = keyway_command("token", "rotate", "Billing", "--deliver", str(targets))
        assert refused.returncode == 2 and words in refused.stderr, refused.stderr
        setattr(owner, attribute, good)
    Kubernetes.written_between = True
    raced = keyway_command("token", "rotate", "Billing", "--deliver", str(targets))
    assert raced.returncode == 2 and "somebody else wrote to the Secret at the same time" in raced.stderr, raced.stderr
    Kubernetes.written_between = False
    assert base64.b64decode(Kubernetes.secret["data"]["token"]) == b"before" and "token is revoked" not in raced.stdout
    assert Vault.versions["billing/hubspot"][-1]["token"] == "before" and len(states()) == 3

    # One target that may not be written: nothing is changed anywhere.
    Vault.read_only = True
    refused = keyway_command("token", "rotate", "Billing", "--deliver", str(targets))
    assert refused.returncode == 2 and "may not write" in refused.stderr, refused.stderr
    assert len(states()) == 3
    Vault.read_only = False

    # One that fails when its turn comes: those before are restored, the new token is revoked, the old ones still work.
    targets.write_text(targets.read_text().replace('run = ["sh", "-c", "cat', 'run = ["sh", "-c", "exit 3; cat'))
    failed = keyway_command("token", "rotate", "Billing", "--now", "--deliver", str(targets))
    print(failed.stderr)
    assert failed.returncode == 2 and "restored" in failed.stderr and "exit status: 3" in failed.stderr
    assert "before" in file.read_text() and works(old) and works(new) and states().count("revoked") == 2

    # What others changed after a delivery stays, and so does what they wrote beside the token.
    _, first = keyway.app(hub_id, "Changed", ["crm.objects.contacts.read"])
    some = pathlib.Path(folder, "some.toml")
    blocks = TARGETS.format(folder=folder).split("[[target]]")
    kept = [block.replace('secret_id = "billing"', 'secret_id = "changed"') for block in blocks if "command" not in block and "github" not in block]
    some.write_text("[[target]]".join(kept))
    aws(behind, "CreateSecret", Name="changed", SecretString='{"token":"before"}', ClientRequestToken="d" * 32)
    delivered = keyway_command("token", "rotate", "Changed", "--grace", "1h", "--deliver", str(some))
    assert delivered.returncode == 0, delivered.stderr
    theirs = "theirs-" + os.urandom(8).hex()
    second = file.read_text().split("HUBSPOT_TOKEN=")[1].strip()
    file.write_text(f"REGION=eu\nHUBSPOT_TOKEN={theirs}\n")
    Kubernetes.secret["data"]["token"] = base64_of(theirs)
    Google.versions.append(base64_of(json.dumps({"token": theirs, "owner": "billing"})))
    Azure.versions.append({"value": theirs})
    OnePassword.fields[1]["value"] = theirs
    aws(behind, "PutSecretValue", SecretId="changed", SecretString=json.dumps({"token": theirs}), ClientRequestToken="c" * 32)
    Vault.versions["billing/hubspot"].append({"token": second, "owner": "sales"})
    count = len(Google.versions), len(Azure.versions)
    changed = keyway_command("token", "undeliver", "Changed", str(some))
    print(changed.stdout)
    assert changed.returncode == 1 and changed.stdout.count("somebody else changed it after the delivery") == 6, changed.stdout
    assert theirs not in changed.stdout + changed.stderr and (len(Google.versions), len(Azure.versions)) == count
    assert theirs in file.read_text() and OnePassword.values()["credential"] == theirs
    held = json.loads(aws(behind, "GetSecretValue", SecretId="changed")["SecretString"])
    assert held == {"token": theirs}, held
    assert Kubernetes.secret["data"]["token"] == base64_of(theirs)
    assert Vault.versions["billing/hubspot"][-1] == {"token": "before", "owner": "sales"}, Vault.versions["billing/hubspot"]
    assert works(first) and works(second)

    # An account's credential is read from the same vaults.
    hubspot = Keyway(through_gateway=False)
    hubspot.run("account", "create", "HubSpot", "--hub-id", "4242")
    _, credential = hubspot.app(4242, "Connection", ["crm.objects.contacts.read"])
    Vault.versions["hubspot/main"] = [{"token": credential}]
    aws(behind, "CreateSecret", Name="hubspot", SecretString=credential, ClientRequestToken="b" * 32)
    added = keyway_command("account", "add", "HubSpot", "--connect", "--base-url", hubspot.url, "--credential-from", "vault:secret/hubspot/main#token")
    assert added.returncode == 0, added.stderr
    again = keyway_command("account", "rotate", "4242", "--credential-from", "aws:hubspot")
    assert again.returncode == 0, again.stderr
    Kubernetes.secret["data"]["token"] = base64_of(credential)
    Google.versions.append(base64_of(json.dumps({"token": credential})))
    Azure.versions.append({"value": credential})
    OnePassword.fields[1]["value"] = credential
    for reference in ["k8s:crm/hubspot#token", "gcp:acme/billing#token", "azure:acme-vault/hubspot", "op:Integrations/HubSpot billing"]:
        read = keyway_command("account", "rotate", "4242", "--credential-from", reference)
        assert read.returncode == 0 and credential not in read.stdout + read.stderr, (reference, read.stderr)
    for reference in ["k8s:hubspot", "s3:bucket/key", "gcp:../secrets"]:
        unknown = keyway_command("account", "rotate", "4242", "--credential-from", reference)
        assert unknown.returncode == 2 and unknown.stderr.strip(), reference
    wrong = keyway_command("account", "rotate", "4242", "--credential-from", "vault:secret/nothing#token")
    assert wrong.returncode == 2 and "there is no secret secret/nothing" in wrong.stderr, wrong.stderr
    assert credential not in added.stdout + added.stderr + again.stdout + again.stderr
    hubspot.stop()
    keyway.stop()
    moto.stop()
    print("delivered, undone, refused, failed and read as documented")


if __name__ == "__main__":
    main()
