// The overview of a demo with a past: time and account are chosen in the address, charts lead to records, and what
// needs a person has an action.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, follow, holdsAll, reachable } = require('./console.js')

let console_

before(async () => { console_ = await Console.start(['--demo', '--demo-days', '30']) })
after(() => console_?.stop())

const RANGES = ['hour', 'day', 'week', 'month']

test('the overview of every range in every look', async () => {
  const page = await console_.page()
  await holdsAll(page, Object.fromEntries(RANGES.map((range) => [`overview-${range}`, `/?range=${range}`])))
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('the time is chosen by links, and the page says what it shows beside the time before', async () => {
  const page = await console_.page()
  await page.goto('/')
  assert.equal(await page.locator('.ranges [aria-current]').innerText(), 'Day')
  await page.getByRole('link', { name: 'Month', exact: true }).click()
  await page.waitForURL((url) => url.searchParams.get('range') === 'month')
  assert.match(await page.locator('.tile').first().innerText(), /Calls, last 30 days\s+[\d,]{5,}\s+none the 30 days before/)
  assert.equal(await page.locator('.chart').first().locator('svg a').count(), 30)
  await follow(page, page.getByRole('link', { name: 'Week', exact: true }))
  assert.match(await page.locator('.tile').first().innerText(), /against the week before|as the week before/)
  await reachable(page, 'overview of a week')
  await page.context().close()
})

test('an account is chosen in a list, which is sent at once', async () => {
  const page = await console_.page()
  const { account } = console_.keyway.run('account', 'create', 'Another account')
  await page.goto('/?range=month')
  await page.getByLabel('Account').selectOption({ label: 'Another account' })
  await page.waitForURL((url) => url.searchParams.get('account') === String(account.hubId) && url.searchParams.get('range') === 'month')
  assert.match(await page.locator('.tile').first().innerText(), /\s0\s/)
  await page.context().close()
})

test('a bar leads to the records of its time, and the table behind has the same link', async () => {
  const page = await console_.page()
  await page.goto('/?range=month')
  const bar = page.locator('.chart').first().locator('a').nth(20)
  const tip = await bar.locator('title').textContent()
  const [, calls] = /UTC: ([\d,]+) calls?, [\d,]+ failed/.exec(tip)
  assert.ok(Number(calls.replace(',', '')) > 100, tip)
  const address = await bar.getAttribute('href')
  await page.locator('#calls-table > summary').click()
  assert.equal(await page.locator(`#calls-table a[href="${address}"]`).count(), 1)
  await bar.click()
  await page.waitForURL((url) => url.pathname === '/audit')
  const { searchParams } = new URL(page.url())
  assert.equal(Date.parse(`${searchParams.get('to')}Z`) - Date.parse(`${searchParams.get('from')}Z`), 86_400_000)
  assert.ok((await page.locator('#rows tr').count()) > 10)
  await page.context().close()
})

test('times are those of the browser, with UTC on hover', async () => {
  const page = await console_.page(LOOKS[0], { timezoneId: 'Asia/Tokyo', locale: 'en-GB' })
  await page.goto('/?range=day')
  const first = page.locator('.chart .scale time').first()
  const utc = await first.getAttribute('datetime')
  const hours = (Number(utc.slice(11, 13)) + 9) % 24
  assert.equal(await first.innerText(), `${String(hours).padStart(2, '0')}:${utc.slice(14, 16)}`)
  assert.equal(await first.getAttribute('title'), `${utc.slice(0, 16).replace('T', ' ')} UTC`)
  assert.match(await page.locator('.chart .scale [data-zone]').first().innerText(), /GMT\+9|JST/)
  assert.match(await page.locator('.chart a title').first().textContent(), /^\d\d:\d\d \(\d\d:\d\d UTC\): /)
  await page.context().close()
})

test('without script times are UTC, and the time and the account are chosen all the same', async () => {
  const signedIn = await console_.page()
  const context = await console_.browser.newContext({ javaScriptEnabled: false, baseURL: console_.keyway.admin, storageState: await signedIn.context().storageState() })
  await signedIn.context().close()
  const page = await context.newPage()
  await page.goto('/')
  const first = page.locator('.chart .scale time').first()
  assert.equal(await first.innerText(), (await first.getAttribute('datetime')).slice(11, 16))
  assert.match(await page.locator('.chart .scale').first().innerText(), /now \(UTC\)/)
  await follow(page, page.getByRole('link', { name: 'Week', exact: true }))
  await page.getByLabel('Account').selectOption({ label: 'Demo account' })
  await follow(page, page.getByRole('button', { name: 'Show' }))
  assert.equal(new URL(page.url()).searchParams.get('range'), 'week')
  assert.match(await page.locator('.tile').first().innerText(), /Calls, last 7 days/)
  await context.close()
})

test('what needs a person leads to the page where it is done', async () => {
  const page = await console_.page()
  await page.goto('/')
  const old = page.locator('.attention li', { hasText: 'Sales report script' }).filter({ has: page.getByRole('link', { name: 'Rotate token' }) })
  await old.getByRole('link', { name: 'Rotate token' }).click()
  await page.getByRole('heading', { name: /Rotate/ }).first().waitFor()
  await page.context().close()
})

test('an app whose calls fail often needs a person, three clicks from the cause mended', async () => {
  const { keyway } = console_
  const token = keyway.run('app', 'create', 'Failing', '--account', '10000001', '--scopes', 'crm.objects.contacts.read').token.value
  const page = await console_.page()
  const notice = page.locator('.attention li', { hasText: 'calls of Failing failed' })
  const call = (path) => console_.call(token, path)
  // Records that are not there are no failures, however many they are.
  for (let sent = 0; sent < 40; sent += 1) assert.equal((await call(`/crm/v3/objects/contacts/${999_000 + sent}`)).status, 404)
  await page.goto('/')
  assert.equal(await notice.count(), 0)
  for (let sent = 0; sent < 20; sent += 1) assert.equal((await call('/crm/v3/objects/deals')).status, 403)
  await page.goto('/')
  assert.match(await notice.innerText(), /20 of 60 calls of Failing failed since .* \(33 %\), most often with missing-scopes/)
  await follow(page, notice.getByRole('link', { name: 'See these calls' }))
  await follow(page, page.locator('#rows tr').first().getByRole('link').first())
  await follow(page, page.getByRole('button', { name: 'Grant crm.objects.deals.read' }))
  assert.equal((await call('/crm/v3/objects/deals')).status, 200)
  await page.context().close()
})

test('an app above its limit of ten seconds is marked, and one without limits has none', async () => {
  const { keyway } = console_
  const account = String(keyway.run('account', 'create', 'Small').account.hubId)
  const create = (...more) => keyway.run('app', 'create', ...more, '--account', account, '--scopes', 'crm.objects.contacts.read').token.value
  const [bursting, unlimited] = [create('Bursting'), create('Unlimited', '--no-limits')]
  for (const token of [bursting, unlimited]) await Promise.all(Array.from({ length: 260 }, () => console_.call(token, '/crm/v3/objects/contacts?limit=1')))
  const page = await console_.page()
  await page.goto(`/?account=${account}`)
  const cell = (name) => page.locator('tr', { hasText: name }).locator('td[data-of="Busiest ten seconds"]')
  assert.match(await cell('Bursting').innerText(), /^[12]\d\d of 100\s+\d+ above the limit$/)
  assert.equal(await cell('Bursting').locator('svg .wrong').count(), 1)
  assert.match(await cell('Unlimited').innerText(), /^\d+$/)
  await page.context().close()
})

test('what ends is a line of dates with the apps on it', async () => {
  const page = await console_.page()
  await page.goto('/')
  const ends = page.locator('.timeline > li')
  const dates = await ends.locator('.when strong').allInnerTexts()
  assert.deepEqual(dates, [...dates].sort())
  const sync = ends.locator('li', { hasText: 'Webshop orders' }).first()
  assert.match(await sync.innerText(), /\d+ % moved/)
  await page.context().close()
})
