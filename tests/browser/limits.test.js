// The limits of a connected account: when its day is used up, by the calls of the last hour and by what HubSpot says, and the
// button that lets an app's calls wait.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const http = require('node:http')
const path = require('node:path')
const { Keyway } = require('../clients/node/keyway.js')
const { Console, LOOKS, follow, holdsInEveryLook } = require('./console.js')

const SCOPES = ['crm.objects.contacts.read']
const CONTACTS = '/crm/v3/objects/contacts?limit=1'
const BINARY = process.env.KEYWAY_BIN || path.join(__dirname, '../../target/debug/keyway')

let console_, hubspot, stand, says

before(async () => {
  ;[console_, hubspot] = await Promise.all([Console.start(), Keyway.serve()])
  // Another server stands for HubSpot, and in front of it one that says what is left of the limits.
  stand = http.createServer(async (asked, answer) => {
    const body = await new Promise((done) => { const parts = []; asked.on('data', (part) => parts.push(part)).on('end', () => done(Buffer.concat(parts))) })
    const { authorization = '', 'content-type': type = 'application/json' } = asked.headers
    const got = await fetch(hubspot.url + asked.url, { method: asked.method, headers: { authorization, 'content-type': type }, body: body.length ? body : undefined })
    answer.writeHead(got.status, { 'content-type': got.headers.get('content-type') ?? 'application/json', ...says })
    answer.end(Buffer.from(await got.arrayBuffer()))
  })
  await new Promise((listens) => stand.listen(0, '127.0.0.1', listens))
})
after(async () => {
  await console_?.stop()
  stand?.closeAllConnections()
  stand?.close()
  await hubspot?.stop()
})

/** A connected account whose day is at six in the morning, so that no midnight is near, and an app of it. */
async function connected(name, hubId, ...settings) {
  const hour = new Date().getUTCHours()
  // The signs of these zones are those of POSIX: Etc/GMT-3 is three hours ahead.
  const ahead = ((6 - hour + 36) % 24) - 12
  const zone = ahead === 0 ? 'UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`
  hubspot.run('account', 'create', name, '--hub-id', hubId)
  const { token } = hubspot.app(hubId, 'Connection', SCOPES)
  const { port } = stand.address()
  const create = ['account', 'create', name, '--connect', '--base-url', `http://127.0.0.1:${port}`, '--credential-stdin', '--time-zone', zone]
  // Not execFileSync: the server in front of HubSpot is in this process.
  await new Promise((done, failed) => {
    const { stdin } = execFile(BINARY, [...create, '--data', console_.keyway.folder], (error) => (error ? failed(error) : done()))
    stdin.end(token)
  })
  const made = console_.keyway.run('app', 'create', `${name} sync`, '--account', hubId, '--scopes', SCOPES.join(','), ...settings)
  return { id: made.app.id, call: () => console_.call(made.token.value, CONTACTS) }
}

/** What HubSpot's answers say from now on. */
const left = (daily, remaining) => { says = { 'x-hubspot-ratelimit-daily': String(daily), 'x-hubspot-ratelimit-daily-remaining': String(remaining) } }

test('the forecast of a day follows the calls of the last hour and what HubSpot says is left', async () => {
  says = {}
  const app = await connected('Busy', '20000011')
  const page = await console_.page(LOOKS[0])
  const row = page.locator('.limits li', { hasText: 'Busy' })
  // Where the line of what is left leads to, in the drawing of 240 by 100.
  const leads = async () => /L([\d.]+) ([\d.]+)$/.exec(await row.locator('.ahead').getAttribute('d')).slice(1).map(Number)
  const seen = async () => {
    assert.equal((await app.call()).status, 200)
    await page.goto('/?account=20000011')
    return row.innerText()
  }
  left(1000, 900)
  assert.match(await seen(), /100 of 1,000 \(10 %\)[^]*Lasts until it starts again in 1\d hours/)
  assert.equal((await leads())[0], 240, 'to the end of the day')
  left(1000, 8)
  const soon = await seen()
  assert.match(soon, /992 of 1,000 \(99 %\)[^]*Used up in \d+ (hours|minutes) \(\d\d:\d\d UTC\) at the pace of the last hour/)
  const [x, y] = await leads()
  assert.ok(x < 240 && y === 100, `nothing is left before the day ends: ${x} ${y}`)
  assert.equal(await row.locator('.ahead.warn').count(), 1)
  await holdsInEveryLook(page, 'overview-forecast')
  left(1000, 0)
  assert.match(await seen(), /1,000 of 1,000 \(100 %\)[^]*Used up until \d\d:\d\d UTC/)
  await page.context().close()
})

test('a call that was refused for a limit has a button that lets the calls of its app wait', async () => {
  // Two calls in ten seconds.
  says = { 'x-hubspot-ratelimit-max': '2', 'x-hubspot-ratelimit-interval-milliseconds': '10000' }
  const app = await connected('Small', '20000012', '--max-wait', '0')
  let refused
  for (let sent = 0; !refused && sent < 10; sent += 1) {
    const answer = await app.call()
    if (answer.status === 429) refused = await answer.json()
  }
  assert.ok(refused, 'a call above the limit is refused at once')
  for (const script of [true, false]) {
    const page = await console_.page(LOOKS[script ? 0 : 2], { javaScriptEnabled: script })
    await page.goto(`/audit/record?id=${refused.correlationId}`)
    const seconds = script ? 5 : 10
    await page.getByText(`Now they wait up to ${script ? 0 : 5} seconds for their turn before they are refused.`).waitFor()
    await follow(page, page.getByRole('button', { name: `Let its calls wait up to ${seconds} seconds` }))
    await page.getByText('Saved: its calls wait longer').waitFor()
    assert.equal(console_.keyway.run('app', 'show', String(app.id)).app.maxWaitMs, seconds * 1000)
    await page.context().close()
  }
  // A call that would have been refused waits for its turn, and passes.
  assert.deepEqual(await Promise.all([app.call(), app.call()].map(async (answer) => (await answer).status)), [200, 200])

  // Who may not change the app is offered nothing.
  const password = console_.keyway.run('user', 'create', 'auditor@example.com', '--role', 'auditor').password
  const page = await console_.page(LOOKS[0], { email: 'auditor@example.com', password })
  await page.goto(`/audit/record?id=${refused.correlationId}`)
  await page.getByRole('heading', { name: 'What to do' }).waitFor()
  assert.equal(await page.getByRole('button', { name: /^Let its calls wait/ }).count(), 0)
  await page.context().close()
})
