"""pytest-keyway: installed as the CI files of docs/testing.md do it, and used by a sample suite of 30 tests."""

import json
import shutil
import sys

import ci_recipes
import doubles_strict as strict
import scratch
from doubles_common import MESSAGES, ROOT, SAMPLES, TOOLS, WHEELS, servers_of
from scratch import BINARY, run

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
REST_OF_THE_SURFACE = """
import os
import threading
import pytest
from hubspot.crm import contacts

def emails(hubspot):
    return [one.properties["email"] for one in hubspot.client.crm.contacts.get_all(properties=["email"])]

def test_a_fault_ends_with_its_block(hubspot):
    with hubspot.fault(503):
        with pytest.raises(contacts.ApiException):
            emails(hubspot)
    assert emails(hubspot) == []

def test_snapshots_and_files(hubspot, tmp_path):
    (tmp_path / "seed.json").write_text('{"records": {"contacts": [{"key": "a", "properties": {"email": "a@example.com"}}]}}')
    assert list(hubspot.seed(tmp_path / "seed.json")) == ["contacts/a"]
    hubspot.snapshot("one")
    hubspot.reset()
    assert emails(hubspot) == []
    hubspot.restore("one")
    assert emails(hubspot) == ["a@example.com"]

def test_the_command_line(hubspot, tmp_path):
    (tmp_path / "people.csv").write_text("email,city\\nb@example.com,Porto\\n")
    hubspot.portal("seed", "--csv", f"contacts={tmp_path / 'people.csv'}")
    assert emails(hubspot) == ["b@example.com"]

def test_real_limits(hubspot):
    hubspot.clock.freeze()
    hurried = hubspot.app("Hurried", scopes=["crm.objects.contacts.read"], no_limits=False)
    client = hubspot.client_with(hurried.token, retry=False)
    with pytest.raises(contacts.ApiException) as refused:
        for _ in range(150):
            client.crm.contacts.basic_api.get_page(limit=1)
    assert refused.value.status == 429
    hubspot.clock.advance(11)
    client.crm.contacts.basic_api.get_page(limit=1)

def test_what_comes_later_is_waited_for(hubspot):
    threading.Timer(0.3, lambda: emails(hubspot)).start()
    [request] = hubspot.assert_called("GET", "/crm/*/contacts", within=20)
    assert request.app == "Tests" and request.status == 200

def test_no_secret_is_shown(hubspot, keyway):
    reader = hubspot.app("Reader", scopes=["crm.objects.contacts.read"])
    for thing in (hubspot, keyway, keyway.api, reader):
        assert hubspot.token not in repr(thing) and reader.token not in repr(thing)

def test_the_environment(hubspot, monkeypatch):
    for name, value in hubspot.env.items():
        monkeypatch.setenv(name, value)
    assert os.environ["HUBSPOT_BASE_URL"] == hubspot.base_url and os.environ["HUBSPOT_ACCESS_TOKEN"] == hubspot.token
"""


def without_keyway(**more):
    """This environment without a keyway on its PATH."""
    return scratch.environment(PATH="/usr/bin:/bin", PYTHONDONTWRITEBYTECODE="1", **more)


def pytest(venv, *arguments, cwd, code=0, **environment):
    return run(venv / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, cwd=cwd, env=without_keyway(**environment), code=code)


def the_jobs_of_ci_install_and_pass(out, venv, sample):
    """The commands of GitHub Actions, then of GitLab, in an environment that has pip alone. Each worker has a server."""
    run(sys.executable, "-m", "venv", venv)
    wheels = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{out} {WHEELS}", "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    shutil.copytree(SAMPLES / "pytest-keyway/sample", sample, ignore=shutil.ignore_patterns("__pycache__"))
    job = ci_recipes.Job(sample, PATH=f"{venv}/bin:/usr/bin:/bin", **wheels)
    for commands in (ci_recipes.github_steps("python"), ci_recipes.gitlab_script("python")):
        assert "30 passed" in job.run(commands)
    assert 'tests="30"' in (sample / "report.xml").read_text()
    assert servers_of(venv) == []


def the_containers_of_compose_work_together(out, venv, sample):
    server = ci_recipes.ComposeServer(BINARY)
    try:
        server.is_healthy()
        before = server.accounts()
        job = ci_recipes.Job(sample, PATH=f"{venv}/bin:/usr/bin:/bin", **server.variables)
        assert "30 passed" in job.run([ci_recipes.compose_service("tests")["command"]])
        assert server.accounts() == before, "each worker deletes its account"
    finally:
        server.end()


def the_quick_start_runs_as_it_stands(out, venv, sample):
    suite = out / "quick-start"
    suite.mkdir()
    (suite / "test_contacts.py").write_text(ci_recipes.files()["test_contacts.py"])
    assert "1 passed" in pytest(venv, cwd=suite)


def failures_say_what_was_expected_and_what_came(out, venv, sample):
    suite = out / "failing"
    suite.mkdir()
    (suite / "test_failing.py").write_text(PLANTED_FAILURES)
    output = pytest(venv, cwd=suite, code=1)
    assert "5 failed" in output, output
    for message in MESSAGES:
        assert message in output, f"{message!r} is not in:\n{output}"


def the_rest_of_the_surface_works(out, venv, sample):
    suite = out / "surface"
    suite.mkdir()
    (suite / "test_surface.py").write_text(REST_OF_THE_SURFACE)
    assert "7 passed" in pytest(venv, cwd=suite)


def a_day_to_come_is_a_setting(out, venv, sample):
    suite = out / "as-of"
    suite.mkdir()
    (suite / "test_v3.py").write_text("def test_v3(hubspot):\n    hubspot.client.api_request({'path': '/crm/v3/objects/contacts'})\n    hubspot.assert_called(status=200)\n")
    pytest(venv, cwd=suite)
    assert "1 failed" in pytest(venv, "--keyway-as-of", "2027-10-01", cwd=suite, code=1)


def a_random_seed_makes_two_runs_alike(out, venv, sample):
    suite = out / "repeat"
    suite.mkdir()
    (suite / "pytest.ini").write_text("[pytest]\nkeyway_random_seed = 7\nkeyway_clock = 2027-01-31T09:00:00Z\n")
    (suite / "test_one.py").write_text(
        "from pathlib import Path\n\n"
        "def test_one(hubspot):\n"
        "    hubspot.client.api_request({'path': '/crm/v3/objects/contacts', 'method': 'POST', 'body': {'properties': {'email': 'a@example.com'}}})\n"
        "    with Path('seen').open('a') as seen:\n        print(hubspot.token, hubspot.requests(), file=seen)\n"
    )
    for _ in range(2):
        pytest(venv, cwd=suite)
    pytest(venv, "--keyway-random-seed", "8", cwd=suite)
    first, second, other = (suite / "seen").read_text().splitlines()
    assert first == second != other and "2027-01-31T09:00:00.000Z" in first, first


def strict_mode_fails_each_planted_mistake_with_its_reason(out, venv, sample):
    """In one process and in two workers, whose reports are one."""
    suite = out / "strict"
    suite.mkdir()
    (suite / "test_planted.py").write_text(strict.PYTHON_PLANTED)
    (suite / "pytest.ini").write_text(f"[pytest]\nkeyway_strict = all\nkeyway_as_of = {strict.AS_OF}\nkeyway_ends_by = {strict.ENDS_BY}\nkeyway_report = report.json\n")
    for workers in ((), ("-n", "2")):
        output = pytest(venv, *workers, cwd=suite, code=1)
        assert "7 failed" in output and "keyway: 7 calls of 5 operations. Your tests need these 4 scopes: automation, crm.objects.contacts.read, " in output, output
        strict.names_every_rule(output)
        strict.has_every_finding(json.loads((suite / "report.json").read_text()), lambda rule: f"test_planted.py::test_{rule.replace('-', '_')}")
    output = pytest(venv, "--keyway-strict=unread-pages,ended", "--keyway-report", "report.xml", cwd=suite, code=1)
    assert "2 failed, 5 passed" in output, output
    assert 'failures="2"' in (suite / "report.xml").read_text()
    assert "no rule has the name" in pytest(venv, "--keyway-strict=unserve", cwd=suite, code=1)
    (suite / "test_planted.py").write_text(strict.PYTHON_CLEAN)
    for workers in ((), ("-n", "2")):
        output = pytest(venv, *workers, cwd=suite)
        assert "5 passed" in output, output
        assert json.loads((suite / "report.json").read_text())["findings"] == []
    (suite / "test_planted.py").write_text(strict.PYTHON_UNITTEST)
    output = run(venv / "bin/python", "test_planted.py", cwd=suite, env=without_keyway(), code=1)
    assert "FAILED (failures=1)" in output and "[unasserted-writes] POST" in output, output


def keyway_exec_runs_the_sample(out, venv, sample):
    report = out / "exec.json"
    command = ("exec", "--strict=unserved,ended", "--report", report, "--", venv / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2")
    output = run(venv / "bin/keyway", *command, cwd=sample, env=without_keyway())
    assert "30 passed" in output, output
    # The accounts of both workers are deleted by then, and are in the report.
    assert "crm.objects.companies.read" in json.loads(report.read_text())["scopes"]["needed"]


def types_hold(out, venv, sample):
    """Of the package, and of a suite that uses the package as it is installed."""
    package = SAMPLES / "pytest-keyway"
    mypy = (TOOLS / "mypy", "--config-file", package / "pyproject.toml", "--cache-dir", ROOT / "target/doubles/mypy", "--python-executable", venv / "bin/python")
    run(*mypy, package / "src/pytest_keyway")
    suite = out / "typed.py"
    suite.write_text("from pytest_keyway import HubSpot\n\ndef test_one(hubspot: HubSpot) -> None:\n    hubspot.assert_called(times=1)\n")
    run(*mypy, suite)
    suite.write_text(suite.read_text().replace("times=1", "times=[1]"))
    assert '[arg-type]' in run(*mypy, suite, code=1)


def a_missing_or_broken_program_is_named(out, venv, sample):
    one = ("test_contacts.py::test_ids_are_the_same_at_every_start",)
    assert "KEYWAY_BIN=/nowhere/keyway is not a program" in pytest(venv, *one, cwd=sample, code=1, KEYWAY_BIN="/nowhere/keyway")
    assert "/bin/false serve ended with 1 before it was ready" in pytest(venv, *one, cwd=sample, code=1, KEYWAY_BIN="/bin/false")
    assert "KEYWAY_URL, KEYWAY_ADMIN_TOKEN is not set" in pytest(venv, *one, cwd=sample, code=1, KEYWAY_ADDR="http://127.0.0.1:9")
    closed = {"KEYWAY_ADDR": "http://127.0.0.1:9", "KEYWAY_URL": "http://127.0.0.1:9", "KEYWAY_ADMIN_TOKEN": "x"}
    assert "no answer from the Keyway server at http://127.0.0.1:9" in pytest(venv, *one, cwd=sample, code=1, **closed)
    run(venv / "bin/pip", "uninstall", "--yes", "--quiet", "keyway-cli")
    assert 'Install it with "pip install keyway-cli"' in pytest(venv, *one, cwd=sample, code=1)


def the_job_for_any_language_runs(out, venv, sample):
    where = out / "any-language"
    where.mkdir()
    suite = where / "run-tests.sh"
    suite.write_text("""#!/bin/sh
curl --silent --fail --header "Authorization: Bearer $HUBSPOT_ACCESS_TOKEN" --json '{"properties": {"email": "ada@example.com"}}' "$HUBSPOT_BASE_URL/crm/v3/objects/contacts"\n""")
    suite.chmod(0o755)
    pipx = {"PIPX_HOME": str(where / "pipx"), "PIPX_BIN_DIR": str(where / "bin"), "USE_EMOJI": "0", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{out} {WHEELS}"}
    job = ci_recipes.Job(where, PATH=f"{where}/bin:{TOOLS}:/usr/bin:/bin", **pipx)
    try:
        assert "ada@example.com" in job.run(ci_recipes.github_steps("any-language"))
    finally:
        job.end()


def tests(out):
    venv, sample = out / "venv", out / "python-sample"
    # The first installs the package, and the last removes its program.
    for test in (the_jobs_of_ci_install_and_pass, the_containers_of_compose_work_together, the_quick_start_runs_as_it_stands,
                 failures_say_what_was_expected_and_what_came, the_rest_of_the_surface_works, a_day_to_come_is_a_setting, a_random_seed_makes_two_runs_alike,
                 strict_mode_fails_each_planted_mistake_with_its_reason, keyway_exec_runs_the_sample, types_hold, the_job_for_any_language_runs,
                 a_missing_or_broken_program_is_named):
        yield test, out, venv, sample
