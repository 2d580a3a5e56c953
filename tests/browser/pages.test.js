// Every page of the console, narrow and wide, light and dark: nothing runs off the side, axe-core finds
// nothing serious, the keyboard reaches everything. Pictures are kept in target/screenshots/.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, holds, holdsAll } = require('./console.js')

let console_, ids

before(async () => {
  console_ = await Console.start()
  const { keyway } = console_
  const { 'Demo sync': full, 'Read-only report': reader } = keyway.tokens
  for (let sent = 0; sent < 60; sent += 1) await console_.call(full, '/crm/v3/objects/contacts?limit=1')
  for (let sent = 0; sent < 5; sent += 1) await console_.call(reader, '/crm/v3/objects/contacts', { method: 'POST', body: '{"properties":{}}' })
  await console_.call('not-a-token', '/crm/v3/objects/contacts')
  const forms = keyway.run('app', 'create', 'Website forms', '--scopes', 'crm.objects.contacts.read,crm.objects.contacts.write', '--owner', 'grace@example.com', '--dependent', 'www.example.com/contact')
  keyway.run('token', 'rotate', 'Website forms', '--grace', '7d')
  const { publicApp } = keyway.run('public-app', 'create', 'Calendar', '--redirect-uri', 'https://calendar.example/callback', '--scopes', 'oauth,crm.objects.contacts.read', '--optional-scopes', 'crm.objects.deals.read')
  const { accounts } = keyway.run('account', 'list')
  const authorize = `${keyway.admin}/oauth/authorize?${new URLSearchParams({ client_id: publicApp.clientId, redirect_uri: 'https://calendar.example/callback', scope: 'oauth crm.objects.contacts.read' })}`
  keyway.run('install', 'approve', authorize, '--account', String(accounts[0].hubId))
  const { records } = keyway.run('audit', 'list', '--category', 'MISSING_SCOPES')
  ids = { app: forms.app.id, token: forms.token.id, demo: keyway.run('app', 'show', 'Demo sync').app.id, public: publicApp.id, hub: accounts[0].hubId, record: records[0].correlationId, authorize: new URL(authorize) }
})

after(() => console_?.stop())

/** Name and address of every page that is reached by a link. */
function pages() {
  return {
    overview: '/',
    apps: '/apps',
    'apps-none': '/apps?q=nothing-has-this-name',
    'app-new': '/apps/new',
    'scopes-behind': '/apps/scopes?scope=crm.objects.contacts.read',
    app: `/apps/${ids.demo}`,
    'app-rotating': `/apps/${ids.app}`,
    'app-edit': `/apps/${ids.app}/edit`,
    'app-scopes': `/apps/${ids.app}/scopes`,
    'app-used': `/apps/${ids.demo}/used`,
    'app-rotate': `/apps/${ids.demo}/rotate`,
    'app-disable': `/apps/${ids.app}/disable`,
    'app-delete': `/apps/${ids.app}/delete`,
    'token-revoke': `/apps/${ids.app}/tokens/${ids.token}/revoke`,
    'token-users': `/tokens/${ids.token}/users`,
    audit: '/audit',
    'audit-filtered': '/audit?status=403',
    record: `/audit/record?id=${ids.record}`,
    accounts: '/accounts',
    'account-new': '/accounts/new',
    'account-new-credential': '/accounts/new?kind=credential',
    'account-new-oauth': '/accounts/new?kind=oauth',
    'account-new-embedded': '/accounts/new?kind=embedded',
    account: `/accounts/${ids.hub}`,
    'account-requests': `/accounts/${ids.hub}/requests`,
    'account-edit': `/accounts/${ids.hub}/edit`,
    'account-delete': `/accounts/${ids.hub}/delete`,
    'public-apps': '/public-apps',
    'public-app-new': '/public-apps/new',
    'public-app': `/public-apps/${ids.public}`,
    'public-app-edit': `/public-apps/${ids.public}/edit`,
    'public-app-delete': `/public-apps/${ids.public}/delete`,
    migration: '/migration',
    doctor: '/doctor',
    search: '/search?q=contacts',
    help: '/help',
    changes: '/changes',
    'audit-zoomed': '/audit?range=hour&live=1',
    consent: ids.authorize.pathname + ids.authorize.search,
  }
}

for (const look of LOOKS) {
  test(`every page at ${look.width} pixels, ${look.colorScheme}`, async () => {
    const page = await console_.page(look)
    await holdsAll(page, pages())
    assert.deepEqual(page.wrongs, [])
    const missing = await page.goto('/apps/999999')
    assert.equal(missing.status(), 404)
    await holds(page, 'refused')
    await page.context().clearCookies()
    await page.goto('/sign-in')
    await holds(page, 'sign-in')
    await page.context().close()
  })
}

test('the overview is live, stops when asked to, and costs less than 150 KB', async () => {
  const signedIn = await console_.page()
  // With nothing in its cache, as at the first visit.
  const context = await console_.browser.newContext({ baseURL: console_.keyway.admin, storageState: await signedIn.context().storageState() })
  await signedIn.context().close()
  const page = await context.newPage()
  const answers = []
  page.on('requestfinished', (request) => answers.push(request.sizes().then((sizes) => sizes.responseHeadersSize + sizes.responseBodySize)))
  await page.goto('/', { waitUntil: 'networkidle' })
  const bytes = (await Promise.all(answers)).reduce((sum, size) => sum + size)
  assert.ok(bytes > 10_000 && bytes < 150_000, `${bytes} bytes`)
  console.log(`transfer of the overview: ${Math.round(bytes / 1000)} KB`)
  const calls = () => page.locator('.tile dd').first().textContent()
  const seen = Number((await calls()).replace(',', ''))
  await page.locator('#calls-table > summary').click()
  await console_.call(console_.keyway.tokens['Demo sync'], '/crm/v3/objects/companies?limit=1')
  await page.locator('.tile dd').first().filter({ hasText: String(seen + 1) }).waitFor()
  assert.ok(await page.locator('#calls-table').evaluate((details) => details.open), 'what was opened stays open')
  await page.getByRole('button', { name: 'Pause' }).click()
  assert.equal(await page.getByRole('button', { name: 'Go on' }).getAttribute('aria-pressed'), 'true')
  await page.context().close()
})

test('a chart says in words what it shows, and has its numbers as a table', async () => {
  const page = await console_.page()
  await page.getByText(/Calls: \d+ calls, \d+ of them failed; most from/).waitFor({ state: 'attached' })
  await page.locator('#calls-table > summary').click()
  const [, calls] = (await page.locator('#calls-table tbody tr').first().innerText()).split('\t')
  assert.ok(Number(calls) > 0)
  await page.context().close()
})
