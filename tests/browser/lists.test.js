// Small promises that hold on many pages: lists that sort, errors that a browser can show, controls of one height.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, holds } = require('./console.js')

let console_

before(async () => { console_ = await Console.start() })
after(() => console_?.stop())

test('apps are sorted by calls, by errors and by name', async () => {
  const { 'Demo sync': full, 'Read-only report': reader } = console_.keyway.tokens
  for (let sent = 0; sent < 3; sent += 1) await console_.call(full, '/crm/v3/objects/contacts?limit=1')
  for (let sent = 0; sent < 2; sent += 1) await console_.call(reader, '/crm/v3/objects/contacts', { method: 'POST', body: '{"properties":{}}' })
  const page = await console_.page()
  const names = () => page.locator('tbody th > a').allTextContents()
  await page.goto('/apps')
  assert.deepEqual(await names(), ['Demo sync', 'Read-only report'])
  await page.getByRole('link', { name: 'Failed' }).click()
  assert.deepEqual(await names(), ['Read-only report', 'Demo sync'])
  assert.equal(await page.locator('th[aria-sort=descending]').innerText(), 'Failed ↓')
  await page.getByRole('link', { name: 'Calls, last day' }).click()
  assert.deepEqual(await names(), ['Demo sync', 'Read-only report'])
  assert.equal(await page.getByText('enabled', { exact: true }).count(), 0, 'a mark is for the exception')
  await page.context().close()
})

test('other lists are sorted by use too, and keep their filters', async () => {
  const page = await console_.page()
  const { keyway } = console_
  keyway.account('A quiet account')
  for (const [address, head, sort] of [['/accounts?state=embedded', 'Used today', 'used'], ['/people', 'Last sign-in', 'last'], ['/admin-tokens?state=active', 'Last use', 'last'], ['/public-apps', 'Installs', 'installs']]) {
    if (address.startsWith('/admin-tokens')) keyway.run('admin-token', 'create', 'Reports', '--role', 'auditor')
    if (address === '/public-apps') keyway.run('public-app', 'create', 'Calendar', '--redirect-uri', 'https://calendar.example/callback', '--scopes', 'oauth')
    await page.goto(address)
    await page.getByRole('columnheader', { name: head }).getByRole('link').click()
    const { searchParams } = new URL(page.url())
    assert.deepEqual([searchParams.get('sort'), searchParams.get('state')], [sort, new URL(address, keyway.admin).searchParams.get('state')], address)
    assert.equal(await page.locator('th[aria-sort=descending]').innerText(), `${head} ↓`)
  }
  await page.goto('/accounts?sort=used')
  assert.equal(await page.locator('tbody th').last().innerText(), 'A quiet account')
  await page.context().close()
})

test('the settings of the server are listed, those that were changed first', async () => {
  const page = await console_.page()
  await page.goto('/')
  await page.getByRole('link', { name: 'Server settings' }).click()
  const first = page.locator('tbody tr').first()
  assert.ok((await first.getByText('default', { exact: true }).count()) === 0, await first.innerText())
  assert.match(await page.locator('#rotation-days').innerText(), /KEYWAY_ROTATION_DAYS.*reload/s)
  await page.context().close()
})

test('without script a button counts what the chosen scopes open, and keeps the choice', async () => {
  const { app } = console_.keyway.run('app', 'show', 'Read-only report')
  for (const script of [false, true]) {
    const page = await console_.page(LOOKS[0], { javaScriptEnabled: script })
    await page.goto(`/apps/${app.id}/scopes`)
    const count = page.getByRole('button', { name: 'Count operations' })
    assert.equal(await count.isVisible(), !script)
    const told = page.locator('[data-effect]')
    const before = await told.innerText()
    assert.match(before, /^Opens [\d,]+ operations, of which [\d,]+ change something\.$/)
    await page.getByLabel('Write: Create and change deals', { exact: true }).check()
    if (script) await page.waitForFunction((text) => document.querySelector('[data-effect]').innerText !== text, before)
    else {
      await count.click()
      await page.waitForURL('**/scopes/count')
    }
    const writes = (text) => Number(/of which ([\d,]+)/.exec(text)[1].replace(',', ''))
    assert.ok(writes(await told.innerText()) > writes(before))
    assert.ok(await page.getByLabel('Write: Create and change deals', { exact: true }).isChecked())
    await page.context().close()
  }
  assert.ok(!console_.keyway.run('app', 'show', 'Read-only report').app.scopes.includes('crm.objects.deals.write'), 'counting grants nothing')
})

test('a rotation names the day on which the old token ends', async () => {
  const { app } = console_.keyway.run('app', 'show', 'Demo sync')
  const page = await console_.page()
  await page.goto(`/apps/${app.id}/rotate`)
  const label = await page.locator('label.choice').first().innerText()
  const [, day] = /^In a week, on (\d{4}-\d\d-\d\d) \d\d:\d\d UTC/.exec(label)
  await page.getByRole('button', { name: 'Make a new token' }).click()
  await page.getByText(`The old token works until ${day}`).waitFor()
  await page.goto(`/apps/${app.id}`)
  await page.getByText(`ends in 7 days, on ${day}`).waitFor()
  await page.context().close()
})

test('a browser that asks for what is not there gets a page, and a program gets JSON', async () => {
  const page = await console_.page()
  for (const [address, status] of [['/nosuchpage', 404], ['/api/v1/nothing', 404], ['/api/v1/apps', 401]]) {
    const answer = await page.goto(address)
    assert.deepEqual([answer.status(), answer.headers()['content-type']], [status, 'text/html; charset=utf-8'], address)
    assert.ok(answer.headers()['content-security-policy'].includes("default-src 'none'"))
    await page.getByRole('link', { name: 'Go to the overview' }).waitFor()
    const program = await fetch(console_.keyway.admin + address)
    assert.deepEqual([program.status, program.headers.get('content-type')], [status, 'application/problem+json'], address)
  }
  await holds(page, 'not-there')
  await page.context().close()
})

test('controls have one height, placeholders are readable, and no word breaks at a letter', async () => {
  for (const look of [LOOKS[0], LOOKS[1], { width: 1600, colorScheme: 'light' }]) {
    const page = await console_.page(look)
    await page.goto('/apps')
    const heights = await page.locator('form[role=search]').locator('input:not([type=hidden]), select, button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height))
    assert.equal(new Set(heights.map(Math.round)).size, 1, String(heights))
    const [placeholder, paper] = await page.getByLabel('Search', { exact: true }).evaluate((input) => [getComputedStyle(input, '::placeholder').color, getComputedStyle(input).backgroundColor])
    assert.ok(contrast(placeholder, paper) >= 4.5, `${placeholder} on ${paper}`)
    const width = await page.locator('main').evaluate((main) => main.getBoundingClientRect().width)
    if (look.width === 1600) assert.ok(width > 1300, `${width} pixels of 1600 are used`)
    await page.goto('/changes')
    const address = page.locator('#rows a', { hasText: 'ada@example.com' }).first()
    assert.equal(await address.evaluate((link) => link.getClientRects().length), 1, 'an address stays on one line')
    await page.context().close()
  }
})

test('an example of the doctor is filled in by a link, and answered', async () => {
  const page = await console_.page(LOOKS[2], { javaScriptEnabled: false })
  await page.goto('/doctor')
  for (const [name, cause] of [['an error of HubSpot', 'missing-scopes'], ['a curl command', 'hapikey'], ['a line of a log', 'limit']]) {
    await page.getByRole('link', { name }).click()
    await page.getByRole('button', { name: 'Find the cause' }).click()
    await page.getByText(new RegExp(cause)).first().waitFor()
  }
  await page.context().close()
})

/** The contrast of two colours (WCAG 2.2, 1.4.3). */
function contrast(one, other) {
  const light = (colour) => {
    const [red, green, blue] = colour.match(/\d+/g).slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b)
  return (bright + 0.05) / (dark + 0.05)
}
