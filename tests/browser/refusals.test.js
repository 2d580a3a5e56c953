// What the console says of calls that Keyway refused: each names its own cause, and the command that mends it.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const path = require('node:path')
const { Console, LOOKS, holds } = require('./console.js')

const NARROW = LOOKS[2]
const NUMBERED = '/crm/v3/objects/contacts'
const DATED = '/crm/objects/2026-09/contacts'
let console_, app

before(async () => {
  console_ = await Console.start(['--as-of', '2027-10-01'])
  app = console_.keyway.run('app', 'create', 'Order sync', '--scopes', 'crm.objects.contacts.read,crm.objects.contacts.write,forecast-read')
})
after(() => console_?.stop())

/** The page of a refused call: its answer is `status`, and the page has these words. */
async function explained(page, name, answer, status, ...words) {
  assert.equal(answer.status, status, name)
  const { correlationId } = await answer.json()
  const rule = answer.headers.get('keyway-rule')
  await page.goto(`/audit/record?id=${correlationId}`)
  const said = await page.locator('main').innerText()
  for (const word of [rule, ...words]) assert.ok(said.includes(word), `${name}: ${word} is not in ${said}`)
  for (const wrong of ['HubSpot did not answer', 'none of this server']) assert.ok(!said.includes(wrong), `${name}: ${said}`)
  await holds(page, `refused-${rule}`)
}

test('each refused call is explained by its own cause', async () => {
  const page = await console_.page(NARROW)
  const token = app.token.value
  const call = (target, options) => console_.call(token, target, options)
  const fault = (...options) => console_.keyway.run('portal', 'fault', ...options)

  await explained(page, 'ended operation', await call(NUMBERED), 404, 'has ended by the day', 'Move the call to the successor')
  await explained(page, 'not served', await call('/forecast-settings/2027-03-beta/forecast-types'), 501, 'does not serve this operation', 'keyway portal coverage')
  fault('add', '--status', '503')
  await explained(page, 'fault rule', await call(DATED), 503, 'A fault rule made the call fail', 'keyway portal fault clear')
  fault('clear')

  // What a full disk does to the file of the embedded account, on every machine alike.
  const database = path.join(console_.keyway.folder, 'portal.db')
  const sql = (text) => execFileSync('python3', ['-c', 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).connection.commit()', database, text])
  sql("CREATE TRIGGER full BEFORE INSERT ON documents BEGIN SELECT RAISE(ABORT, 'disk full'); END")
  const create = { method: 'POST', body: '{"properties":{"email":"a@example.com"}}' }
  await explained(page, 'full disk', await call(DATED, create), 503, 'can\'t be written', 'Free disk space')
  sql('DROP TRIGGER full')

  console_.keyway.run('app', 'disable', 'Order sync')
  await explained(page, 'disabled app', await call(DATED), 401, 'The app is disabled.', `keyway app enable ${app.app.id}`)
  console_.keyway.run('app', 'enable', 'Order sync')
  console_.keyway.run('token', 'revoke', String(app.token.id), '--yes')
  await explained(page, 'revoked token', await call(DATED), 401, 'The token was revoked.', `keyway token rotate ${app.app.id}`)

  // The overview and the list name the same causes, and a click filters by the rule.
  await page.goto('/audit?category=app-disabled')
  await page.locator('#rows').getByText('The app is disabled.').waitFor()
  assert.equal(await page.locator('#rows tr').count(), 1)
  await page.context().close()
})

test('the doctor names the same cause for a body, a header and a record', async () => {
  const page = await console_.page(NARROW)
  const answer = await console_.call(app.token.value, DATED)
  const body = await answer.text()
  for (const text of [body, `HTTP/1.1 401 Unauthorized\nkeyway-rule: ${answer.headers.get('keyway-rule')}`, JSON.parse(body).correlationId]) {
    await page.goto('/doctor')
    await page.getByLabel(/An error, a curl command/).fill(text)
    await page.getByRole('button', { name: 'Find the cause' }).click()
    await page.getByText('keyway-token-revoked').waitFor()
  }
  await page.context().close()
})
