// Calls that wait for a person: the page that a notification leads to, what would change, and the decision.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, holds, holdsAll } = require('./console.js')

const WIDE = LOOKS[0]
const NARROW = LOOKS[2]
const EVIL = '"><img/src=x/onerror=window.stolen=1>'
const CONTACTS = '/crm/v3/objects/contacts'
let console_, agent, free, auditor

before(async () => {
  console_ = await Console.start()
  const { keyway } = console_
  console_.person()
  const scopes = 'crm.objects.contacts.read,crm.objects.contacts.write,crm.schemas.contacts.read,crm.schemas.contacts.write'
  agent = keyway.run('app', 'create', 'CRM agent', '--scopes', scopes, '--approve', 'update,delete,settings').token.value
  free = keyway.run('app', 'create', 'Free', '--scopes', scopes).token.value
  auditor = keyway.run('user', 'create', 'grace@example.com', '--role', 'auditor').password
})

after(() => console_?.stop())

async function contact(city) {
  const made = await console_.call(free, CONTACTS, { method: 'POST', body: JSON.stringify({ properties: { city } }) })
  assert.equal(made.status, 201)
  return (await made.json()).id
}

/** A call that is refused for want of an approval: its id, and the link to its page. */
async function asked(target, method, body) {
  const refused = await console_.call(agent, target, { method, body: body && JSON.stringify(body) })
  const answer = await refused.json()
  assert.equal(refused.status, 403, JSON.stringify(answer))
  const { approval, link } = answer.errors[0].context
  return { id: approval[0], link: link[0] }
}

async function execute(target, method, body, id) {
  const headers = { authorization: `Bearer ${agent}`, 'content-type': 'application/json', 'keyway-approval': id }
  return fetch(console_.keyway.url + target, { method, headers, body: body && JSON.stringify(body) })
}

test('a person follows the link, sees the change, approves it, and the app makes it once', async () => {
  const id = await contact('Bern')
  const target = `${CONTACTS}/${id}`
  const change = { properties: { city: EVIL, jobtitle: 'Baker' } }
  const approval = await asked(target, 'PATCH', change)
  // Whoever is not signed in is asked to, and comes back to the page.
  const context = await console_.browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  const stranger = await context.newPage()
  await stranger.goto(approval.link)
  assert.equal(new URL(stranger.url()).pathname, '/sign-in')
  await context.close()

  const page = await console_.page(NARROW)
  await page.goto(approval.link)
  const row = page.locator('tr', { hasText: 'city' })
  assert.ok((await row.innerText()).includes('Bern') && (await row.innerText()).includes(EVIL), 'before and after')
  assert.equal(await page.evaluate(() => window.stolen), undefined)
  await holds(page, 'approval-pending')
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('the app may make the call once').first().waitFor()
  await page.locator('.sign', { hasText: 'approved' }).waitFor()
  assert.equal(await page.getByRole('button', { name: 'Approve' }).count(), 0, 'nobody decides twice')
  assert.equal((await execute(target, 'PATCH', change, approval.id)).status, 200)
  const again = await execute(target, 'PATCH', change, approval.id)
  assert.equal(again.headers.get('keyway-rule'), 'approval-used')
  await page.goto(`/approvals/${approval.id}`)
  await page.locator('.sign', { hasText: 'used' }).waitFor()
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('a person rejects a call with a reason that the app is told', async () => {
  const id = await contact('Thun')
  const approval = await asked(`${CONTACTS}/${id}`, 'DELETE')
  const page = await console_.page(WIDE)
  await page.goto('/approvals')
  await page.getByRole('link', { name: /^DELETE/ }).first().click()
  await page.getByLabel(/^Reason/).fill('still a customer')
  await page.getByRole('button', { name: 'Reject' }).click()
  await page.getByText('Rejected: the call is not made.').waitFor()
  const refused = await execute(`${CONTACTS}/${id}`, 'DELETE', undefined, approval.id)
  assert.equal(refused.headers.get('keyway-rule'), 'approval-rejected')
  assert.match((await refused.json()).message, /still a customer/)
  assert.equal((await console_.call(free, `${CONTACTS}/${id}`)).status, 200)
  await page.context().close()
})

test('of two people with the page open one decides, and the other is told who', async () => {
  const id = await contact('Chur')
  const approval = await asked(`${CONTACTS}/${id}`, 'PATCH', { properties: { city: 'Genf' } })
  const [one, other] = [await console_.page(WIDE), await console_.page(WIDE)]
  for (const page of [one, other]) await page.goto(`/approvals/${approval.id}`)
  await one.getByRole('button', { name: 'Approve' }).click()
  await one.locator('.sign', { hasText: 'approved' }).waitFor()
  await other.getByRole('button', { name: 'Reject' }).click()
  await other.getByText(`ada@example.com approved approval ${approval.id}`, { exact: false }).waitFor()
  await one.context().close()
  await other.context().close()
})

for (const script of [true, false]) {
  test(`several calls are approved or rejected at once, ${script ? 'with' : 'without'} script`, async () => {
    const change = { properties: { city: 'Zug' } }
    const waiting = []
    for (const city of ['one', 'two', 'three']) {
      const target = `${CONTACTS}/${await contact(city)}`
      waiting.push({ target, ...(await asked(target, 'PATCH', change)) })
    }
    const page = await console_.page(script ? WIDE : NARROW, { javaScriptEnabled: script })
    const decide = async (some, verb, heading, done) => {
      await page.goto('/approvals')
      for (const { id } of some) await page.getByRole('checkbox', { name: new RegExp(`^${id} PATCH`) }).check()
      await page.getByRole('button', { name: `${verb}…` }).click()
      await page.getByRole('heading', { name: heading }).waitFor()
      for (const text of await page.locator('main li').allInnerTexts()) assert.match(text, /PATCH .* of CRM agent, 1 record; asked/)
      if (script) await holds(page, `approvals-${verb.toLowerCase()}`)
      await page.getByRole('button', { name: verb, exact: true }).click()
      await page.getByText(done).first().waitFor()
    }
    await decide(waiting.slice(0, 2), 'Approve', 'Approve 2 calls?', 'each app may make its call once')
    for (const { target, id } of waiting.slice(0, 2)) assert.equal((await execute(target, 'PATCH', change, id)).status, 200)
    await decide(waiting.slice(2), 'Reject', 'Reject 1 call?', 'Rejected: the calls are not made.')
    assert.equal((await execute(waiting[2].target, 'PATCH', change, waiting[2].id)).headers.get('keyway-rule'), 'approval-rejected')
    assert.equal(await page.getByRole('checkbox', { name: /PATCH/ }).count(), 0, 'what is decided has no box')
    assert.deepEqual(page.wrongs, [])
    await page.context().close()
  })
}

test('a link of somebody else, or one that was changed, opens nothing, and an auditor sees and decides nothing', async () => {
  const id = await contact('Chur')
  const approval = await asked(`${CONTACTS}/${id}`, 'PATCH', { properties: { city: 'Genf' } })
  const page = await console_.page(WIDE)
  for (const wrong of [approval.link.replace(/signature=./, 'signature=x'), approval.link.replace(/until=\d/, 'until=9'), `${console_.keyway.admin}/approvals/${approval.id}?signature=`]) {
    assert.equal((await page.goto(wrong)).status(), 403, wrong)
  }
  assert.equal((await page.goto('/approvals/999999')).status(), 404)
  const theirs = await console_.page(WIDE, { email: 'grace@example.com', password: auditor })
  await theirs.goto('/approvals')
  assert.equal(await theirs.getByRole('checkbox').count(), 0)
  await theirs.goto(`/approvals/${approval.id}`)
  await theirs.getByText('Genf').first().waitFor()
  assert.equal(await theirs.getByRole('button', { name: 'Approve' }).count(), 0)
  await theirs.context().close()
  await page.context().close()
})

test('the rule is changed on the page of the app', async () => {
  const page = await console_.page(WIDE)
  await page.goto('/apps')
  await page.getByRole('link', { name: 'CRM agent' }).first().click()
  await page.getByText('update, delete, settings').waitFor()
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.locator('input[name=approve][value=settings]').uncheck()
  await page.getByLabel(/^Changes of more records than/).fill('5')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('update, delete, changes of more than 5 records').waitFor()
  await page.context().close()
})

test('every page in every look', async () => {
  const page = await console_.page()
  await holdsAll(page, { approvals: '/approvals', 'approval-used': '/approvals/1', 'approval-rejected': '/approvals/2' })
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})
