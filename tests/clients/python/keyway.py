"""Starts a server in a folder of its own, and asks the command line to make accounts and apps."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
from datetime import datetime

BINARY = os.environ.get("KEYWAY_BIN") or str(pathlib.Path(__file__).parents[3] / "target/debug/keyway")

SCOPES = [
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.objects.owners.read",
    "tickets",
]


# With KEYWAY_GATEWAY set, every account of a test is one of a second server, which stands for HubSpot, and
# the server that the test talks to is connected to it: the same tests, through the gateway.
THROUGH_GATEWAY = bool(os.environ.get("KEYWAY_GATEWAY"))


def serve(folder, *options, env=None, output=None):
    """Starts `keyway serve` on a data folder; the process, and what its ready file holds once it is ready.

    Every test in Python starts its servers here. `output` is a file for both streams of the
    process; without it, only errors are shown.
    """
    pathlib.Path(folder).mkdir(mode=0o700, exist_ok=True)
    ready = pathlib.Path(folder) / "ready.json"
    ready.unlink(missing_ok=True)
    command = [BINARY, "serve", "--data", folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ready-file", ready, *options]
    # Tests of a demo count calls of their own.
    process = subprocess.Popen([str(part) for part in command], stdout=output or subprocess.DEVNULL, stderr=output, env={"KEYWAY_DEMO_DAYS": "0", **(env or os.environ)})
    # The file gets its name when it is complete.
    while not ready.exists():
        if process.poll() is not None:
            raise RuntimeError(f"keyway serve ended with {process.returncode}: {command}")
        time.sleep(0.02)
    return process, json.loads(ready.read_text())


def most_in_ten_seconds(records):
    """The most calls of an audit that any ten seconds held."""
    times = sorted(datetime.fromisoformat(record["time"]).timestamp() for record in records)
    most, start = 0, 0
    for end, time in enumerate(times):
        while time - times[start] >= 10:
            start += 1
        most = max(most, end - start + 1)
    return most


def rest_of(stream):
    """All that a connection still sends."""
    answer = b""
    try:
        while chunk := stream.recv(65536):
            answer += chunk
    except ConnectionResetError:
        pass
    return answer


class Keyway:
    """A running server. `url` takes the place of https://api.hubapi.com."""

    def __init__(self, folder=None, *options, through_gateway=THROUGH_GATEWAY):
        # Its links name HubSpot's host, as HubSpot's do.
        self.hubspot = Keyway(None, "--public-url", "https://api.hubapi.com", through_gateway=False) if through_gateway else None
        self.next_hub_id = 20000001
        self.folder = folder or tempfile.mkdtemp(prefix="keyway-python-")
        self.process, addresses = serve(self.folder, *options)
        self.url, self.admin = addresses["data"], addresses["admin"]

    def run(self, *arguments):
        output = subprocess.run([BINARY, *arguments, "--data", self.folder, "--json"], check=True, capture_output=True, text=True)
        return json.loads(output.stdout)

    def records(self, *filters):
        """The audit, newest first."""
        command = [BINARY, "audit", "export", "--data", self.folder, *filters]
        return [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]

    def account(self, name, *settings):
        """A new account; calls on it share no limit with other tests."""
        if not self.hubspot:
            return self.run("account", "create", name, *settings)["account"]["hubId"]
        self.next_hub_id += 1
        hub_id = self.hubspot.run("account", "create", name, *settings, "--hub-id", str(self.next_hub_id))["account"]["hubId"]
        _, token = self.hubspot.app(hub_id, "Connection", [*SCOPES, "crm.import", "crm.export"])
        command = [BINARY, "account", "add", name, "--connect", "--base-url", self.hubspot.url, "--credential-stdin", *settings]
        output = subprocess.run([*command, "--data", self.folder, "--json"], check=True, capture_output=True, text=True, input=token)
        return json.loads(output.stdout)["account"]["hubId"]

    def seed(self, account, set_name):
        """Fills an account with a built-in set; the ids by key."""
        return (self.hubspot or self).run("portal", "--account", str(account), "seed", "--set", set_name)["ids"]

    def app(self, account, name, scopes=SCOPES):
        """A new app: (its id, its token)."""
        # On a connected account calls wait for their turn; these tests look at what comes of a limit.
        impatient = ["--max-wait", "0"] if self.hubspot else []
        made = self.run("app", "create", name, "--account", str(account), "--scopes", ",".join(scopes), *impatient)
        return made["app"]["id"], made["token"]["value"]

    def kill(self):
        """Ends the server as a power cut would."""
        self.process.kill()
        self.process.wait()

    def note_tested(self):
        """For tests/coverage.py, which asks which operations the tests perform."""
        performed = {record["operation"] for record in self.records() if (record["status"] or 500) < 300}
        file = pathlib.Path(os.environ["KEYWAY_TESTED"]) / f"{pathlib.Path(self.folder).name}.txt"
        file.write_text("".join(f"{operation}\n" for operation in performed))

    def stop(self):
        if "KEYWAY_TESTED" in os.environ and self.process.poll() is None:
            self.note_tested()
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)
        if self.hubspot:
            self.hubspot.stop()
