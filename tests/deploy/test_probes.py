"""What probes say of a server whose PostgreSQL goes away and comes back."""

import json
import os
import sys
import tempfile
import unittest
import urllib.error

import tools

sys.path.insert(0, str(tools.ROOT / "tests"))
from postgres import Postgres  # noqa: E402


def probe(url):
    """Status and body."""
    try:
        return 200, tools.get(url)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


class Probes(unittest.TestCase):
    def test_without_its_database_a_server_is_alive_and_not_ready_and_needs_no_restart(self):
        postgres = Postgres()
        self.addCleanup(postgres.stop)
        variables = {"KEYWAY_DATABASE": postgres.database("keyway"), "KEYWAY_MASTER_KEY": os.urandom(32).hex()}
        with tempfile.TemporaryDirectory() as folder, tools.Server(folder, **variables) as server:
            ready, also_ready, alive = f"{server.admin}/readyz", f"{server.data}/__keyway/ready", f"{server.admin}/healthz"
            self.assertEqual((200, "ready\n"), probe(ready))
            self.assertEqual((200, {"ready": True}), (probe(also_ready)[0], json.loads(probe(also_ready)[1])))
            postgres.halt()
            try:
                tools.until(lambda: probe(ready)[0] == 503 and probe(also_ready)[0] == 503, "the server says that it is not ready")
                self.assertIn("database", json.loads(probe(ready)[1])["detail"])
                self.assertIn("database", json.loads(probe(also_ready)[1])["reason"])
                self.assertEqual((200, "ok\n"), probe(alive))
                tools.run(tools.BINARY, "status", "--live", "--data", f"{folder}/data")
            finally:
                postgres.start()
            tools.until(lambda: probe(ready)[0] == 200 and probe(also_ready)[0] == 200, "the server says that it is ready")


if __name__ == "__main__":
    unittest.main()
