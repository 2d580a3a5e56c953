"""The compose file, against the schema of the compose specification, and its Caddyfile, by Caddy, before a real server."""

import json
import os
import re
import socket
import subprocess
import tempfile
import unittest
import urllib.request

import yaml

import tools

COMPOSE = tools.ROOT / "packaging/compose"


def compose():
    return yaml.safe_load((COMPOSE / "compose.yaml").read_text())


class Compose(unittest.TestCase):
    def test_it_is_what_the_compose_specification_takes(self):
        tools.run(tools.BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE / "compose.yaml")

    def test_every_variable_that_it_needs_is_in_the_example_of_env(self):
        required = set(re.findall(r"\$\{(\w+):\?", (COMPOSE / "compose.yaml").read_text()))
        example = dict(line.split("=", 1) for line in (COMPOSE / ".env.example").read_text().splitlines() if not line.startswith("#"))
        self.assertEqual(required, set(example))
        # No secret has a value that somebody could leave as it is.
        self.assertEqual("", example["KEYWAY_MASTER_KEY"] + example["POSTGRES_PASSWORD"])
        self.assertEqual(0, subprocess.run(["git", "check-ignore", "--quiet", "packaging/compose/.env"], cwd=tools.ROOT).returncode, "git must not take .env")

    def test_the_server_has_variables_that_it_reads_and_the_user_of_the_image(self):
        keyway = compose()["services"]["keyway"]
        known = set(re.findall(r"KEYWAY_[A-Z_]+", tools.run(tools.BINARY, "serve", "--help")))
        # Read beside the options, and an option of servers behind a proxy.
        self.assertLessEqual(set(keyway["environment"]), known | {"KEYWAY_MASTER_KEY", "KEYWAY_MASTER_KEY_OLD", "KEYWAY_TRUSTED_PROXIES"})
        user = re.search(r"^USER (\d+):(\d+)$", (tools.ROOT / keyway["build"]["dockerfile"]).read_text(), re.MULTILINE)
        self.assertIn(f"/data:uid={user[1]},gid={user[2]},mode=0700", keyway["tmpfs"])
        self.assertTrue((COMPOSE / keyway["build"]["context"]).resolve() == tools.ROOT)

    def test_nothing_but_caddy_is_reached_from_outside(self):
        services = compose()["services"]
        self.assertEqual(["caddy"], [name for name, service in services.items() if service.get("ports")])
        self.assertEqual({"internal": True}, compose()["networks"]["back"])
        for name in ("postgres", "valkey"):
            self.assertEqual(["back"], services[name]["networks"])
        self.assertEqual(["front"], services["caddy"]["networks"])
        # Who follows is started once the one before is well.
        for service in services.values():
            for needed, how in service.get("depends_on", {}).items():
                self.assertEqual("service_healthy", how["condition"])
                self.assertTrue("healthcheck" in services[needed] or needed == "keyway", needed)

    def test_caddy_brings_calls_and_the_console_to_the_server(self):
        caddy = tools.debian("caddy", "caddy")
        names = {"DATA_HOST": "hubspot.example.com", "ADMIN_HOST": "keyway.example.com"}
        tools.run(caddy, "validate", "--config", COMPOSE / "Caddyfile", "--adapter", "caddyfile", env=os.environ | names)
        with tempfile.TemporaryDirectory() as folder:
            data, admin, control = free_ports(3)
            names = {"DATA_HOST": f"http://127.0.0.1:{data}", "ADMIN_HOST": f"http://127.0.0.1:{admin}", "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
            with tools.Server(folder, "--public-url", names["DATA_HOST"], "--admin-url", names["ADMIN_HOST"]) as server:
                text = (COMPOSE / "Caddyfile").read_text().replace("keyway:8484", server.data.removeprefix("http://")).replace("keyway:8485", server.admin.removeprefix("http://"))
                with open(f"{folder}/Caddyfile", "w") as file:
                    file.write(f"{{\n\tadmin 127.0.0.1:{control}\n}}\n{text}")
                process = subprocess.Popen([str(caddy), "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"], env=os.environ | names,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    tools.until(lambda: answers(f"{names['DATA_HOST']}/__keyway/ready"), "Caddy answers")
                    made = json.loads(tools.run(tools.BINARY, "--data", f"{folder}/data", "app", "create", "Sync", "--scopes", "crm.objects.contacts.read", "--json"))
                    call = urllib.request.Request(f"{names['DATA_HOST']}/crm/v3/objects/contacts", headers={"Authorization": f"Bearer {made['token']['value']}"})
                    with urllib.request.urlopen(call, timeout=10) as answer:
                        self.assertIn("results", json.load(answer))
                    self.assertIn("<html", tools.get(f"{names['ADMIN_HOST']}/").lower())
                finally:
                    process.terminate()
                    process.wait(30)


def answers(url):
    try:
        return tools.get(url)
    except OSError:
        return None


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    unittest.main()
