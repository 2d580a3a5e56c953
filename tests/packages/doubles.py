"""The packages for test suites: built, installed into clean environments, and used by sample suites in parallel.

    python tests/packages/doubles.py [python|node]

`DOUBLES_WHEELS` is a folder with the wheels of pytest, pytest-xdist and the official client, so that pip asks no index.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import scratch
from scratch import BINARY, ROOT, run

TOOLS = pathlib.Path(sys.executable).parent
WHEELS = pathlib.Path(os.environ.get("DOUBLES_WHEELS", ROOT / "target/doubles/wheels"))
SAMPLES = ROOT / "packages"
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]

PLANTED_FAILURES = """
def test_nothing_came(hubspot):
    hubspot.assert_called("POST", "/crm/*/contacts")

def test_something_else_came(hubspot):
    hubspot.client.crm.contacts.basic_api.get_page(limit=5)
    hubspot.assert_called("POST", "/crm/*/contacts", times=2, body={"properties": {"email": "a@example.com"}})

def test_nothing_was_sent(hubspot):
    hubspot.webhooks.assert_delivered("contact.creation", within=0)

def test_a_seed_that_hubspot_refuses(hubspot):
    hubspot.seed(contacts=[{"email": "a@example.com"}, {"shoe_size": "42"}])

def test_a_fault_that_does_not_exist(hubspot):
    hubspot.fault(429, limit="hourly")
"""
MESSAGES = [
    "expected 1.. × POST /crm/*/contacts, but the account received 0.", "It received no request at all.",
    "expected 2 × POST /crm/*/contacts with body", "1  GET /crm/", "?limit=5  200",
    "expected 1.. × contact.creation, but 0 came within 0 s.", "Nothing was sent at all.",
    "records.contacts[1]", "Keyway refused POST /api/v1/portals/", "hourly",
]


def build(out):
    """Every package that the suites need, of this machine's platform."""
    program = out / "keyway"
    shutil.copy(BINARY, program)
    run("strip", program)
    target = f"{os.uname().machine}-unknown-linux-gnu"
    for script in ("wheel.py", "npm.py"):
        run(sys.executable, ROOT / "packaging" / script, program, out, target, VERSION)
    program.unlink()
    run(ROOT / "packages/build.sh", out, env=scratch.environment(PYTHON=sys.executable))


def without_keyway(**more):
    """This environment without a keyway on its PATH."""
    return scratch.environment(PATH="/usr/bin:/bin", PYTHONDONTWRITEBYTECODE="1", **more)


def servers_of(folder):
    """Processes that run a program below a folder."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "exe").startswith(f"{folder}/"):
                found.append(process.name)
        except OSError:
            pass
    return found


class SharedServer:
    """A server that runs already, as a service container does, and the variables that name it."""

    def __enter__(self):
        self.folder = scratch.folder()
        ready, token = self.folder / "ready.json", os.urandom(16).hex()
        command = [BINARY, "serve", "--ephemeral", "--data", self.folder, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--ready-file", ready]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=scratch.environment(KEYWAY_ADMIN_TOKEN=token))
        for line in self.server.stdout:
            if line.startswith("keyway is ready"):
                break
        addresses = json.loads(ready.read_text())
        self.variables = {"KEYWAY_URL": addresses["data"], "KEYWAY_ADDR": addresses["admin"], "KEYWAY_ADMIN_TOKEN": token}
        return self

    def accounts(self):
        answer = run(BINARY, "account", "list", "--json", env=scratch.environment(**self.variables))
        return [account["name"] for account in json.loads(answer)["accounts"]]

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        self.server.stdout.close()
        scratch.remove(self.folder)


# --- Python --------------------------------------------------------------------------------------


def python_environment(out):
    venv = out / "venv"
    run(sys.executable, "-m", "venv", venv)
    pip = (venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-compile")
    run(*pip, "--find-links", out, "--find-links", WHEELS, "pytest-keyway[client]", "pytest-xdist", timeout=300)
    sample = out / "python-sample"
    shutil.copytree(SAMPLES / "pytest-keyway/sample", sample, ignore=shutil.ignore_patterns("__pycache__"))
    return venv, sample


def pytest(venv, *arguments, cwd, code=0, **environment):
    return run(venv / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, cwd=cwd, env=without_keyway(**environment), code=code)


def thirty_tests_pass_on_two_workers(venv, sample):
    assert "30 passed" in pytest(venv, "-n", "2", cwd=sample)
    assert servers_of(venv) == []


def thirty_tests_pass_on_a_shared_server(venv, sample):
    with SharedServer() as shared:
        before = shared.accounts()
        assert "30 passed" in pytest(venv, "-n", "2", cwd=sample, **shared.variables)
        left = [name for name in shared.accounts() if name not in before]
    # unittest's account ends with the process; those of pytest's workers end with the session.
    assert left == [], left


def failures_say_what_was_expected_and_what_came(venv, sample):
    suite = sample.parent / "failing"
    suite.mkdir()
    (suite / "test_failing.py").write_text(PLANTED_FAILURES)
    output = pytest(venv, cwd=suite, code=1)
    assert "5 failed" in output, output
    for message in MESSAGES:
        assert message in output, f"{message!r} is not in:\n{output}"


def a_day_to_come_is_a_setting(venv, sample):
    suite = sample.parent / "as-of"
    suite.mkdir()
    (suite / "test_v3.py").write_text("def test_v3(hubspot):\n    hubspot.client.crm.contacts.basic_api.get_page()\n    hubspot.assert_called(status=200)\n")
    pytest(venv, cwd=suite)
    dated = (suite / "test_v3.py").read_text().replace("hubspot.client.crm.contacts.basic_api.get_page()", "hubspot.client.api_request({'path': '/crm/v3/objects/contacts'})")
    (suite / "test_v3.py").write_text(dated)
    pytest(venv, cwd=suite)
    assert "1 failed" in pytest(venv, "--keyway-as-of", "2027-10-01", cwd=suite, code=1)


def a_missing_or_broken_program_is_named(venv, sample):
    one = ("test_contacts.py::test_ids_are_the_same_at_every_start",)
    assert "KEYWAY_BIN=/nowhere/keyway is not a program" in pytest(venv, *one, cwd=sample, code=1, KEYWAY_BIN="/nowhere/keyway")
    assert "/bin/false serve ended with 1 before it was ready" in pytest(venv, *one, cwd=sample, code=1, KEYWAY_BIN="/bin/false")
    assert "KEYWAY_URL, KEYWAY_ADMIN_TOKEN is not set" in pytest(venv, *one, cwd=sample, code=1, KEYWAY_ADDR="http://127.0.0.1:9")
    closed = {"KEYWAY_ADDR": "http://127.0.0.1:9", "KEYWAY_URL": "http://127.0.0.1:9", "KEYWAY_ADMIN_TOKEN": "x"}
    assert "no answer from the Keyway server at http://127.0.0.1:9" in pytest(venv, *one, cwd=sample, code=1, **closed)
    run(venv / "bin/pip", "uninstall", "--yes", "--quiet", "keyway-cli")
    assert 'Install it with "pip install keyway-cli"' in pytest(venv, *one, cwd=sample, code=1)


def types_hold(venv, sample):
    """Of the package, and of a suite that uses the package as it is installed."""
    package = SAMPLES / "pytest-keyway"
    mypy = (TOOLS / "mypy", "--config-file", package / "pyproject.toml", "--cache-dir", ROOT / "target/doubles/mypy", "--python-executable", venv / "bin/python")
    run(*mypy, package / "src/pytest_keyway")
    suite = sample.parent / "typed.py"
    suite.write_text("from pytest_keyway import HubSpot\n\ndef test_one(hubspot: HubSpot) -> None:\n    hubspot.assert_called(times=1)\n")
    run(*mypy, suite)
    suite.write_text(suite.read_text().replace("times=1", "times=[1]"))
    assert '[arg-type]' in run(*mypy, suite, code=1)


def python(out):
    venv, sample = python_environment(out)
    for test in (types_hold, thirty_tests_pass_on_two_workers, thirty_tests_pass_on_a_shared_server, failures_say_what_was_expected_and_what_came,
                 a_day_to_come_is_a_setting, a_missing_or_broken_program_is_named):
        yield test, venv, sample


def main():
    out = scratch.folder("keyway-doubles-")
    start = time.monotonic()
    build(out)
    print(f"built in {time.monotonic() - start:.1f} s", flush=True)
    suites = {"python": python}
    for name in sys.argv[1:] or suites:
        for test, *arguments in suites[name](out):
            start = time.monotonic()
            test(*arguments)
            print(f"{name}: {test.__name__.replace('_', ' ')}: passed in {time.monotonic() - start:.1f} s", flush=True)
    scratch.remove(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
