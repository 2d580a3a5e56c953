"""@keyway/test: installed with npm, and used by a sample suite of 30 tests with each runner."""

import json
import os
import pathlib
import re
import shutil

import ci_recipes
import doubles_strict as strict
import scratch
from doubles_common import MESSAGES, NODE, SAMPLES, VERSION, servers_of
from scratch import BINARY, run

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
REST_OF_THE_SURFACE = """
const emails = async () => (await hubspot.client.crm.contacts.getAll(100, undefined, ['email'])).map((one) => one.properties.email)

test('a fault is removed', async () => {
  const fault = await hubspot.fault({ status: 503 })
  await assert.rejects(emails())
  await fault.remove()
  assert.deepEqual(await emails(), [])
})
test('files and the command line', async () => {
  writeFileSync('seed.json', JSON.stringify({ records: { contacts: [{ key: 'a', properties: { email: 'a@example.com' } }] } }))
  assert.deepEqual(Object.keys(await hubspot.seed('seed.json')), ['contacts/a'])
  writeFileSync('people.csv', 'email,city\\nb@example.com,Porto\\n')
  await hubspot.portal('seed', '--csv', 'contacts=people.csv')
  assert.deepEqual(await emails(), ['a@example.com', 'b@example.com'])
})
test('real limits', async () => {
  await hubspot.clock.freeze()
  const hurried = await hubspot.app('Hurried', { scopes: ['crm.objects.contacts.read'], noLimits: false })
  const client = hubspot.clientWith(hurried.token)
  const call = () => client.crm.contacts.basicApi.getPage(1)
  await assert.rejects(async () => { for (let at = 0; at < 150; at += 1) await call() }, (error) => error.code === 429)
  await hubspot.clock.advance(11_000)
  await call()
})
test('what comes later is waited for', async () => {
  setTimeout(emails, 300)
  const [request] = await hubspot.assertCalled('GET', '/crm/*/contacts', { within: 20_000 })
  assert.deepEqual([request.app, request.status], ['Tests', 200])
})
test('no secret is shown', () => {
  const shown = inspect(hubspot, { depth: 9, showHidden: true }) + JSON.stringify(hubspot) + inspect(hubspot.keyway, { depth: 9 })
  assert.ok(!shown.includes(hubspot.token))
})
test('a silent server is given up', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const keyway = await Keyway.connect({ url: hubspot.baseUrl, address: `http://127.0.0.1:${silent.address().port}`, token: 'any' })
  await assert.rejects(keyway.api.call('GET', '/accounts', undefined, {}, 300), /no answer from the Keyway server .* nothing came for 300 ms/)
  silent.close()
})
test('a runner of its own', async () => {
  const hooks = {}
  const other = hooked({ before: (run) => (hooks.before = run), beforeEach: (run) => (hooks.each = run), after: (run) => (hooks.after = run) }, { seed: 'minimal' })
  await hooks.before()
  await hooks.each()
  assert.notEqual(other.baseUrl, hubspot.baseUrl)
  assert.equal((await other.client.crm.contacts.basicApi.getPage(5)).results.length, 1)
  await hooks.after()
  await assert.rejects(other.requests(), /no answer from the Keyway server/)
})
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
    assert "30 passed" in output, output
    assert servers_of(project) == []


def thirty_tests_pass_on_a_shared_server(project):
    server = ci_recipes.ComposeServer(BINARY)
    try:
        before = server.accounts()
        assert "# pass 30" in suite_of("node-test", project / "node-test", **server.variables)
        assert server.accounts() == before, "each file deletes its account"
    finally:
        server.end()


def the_jobs_of_ci_pass(project):
    """The commands of GitHub Actions and of GitLab are the same."""
    (project / "package.json").write_text('{"name": "sample", "private": true, "scripts": {"test": "node --test node-test/"}}')
    commands = ci_recipes.github_steps("node")
    assert commands == ci_recipes.gitlab_script("node") == ["npm ci", "npm test"]
    assert re.search("(#|ℹ) pass 30", ci_recipes.Job(project).run(commands))
    assert servers_of(project) == []


def the_quick_start_runs_as_it_stands(project):
    suite = project / "quick-start"
    suite.mkdir()
    (suite / "contacts.test.mjs").write_text(ci_recipes.files()["contacts.test.mjs"])
    assert "# pass 1" in suite_of("node-test", suite)


def failures_say_what_was_expected_and_what_came(project):
    begin = "import { test } from 'node:test'\nimport { useHubSpot } from '@keyway/test/node-test'\nconst hubspot = useHubSpot()\n"
    write_suite(project / "failing", "node-test", {"failing.test.mjs": begin + NODE_FAILURES})
    output = suite_of("node-test", project / "failing", code=1)
    assert "# fail 6" in output, output
    for message in NODE_MESSAGES:
        assert message in output, f"{message!r} is not in:\n{output}"


def the_rest_of_the_surface_works(project):
    lines = ["import { test } from 'node:test'", "import { Keyway, hooked } from '@keyway/test'", "import { useHubSpot } from '@keyway/test/node-test'", "import assert from 'node:assert/strict'",
             "import { once } from 'node:events'", "import { writeFileSync } from 'node:fs'", "import { createServer } from 'node:net'", "import { inspect } from 'node:util'", "const hubspot = useHubSpot()"]
    write_suite(project / "surface", "node-test", {"surface.test.mjs": "\n".join(lines) + REST_OF_THE_SURFACE})
    assert "# pass 7" in suite_of("node-test", project / "surface")


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


def a_random_seed_makes_two_runs_alike(project):
    text = """import { test } from 'node:test'
import { useHubSpot } from '@keyway/test/node-test'
import { appendFileSync } from 'node:fs'
const hubspot = useHubSpot({ randomSeed: 7, clock: new Date('2027-01-31T09:00:00Z') })
test('one', async () => {
  await hubspot.client.apiRequest({ path: '/crm/v3/objects/contacts', method: 'POST', body: { properties: { email: 'a@example.com' } } })
  appendFileSync('seen', JSON.stringify([hubspot.token, await hubspot.requests()]) + '\\n')
})
"""
    write_suite(project / "repeat", "node-test", {"one.test.mjs": text})
    for _ in range(2):
        assert "# pass 1" in suite_of("node-test", project / "repeat")
    first, second = (project / "repeat/seen").read_text().splitlines()
    assert first == second and "2027-01-31T09:00:00.000Z" in first, first


def strict_mode_fails_each_planted_mistake_with_its_reason(project):
    for runner, failed in (("vitest", "7 failed"), ("jest", "7 failed"), ("node-test", "# fail 7")):
        suite = project / f"strict-{runner}"
        planted = strict.node({"strict": True, "asOf": strict.AS_OF, "endsBy": strict.ENDS_BY, "report": "reports"}, strict.NODE_PLANTED)
        write_suite(suite, runner, {"planted.test.mjs": planted})
        output = suite_of(runner, suite, code=1)
        assert failed in output, output
        strict.names_every_rule(output)
        [report] = (suite / "reports").iterdir()
        strict.has_every_finding(json.loads(report.read_text()), lambda rule: rule)
        (suite / "planted.test.mjs").unlink()
        clean = strict.node({"strict": True, "report": "reports"}, strict.NODE_CLEAN).replace("import { test } from 'node:test'", "" if runner == "jest" else f"import {{ test }} from '{'vitest' if runner == 'vitest' else 'node:test'}'")
        (suite / "clean.test.mjs").write_text(clean.replace("@keyway/test/node-test", f"@keyway/test/{runner}"))
        suite_of(runner, suite)
        merged = run("npx", "--no-install", "keyway", "portal", "report", *(suite / "reports").iterdir(), "--strict=unread-pages", cwd=project, code=1)
        assert "Your tests need these 4 scopes: automation, " in merged and "[unread-pages] unread-pages: GET" in merged, merged


def keyway_exec_runs_the_sample(project):
    command = ("npx", "--no-install", "keyway", "exec", "--strict=unserved,ended", "--report", "report.xml", "--", *RUNNERS["vitest"])
    output = run(*command, cwd=project / "vitest", env=scratch.environment(NO_COLOR="1", CI="1", PATH=os.environ["PATH"]))
    assert "30 passed" in output, output
    assert 'failures="0"' in (project / "vitest/report.xml").read_text()


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


def a_missing_or_broken_program_is_named(project):
    folder = project / "node-test"
    assert "KEYWAY_BIN=/nowhere/keyway is not a program" in suite_of("node-test", folder, code=1, KEYWAY_BIN="/nowhere/keyway")
    assert "/bin/false serve ended with 1 before it was ready" in suite_of("node-test", folder, code=1, KEYWAY_BIN="/bin/false")
    assert "KEYWAY_URL, KEYWAY_ADMIN_TOKEN is not set" in suite_of("node-test", folder, code=1, KEYWAY_ADDR="http://127.0.0.1:9")
    for platform in (project / "node_modules").glob("keyway-cli-*"):
        shutil.rmtree(platform)
    node = pathlib.Path(shutil.which("node")).parent
    assert 'npm install --include=optional keyway-cli' in suite_of("node-test", folder, code=1, PATH=f"{node}:/usr/bin:/bin")


def tests(out):
    project = node_project(out)
    try:
        for runner in ("vitest", "jest"):
            yield thirty_tests_pass, project, runner
        # The last removes the program.
        for test in (the_jobs_of_ci_pass, thirty_tests_pass_on_a_shared_server, the_quick_start_runs_as_it_stands, failures_say_what_was_expected_and_what_came,
                     the_rest_of_the_surface_works, an_account_that_is_not_there_yet_and_a_day_to_come, a_random_seed_makes_two_runs_alike,
                     strict_mode_fails_each_planted_mistake_with_its_reason, keyway_exec_runs_the_sample, jest_requires_the_package, the_command_line_is_installed_too,
                     types_of_typescript_hold, a_missing_or_broken_program_is_named):
            yield test, project
    finally:
        scratch.remove(project)
