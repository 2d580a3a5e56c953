// Every page of the console, narrow and wide, light and dark: nothing runs off the side, axe-core finds
// nothing wrong, the keyboard reaches everything. Pictures are kept in target/screenshots/.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, holdsInEveryLook, holdsAll } = require('./console.js')
const { prepare, pages } = require('./all_pages.js')

let console_, ids

before(async () => {
  console_ = await Console.start(['--demo', '--demo-days', '30'])
  ids = await prepare(console_)
})

after(() => console_?.stop())

/** A number as the console shows it: the demo has more than a thousand calls on some days. */
const number = (text) => Number(text.replaceAll(',', ''))

// Two halves, so that a page that fails hides the rest of its half alone.
for (const half of [0, 1]) {
  test(`every page in every look, half ${half + 1}`, async () => {
    const page = await console_.page()
    await holdsAll(page, Object.fromEntries(Object.entries(pages(ids)).filter((_, number) => number % 2 === half)))
    assert.deepEqual(page.wrongs, [])
    await page.context().close()
  })
}

test('a page that is not there and the page to sign in, in every look', async () => {
  const page = await console_.page()
  const missing = await page.goto('/apps/999999')
  assert.equal(missing.status(), 404)
  await holdsInEveryLook(page, 'refused')
  await page.context().clearCookies()
  await page.goto('/sign-in')
  await holdsInEveryLook(page, 'sign-in')
  await page.context().close()
})

test('the overview is live, and stops when asked to', async () => {
  const page = await console_.page()
  const seen = number(await page.locator('.tile dd').first().textContent())
  await page.locator('#calls-table > summary').click()
  await console_.call(console_.keyway.tokens['Demo sync'], '/crm/v3/objects/companies?limit=1')
  await page.locator('.tile dd').first().filter({ hasText: (seen + 1).toLocaleString('en') }).waitFor()
  assert.ok(await page.locator('#calls-table').evaluate((details) => details.open), 'what was opened stays open')
  await page.getByRole('button', { name: 'Pause' }).click()
  assert.equal(await page.getByRole('button', { name: 'Go on' }).getAttribute('aria-pressed'), 'true')
  await page.context().close()
})

test('a chart says in words what it shows, and has its numbers as a table', async () => {
  const page = await console_.page()
  await page.getByText(/Calls: [\d,]+ calls, [\d,]+ of them failed; most from/).waitFor({ state: 'attached' })
  await page.locator('#calls-table > summary').click()
  const [, calls] = (await page.locator('#calls-table tbody tr').first().innerText()).split('\t')
  assert.ok(number(calls) > 0)
  await page.context().close()
})
