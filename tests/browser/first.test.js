// A new user, with nothing read: from the first start to a token that works.
const { test } = require('node:test')
const assert = require('node:assert/strict')
const { Console, holds } = require('./console.js')

/** Clicks and fields between the first start and a token. */
const STEPS_MAX = 8

test(`from the first start to a token that works in at most ${STEPS_MAX} clicks and fields`, async () => {
  const console_ = await Console.start([])
  try {
    const [link] = console_.keyway.screen.match(/https?:\S+\/set-up\?token=\S+/)
    const context = await console_.browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', baseURL: console_.keyway.admin })
    const page = await context.newPage()
    page.look = { width: 1280, colorScheme: 'light' }
    let steps = 0
    const fill = async (label, text) => { steps += 1; await page.getByLabel(label).fill(text) }
    const click = async (name) => { steps += 1; await page.getByRole('button', { name }).click() }

    await page.goto(link)
    await holds(page, 'set-up')
    await fill('E-mail', console_.email)
    await fill(/Password/, 'a password that is long enough')
    await click('Begin')
    await page.getByRole('heading', { name: 'Give your first integration a token' }).waitFor()
    await holds(page, 'welcome')
    await fill('What is the integration called?', 'Website forms')
    await click('Continue')
    await click(/Contacts from a form/)
    await click('Create the app and its token')
    const token = (await page.locator('#token').textContent()).trim()
    const answer = await console_.call(token, '/crm/v3/objects/contacts', { method: 'POST', body: '{"properties":{"email":"first@example.com"}}' })
    assert.equal(answer.status, 201)
    assert.ok(steps <= STEPS_MAX, `${steps} clicks and fields`)
    console.log(`clicks and fields from the first start to a token: ${steps}`)
  } finally {
    await console_.stop()
  }
})
