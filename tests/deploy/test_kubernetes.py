"""The Helm chart, by Helm's own engine, and what it makes, against the schemas of Kubernetes and of the Prometheus operator."""

import functools
import json
import os
import pathlib
import re
import tempfile
import tomllib
import unittest

import helm_python as helm
import kubernetes_validate
import yaml

import tools

CHART = tools.ROOT / "packaging/helm/keyway"
PLAIN = tools.ROOT / "packaging/kubernetes"
KEY = "0123456789abcdef" * 4
ONE = {"image": {"repository": "registry.example.com/keyway"}, "secret": {"values": {"KEYWAY_MASTER_KEY": KEY}}}
MANY = ONE | {
    "database": True, "replicas": 3, "publicUrl": "https://hubspot.example.com", "adminUrl": "https://keyway.example.com",
    "secret": {"values": {"KEYWAY_MASTER_KEY": KEY, "KEYWAY_DATABASE": "postgres://keyway@db/keyway"}}, "env": {"KEYWAY_LOG": "debug"},
    "ingress": {"enabled": True, "className": "nginx", "host": "hubspot.example.com", "adminHost": "keyway.example.com", "tlsSecret": "tls", "annotations": {"a/b": "c"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "monitoring"}}, "prometheusRule": {"enabled": True}, "grafanaDashboard": {"enabled": True},
    "networkPolicy": {"dataFrom": [{"podSelector": {"matchLabels": {"role": "integration"}}}], "adminFrom": [{"namespaceSelector": {}}]},
    "imagePullSecrets": [{"name": "registry"}], "nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}}, "podLabels": {"team": "crm"}, "podAnnotations": {"x": "y"}, "volume": {"storageClass": "fast"}, "service": {"annotations": {"a": "b"}},
}
EXISTING = {"image": {"repository": "registry.example.com/keyway", "digest": "sha256:" + "0" * 64}, "secret": {"existing": "keyway"}}


@functools.cache
def chart():
    return helm.Chart.load(CHART)


def rendered(values, name="keyway", namespace="crm"):
    """The manifests by kind and name."""
    texts = chart().render(values, name=name, namespace=namespace)
    documents = [one for path, text in texts.items() if not path.endswith(".txt") for one in yaml.safe_load_all(text) if one]
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def pod(manifests):
    [server] = [one for (kind, _), one in manifests.items() if kind in ("Deployment", "StatefulSet")]
    return server["spec"]["template"]


def of_operator(manifests):
    return [one for one in manifests.values() if one["apiVersion"].startswith("monitoring.coreos.com/")]


def takes(manifests, code=0):
    tools.run("node", "operator.mjs", cwd=pathlib.Path(__file__).parent, stdin=json.dumps(manifests), code=code)


class Chart(unittest.TestCase):
    def test_it_has_nothing_that_helm_lint_finds(self):
        for values in (ONE, MANY, EXISTING):
            report = helm.lint(str(CHART), values, strict=True, namespace="crm")
            found = [one for one in report["messages"] if one["severity"] > 1]
            self.assertEqual(([], []), (found, report["errors"]))
        chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
        version = tomllib.loads((tools.ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        self.assertEqual((version, version), (chart["version"], chart["appVersion"]))

    def test_what_it_makes_is_what_kubernetes_and_the_operator_take(self):
        for values in (ONE, MANY, EXISTING):
            manifests = rendered(values)
            for manifest in manifests.values():
                if manifest not in of_operator(manifests):
                    for version in ("1.30", "1.37"):
                        kubernetes_validate.validate(manifest, version, strict=True)
            takes(of_operator(manifests))
        monitor, rules = of_operator(rendered(MANY))
        self.assertEqual(("ServiceMonitor", "PrometheusRule"), (monitor["kind"], rules["kind"]))
        # The check can fail.
        monitor["spec"]["endpoints"] = "metrics"
        takes([monitor], code=1)
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(rendered(ONE)["Service", "keyway"] | {"spec": {"port": 80}}, "1.37", strict=True)

    def test_one_server_has_a_volume_and_several_have_a_database_and_a_disruption_budget(self):
        one, many = rendered(ONE), rendered(MANY)
        claim = one["StatefulSet", "keyway"]["spec"]["volumeClaimTemplates"][0]
        self.assertEqual((1, "data"), (one["StatefulSet", "keyway"]["spec"]["replicas"], claim["metadata"]["name"]))
        self.assertNotIn(("PodDisruptionBudget", "keyway"), one)
        self.assertEqual(3, many["Deployment", "keyway"]["spec"]["replicas"])
        budget = many["PodDisruptionBudget", "keyway"]["spec"]
        labels = pod(many)["metadata"]["labels"]
        for selector in (budget["selector"], many["NetworkPolicy", "keyway"]["spec"]["podSelector"], many["Deployment", "keyway"]["spec"]["selector"]):
            self.assertLessEqual(selector["matchLabels"].items(), labels.items())
        for service in ("keyway", "keyway-admin"):
            self.assertLessEqual(many["Service", service]["spec"]["selector"].items(), labels.items())
        monitor = many["ServiceMonitor", "keyway"]["spec"]
        self.assertLessEqual(monitor["selector"]["matchLabels"].items(), many["Service", "keyway-admin"]["metadata"]["labels"].items())
        self.assertFalse(monitor["selector"]["matchLabels"].items() <= many["Service", "keyway"]["metadata"]["labels"].items())
        # The rules and the dashboard know the job by this name.
        self.assertEqual("keyway", many["Service", "keyway-admin"]["metadata"]["labels"][monitor["jobLabel"]])
        claims = {volume["name"] for volume in pod(many)["spec"]["volumes"]}
        mounts = {mount["name"] for mount in pod(many)["spec"]["containers"][0]["volumeMounts"]}
        self.assertEqual(mounts, claims)

    def test_probes_ask_the_paths_that_the_server_has_and_none_needs_a_credential_of_hubspot(self):
        with tempfile.TemporaryDirectory() as folder, tools.Server(folder) as server:
            [container] = pod(rendered(ONE))["spec"]["containers"]
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            self.assertEqual({"data": 8484, "admin": 8485}, ports)
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                asked = container[probe]["httpGet"]
                address = {"data": server.data, "admin": server.admin}[asked["port"]]
                self.assertIn(tools.get(address + asked["path"]).strip(), ("ok", "ready"))
        # The pause before the stop, the calls in progress (10 s) and the end of the store fit.
        self.assertGreaterEqual(pod(rendered(ONE))["spec"]["terminationGracePeriodSeconds"], container["lifecycle"]["preStop"]["sleep"]["seconds"] + 17)

    def test_a_pod_meets_the_restricted_standard_of_pod_security(self):
        for values in (ONE, MANY):
            spec = pod(rendered(values))["spec"]
            self.assertTrue(spec["securityContext"]["runAsNonRoot"])
            self.assertEqual("RuntimeDefault", spec["securityContext"]["seccompProfile"]["type"])
            self.assertFalse(spec["automountServiceAccountToken"])
            for container in spec["containers"]:
                context = container["securityContext"]
                self.assertEqual((False, True, ["ALL"]), (context["allowPrivilegeEscalation"], context["readOnlyRootFilesystem"], context["capabilities"]["drop"]))
            kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
            self.assertLessEqual(kinds, {"configMap", "emptyDir"})
            # The image's user owns what it writes to.
            user = re.search(r"^USER (\d+):(\d+)$", (tools.ROOT / "dist/Dockerfile").read_text(), re.MULTILINE)
            self.assertEqual((int(user[1]), int(user[2])), (spec["securityContext"]["runAsUser"], spec["securityContext"]["fsGroup"]))

    def test_values_that_are_wrong_are_refused_with_a_reason(self):
        cases = [
            ({"secret": {"existing": "x"}}, "repository"),
            (ONE | {"secret": {}}, "secret"),
            (ONE | {"secret": {"values": {"KEYWAY_MASTER_KEY": "short"}}}, "KEYWAY_MASTER_KEY"),
            (ONE | {"secret": {"existing": "x", "values": {"KEYWAY_MASTER_KEY": KEY}}}, "secret"),
            (ONE | {"replica": 2}, "replica"),
            (ONE | {"env": {"KEYWAY_ADMIN_TOKEN": "x"}}, "KEYWAY_ADMIN_TOKEN"),
            (ONE | {"ingress": {"enabled": True}}, "host"),
            (ONE | {"database": True}, "KEYWAY_DATABASE"),
            (MANY | {"database": False}, "set database to true"),
        ]
        for values, why in cases:
            with self.assertRaises(helm.HelmError, msg=values) as refused:
                rendered(values)
            self.assertIn(why, str(refused.exception))

    def test_the_settings_file_of_the_chart_is_one_that_serve_takes(self):
        config = rendered(ONE)["ConfigMap", "keyway"]["data"]["keyway.toml"]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "keyway.toml"
            path.write_text(config)
            tools.run(tools.BINARY, "config", "check", path)

    def test_no_secret_is_outside_of_the_secret(self):
        for manifest in rendered(MANY).values():
            self.assertEqual(manifest["kind"] == "Secret", KEY in json.dumps(manifest), manifest["kind"])
        self.assertNotIn("Secret", {kind for kind, _ in rendered(EXISTING)})
        self.assertTrue(pod(rendered(EXISTING))["spec"]["containers"][0]["image"].endswith("@sha256:" + "0" * 64))

    def test_a_long_name_of_a_release_is_cut_to_what_kubernetes_takes(self):
        for (_, name) in rendered(MANY, name="r" * 53):
            self.assertRegex(name, r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")

    def test_the_plain_manifests_are_what_the_chart_makes(self):
        values = {"image": ONE["image"], "secret": {"existing": "keyway"}}
        head = "# Made from packaging/helm/keyway. For one server, without Helm: docs/kubernetes.md says what to change.\n"
        text = head + "".join(f"---\n{yaml.dump(without_helm(one), Dumper=Readable, sort_keys=False, width=200)}" for one in rendered(values).values())
        path = PLAIN / "keyway.yaml"
        if os.environ.get("KEYWAY_WRITE_MANIFESTS"):
            path.write_text(text)
        self.assertEqual(text, path.read_text(), "KEYWAY_WRITE_MANIFESTS=1 writes them anew")


class Readable(yaml.SafeDumper):
    """Texts of several lines as they are."""


Readable.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None))


def without_helm(manifest):
    def clean(value):
        if isinstance(value, dict):
            return {key: clean(one) for key, one in value.items() if not key.startswith("helm.sh/") and key != "app.kubernetes.io/managed-by"}
        return [clean(one) for one in value] if isinstance(value, list) else value

    return clean(manifest)


if __name__ == "__main__":
    unittest.main()
