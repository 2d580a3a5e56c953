"""The alert rules, by promtool; the rules and the dashboard on a real Prometheus that reads a real server."""

import json
import re
import socket
import subprocess
import tempfile
import unittest
import urllib.parse

import yaml

import tools

MONITORING = tools.ROOT / "packaging/monitoring"
# Served only with --redis, with --proxy, or once a call was of an operation that ends; see docs/operations.md.
ONLY_WITH = {"keyway_limits_shared"}
NAME = re.compile(r"\bkeyway_[a-z_]+\b")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def rules():
    return yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]


def expressions():
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"].replace("$job", "keyway").replace("$instance", ".*").replace("$__rate_interval", "1m")
    for rule in rules():
        yield rule["expr"]


class Monitoring(unittest.TestCase):
    def test_each_rule_fires_when_it_should_and_not_before(self):
        promtool = tools.debian("prometheus", "promtool")
        tools.run(promtool, "check", "config", "--lint-fatal", MONITORING / "prometheus.yaml")
        tools.run(promtool, "test", "rules", MONITORING / "alerts.test.yaml")
        tests = yaml.safe_load((MONITORING / "alerts.test.yaml").read_text())["tests"]
        for name in (rule["alert"] for rule in rules()):
            expected = [bool(one.get("exp_alerts")) for test in tests for one in test["alert_rule_test"] if one["alertname"] == name]
            self.assertEqual({True, False}, set(expected), f"{name}: one test in which it fires, and one in which it does not")

    def test_prometheus_reads_a_server_and_knows_every_metric_of_the_rules_and_the_dashboard(self):
        prometheus = tools.debian("prometheus", "prometheus")
        with tempfile.TemporaryDirectory() as folder, tools.Server(folder, "--demo", "--proxy", "127.0.0.1:0") as server:
            served = set(re.findall(r"^# TYPE (\S+)", tools.get(f"{server.admin}/metrics"), re.MULTILINE)) | ONLY_WITH
            used = {SUFFIX.sub("", name) for expr in expressions() for name in NAME.findall(expr)}
            self.assertEqual(set(), used - served, "metrics that no server has")
            forgotten = {name for name in served - used if name != "keyway_apps"}
            self.assertEqual(set(), forgotten, "metrics that neither a rule nor a panel shows")

            config = yaml.safe_load((MONITORING / "prometheus.yaml").read_text())
            config["rule_files"] = [str(MONITORING / "alerts.yaml")]
            config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
            config["scrape_configs"][0]["static_configs"][0]["targets"] = [server.admin.removeprefix("http://")]
            with open(f"{folder}/prometheus.yml", "w") as file:
                yaml.safe_dump(config, file)
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            command = [prometheus, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"]
            process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                def ask(expr):
                    try:
                        return json.loads(tools.get(f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"))
                    except OSError as error:
                        return {"status": getattr(error, "code", "no answer"), "data": {"result": []}}

                tools.until(lambda: [one for one in ask('up{job="keyway"}')["data"]["result"] if one["value"][1] == "1"], "Prometheus reads the server")
                for expr in expressions():
                    self.assertEqual("success", ask(expr)["status"], expr)
                self.assertTrue(ask("keyway_accounts")["data"]["result"])
                groups = json.loads(tools.get(f"http://127.0.0.1:{port}/api/v1/rules"))["data"]["groups"]
                self.assertEqual(len(rules()), len(groups[0]["rules"]))
            finally:
                process.terminate()
                process.wait(30)

    def test_the_dashboard_has_panels_that_do_not_overlap(self):
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        cells, ids = set(), set()
        for panel in dashboard["panels"]:
            at = panel["gridPos"]
            place = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & place, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            self.assertNotIn(panel["id"], ids)
            cells |= place
            ids.add(panel["id"])
            if panel["type"] != "row":
                self.assertTrue(panel["description"] and panel["targets"], panel["title"])


if __name__ == "__main__":
    unittest.main()
