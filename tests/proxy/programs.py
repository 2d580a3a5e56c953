"""The programs of tests/proxy/run.py: how each is installed by its name, and how it is run.

Each is the package as it is published. A program gets a credential where it takes one, and beside it
nothing but environment variables.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "target/proxy"
# n8n needs Node 24; Debian's is older.
NODE_MAJOR = 24
NODE = f"node@{NODE_MAJOR}"
N8N = "n8n@2.41.1"
HS = "@hubspot/cli@8.14.0"
AIRBYTE = "airbyte-source-hubspot==5.7.0"
TAP = "tap-hubspot==4.5.0"
# HubSpot's connector for Airbyte pins pandas 2.2, which has no wheels for newer Pythons than this.
PYTHON_NEWEST = (3, 12)


def run(command, **options):
    """Runs a command to its end; what it printed, or a failure that shows it."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **{"timeout": 600, **options})
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class Installer:
    """Installs into target/proxy what is not there yet."""

    def __init__(self):
        self.path = os.environ["PATH"]

    def once(self, name, package, install):
        """Installs a package into a folder of its own, whole or not at all."""
        folder, stamp = TOOLS / name, TOOLS / f"{name}.installed"
        if stamp.exists() and stamp.read_text() == package:
            return folder
        began = time.monotonic()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        stamp.write_text(package)
        size = sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) / 1e6
        print(f"installed {package}: {time.monotonic() - began:.0f} s, {size:.0f} MB")
        return folder

    def npm(self, folder, package, *options):
        (folder / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent", *options, package]
        run(command, cwd=folder, env={**os.environ, "PATH": self.path}, timeout=1800)

    def venv(self, name, package, python=sys.executable):
        def install(folder):
            run([python, "-m", "venv", folder])
            run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", package], timeout=1800)

        return self.once(name, package, install)

    def node(self):
        """A Node that n8n takes, first in PATH from here on."""
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
        if version and int(version[1:].split(".")[0]) >= NODE_MAJOR:
            return
        folder = self.once("node", NODE, lambda folder: self.npm(folder, NODE))
        self.path = f"{folder / 'node_modules/node/bin'}:{self.path}"

    def n8n(self):
        def install(folder):
            # Its dependencies have scripts that build clients of databases and queues from source; of all of them SQLite is needed.
            self.npm(folder, N8N, "--ignore-scripts", "--omit=dev")
            run(["npm", "rebuild", "sqlite3"], cwd=folder, env={**os.environ, "PATH": self.path}, timeout=1800)

        return self.once("n8n", N8N, install) / "node_modules/.bin/n8n"

    def hs(self):
        return self.once("hscli", HS, lambda folder: self.npm(folder, HS)) / "node_modules/.bin/hs"

    def python(self):
        return self.venv("python", "requests") / "bin/python"

    def tap(self):
        return self.venv("tap", TAP) / "bin/tap-hubspot"

    def airbyte(self):
        python = sys.executable if sys.version_info[:2] <= PYTHON_NEWEST else shutil.which("python3.12") or sys.executable
        return self.venv("airbyte", AIRBYTE, python) / "bin/source-hubspot"


@contextlib.contextmanager
def certifi_trusts(program, authority):
    """Adds an authority to the list of the environment that a Python program is installed in.

    requests reads REQUESTS_CA_BUNDLE in `Session.request` and not in `Session.send`; programs that prepare
    their requests themselves trust certifi's list alone.
    """
    bundle = pathlib.Path(run([program.parent / "python", "-m", "certifi"]).strip())
    original = bundle.read_text()
    try:
        bundle.write_text(original + authority.read_text())
        yield
    finally:
        bundle.write_text(original)


def curl(url, token, env):
    """The rows of one page."""
    return json.loads(run(["curl", "--silent", "--show-error", "--fail", "-H", f"Authorization: Bearer {token}", url], env=env))["results"]


REQUESTS = """
import json, os, requests
rows, url = [], "https://api.hubapi.com/crm/v3/objects/contacts?limit=40"
with requests.Session() as session:
    while url:
        answer = session.get(url, headers={"Authorization": f"Bearer {os.environ['HUBSPOT_TOKEN']}"})
        answer.raise_for_status()
        page = answer.json()
        rows += page["results"]
        url = page.get("paging", {}).get("next", {}).get("link")
print(json.dumps(rows))
"""


def requests(python, token, env):
    """All rows, page after page by `paging.next.link`, as dlt's source does."""
    return json.loads(run([python, "-c", REQUESTS], env={**env, "HUBSPOT_TOKEN": token}))


def tap_hubspot(tap, folder, token, env, streams):
    """Rows by stream."""
    config, catalog = folder / "tap.json", folder / "tap-catalog.json"
    config.write_text(json.dumps({
        "api_key": token, "hapikey": None, "start_date": "2020-01-01T00:00:00Z", "redirect_uri": "", "client_id": "", "client_secret": "", "refresh_token": "",
    }))
    found = json.loads(run([tap, "--config", config, "--discover"], env=env))
    for stream in found["streams"]:
        for entry in stream["metadata"]:
            entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    catalog.write_text(json.dumps(found))
    rows = {}
    for line in run([tap, "--config", config, "--properties", catalog], env=env).splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            rows.setdefault(message["stream"], []).append(message["record"])
    return rows


def airbyte(source, folder, token, env, streams):
    """Rows by stream."""
    config, catalog = folder / "airbyte.json", folder / "airbyte-catalog.json"
    config.write_text(json.dumps({
        "start_date": "2020-01-01T00:00:00Z", "credentials": {"credentials_title": "Private App Credentials", "access_token": token},
    }))

    def messages(*arguments):
        lines = run([source, *arguments], env=env, cwd=folder).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    checked = [one["connectionStatus"] for one in messages("check", "--config", config) if one["type"] == "CONNECTION_STATUS"]
    assert [one["status"] for one in checked] == ["SUCCEEDED"], checked
    found = next(one["catalog"] for one in messages("discover", "--config", config) if one["type"] == "CATALOG")
    chosen = [
        {"stream": one, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"} for one in found["streams"] if one["name"] in streams
    ]
    catalog.write_text(json.dumps({"streams": chosen}))
    rows = {}
    for message in messages("read", "--config", config, "--catalog", catalog):
        if message["type"] == "RECORD":
            rows.setdefault(message["record"]["stream"], []).append(message["record"]["data"])
    return rows


def n8n(program, folder, token, env, resources):
    """Rows by resource of n8n's HubSpot node."""
    env = {
        **env, "N8N_USER_FOLDER": str(folder / "n8n"), "N8N_ENCRYPTION_KEY": "of-this-test-alone", "N8N_DIAGNOSTICS_ENABLED": "false",
        "N8N_VERSION_NOTIFICATIONS_ENABLED": "false", "N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS": "false",
    }
    credential = {"id": "hubspotCredential", "name": "HubSpot", "type": "hubspotAppToken", "data": {"appToken": token}}
    start = {"id": "start", "name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {}}
    workflows = [{
        "id": f"all{resource}", "name": f"All {resource}", "active": False, "settings": {},
        "connections": {"Start": {"main": [[{"node": "HubSpot", "type": "main", "index": 0}]]}},
        "nodes": [start, {
            "id": "hubspot", "name": "HubSpot", "type": "n8n-nodes-base.hubspot", "typeVersion": 2.2, "position": [200, 0],
            "parameters": {"authentication": "appToken", "resource": resource, "operation": "getAll", "returnAll": True},
            "credentials": {"hubspotAppToken": {"id": credential["id"], "name": credential["name"]}},
        }],
    } for resource in resources]
    for kind, what in (("credentials", [credential]), ("workflow", workflows)):
        file = folder / f"n8n-{kind}.json"
        file.write_text(json.dumps(what))
        run([program, f"import:{kind}", f"--input={file}"], env=env)
    rows = {}
    for workflow, resource in zip(workflows, resources):
        printed = run([program, "execute", f"--id={workflow['id']}", "--rawOutput"], env=env)
        outcome = json.loads(printed[printed.index("{"):])
        rows[resource] = [item["json"] for item in outcome["data"]["resultData"]["runData"]["HubSpot"][0]["data"]["main"][0]]
    return rows


def hs_tables(program, folder, account, token, env):
    """What `hs hubdb list` prints."""
    config = folder / "hubspot.config.yml"
    # JSON is YAML.
    config.write_text(json.dumps({
        "defaultPortal": "keyway", "allowUsageTracking": False,
        "portals": [{
            "name": "keyway", "portalId": account, "env": "prod", "authType": "oauth2",
            "auth": {
                "clientId": "unused", "clientSecret": "unused", "scopes": ["content"],
                "tokenInfo": {"accessToken": token, "refreshToken": "unused", "expiresAt": "2099-01-01T00:00:00.000Z"},
            },
        }],
    }))
    return run([program, "hubdb", "list", "--account", "keyway"], env={**env, "HUBSPOT_CONFIG_PATH": str(config)}, cwd=folder)
