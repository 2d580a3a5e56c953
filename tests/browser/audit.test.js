// The audit log as somebody searches it, one call as somebody mends it, and the page of the app behind it.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, follow, holds, reachable } = require('./console.js')

const WIDE = { width: 1280, colorScheme: 'light' }
const LARGE = { width: 1600, colorScheme: 'light' }
let console_, reader

before(async () => {
  console_ = await Console.start(['--demo', '--environment', 'Sandbox:violet'])
  const { 'Demo sync': full } = console_.keyway.tokens
  reader = console_.keyway.tokens['Read-only report']
  for (let sent = 0; sent < 40; sent += 1) await console_.call(full, '/crm/objects/2026-09/deals?limit=1')
  const made = await console_.call(full, '/crm/objects/2026-09/contacts', { method: 'POST', body: '{"properties":{"email":"row@example.com"}}' })
  await console_.call(full, `/crm/objects/2026-09/contacts/${(await made.json()).id}`)
  for (let sent = 0; sent < 3; sent += 1) await refuse()
})
after(() => console_?.stop())

const refuse = () => console_.call(reader, '/crm/objects/2026-09/contacts', { method: 'POST', body: '{"properties":{}}' })

test('at 1280 by 800 at least 20 calls are seen, each in one line, with names and paths in place of numbers', async () => {
  const page = await console_.page(WIDE)
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto('/audit')
  const seen = await page.locator('#rows tr').evaluateAll((rows) => rows.filter((row) => row.getBoundingClientRect().bottom <= 800).length)
  assert.ok(seen >= 20, `${seen} rows`)
  console.log(`rows of the audit log at 1280 by 800: ${seen}`)
  const text = await page.locator('#rows').innerText()
  assert.ok(text.includes('Demo sync') && text.includes('/crm/objects/2026-09/deals') && !text.includes('{'), text.slice(0, 400))
  await page.locator('#rows').getByRole('link', { name: /^contacts\/\d+$/ }).first().click()
  await page.waitForURL(/record=contacts/)
  assert.equal(await page.locator('#rows tr').count(), 2, 'the call that made it and the one that read it')
  await page.getByLabel('Effect', { exact: true }).selectOption('Changes only')
  await follow(page, page.getByRole('button', { name: 'Filter' }))
  await page.waitForURL(/changes=true/)
  assert.equal(await page.locator('#rows tr').count(), 1, 'the call that made it')
  await page.context().close()
})

test('facets have counts and filter, the histogram zooms, and the view is its address', async () => {
  const page = await console_.page(WIDE)
  await page.goto('/audit')
  await follow(page, page.getByRole('link', { name: /^403 3$/ }))
  assert.equal(await page.locator('#rows tr').count(), 3)
  assert.equal(new URL(page.url()).searchParams.get('status'), '403')
  await follow(page, page.getByRole('link', { name: /^403 3 ?, shown alone/ }))
  await page.getByText('Over time').click()
  const first = page.locator('#histogram-table tbody tr').first()
  const calls = Number((await first.locator('td').nth(1).innerText()).replace(',', ''))
  await follow(page, first.getByRole('link'))
  assert.equal(await page.locator('#rows tr').count(), calls)
  assert.match(page.url(), /from=.*to=/)
  await follow(page, page.getByRole('link', { name: 'Zoom out' }))
  await page.getByLabel('App', { exact: true }).selectOption({ label: 'Read-only report' })
  await page.getByLabel('Time', { exact: true }).selectOption('hour')
  await follow(page, page.getByRole('button', { name: 'Filter' }))
  assert.equal(await page.locator('#rows tr').count(), 3)
  const address = page.url()
  await page.goto('/')
  await page.goto(address)
  assert.equal(await page.locator('#rows tr').count(), 3)
  assert.equal(await page.getByLabel('Time', { exact: true }).inputValue(), 'hour')
  await page.context().close()
})

test('the log is watched live, and without script it loads itself again', async () => {
  const page = await console_.page(WIDE)
  await page.goto('/audit?status=403')
  await page.getByRole('link', { name: 'Live' }).click()
  const rows = page.locator('#rows tr')
  const before = await rows.count()
  await refuse()
  await page.waitForFunction((count) => document.querySelectorAll('#rows tr').length === count, before + 1)
  await follow(page, page.getByRole('link', { name: 'Stop live' }))
  assert.equal(new URL(page.url()).searchParams.get('live'), null)
  await page.context().close()
  const plain = await console_.page(WIDE, { javaScriptEnabled: false })
  await plain.goto('/audit?live=1')
  assert.equal(await plain.locator('meta[http-equiv=refresh]').count(), 1)
  await plain.context().close()
})

test('from an integration that fails to one that works: at most 3 clicks from the overview', async () => {
  const app = console_.keyway.run('app', 'create', 'Failing shop', '--scopes', 'crm.objects.contacts.read')
  const sent = () => console_.call(app.token.value, '/crm/objects/2026-09/tickets?limit=1')
  for (let failed = 0; failed < 5; failed += 1) assert.equal((await sent()).status, 403)
  const page = await console_.page(WIDE)
  await page.goto('/')
  let clicks = 0
  const click = async (target) => { clicks += 1; await target.click() }
  await click(page.getByRole('link', { name: 'The app lacks a scope.' }).first())
  await click(page.locator('#rows').getByRole('link', { name: 'GET /crm/objects/2026-09/tickets' }).first())
  await click(page.getByRole('button', { name: /^Grant / }).first())
  await page.getByText('Granted: the same call passes').waitFor()
  assert.equal((await sent()).status, 200)
  assert.ok(clicks <= 3, `${clicks} clicks`)
  console.log(`clicks from the overview to an integration that works again: ${clicks}`)
  await page.context().close()
})

test('from sign-in to a copied token: at most 5 clicks', async () => {
  const page = await console_.page(WIDE)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: console_.keyway.admin })
  let clicks = 0
  const click = async (name, role = 'button') => { clicks += 1; await page.getByRole(role, { name }).first().click() }
  await click('New app', 'link')
  await page.getByLabel('Name').fill('Copied')
  await click('Continue')
  await click(/Read-only CRM sync/)
  await click('Create the app')
  await click('Copy')
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  assert.ok(clicks <= 5, `${clicks} clicks`)
  console.log(`clicks from sign-in to a copied token: ${clicks}`)
  await page.context().close()
})

test('one call: the cause, calls like it, and what the doctor adds, without script and with the keyboard', async () => {
  for (const look of [LOOKS[3], LARGE]) {
    const page = await console_.page(look, { javaScriptEnabled: look === LARGE })
    await page.goto('/audit?status=403&app=Read-only+report')
    await page.locator('#rows th a').first().click()
    await page.getByRole('heading', { name: 'What to do' }).waitFor()
    await page.getByRole('heading', { name: 'Calls like it' }).waitFor()
    await page.getByRole('button', { name: 'Grant crm.objects.contacts.write' }).waitFor()
    await page.getByText('pat-na1-').first().waitFor()
    assert.equal(await page.getByRole('button', { name: 'Ask the doctor' }).count(), 0)
    if (look === LARGE) {
      await holds(page, 'one-call')
      await reachable(page, 'one-call')
    }
    await page.context().close()
  }
})

test('an app that is refused for a scope: the page offers it, grants it, and lists both in its activity', async () => {
  const app = console_.keyway.run('app', 'create', 'Wants more', '--scopes', 'crm.objects.contacts.read,crm.objects.deals.read', '--dependent', 'www.example.com/contact', '--dependent', 'nightly job')
  const page = await console_.page(WIDE)
  await page.goto(`/apps/${app.app.id}`)
  await page.getByText('Waiting for the first call…').waitFor()
  assert.equal(await page.getByRole('link', { name: 'www.example.com/contact' }).getAttribute('href'), 'https://www.example.com/contact')
  assert.equal(await page.getByRole('link', { name: 'nightly job' }).count(), 0)
  const tickets = () => console_.call(app.token.value, '/crm/objects/2026-09/tickets?limit=1')
  assert.equal((await tickets()).status, 403)
  assert.equal((await console_.call(app.token.value, '/crm/objects/2026-09/contacts?limit=1')).status, 200)
  await page.getByText('The first call came').waitFor()
  await page.reload()
  const asked = page.getByRole('region', { name: /Asked for and refused/ })
  await asked.getByRole('button', { name: /^Grant/ }).first().click()
  await page.getByText('Granted: the same call passes').waitFor()
  assert.equal((await tickets()).status, 200)
  await page.getByRole('region', { name: /Granted and not used/ }).getByRole('button', { name: 'Remove crm.objects.deals.read' }).click()
  await page.getByText('Unused scopes are removed').waitFor()
  const scopes = console_.keyway.run('app', 'show', String(app.app.id)).app.scopes
  assert.ok(!scopes.includes('crm.objects.deals.read') && scopes.includes('tickets'), scopes.join())
  const activity = await page.locator('.activity').innerText()
  for (const words of ['granted the scope tickets to Wants more', 'created the app Wants more with', 'GET /crm/objects/2026-09/tickets']) assert.ok(activity.includes(words), activity)
  await holds(page, 'app-activity')
  await page.context().close()
})

test('everything is found from everywhere: Ctrl+K, and a page that needs no script', async () => {
  const page = await console_.page(WIDE)
  await page.goto('/people')
  await page.keyboard.press('Control+k')
  await page.keyboard.type('read-only')
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'Apps' }).getByRole('link', { name: 'Read-only report' }).waitFor()
  await holds(page, 'search')
  await page.context().close()
  const plain = await console_.page(LOOKS[2], { javaScriptEnabled: false })
  const { correlationId } = await (await refuse()).json()
  const { tokens } = console_.keyway.run('app', 'show', 'Demo sync').app
  const finds = { [tokens[0].hint.slice(-4)]: 'Tokens', [correlationId]: 'Calls', 'contacts/123': 'Calls', 'crm.objects.deals.read': 'Scopes', 'batch/archive': 'Operations', 10000001: 'Accounts', 'ada@example.com': 'People', 'admin tokens': 'Pages', 'rotation days': 'Settings', KEYWAY_ROTATION_DAYS: 'Settings' }
  for (const [asked, kind] of Object.entries(finds)) {
    await plain.goto('/search')
    await plain.getByLabel('What to find').fill(asked)
    await plain.getByRole('button', { name: 'Find' }).click()
    await plain.getByRole('region', { name: kind }).getByRole('link').first().waitFor()
  }
  await plain.goto('/search?q=no-such-thing-anywhere')
  await plain.getByText('Nothing here is called that').waitFor()
  await plain.context().close()
})

test('the navigation has groups, is a drawer in a narrow window, and names the environment', async () => {
  const wide = await console_.page(WIDE)
  for (const group of ['Traffic', 'Access', 'Tools', 'Settings']) await wide.getByRole('list', { name: group }).waitFor()
  await wide.getByText('Sandbox').waitFor()
  await wide.getByRole('link', { name: 'Help' }).click()
  await wide.getByText(console_.keyway.url).waitFor()
  await holds(wide, 'help')
  await wide.context().close()
  for (const look of [LOOKS[2], LOOKS[3]]) {
    const page = await console_.page(look, { javaScriptEnabled: false })
    const audit = page.getByRole('link', { name: 'Audit log' })
    assert.equal(await audit.isVisible(), false)
    await page.getByText('Sandbox').waitFor()
    await page.getByLabel('Menu').focus()
    await page.keyboard.press('Space')
    await audit.click()
    await page.getByRole('heading', { name: 'Audit log' }).waitFor()
    const top = await page.locator('h1').evaluate((head) => head.getBoundingClientRect().top)
    assert.ok(top < 120, `the page begins ${top} pixels down`)
    await page.context().close()
  }
})
