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
