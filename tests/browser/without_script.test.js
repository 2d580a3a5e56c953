// Flows in a browser that runs no script: an account is connected, a public app is made and installed, a report becomes a
// plan, tokens and credentials are rotated. Links and forms do all of it.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Keyway } = require('../clients/node/keyway.js')
const { Console, LOOKS, follow } = require('./console.js')

let console_, hubspot

before(async () => {
  // Another server stands for HubSpot.
  ;[console_, hubspot] = await Promise.all([Console.start(), Keyway.serve()])
})
after(async () => {
  await console_?.stop()
  await hubspot?.stop()
})

const plain = () => console_.page(LOOKS[2], { javaScriptEnabled: false })
const button = (page, name) => follow(page, page.getByRole('button', { name }))
const link = (page, name) => follow(page, page.getByRole('link', { name }))
const status = async (token, path) => (await console_.call(token, path)).status
/** Chooses the demo's account, unless it is the only one: then there is nothing to choose. */
const choose = async (accounts) => { if (await accounts.count()) await accounts.selectOption('10000001') }
const shown = async (page, id) => (await page.locator(`#${id}`).textContent()).trim()

test('an account is connected by a credential, which is rotated and restored', async () => {
  const scopes = ['crm.objects.contacts.read']
  const { hubId } = hubspot.run('account', 'create', 'Production', '--hub-id', '20000001').account
  const [first, second] = ['First', 'Second'].map((name) => hubspot.app(hubId, name, scopes).token)
  const page = await plain()
  await page.goto('/accounts')
  await link(page, 'Add an account')
  await link(page, /^Service key/)
  await page.getByLabel('Credential').fill(first)
  await page.getByLabel('Name').fill('Production')
  await page.getByText("Another host than HubSpot's").click()
  await page.getByLabel('Base URL').fill('http://127.0.0.1:1')
  await page.getByLabel('Subscription').selectOption('enterprise')
  await button(page, 'Connect')
  await page.getByRole('alert').waitFor()
  assert.deepEqual([await page.getByLabel('Name').inputValue(), await page.getByLabel('Subscription').inputValue()], ['Production', 'enterprise'], 'nothing chosen is lost')
  assert.equal((await page.content()).includes(first), false, 'the credential is not shown again')
  // Where the last answer opened the part, the field is there at once.
  await page.getByLabel('Base URL').fill(hubspot.url)
  await page.getByLabel('Credential').fill(first)
  await button(page, 'Connect')
  await page.getByText('HubSpot takes its credential').waitFor()
  const { token } = console_.keyway.run('app', 'create', 'Orders', '--account', String(hubId), '--scopes', scopes[0])
  assert.equal(await status(token.value, '/crm/v3/objects/contacts?limit=1'), 200)

  await link(page, 'Rotate credential')
  await page.getByLabel('New credential').fill(second)
  await button(page, 'Put it in place')
  await page.getByText('The new credential is in place').waitFor()
  assert.equal(await status(token.value, '/crm/v3/objects/contacts?limit=1'), 200)
  await button(page, 'Restore')
  await page.getByText('The credential that was in place before is back').waitFor()
  await button(page, 'Ask HubSpot again')
  await page.getByText('HubSpot was asked again').waitFor()
  await page.context().close()
})

test('an account is connected by OAuth', async () => {
  const callback = `${console_.keyway.admin}/oauth/callback`
  const { publicApp } = hubspot.run('public-app', 'create', 'Agency', '--redirect-uri', callback, '--scopes', 'oauth,crm.objects.contacts.read')
  const { hubId } = hubspot.run('account', 'create', 'Client', '--hub-id', '20000002').account
  const page = await plain()
  await page.goto('/accounts/new?kind=oauth')
  await page.getByText('First add your HubSpot app').waitFor()
  const client = page.locator('form[action="/accounts/oauth-clients"]')
  for (const [label, value] of [['Name', 'Agency'], ['Client ID', publicApp.clientId], ['Client secret', publicApp.clientSecret], ['Scopes (', 'oauth crm.objects.contacts.read']]) {
    await client.getByLabel(label).fill(value)
  }
  await client.getByText('Optional scopes, another host').click()
  await client.getByLabel('Base URL').fill(hubspot.url)
  await client.getByLabel('Authorization URL').fill(`${hubspot.admin}/oauth/authorize`)
  await button(page, 'Add the app')
  assert.equal((await page.content()).includes(publicApp.clientSecret), false)
  const oauth = page.locator('form[action="/accounts/authorize"]')
  await oauth.getByLabel('As which app').selectOption('Agency')
  await oauth.getByLabel('Name').fill('Client')
  await button(page, 'Continue')
  const url = await page.getByRole('link', { name: 'Continue to HubSpot' }).getAttribute('href')
  const { redirectTo } = hubspot.run('install', 'approve', url, '--account', String(hubId))
  await page.goto(redirectTo)
  await page.getByText('is connected').waitFor()
  await page.goto(`/accounts/${hubId}`)
  await page.getByText('connected by OAuth').waitFor()
  await page.context().close()
})

test('a public app is made, its consent given, its secret rotated, and it is deleted', async () => {
  const { keyway } = console_
  const page = await plain()
  await page.goto('/public-apps')
  await link(page, 'New public app')
  await page.getByLabel('Name').fill('Calendar')
  await page.getByLabel(/Redirect URIs/).fill('http://insecure.example/callback')
  await page.getByLabel('Read: Read contacts', { exact: true }).check()
  await button(page, 'Create')
  await page.getByRole('alert').waitFor()
  assert.ok(await page.getByLabel('Read: Read contacts', { exact: true }).isChecked(), 'nothing chosen is lost')
  await page.getByLabel(/Redirect URIs/).fill(`${keyway.admin}/help`)
  await button(page, 'Create')
  const [clientId, secret] = [await shown(page, 'client-id'), await shown(page, 'secret')]
  const redirect = `${keyway.admin}/help`
  // The page of consent is a form like the others.
  await page.goto((await page.getByText(`${keyway.admin}/oauth/authorize?`).textContent()).trim())
  await page.getByRole('heading', { name: 'Install Calendar?' }).waitFor()
  await choose(page.getByLabel('On which account'))
  await follow(page, page.getByRole('button', { name: 'Install', exact: true }))
  const code = new URL(page.url()).searchParams.get('code')
  const exchange = (with_secret, fields) => fetch(`${keyway.url}/oauth/v1/token`, { method: 'POST', body: new URLSearchParams({ client_id: clientId, client_secret: with_secret, redirect_uri: redirect, ...fields }) })
  const tokens = await (await exchange(secret, { grant_type: 'authorization_code', code })).json()
  assert.equal(await status(tokens.access_token, '/crm/v3/objects/contacts'), 200)

  await page.goto('/public-apps')
  await link(page, 'Calendar')
  await page.getByLabel('now', { exact: true }).check()
  await button(page, 'Rotate the secret')
  const next = await shown(page, 'secret')
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
  assert.deepEqual([(await exchange(secret, refresh)).status, (await exchange(next, refresh)).status], [400, 200])
  await link(page, 'Go to the app')
  await button(page, /^Uninstall/)
  await page.getByText('No account has installed it').waitFor()
  await button(page, 'Disable all installs')
  await page.getByText('disabled', { exact: true }).waitFor()
  await link(page, 'Delete…')
  await page.getByLabel(/Type/).fill('Calendar')
  await button(page, 'Delete the app')
  await page.getByText('Deleted.').waitFor()
  await page.context().close()
})

test('a report becomes a plan, and the plan an app', async () => {
  const usage = { path: 'orders/main.py', line: 3, operation: 'GET /crm/v3/objects/deals', auth: 'bearer', scopes: ['crm.objects.deals.read'] }
  const page = await plain()
  await page.goto('/migration')
  await link(page, 'Make a plan')
  assert.equal(await page.getByLabel('Choose the file').isVisible(), false, 'what needs a script is not offered')
  await page.getByLabel('The report').fill('not JSON')
  await button(page, 'Make the plan')
  await page.getByRole('alert').waitFor()
  await page.getByLabel('The report').fill(JSON.stringify({ version: 1, findings: [], usages: [usage] }))
  await button(page, 'Make the plan')
  await page.getByRole('heading', { name: 'What ends when' }).waitFor()
  await page.locator('summary', { hasText: '1 call' }).waitFor()
  await button(page, /^Create this app/)
  await choose(page.getByLabel('Account'))
  await button(page, 'Continue')
  assert.ok(await page.getByLabel('Read: Read deals', { exact: true }).isChecked())
  await button(page, 'Review')
  await button(page, 'Create the app')
  const token = await shown(page, 'token')
  assert.deepEqual([await status(token, '/crm/v3/objects/deals'), await status(token, '/crm/v3/objects/companies')], [200, 403])
  await page.context().close()
})

test('a token is rotated with time for both, then at once, and the last one is revoked', async () => {
  const { app, token } = console_.keyway.run('app', 'create', 'Rotated', '--account', '10000001', '--scopes', 'crm.objects.contacts.read')
  const contacts = '/crm/v3/objects/contacts?limit=1'
  const page = await plain()
  await page.goto(`/apps/${app.id}`)
  await link(page, 'Rotate token')
  await button(page, 'Make a new token')
  const second = await shown(page, 'token')
  assert.deepEqual([await status(token.value, contacts), await status(second, contacts)], [200, 200], 'both work for a week')
  await page.goto(`/apps/${app.id}/rotate`)
  await page.getByLabel(/^Now/).check()
  await button(page, 'Make a new token')
  const third = await shown(page, 'token')
  assert.deepEqual([await status(second, contacts), await status(third, contacts)], [401, 200])
  await page.goto(`/apps/${app.id}`)
  await link(page, /^Revoke/)
  await button(page, /^Revoke/)
  assert.equal(await status(third, contacts), 401)
  await page.context().close()
})

test('the doctor keeps what was pasted, with its secrets hidden', async () => {
  const field = (page) => page.getByLabel(/An error, a curl command/)
  const token = 'pat-' + 'na1-0a1b2c3d-0000-4000-8000-00000000beef'
  const page = await plain()
  await page.goto('/doctor')
  await field(page).fill(`curl "https://api.hubapi.com/crm/objects/2026-09/contacts?client_secret=hidden-7q" -H "X-API-Key: ${token}"`)
  await button(page, 'Find the cause')
  await page.getByText('token-not-in-header').waitFor()
  assert.equal(await field(page).inputValue(), 'curl "https://api.hubapi.com/crm/objects/2026-09/contacts?client_secret=…" -H "X-API-Key: …"')
  const html = await page.content()
  assert.ok(![token, '00000000beef', 'hidden-7q'].some((secret) => html.includes(secret)), 'no part of a secret is on the page')
  // What is kept can be sent again, and has the same cause.
  await button(page, 'Find the cause')
  await page.getByText('token-not-in-header').waitFor()
  // Where nothing is found, the text is kept too.
  await field(page).fill('nothing of the kind')
  await button(page, 'Find the cause')
  await page.getByText('I see no request and no error').waitFor()
  assert.equal(await field(page).inputValue(), 'nothing of the kind')
  // A correlation id that the answer names stays.
  const refused = await console_.call(console_.keyway.tokens['Read-only report'], '/crm/v3/objects/contacts', { method: 'POST', body: '{"properties":{}}' })
  const { correlationId } = await refused.json()
  await field(page).fill(correlationId)
  await button(page, 'Find the cause')
  await page.getByText('missing-scopes').waitFor()
  assert.equal(await field(page).inputValue(), correlationId)
  await page.context().close()
})
