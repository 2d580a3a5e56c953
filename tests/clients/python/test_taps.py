"""The Singer taps tap-hubspot and meltano-tap-hubspot, unmodified but for the base URL.

Each is a program of its own with dependencies of its own, so each runs in an environment of its own:
KEYWAY_TAPS names the folder that holds them.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from keyway import SCOPES, Keyway

TAPS = pathlib.Path(os.environ.get("KEYWAY_TAPS", pathlib.Path(__file__).parents[3] / "target"))

# Both have the host in their source and no setting for it; this much is done before they begin.
SINGER = """
import tap_hubspot
tap_hubspot.BASE_URL = {url!r}
tap_hubspot.main()
"""
MELTANO = """
import requests
send = requests.Session.send
def to_keyway(session, request, **options):
    request.url = request.url.replace("https://api.hubapi.com", {url!r})
    return send(session, request, **options)
requests.Session.send = to_keyway
from tap_hubspot.tap import TapHubspot
TapHubspot.cli()
"""


class Taps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.keyway = Keyway()
        account = cls.keyway.account("Taps")
        cls.keyway.seed(account, "minimal")
        cls.keyway.seed(account, "activities")
        _, cls.token = cls.keyway.app(account, "Taps", [*SCOPES, "crm.lists.read", "oauth"])
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="keyway-taps-"))

    @classmethod
    def tearDownClass(cls):
        cls.keyway.stop()

    def run_tap(self, venv, script, config, *arguments):
        """What the tap writes: its messages, or its catalog."""
        file = self.folder / f"{venv}.json"
        file.write_text(json.dumps(config))
        command = [TAPS / venv / "bin/python", "-c", script.format(url=self.keyway.url), "--config", file, *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        self.assertEqual(ended.returncode, 0, ended.stderr[-3000:])
        return ended.stdout

    def records(self, printed):
        found = {}
        for line in printed.splitlines():
            message = json.loads(line)
            if message["type"] == "RECORD":
                found.setdefault(message["stream"], []).append(message["record"])
        return found

    def select(self, catalog, streams):
        """The catalog with these streams selected, with all their fields."""
        for stream in catalog["streams"]:
            wanted = stream["tap_stream_id"] in streams
            for entry in stream["metadata"]:
                entry["metadata"]["selected"] = wanted
        file = self.folder / "catalog.json"
        file.write_text(json.dumps(catalog))
        return file

    def test_tap_hubspot_reads_old_and_new_apis(self):
        config = {"api_key": self.token, "hapikey": None, "start_date": "2020-01-01T00:00:00Z", "redirect_uri": "", "client_id": "", "client_secret": "", "refresh_token": ""}
        streams = {"contacts", "companies", "deals", "deal_pipelines", "engagements", "owners"}
        catalog = self.select(json.loads(self.run_tap("tap-hubspot", SINGER, config, "--discover")), streams)
        found = self.records(self.run_tap("tap-hubspot", SINGER, config, "--properties", catalog))
        self.assertEqual({stream: len(records) for stream, records in found.items()}, {
            "contacts": 2, "companies": 2, "deals": 1, "deal_pipelines": 1, "engagements": 5, "owners": 3,
        })
        self.assertEqual({one["property_name"]["value"] for one in found["companies"]}, {"Acme"})

    def test_meltano_tap_hubspot_reads_records_of_today(self):
        config = {"access_token": self.token, "start_date": "2020-01-01T00:00:00Z"}
        streams = {"contacts", "companies", "deals", "owners"}
        catalog = self.select(json.loads(self.run_tap("meltano-tap-hubspot", MELTANO, config, "--discover")), streams)
        found = self.records(self.run_tap("meltano-tap-hubspot", MELTANO, config, "--catalog", catalog))
        self.assertEqual({stream: len(records) for stream, records in found.items()}, {"contacts": 2, "companies": 2, "deals": 1, "owners": 3})


if __name__ == "__main__":
    unittest.main()
