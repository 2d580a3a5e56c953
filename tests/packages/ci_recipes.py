"""The quick starts and the CI files of docs/testing.md: checked against their schemas, and run as they stand."""

import json
import os
import re
import shlex
import signal
import subprocess

import yaml
from scratch import ROOT, environment, folder, remove, run

PAGE = ROOT / "docs/testing.md"
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci", "compose": "vendor.compose-spec"}
SCHEMAS |= {f"{name}-service": schema for name, schema in SCHEMAS.items()}
# npm ci needs the lock file of a project.
NOT_RUN = {"npm ci"}


def files():
    """The blocks that have a file's name, by name."""
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```\n", PAGE.read_text(), re.DOTALL))


def recipes():
    """The CI files, by kind."""
    found = dict(re.findall(r"<!-- recipe: (\S+) -->\n```yaml\n(.*?)```\n", PAGE.read_text(), re.DOTALL))
    assert found.keys() == SCHEMAS.keys(), found.keys()
    return found


def fit_their_schemas(tools):
    where = folder()
    for name, text in recipes().items():
        path = where / f"{name}.yml"
        path.write_text(text)
        run(tools / "check-jsonschema", "--builtin-schema", SCHEMAS[name], path)
        # A check that accepts everything shows nothing.
        path.write_text(text.replace("runs-on:", "run-on:").replace("script:", "scripts:").replace("image:", "images:"))
        run(tools / "check-jsonschema", "--builtin-schema", SCHEMAS[name], path, code=1)
    own, path = ("--schemafile", ROOT / "docs/keyway-bootstrap.schema.json"), where / "bootstrap.yaml"
    path.write_text(bootstrap())
    run(tools / "check-jsonschema", *own, path)
    path.write_text(bootstrap().replace("scopes:", "scope:"))
    run(tools / "check-jsonschema", *own, path, code=1)
    remove(where)


def bootstrap():
    """The file of KEYWAY_BOOTSTRAP."""
    return re.search(r"```yaml\n(# yaml-language-server: \$schema=keyway-bootstrap.*?)```\n", PAGE.read_text(), re.DOTALL)[1]


def services():
    """The services of the CI files: the variables of the server, and those of the container with the tests."""
    github, gitlab, compose = (yaml.safe_load(recipes()[f"{name}-service"]) for name in ("github", "gitlab", "compose"))
    job = github["jobs"]["tests"]
    yield job["services"]["hubspot"]["env"], job["env"]
    [service] = gitlab["tests"]["services"]
    assert service["alias"] == "hubspot"
    yield service["variables"], gitlab["tests"]["variables"]
    yield compose["services"]["hubspot"]["environment"], compose["services"]["tests"]["environment"]


def services_answer_under_their_name(binary):
    """Each service as its container starts it, on a free port, with the variables of its file alone."""
    command = json.loads(re.search(r"^CMD (\[.*\])$", (ROOT / "dist/Dockerfile").read_text(), re.MULTILINE)[1])
    words = [re.sub(r"^0\.0\.0\.0:\d+$", "127.0.0.1:0", word) for word in command]
    assert words != command
    token = "-".join(["pat-na1", "4c1d9e07", "52b8", "4f63", "9a7e", "d10b6f83c5e2"])
    for server_variables, test_variables in services():
        where = folder()
        (where / "fixtures").mkdir()
        (where / "fixtures/people.json").write_text('{"records": {"contacts": [{"properties": {"email": "b@example.com"}}]}}')
        (where / "bootstrap.yaml").write_text(bootstrap())
        chosen = {name: re.sub(r"\$.*KEYWAY_TEST_TOKEN.*", token, value).replace("/bootstrap.yaml", str(where / "bootstrap.yaml")) for name, value in server_variables.items()}
        assert chosen["TEST_TOKEN"] == token and "KEYWAY_TEST_TOKEN" in test_variables["HUBSPOT_ACCESS_TOKEN"], server_variables
        host = test_variables["HUBSPOT_BASE_URL"].removeprefix("http://")
        ready = where / "ready.json"
        server = subprocess.Popen([binary, *words, "--ready-file", ready], stdout=subprocess.PIPE, text=True, env=environment(KEYWAY_DATA=str(where), **chosen))
        try:
            assert any(line.startswith("keyway is ready") for line in server.stdout), server.wait()
            data = json.loads(ready.read_text())["data"]
            for path in ("/__keyway/ready", "/crm/objects/2026-09/contacts"):
                run("curl", "--silent", "--show-error", "--fail", "--header", f"Host: {host}", "--header", f"Authorization: Bearer {token}", data + path)
        finally:
            server.terminate()
            server.wait()
            server.stdout.close()
            remove(where)


def github_steps(job):
    return [step["run"] for step in yaml.safe_load(recipes()["github"])["jobs"][job]["steps"] if "run" in step]


def gitlab_script(job):
    return yaml.safe_load(recipes()["gitlab"])[job]["script"]


class Job:
    """A job whose commands run one after the other in a folder, as a runner does."""

    def __init__(self, where, **variables):
        self.where = where
        self.github_env = where / "github-env"
        self.github_env.touch()
        # Free ports in place of the usual ones, so that other tests and servers do not matter.
        (where / "keyway.toml").write_text('listen = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n')
        self.variables = {"GITHUB_ENV": str(self.github_env), "KEYWAY_CONFIG": str(where / "keyway.toml"), **variables}
        self.sessions = []

    def run(self, commands):
        output = ""
        for command in commands:
            if command in NOT_RUN:
                continue
            given = dict(line.split("=", 1) for line in self.github_env.read_text().splitlines())
            log = self.where / "step.log"
            with log.open("w") as printed:
                step = subprocess.Popen(["bash", "-eo", "pipefail", "-c", command], cwd=self.where, env=environment(**self.variables, **given),
                                        stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT, start_new_session=True)
            self.sessions.append(step.pid)
            code = step.wait(timeout=300)
            assert code == 0, f"{command}: exit code {code}\n{log.read_text()}"
            output += log.read_text()
        return output

    def end(self):
        """Ends what the steps left running in the background."""
        for session in self.sessions:
            try:
                os.killpg(session, signal.SIGTERM)
            except ProcessLookupError:
                pass


def compose_service(name):
    return yaml.safe_load(recipes()["compose"])["services"][name]


class ComposeServer:
    """The command of the Compose file's server on free ports, and the variables of the other container."""

    def __init__(self, binary):
        self.binary, self.folder = binary, folder()
        service, tests = compose_service("keyway"), compose_service("tests")
        assert tests["network_mode"] == "service:keyway", "both containers have one loopback address"
        assert service["environment"]["KEYWAY_ADMIN_TOKEN"] == tests["environment"]["KEYWAY_ADMIN_TOKEN"]
        words = service["command"]
        for variable, option in (("KEYWAY_URL", "--listen"), ("KEYWAY_ADDR", "--admin")):
            address = tests["environment"][variable].removeprefix("http://")
            assert f"{option} {address}" in words, words
            words = words.replace(address, "127.0.0.1:0")
        token, ready = os.urandom(16).hex(), self.folder / "ready.json"
        env = environment(KEYWAY_DATA=str(self.folder), KEYWAY_ADMIN_TOKEN=token)
        self.server = subprocess.Popen([binary, *shlex.split(words), "--ready-file", ready], stdout=subprocess.PIPE, text=True, env=env)
        if not any(line.startswith("keyway is ready") for line in self.server.stdout):
            raise AssertionError(f"keyway ended with {self.server.wait()}")
        addresses = json.loads(ready.read_text())
        self.variables = {"KEYWAY_URL": addresses["data"], "KEYWAY_ADDR": addresses["admin"], "KEYWAY_ADMIN_TOKEN": token}

    def is_healthy(self):
        """The health check finds the server by KEYWAY_DATA alone, which the image sets."""
        check = compose_service("keyway")["healthcheck"]["test"]
        assert check[:2] == ["CMD", "/usr/local/bin/keyway"], check
        run(self.binary, *check[2:], env=environment(KEYWAY_DATA=str(self.folder)))

    def accounts(self):
        answer = run(self.binary, "account", "list", "--json", env=environment(KEYWAY_DATA=str(self.folder)))
        return [account["name"] for account in json.loads(answer)["accounts"]]

    def end(self):
        self.server.terminate()
        self.server.wait()
        self.server.stdout.close()
        remove(self.folder)
