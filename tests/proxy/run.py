#!/usr/bin/env python3
"""Unmodified programs through the forward proxy, with environment variables.

A gateway with a proxy, connected to a second Keyway that stands in HubSpot's place and names
https://api.hubapi.com in its links, as HubSpot does. Each program has a token of its own; as many rows
must come out of it as there are records, and all of its calls must be on record for its app.

What is not installed yet is installed into target/proxy, by name; `--install` does only that.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "clients/python")]
import programs  # noqa: E402
from keyway import BINARY, Keyway  # noqa: E402

CONTACTS, COMPANIES, TABLES = 250, 130, 2
HUB_ID = 4242
SCOPES = [
    "oauth", "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.companies.read", "crm.objects.companies.write",
    "crm.objects.deals.read", "crm.objects.owners.read", "crm.lists.read", "crm.schemas.contacts.read", "crm.schemas.companies.read",
    "crm.schemas.deals.read", "crm.schemas.custom.read", "crm.objects.custom.read", "hubdb", "tickets", "e-commerce", "forms", "content",
    # Airbyte's connector asks for the properties of deal splits at each discovery.
    "crm.dealsplits.read_write",
]


def call(keyway, token, method, path, body):
    request = urllib.request.Request(keyway.url + path, method=method, data=json.dumps(body).encode())
    request.add_header("authorization", f"Bearer {token}")
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def fill(hubspot, token):
    """Records on the account that the programs are to read."""
    for object_type, count, properties in [
        ("contacts", CONTACTS, lambda number: {"email": f"person{number}@example.com", "lastname": f"Person {number}"}),
        ("companies", COMPANIES, lambda number: {"name": f"Company {number}", "domain": f"company{number}.example.com"}),
    ]:
        inputs = [{"properties": properties(number)} for number in range(count)]
        for at in range(0, count, 100):
            call(hubspot, token, "POST", f"/crm/v3/objects/{object_type}/batch/create", {"inputs": inputs[at : at + 100]})
    for number in range(TABLES):
        call(hubspot, token, "POST", "/cms/v3/hubdb/tables", {"name": f"table_{number}", "label": f"Table {number}"})
        call(hubspot, token, "POST", f"/cms/v3/hubdb/tables/table_{number}/draft/publish", {})


def connect(gateway, hubspot):
    hubspot.run("account", "create", "HubSpot", "--hub-id", str(HUB_ID), "--tier", "enterprise")
    _, credential = hubspot.app(HUB_ID, "Connection", SCOPES)
    fill(hubspot, credential)
    command = [BINARY, "account", "add", "Production", "--connect", "--base-url", hubspot.url, "--credential-stdin", "--tier", "enterprise"]
    subprocess.run([*command, "--data", gateway.folder], check=True, capture_output=True, text=True, input=credential)


class Programs:
    """Runs one program after the other, each with an app, and says what came of it."""

    def __init__(self, gateway, proxy, authority, folder, path):
        self.gateway, self.proxy, self.authority, self.folder, self.path = gateway, proxy, authority, folder, path
        self.failed = []

    def check(self, name, variable, work, may_miss=0):
        """`work` gets a token and an environment, and returns what it has with what it should have. `may_miss` is
        how many of its calls may be of operations that the catalog does not know."""
        token = self.gateway.run("app", "create", name, "--account", str(HUB_ID), "--scopes", ",".join(SCOPES))["token"]["value"]
        # Nothing else: no setting of this machine's, and no list of hosts that go past the proxy.
        env = {"PATH": self.path, "HOME": str(self.folder), "HTTPS_PROXY": self.proxy, variable: str(self.authority)}
        began = time.monotonic()
        try:
            found, expected = work(token, env)
            assert found == expected, f"{found}, and not {expected}"
            records = self.gateway.records("--app", name)
            assert records, "no call is on record"
            refused = [(record["operation"], record["status"]) for record in records if record["status"] >= 400]
            assert len(refused) <= may_miss and all("unknown" in operation or "unlisted" in operation for operation, _ in refused), f"refused: {refused}"
        except Exception as error:  # whatever it is, the others run
            self.failed.append(name)
            print(f"  {name}: FAILED: {error}")
            for record in self.gateway.records("--app", name)[:20]:
                print(f"    {record['operation']} {record['status']}")
            return
        print(f"  {name}: {found}, {len(records)} calls on record, {time.monotonic() - began:.1f} s")


def counts(rows):
    return {name: len(of_name) for name, of_name in sorted(rows.items())}


def distinct(rows, key):
    return len({row[key] for row in rows})


def main():
    installer = programs.Installer()
    installer.node()
    n8n, hs, python, tap, airbyte = installer.n8n(), installer.hs(), installer.python(), installer.tap(), installer.airbyte()
    if sys.argv[1:] == ["--install"]:
        return
    hubspot = Keyway(None, "--public-url", "https://api.hubapi.com", through_gateway=False)
    gateway = Keyway(None, "--proxy", "127.0.0.1:0", through_gateway=False)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            connect(gateway, hubspot)
            proxy = json.loads((pathlib.Path(gateway.folder) / "ready.json").read_text())["proxy"]
            authority = folder / "keyway-proxy-ca.pem"
            authority.write_text(programs.run([BINARY, "proxy", "ca", "--data", gateway.folder]))
            every = Programs(gateway, proxy, authority, folder, installer.path)
            page = "https://api.hubapi.com/crm/v3/objects/contacts?limit=100"
            every.check("curl", "CURL_CA_BUNDLE", lambda token, env: (len(programs.curl(page, token, env)), 100))
            every.check("Python requests", "REQUESTS_CA_BUNDLE", lambda token, env: (distinct(programs.requests(python, token, env), "id"), CONTACTS))
            both = {"companies": COMPANIES, "contacts": CONTACTS}
            with programs.certifi_trusts(tap, authority):
                every.check("tap-hubspot", "REQUESTS_CA_BUNDLE", lambda token, env: (counts(programs.tap_hubspot(tap, folder, token, env, both)), both))
            with programs.certifi_trusts(airbyte, authority):
                every.check("airbyte-source-hubspot", "REQUESTS_CA_BUNDLE", lambda token, env: (counts(programs.airbyte(airbyte, folder, token, env, both)), both))
            nodes = {"company": COMPANIES, "contact": CONTACTS}
            every.check("n8n", "NODE_EXTRA_CA_CERTS", lambda token, env: (counts(programs.n8n(n8n, folder, token, env, nodes)), nodes))
            tables = [f"table_{number}" for number in range(TABLES)]

            def listed(token, env):
                printed = programs.hs_tables(hs, folder, HUB_ID, token, env)
                return [table for table in tables if table in printed], tables

            # It asks for notices to its own users besides, by a path that HubSpot does not publish.
            every.check("@hubspot/cli", "NODE_EXTRA_CA_CERTS", listed, may_miss=1)
            # Without trust, nothing gets through.
            untrusted = subprocess.run(["curl", "--silent", page], env={"HTTPS_PROXY": proxy, "PATH": installer.path}, check=False, capture_output=True)
            assert untrusted.returncode == 60, f"curl trusts what it was not told to: {untrusted}"
    finally:
        gateway.stop()
        hubspot.stop()
    if every.failed:
        raise SystemExit(f"failed: {', '.join(every.failed)}")


if __name__ == "__main__":
    main()
