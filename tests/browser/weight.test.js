// What a page costs at the first visit, with its style, its script and the parts that come later: at most 150,000 bytes, as it
// is sent and as the browser unpacks it, of a demo with its past.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console } = require('./console.js')
const { prepare, pages } = require('./all_pages.js')

const BYTES_MAX = 150_000
let console_, ids

before(async () => {
  console_ = await Console.start(['--demo', '--demo-days', '30'])
  ids = await prepare(console_)
})
after(() => console_?.stop())

test('no page costs more than 150 KB at the first visit', async () => {
  const page = await console_.page()
  // With a route nothing comes from the cache, as at the first visit.
  await page.route('**/*', (route) => route.continue())
  const weights = []
  for (const [name, address] of Object.entries(pages(ids))) {
    // What the page before asks for is not of this one.
    await page.goto('about:blank')
    const finished = []
    const note = (request) => finished.push(request)
    page.on('requestfinished', note)
    assert.equal((await page.goto(address, { waitUntil: 'load' })).status(), 200, name)
    await page.waitForFunction(() => !document.querySelector('[data-part] > p > a[href$="/used"], [data-part] > a'))
    page.off('requestfinished', note)
    let sent = 0
    let whole = 0
    for (const request of finished) {
      const { responseHeadersSize, responseBodySize } = await request.sizes()
      sent += responseHeadersSize + responseBodySize
      whole += (await (await request.response()).body()).length
    }
    assert.ok(finished.length >= 2, `${name} has a style at least`)
    weights.push({ name, sent, whole })
  }
  const heaviest = (of) => weights.reduce((one, other) => (other[of] > one[of] ? other : one))
  for (const of of ['sent', 'whole']) console.log(`heaviest page, ${of}: ${heaviest(of).name}, ${Math.round(heaviest(of)[of] / 1000)} KB`)
  assert.deepEqual(weights.filter(({ sent, whole }) => Math.max(sent, whole) > BYTES_MAX), [])
  await page.context().close()
})
