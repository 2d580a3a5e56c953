"""Starts a server, makes enough apps that no burst is reached, and runs wrk against one contact."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
os.environ.setdefault("KEYWAY_BIN", str(pathlib.Path(__file__).parents[2] / "target/release/keyway"))
from keyway import Keyway  # noqa: E402

SCOPES = ["crm.objects.contacts.read", "crm.objects.contacts.write"]
# 250 calls in ten seconds an app: 1,600 apps carry 40,000 calls a second.
APPS = 1_600
# One account allows 3,000,000 calls a day; wrk makes fewer.

LUA = """
local tokens = {}
for token in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = "Bearer " .. token end
local at = 0
function request()
  at = at % #tokens + 1
  return wrk.format("GET", nil, { Authorization = tokens[at] })
end
local refused = 0
function response(status) if status ~= 200 then refused = refused + 1 end end
function done(summary, latency)
  io.write(string.format("requests/s %.0f  p50 %.2f ms  p99 %.2f ms  not 2xx %d\\n",
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status))
end
"""


def post(server, path, body):
    """Calls the admin API over TCP: quicker than 1,600 runs of the command line."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ['KEYWAY_ADMIN_TOKEN']}"}
    return json.load(urllib.request.urlopen(urllib.request.Request(server.admin + path, json.dumps(body).encode(), headers)))


def main():
    os.environ["KEYWAY_ADMIN_TOKEN"] = os.urandom(16).hex()
    server = Keyway()
    server.admin = json.loads((pathlib.Path(server.folder) / "ready.json").read_text())["admin"]
    account = server.account("load", "--tier", "enterprise", "--addons", "2")
    tokens = [post(server, "/api/v1/apps", {"hubId": account, "name": f"load {at}", "scopes": SCOPES})["token"]["value"] for at in range(APPS)]
    request = urllib.request.Request(server.url + "/crm/v3/objects/contacts", b'{"properties":{"email":"load@example.com","firstname":"Load"}}',
                                     {"Content-Type": "application/json", "Authorization": f"Bearer {tokens[0]}"})
    contact = json.load(urllib.request.urlopen(request))["id"]
    with tempfile.TemporaryDirectory() as folder:
        script, list_ = pathlib.Path(folder) / "load.lua", pathlib.Path(folder) / "tokens"
        script.write_text(LUA)
        list_.write_text("\n".join(tokens))
        command = ["wrk", "-t1", "-c16", f"-d{sys.argv[1]}s", "-s", str(script), f"{server.url}/crm/v3/objects/contacts/{contact}"]
        subprocess.run(command, check=True, env={**os.environ, "TOKENS": str(list_)})
    server.stop()


if __name__ == "__main__":
    main()
