// The page of what an embedded account received: live, filtered, with bodies of strangers, by keyboard, without script.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { Console, follow, holdsAll } = require('./console.js')

const EVIL = `"'></pre></details><img src=x onerror=window.stolen=1><script>window.stolen=1</script>{{7*7}}`
const CONTACTS = '/crm/v3/objects/contacts'
let console_, token, hub, receiver

before(async () => {
  console_ = await Console.start(['--ephemeral'])
  const { keyway } = console_
  const scopes = 'crm.objects.contacts.read,crm.objects.contacts.write,private-apps-read,private-apps-write'
  token = keyway.run('app', 'create', 'Tests', '--scopes', scopes, '--no-limits').token.value
  hub = keyway.run('account', 'list').accounts[0].hubId
  receiver = http.createServer((request, response) => request.resume().on('end', () => response.end()))
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done))
  keyway.run('portal', 'webhook', 'set', 'Tests', '--to', `http://127.0.0.1:${receiver.address().port}/hooks`, 'contact.creation')
  await create({ email: 'ada@example.com' })
  keyway.run('portal', 'webhook', 'deliveries', '--event', 'contact.creation', '--expect', '1', '--wait', '30s')
  await create({ email: 'evil@example.com', firstname: EVIL })
  await console_.call(token, `${CONTACTS}?limit=1&x=${encodeURIComponent(EVIL)}`)
  await console_.call(token, '/crm/v3/objects/deals')
  keyway.run('portal', 'requests', '--method', 'POST', '--path', '/crm/*/contacts', '--expect', '2')
  keyway.run('portal', 'fault', 'add', '--status', '503', '--times', '1')
  await console_.call(token, CONTACTS)
})

after(async () => {
  receiver?.close()
  await console_?.stop()
})

function create(properties) {
  return console_.call(token, CONTACTS, { method: 'POST', body: JSON.stringify({ properties }) })
}

test('the requests in every look', async () => {
  const page = await console_.page()
  await holdsAll(page, { requests: `/accounts/${hub}/requests`, 'requests-none': `/accounts/${hub}/requests?path=nothing`, request: `/accounts/${hub}/requests/2` })
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('a request is opened by the keyboard, with its body, its answer, its fault and what expected it', async () => {
  const page = await console_.page()
  await page.goto(`/accounts/${hub}`)
  await page.getByRole('link', { name: 'Requests' }).click()
  const row = page.locator('#request-1')
  assert.equal(await row.evaluate((details) => details.open), false)
  await row.locator('summary').focus()
  await page.keyboard.press('Enter')
  const text = await row.innerText()
  for (const part of ['ada@example.com', '"createdAt"', 'POST /crm/*/contacts, 2 expected', 'Copy as curl', '$HUBSPOT_ACCESS_TOKEN']) assert.ok(text.includes(part), `${part} in ${text}`)
  assert.ok(!text.includes(token))
  await page.locator('#request-5 summary').click()
  assert.match(await page.locator('#request-5').innerText(), /Fault rule\s+.*status 503/)
  await page.locator('#delivery-1 summary').click()
  assert.match(await page.locator('#delivery-1').innerText(), /contact\.creation[\s\S]*"subscriptionType": "contact.creation"/)
  await page.context().close()
})

test('filters choose by method, path, status and app', async () => {
  const page = await console_.page()
  await page.goto(`/accounts/${hub}/requests`)
  const shown = async (address) => {
    await page.goto(`/accounts/${hub}/requests${address}`)
    return page.locator('details[id^=request-]').count()
  }
  assert.deepEqual([await shown('?method=POST'), await shown('?path=deals'), await shown('?status=5xx'), await shown('?app=Tests'), await shown('?app=Other')], [2, 1, 1, 5, 0])
  await page.goto(`/accounts/${hub}/requests`)
  await page.getByLabel('Method').selectOption('POST')
  await follow(page, page.getByRole('button', { name: 'Filter' }))
  assert.equal(await page.locator('details[id^=request-]').count(), 2)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download as HAR' }).click()])
  const har = JSON.parse(await require('node:fs/promises').readFile(await download.path(), 'utf8'))
  assert.equal(har.log.entries.length, 2)
  assert.ok(!JSON.stringify(har).includes(token))
  await page.context().close()
})

test('a new request appears by itself, and what was opened stays open', async () => {
  const page = await console_.page()
  await page.goto(`/accounts/${hub}/requests?path=companies`)
  assert.equal(await page.locator('details[id^=request-]').count(), 0)
  await console_.call(token, '/crm/v3/objects/companies')
  const row = page.locator('details[id^=request-]').first()
  await row.waitFor()
  await row.locator('summary').click()
  await console_.call(token, '/crm/v3/objects/companies?limit=2')
  await page.waitForFunction(() => document.querySelectorAll('details[id^=request-]').length === 2)
  assert.equal(await page.locator('details[id^=request-][open]').count(), 1)
  await page.context().close()
})

test('what strangers sent is text, with script and without', async () => {
  for (const javaScriptEnabled of [true, false]) {
    const page = await console_.page()
    const context = await console_.browser.newContext({ baseURL: console_.keyway.admin, storageState: await page.context().storageState(), javaScriptEnabled })
    const other = await context.newPage()
    for (const address of [`/accounts/${hub}/requests`, `/accounts/${hub}/requests/2`, `/accounts/${hub}/requests/3`, `/accounts/${hub}/requests?path=${encodeURIComponent(EVIL)}&app=${encodeURIComponent(EVIL)}`]) {
      await other.goto(address)
      if (!javaScriptEnabled) {
        assert.ok((await other.content()).includes('onerror'), address)
        assert.equal(await other.locator('img').count(), 0, address)
        continue
      }
      const found = await other.evaluate(() => ({ stolen: window.stolen, images: document.images.length, scripts: document.scripts.length, handlers: document.querySelectorAll('[onerror]').length }))
      assert.ok(found.stolen === undefined && found.images === 0 && found.handlers === 0 && found.scripts <= 1, `${address}: ${JSON.stringify(found)}`)
    }
    if (!javaScriptEnabled) {
      await other.goto(`/accounts/${hub}/requests`)
      await other.locator('#request-1 summary').click()
      assert.ok((await other.locator('#request-1').innerText()).includes('ada@example.com'), 'a request is opened without script')
    }
    await context.close()
    await page.context().close()
  }
})

test('a connected account, and a number that is gone, have no such page', async () => {
  const page = await console_.page()
  assert.equal((await page.goto(`/accounts/${hub}/requests/999999`)).status(), 404)
  assert.equal((await page.goto('/accounts/4242/requests')).status(), 404)
  await page.context().close()
})
