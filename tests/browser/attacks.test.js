// What strangers try: script in everything that is stored, forms of other sites, frames, pages
// without a session.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const os = require('node:os')
const path = require('node:path')
const { Console } = require('./console.js')

const EVIL = `"'></title></textarea></script><img src=x onerror=window.stolen=1><script>window.stolen=1</script>{{7*7}}`
let console_, ids

before(async () => {
  console_ = await Console.start()
  const { keyway } = console_
  // Every field that is stored and shown, with as much as each takes.
  const account = keyway.run('account', 'create', `Account ${EVIL}`).account.hubId
  const app = keyway.run('app', 'create', `App ${EVIL}`, '--account', String(account), '--scopes', 'crm.objects.contacts.read', '--description', `Description ${EVIL}`, '--owner', `Owner ${EVIL}`, '--dependent', `Dependent ${EVIL}`)
  const { publicApp } = keyway.run('public-app', 'create', `Public ${EVIL}`, '--redirect-uri', `https://x.example/callback?a='onfocus='window.stolen=1'autofocus='`, '--scopes', 'oauth', '--description', `Public description ${EVIL}`, '--owner', `Public owner ${EVIL}`)
  keyway.run('oauth-client', 'add', `Client ${EVIL}`, '--client-id', 'x', '--scopes', 'oauth', '--credential-command', 'echo a-client-secret-of-a-test')
  await console_.call(app.token.value, '/crm/v3/objects/contacts')
  await console_.call(app.token.value, `/crm/v3/objects/${encodeURIComponent(EVIL)}`)
  await fetch(`${keyway.url}/crm/v3/objects/contacts?x=${encodeURIComponent(EVIL)}`, { headers: { authorization: `Bearer ${encodeURIComponent(EVIL)}`, 'user-agent': 'x' } })
  const report = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'keyway-report-')), 'report.json')
  fs.writeFileSync(report, JSON.stringify({ version: 1, usages: [{ path: `${EVIL}/x.py`, line: 1, operation: `GET /${EVIL}`, auth: 'hapikey' }], findings: [{ path: `${EVIL}.env`, line: 1, kind: EVIL, masked: `…${EVIL}` }] }))
  keyway.run('migration', 'send', report, '--repository', EVIL)
  const board = keyway.run('migration', 'list', '--repository', EVIL)
  const { records } = keyway.run('audit', 'list', '--app', String(app.app.id))
  ids = { account, app: app.app.id, token: app.token.id, public: publicApp.id, record: records[0].correlationId, integration: board.integrations[0].id, report: board.reports.find((one) => one.repository === EVIL).id, clientId: publicApp.clientId }
})

after(() => console_?.stop())

function addresses() {
  const query = encodeURIComponent(EVIL)
  return [
    '/', '/apps', `/apps?q=${query}`, `/apps?hub_id=${query}`, `/apps?state=${query}`, `/apps?page=${query}`, `/apps?done=${query}`, '/apps/new', `/apps/new?name=${query}&dependents=${query}`,
    ...['', '/edit', '/scopes', '/used', '/rotate', '/disable', '/delete', `/tokens/${ids.token}/revoke`].map((end) => `/apps/${ids.app}${end}`), `/tokens/${ids.token}/users`, `/apps/scopes?scope=${query}`,
    '/audit', `/audit?app=${query}`, `/audit?operation=${query}&status=${query}&category=${query}&correlation_id=${query}&from=${query}&to=${query}&before=${query}`,
    `/audit/record?id=${ids.record}`, `/audit/record?id=${query}`,
    '/accounts', `/accounts?q=${query}&state=${query}`, '/accounts/new', `/accounts/new?name=${query}&client_name=${query}&scopes=${query}`, ...['', '/edit', '/delete', '/requests', '/requests/1', '/requests/2', `/requests?path=${query}&method=${query}&status=${query}&app=${query}`].map((end) => `/accounts/${ids.account}${end}`),
    '/migration', `/migration?q=${query}&repository=${query}`, `/migration/integrations/${ids.integration}`, `/migration/reports/${ids.report}/remove`, `/migration/send?repository=${query}`, '/migration/plan', '/doctor', '/public-apps', '/public-apps/new', ...['', '/edit', '/delete'].map((end) => `/public-apps/${ids.public}${end}`), `/public-apps/${ids.public}?after=${query}`,
    `/sign-in?next=${query}`, `/oauth/authorize?client_id=${query}`, `/oauth/callback?state=${query}&error=${query}`,
  ]
}

test('what is stored, and what stands in an address, is text on every page', async () => {
  const page = await console_.page()
  const stolen = []
  page.on('dialog', (dialog) => { stolen.push(dialog.message()); dialog.dismiss() })
  let shown = 0
  for (const address of addresses()) {
    await page.goto(address)
    await page.waitForFunction(() => !document.querySelector('[data-part] > p > a[href$="/used"], [data-part] > a'))
    const found = await page.evaluate(() => ({ stolen: window.stolen, images: document.images.length, scripts: document.scripts.length, handlers: document.querySelectorAll('[onerror]').length }))
    assert.equal(found.stolen, undefined, address)
    assert.ok(found.images === 0 && found.handlers === 0 && found.scripts <= 1, `${address}: ${JSON.stringify(found)}`)
    // Or the test could pass with nothing of it shown.
    const text = await page.evaluate(() => document.body.innerText + [...document.querySelectorAll('input, textarea')].map((field) => field.value).join(' '))
    shown += Number(text.includes('<img src=x onerror'))
  }
  assert.ok(shown >= 15, `shown as text on ${shown} pages`)
  assert.deepEqual(stolen, [])
  await page.context().close()
})

test('every page has the headers, and none is there without a session', async () => {
  const page = await console_.page()
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  for (const address of addresses().concat('/overview/live', `/apps/${ids.app}/used/part`, '/apps/scopes/part?scope=tickets', '/audit/export')) {
    const answer = await fetch(console_.keyway.admin + address, { headers: { cookie }, redirect: 'manual' })
    const policy = answer.headers.get('content-security-policy')
    assert.ok(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'") && !policy.includes('unsafe'), address)
    for (const [name, value] of [['x-frame-options', 'DENY'], ['x-content-type-options', 'nosniff'], ['referrer-policy', 'no-referrer'], ['cache-control', 'no-store'], ['cross-origin-opener-policy', 'same-origin']]) {
      assert.equal(answer.headers.get(name), value, `${name} of ${address}`)
    }
    if (/^\/(sign-in|oauth)/.test(address)) continue
    assert.ok(policy.includes("form-action 'self'"), address)
    const stranger = await fetch(console_.keyway.admin + address, { redirect: 'manual' })
    assert.equal(stranger.status, 303, address)
    assert.ok(stranger.headers.get('location').startsWith('/sign-in?next=%2F'), address)
  }
  await page.context().close()
})

/** Every form of the console that changes something. */
function changes() {
  return [
    ...['/apps', '/public-apps', '/agents', '/people', '/admin-tokens'].map((list) => `${list}/several`), ...['/apps', '/accounts', '/public-apps', '/people', '/admin-tokens'].map((list) => `${list}/columns`),
    '/apps', '/apps/new/scopes', '/apps/new/review', '/apps/new/basics',
    ...['', '/scopes', '/tighten', '/rotate', '/disable', '/enable', '/delete', `/tokens/${ids.token}/revoke`].map((end) => `/apps/${ids.app}${end}`),
    '/accounts', '/accounts/connect', '/accounts/authorize', '/accounts/oauth-clients', ...['', '/check', '/rotate', '/rollback', '/delete'].map((end) => `/accounts/${ids.account}${end}`),
    '/migration/plan', '/migration/send', `/migration/integrations/${ids.integration}/link`, `/migration/integrations/${ids.integration}/remove`, `/migration/reports/${ids.report}/remove`, '/doctor', '/public-apps', ...['', '/secret', '/switch', '/installs/1/end', '/delete'].map((end) => `/public-apps/${ids.public}${end}`),
  ]
}

test('a form needs a session, its own token, and to come from this server', async () => {
  const page = await console_.page()
  await page.goto('/apps')
  const token = await page.locator('input[name=form_token]').first().inputValue()
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  const before = JSON.stringify(console_.keyway.run('app', 'list'))
  const own = console_.keyway.admin
  const post = async (address, headers, fields) => (await fetch(own + address, { method: 'POST', headers, body: new URLSearchParams(fields), redirect: 'manual' })).status
  for (const address of changes()) {
    const fields = { confirm: `App ${EVIL}`, name: 'x' }
    assert.equal(await post(address, { origin: own }, { ...fields, form_token: token }), 401, `without a session: ${address}`)
    assert.equal(await post(address, { origin: own, cookie }, fields), 403, `without the form's token: ${address}`)
    assert.equal(await post(address, { origin: own, cookie }, { ...fields, form_token: token.replace(/./, (first) => (first === 'A' ? 'B' : 'A')) }), 403, `with another token: ${address}`)
    assert.equal(await post(address, { origin: 'https://evil.example', cookie }, { ...fields, form_token: token }), 403, `from another site: ${address}`)
  }
  assert.equal(JSON.stringify(console_.keyway.run('app', 'list')), before)
  await page.context().close()
})

test('a page of another site can neither frame the console nor use its forms', async () => {
  const page = await console_.page()
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<iframe src="${console_.keyway.admin}/apps/${ids.app}/delete"></iframe><form method="post" action="${console_.keyway.admin}/apps/${ids.app}/disable"><button>Go</button></form>`)
  })
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))
  try {
    const refused = page.waitForEvent('console', (message) => /frame-ancestors|X-Frame-Options/i.test(message.text()))
    await page.goto(`http://localhost:${server.address().port}/`)
    await refused
    await page.getByRole('button', { name: 'Go' }).click()
    await page.getByRole('heading', { name: 'Not from here' }).waitFor()
    assert.equal(console_.keyway.run('app', 'show', String(ids.app)).app.enabled, true)
  } finally {
    await page.context().close()
    await new Promise((resolve) => server.close(resolve))
  }
})
