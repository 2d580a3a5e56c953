// The traffic of an app with a past: its time is chosen, its bars lead to its calls, and its limits are beside it.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, holdsAll } = require('./console.js')

let console_, app

before(async () => {
  console_ = await Console.start(['--demo', '--demo-days', '30'])
  app = console_.keyway.run('app', 'show', 'Webshop orders').app
})
after(() => console_?.stop())

const section = (page) => page.getByRole('region', { name: /^Traffic/ })

test('the traffic of 30 days in every look', async () => {
  const page = await console_.page()
  await holdsAll(page, { 'app-traffic': `/apps/${app.id}?range=month` })
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('the time is chosen by links, and every chart has the spans of that time', async () => {
  const page = await console_.page()
  await page.goto(`/apps/${app.id}`)
  for (const [words, title, spans] of [['24 hours', 'last 24 hours', 24], ['7 days', 'last 7 days', 42], ['30 days', 'last 30 days', 30]]) {
    await section(page).getByRole('link', { name: words, exact: true }).click()
    await page.getByRole('heading', { name: `Traffic, ${title}` }).waitFor()
    for (const id of ['calls', 'latency', 'peaks', 'used']) {
      assert.equal(await page.locator(`figure[aria-labelledby=${id}-title] svg a`).count(), spans, `${id}, ${words}`)
    }
  }
  assert.match(await section(page).locator('.tile').first().innerText(), /Calls\s+[\d,]{4,}/)
  await page.context().close()
})

test('a bar leads to the calls of this app in its time', async () => {
  const page = await console_.page()
  await page.goto(`/apps/${app.id}?range=month`)
  await page.locator('#calls-table > summary').click()
  const row = page.locator('#calls-table tbody tr').nth(3)
  await row.getByRole('link').click()
  await page.waitForURL((url) => url.pathname === '/audit')
  const { searchParams } = new URL(page.url())
  assert.equal(searchParams.get('app'), String(app.id))
  assert.equal(Date.parse(`${searchParams.get('to')}Z`) - Date.parse(`${searchParams.get('from')}Z`), 86_400_000)
  const apps = await page.locator('#rows td[data-of=App]').allInnerTexts()
  assert.ok(apps.length > 5 && apps.every((name) => name === app.name), String(apps.slice(0, 5)))
  await page.context().close()
})

test('limits stand beside what was used of them, in words too', async () => {
  const page = await console_.page()
  await page.goto(`/apps/${app.id}?range=week`)
  await page.getByText(/^Busiest ten seconds: at most [\d,]+, from .* UTC; .* of the [\d,]+ that the limit permits\.$/).waitFor({ state: 'attached' })
  await page.getByText(/^Calls since the day began: at most [\d,]+/).waitFor({ state: 'attached' })
  const tile = section(page).locator('.tile', { hasText: 'Busiest ten seconds' })
  const [, peak] = /\n([\d,]+)\n/.exec(await tile.innerText())
  await page.locator('#peaks-table > summary').click()
  const peaks = (await page.locator('#peaks-table tbody tr td:nth-child(2)').allInnerTexts()).map((text) => Number(text.replace(',', '')))
  assert.equal(Math.max(...peaks), Number(peak.replace(',', '')))
  await page.context().close()
})

test('top operations and causes lead to their calls, without script on a page of their own', async () => {
  const page = await console_.page(LOOKS[2], { javaScriptEnabled: false })
  await page.goto(`/apps/${app.id}?range=month`)
  await page.getByRole('link', { name: 'Show them on a page of their own' }).click()
  await page.getByRole('heading', { name: 'Top operations, last 30 days' }).waitFor()
  const first = page.locator('tbody tr').first()
  const operation = await first.getByRole('link').innerText()
  await first.getByRole('link').click()
  const { searchParams } = new URL(page.url())
  assert.deepEqual([searchParams.get('app'), searchParams.get('operation')], [String(app.id), operation])
  assert.ok((await page.locator('#rows tr').count()) > 0)
  await page.context().close()
})

test('an app without a call has no traffic to show', async () => {
  const quiet = console_.keyway.run('app', 'create', 'Silent', '--scopes', 'crm.objects.contacts.read').app
  const page = await console_.page()
  await page.goto(`/apps/${quiet.id}`)
  await page.getByText('Waiting for the first call…').waitFor()
  assert.equal(await section(page).count(), 0)
  await page.context().close()
})
