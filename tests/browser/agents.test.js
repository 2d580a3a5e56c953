// Sessions of agents: what one may do, did, was refused and asked for, and the button that ends it.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, follow, holdsAll } = require('./console.js')

const WIDE = LOOKS[0]
const EVIL = '"><img/src=x/onerror=window.stolen=1>'
const CONTACTS = '/crm/v3/objects/contacts'
let console_, session, token, auditor, contact

before(async () => {
  console_ = await Console.start()
  const { keyway } = console_
  console_.person()
  const scopes = 'crm.objects.contacts.read,crm.objects.contacts.write'
  const app = keyway.run('app', 'create', 'CRM agent', '--scopes', scopes, '--approve', 'update').token.value
  const made = keyway.run('session', 'create', '--app', 'CRM agent', '--classes', 'read,create,update', '--calls', '50', '--on-behalf-of', 'grace@example.com', '--purpose', EVIL)
  ;({ session, token } = { session: made.session.id, token: made.token.value })
  auditor = keyway.run('user', 'create', 'grace@example.com', '--role', 'auditor').password
  const create = await console_.call(token, CONTACTS, { method: 'POST', body: JSON.stringify({ properties: { city: 'Bern' } }) })
  contact = (await create.json()).id
  assert.equal((await console_.call(token, `${CONTACTS}/${contact}`)).status, 200)
  assert.equal((await console_.call(token, `${CONTACTS}/${contact}`, { method: 'DELETE' })).status, 403)
  assert.equal((await console_.call(token, `${CONTACTS}/${contact}`, { method: 'PATCH', body: '{"properties":{"city":"Chur"}}' })).status, 403)
  assert.equal((await console_.call(app, CONTACTS)).status, 200)
})

after(() => console_?.stop())

/** The card below a heading. */
const card = (page, heading) => page.locator('section.card', { has: page.getByRole('heading', { name: heading, exact: true }) })

test('the page of a session says what it may do, what it did, and for whom', async () => {
  const page = await console_.page(WIDE)
  await page.goto('/agents')
  await follow(page, page.getByRole('link', { name: EVIL }))
  assert.equal(await page.evaluate(() => window.stolen), undefined)
  const may = await card(page, 'What it may do').innerText()
  for (const words of ['grace@example.com', 'read, create, update', '48 left of 50', 'crm.objects.contacts.read']) assert.ok(may.includes(words), `${words}: ${may}`)
  assert.match(await card(page, 'Changed').innerText(), new RegExp(`POST /crm/v3/objects/contacts[^]*create[^]*contacts/${contact}`))
  assert.match(await card(page, 'Read').innerText(), /GET \/crm\/v3\/objects\/contacts\/\{contactId\}/)
  const refused = await card(page, 'Refused').innerText()
  assert.match(refused, /DELETE[^]*class-not-allowed/)
  assert.match(refused, /PATCH[^]*approval-required/)
  await card(page, 'Asked for').getByRole('link', { name: /^PATCH/ }).click()
  await page.locator('.sign', { hasText: 'pending' }).waitFor()
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('the audit log is filtered by session, person and tool', async () => {
  const page = await console_.page(WIDE)
  await page.goto(`/agents/${session}`)
  await follow(page, page.getByRole('link', { name: 'Its calls in the audit log' }))
  assert.equal(await page.locator('#rows tr').count(), 4)
  await page.getByLabel('Session').fill('')
  await page.getByLabel('On behalf of').fill('grace@example.com')
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.waitForURL(/on_behalf_of=grace/)
  assert.equal(await page.locator('#rows tr').count(), 4)
  await page.getByRole('textbox', { name: 'Tool' }).fill('no_tool')
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.getByText('No record fits.').waitFor()
  await page.context().close()
})

test('every page in every look', async () => {
  const page = await console_.page()
  await holdsAll(page, { agents: '/agents', agent: `/agents/${session}`, 'agent-end': `/agents/${session}/end` })
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('an auditor sees a session and has no button, and one button ends it', async () => {
  const theirs = await console_.page(WIDE, { email: 'grace@example.com', password: auditor })
  await theirs.goto(`/agents/${session}`)
  await theirs.getByRole('heading', { name: 'What it may do' }).waitFor()
  assert.equal(await theirs.getByRole('link', { name: 'End the session' }).count(), 0)
  await theirs.context().close()

  const page = await console_.page(WIDE)
  await page.goto(`/agents/${session}`)
  await page.getByRole('link', { name: 'End the session' }).click()
  await page.getByRole('button', { name: 'End the session' }).click()
  await page.getByText("Ended: the agent's next call is refused.").first().waitFor()
  assert.equal((await console_.call(token, CONTACTS)).status, 401)
  assert.equal(await page.getByRole('link', { name: 'End the session' }).count(), 0)
  await page.context().close()
})
