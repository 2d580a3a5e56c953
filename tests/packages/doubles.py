"""The packages for test suites: built, installed into clean environments, and used by sample suites in parallel.

    python tests/packages/doubles.py [python|node]

`DOUBLES_WHEELS` is a folder with the wheels of pytest, pytest-xdist and the official client, so that pip asks no index.
`DOUBLES_NODE` is a folder with the packages of node.json.
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
NODE = pathlib.Path(os.environ.get("DOUBLES_NODE", ROOT / "target/doubles/node"))  # runners and the official client
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
    "records.contacts[1]", "Keyway refused POST /api/v1/portals/", "limit is burst, daily or search",
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


def thirty_tests_of_pytest_pass_on_a_shared_server(venv, sample):
    with SharedServer() as shared:
        before = shared.accounts()
        assert "30 passed" in pytest(venv, "-n", "2", cwd=sample, **shared.variables)
        left = [name for name in shared.accounts() if name not in before]
    # unittest's account ends with the process; those of pytest's workers end with the session.
    assert left == [], left


def failures_of_pytest_say_what_was_expected_and_what_came(venv, sample):
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
    (suite / "test_v3.py").write_text("def test_v3(hubspot):\n    hubspot.client.api_request({'path': '/crm/v3/objects/contacts'})\n    hubspot.assert_called(status=200)\n")
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
    for test in (types_hold, thirty_tests_pass_on_two_workers, thirty_tests_of_pytest_pass_on_a_shared_server, failures_of_pytest_say_what_was_expected_and_what_came,
                 a_day_to_come_is_a_setting, a_missing_or_broken_program_is_named):
        yield test, venv, sample


# --- Node ----------------------------------------------------------------------------------------

RUNNERS = {
    "node-test": ("node", "--test"),
    "vitest": (NODE / "node_modules/.bin/vitest", "run"),
    "jest": ("node", "--experimental-vm-modules", NODE / "node_modules/jest/bin/jest.js"),
}
NODE_FAILURES = """
test('nothing came', () => hubspot.assertCalled('POST', '/crm/*/contacts'))
test('something else came', async () => {
  await hubspot.client.crm.contacts.basicApi.getPage(5)
  await hubspot.assertCalled('POST', '/crm/*/contacts', { times: 2, body: { properties: { email: 'a@example.com' } } })
})
test('nothing was sent', () => hubspot.webhooks.assertDelivered('contact.creation', { within: 0 }))
test('a seed that HubSpot refuses', () => hubspot.seed({ records: { contacts: [{ email: 'a@example.com' }, { shoe_size: '42' }] } }))
test('a fault that does not exist', () => hubspot.fault({ status: 429, limit: 'hourly' }))
test('a filter that does not exist', () => hubspot.requests('GET', undefined, { header: 'x' }))
"""
NODE_MESSAGES = [message.replace("0 s.", "0 ms.") for message in MESSAGES] + ["header: no such filter"]
TYPED = """
import { useHubSpot } from '@keyway/test/vitest'
const hubspot = useHubSpot({ seed: 'minimal', asOf: '2027-10-01' })
export async function one(): Promise<string> {
  const [request] = await hubspot.assertCalled('POST', '/crm/*', { times: 1, within: 100 })
  const made = await hubspot.client.crm.contacts.basicApi.create({ properties: { email: 'a@example.com' }, associations: [] })
  return request.path + made.id
}
"""


def node_project(out):
    """A project below the runners, with the packages as npm installs them."""
    project = NODE / f"project-{out.name}"
    project.mkdir(parents=True)
    (project / "package.json").write_text('{"name": "sample", "private": true}')
    packages = [next(out.glob(pattern)) for pattern in ("keyway-cli-linux-*.tgz", f"keyway-cli-{VERSION}.tgz", "keyway-test-*.tgz")]
    # Without the registry: the packages of other platforms cannot be had, and are optional. So are the client and the runner, which lie above.
    options = ("--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", "--cache", out / "npm")
    run("npm", "install", *options, *packages, cwd=project)
    for name in RUNNERS:
        write_suite(project / name, name, {file.name: file.read_text() for file in (SAMPLES / "node/sample").iterdir()})
    return project


def write_suite(folder, runner, files):
    """A suite for a runner. The sample is written for node:test; the others need another import."""
    folder.mkdir()
    own = {"node-test": "import { test } from 'node:test'", "vitest": "import { test } from 'vitest'", "jest": ""}[runner]
    for name, text in files.items():
        (folder / name).write_text(text.replace("import { test } from 'node:test'", own).replace("@keyway/test/node-test", f"@keyway/test/{runner}"))
    if runner == "jest":
        (folder / "jest.config.json").write_text('{"testMatch": ["**/*.test.mjs"], "moduleFileExtensions": ["mjs", "js", "json"], "transform": {}}')


def suite_of(runner, folder, code=0, **environment):
    more = {} if "PATH" in environment else {"PATH": os.environ["PATH"]}
    return run(*RUNNERS[runner], cwd=folder, env=scratch.environment(NO_COLOR="1", FORCE_COLOR="0", CI="1", **more, **environment), code=code)


def thirty_tests_pass(project, runner):
    output = suite_of(runner, project / runner)
    passed = {"node-test": "# pass 30", "vitest": "30 passed", "jest": "30 passed"}[runner]
    assert re.search(passed, output), output
    assert servers_of(project) == []


def thirty_tests_pass_on_a_shared_server(project):
    with SharedServer() as shared:
        before = shared.accounts()
        assert "# pass 30" in suite_of("node-test", project / "node-test", **shared.variables)
        assert shared.accounts() == before


def failures_say_what_was_expected_and_what_came(project):
    begin = "import { test } from 'node:test'\nimport { useHubSpot } from '@keyway/test/node-test'\nconst hubspot = useHubSpot()\n"
    write_suite(project / "failing", "node-test", {"failing.test.mjs": begin + NODE_FAILURES})
    output = suite_of("node-test", project / "failing", code=1)
    assert "# fail 6" in output, output
    for message in NODE_MESSAGES:
        assert message in output, f"{message!r} is not in:\n{output}"


def an_account_that_is_not_there_yet_and_a_day_to_come(project):
    begin = "import { test } from 'node:test'\nimport { useHubSpot } from '@keyway/test/node-test'\nimport assert from 'node:assert/strict'\n"
    text = """const hubspot = useHubSpot({ asOf: '2027-10-01' })
assert.throws(() => hubspot.token, /once the hooks before the tests have run/)
test('version 3 has ended', async () => {
  const answer = await hubspot.client.apiRequest({ path: '/crm/v3/objects/contacts' })
  assert.equal(answer.status, 404)
})
"""
    write_suite(project / "dated", "node-test", {"dated.test.mjs": begin + text})
    assert "# pass 1" in suite_of("node-test", project / "dated")


def jest_requires_the_package(project):
    suite = project / "commonjs"
    suite.mkdir()
    (suite / "package.json").write_text('{"jest": {}}')
    (suite / "one.test.js").write_text("""
const { useHubSpot } = require('@keyway/test/jest')
const hubspot = useHubSpot({ seed: 'minimal' })
test('a contact is there', async () => {
  expect((await hubspot.client.crm.contacts.basicApi.getPage(5)).results).toHaveLength(1)
  // What tests replace does not matter to the package.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] })
  globalThis.fetch = () => { throw new Error('replaced') }
  await hubspot.assertCalled('GET', undefined, { times: 1 })
})
""")
    run("node", NODE / "node_modules/jest/bin/jest.js", cwd=suite, env=scratch.environment(CI="1"))


def the_command_line_is_installed_too(project):
    assert f"keyway {VERSION}" in run("npx", "--no-install", "keyway", "--version", cwd=project)


def types_of_typescript_hold(project):
    tsc = ("node", NODE / "node_modules/typescript/bin/tsc", "--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--types", "node", "--skipLibCheck")
    (project / "typed.ts").write_text(TYPED)
    run(*tsc, "typed.ts", cwd=project)
    (project / "typed.ts").write_text(TYPED.replace("times: 1", "times: [1]").replace("made.id", "made.ids"))
    wrong = run(*tsc, "typed.ts", cwd=project, code=2)
    assert "TS2322" in wrong and "TS2339" in wrong, wrong


def a_missing_or_broken_program_is_named_in_node(project):
    folder = project / "node-test"
    assert "KEYWAY_BIN=/nowhere/keyway is not a program" in suite_of("node-test", folder, code=1, KEYWAY_BIN="/nowhere/keyway")
    assert "/bin/false serve ended with 1 before it was ready" in suite_of("node-test", folder, code=1, KEYWAY_BIN="/bin/false")
    assert "KEYWAY_URL, KEYWAY_ADMIN_TOKEN is not set" in suite_of("node-test", folder, code=1, KEYWAY_ADDR="http://127.0.0.1:9")
    for platform in (project / "node_modules").glob("keyway-cli-*"):
        shutil.rmtree(platform)
    node = pathlib.Path(shutil.which("node")).parent
    assert 'npm install --include=optional keyway-cli' in suite_of("node-test", folder, code=1, PATH=f"{node}:/usr/bin:/bin")


def node(out):
    project = node_project(out)
    try:
        for runner in RUNNERS:
            yield thirty_tests_pass, project, runner
        for test in (thirty_tests_pass_on_a_shared_server, failures_say_what_was_expected_and_what_came, an_account_that_is_not_there_yet_and_a_day_to_come,
                     jest_requires_the_package, the_command_line_is_installed_too, types_of_typescript_hold, a_missing_or_broken_program_is_named_in_node):
            yield test, project
    finally:
        scratch.remove(project)


def main():
    out = scratch.folder("keyway-doubles-")
    start = time.monotonic()
    build(out)
    print(f"built in {time.monotonic() - start:.1f} s", flush=True)
    suites = {"python": python, "node": node}
    for name in sys.argv[1:] or suites:
        for test, *arguments in suites[name](out):
            start = time.monotonic()
            test(*arguments)
            print(f"{name}: {test.__name__.replace('_', ' ')}: passed in {time.monotonic() - start:.1f} s", flush=True)
    scratch.remove(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
