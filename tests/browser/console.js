// What the tests of the console's pages have in common: a server, somebody who is signed in, and what
// every page is held to.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { chromium } = require('playwright-core')
const { Keyway } = require('../clients/node/keyway.js')

const screenshots = path.join(__dirname, '../../target/screenshots')
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** How pages are looked at. */
const LOOKS = [
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 390, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
  { width: 1600, colorScheme: 'light' },
]

class Console {
  static async start(options = ['--demo']) {
    const keyway = await Keyway.serve(options)
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ARGUMENTS })
    fs.mkdirSync(screenshots, { recursive: true })
    return Object.assign(new Console(), { keyway, browser, email: 'ada@example.com' })
  }

  /** A person who may do everything; made once. */
  person() {
    this.password ??= this.keyway.run('user', 'create', this.email).password
    return this.password
  }

  /** A page of somebody who is signed in. What it logs as an error, and what it asks other hosts for, is kept. */
  async page(look = LOOKS[0], { email = this.email, password = this.person(), ...options } = {}) {
    // Without motion a colour is at once what it will be, however busy the machine is.
    const seen = { viewport: { width: look.width, height: 900 }, colorScheme: look.colorScheme, reducedMotion: 'reduce' }
    const context = await this.browser.newContext({ ...seen, baseURL: this.keyway.admin, ...options })
    const page = await context.newPage()
    page.look = look
    page.wrongs = []
    page.on('console', (message) => message.type() === 'error' && page.wrongs.push(message.text()))
    page.on('pageerror', (error) => page.wrongs.push(String(error)))
    page.on('request', (request) => request.url().startsWith(this.keyway.admin) || page.wrongs.push(`asked ${request.url()}`))
    await page.goto('/sign-in')
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL((url) => url.pathname === '/')
    return page
  }

  /** A call of an app. */
  async call(token, target, options = {}) {
    return fetch(this.keyway.url + target, { ...options, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } })
  }

  async stop() {
    await this.browser.close()
    await this.keyway.stop()
  }
}

/**
 * Clicks what leads to another page or sends a form, and waits for the page that comes of it. A click alone may come back
 * while the old page is still there: what is asked or filled in next is then that page's, and a call may reach the
 * server before the form. Where the next line waits for something that the new page alone has, a click is enough.
 */
async function follow(page, locator) {
  await Promise.all([page.waitForEvent('domcontentloaded'), locator.click()])
}

/** Of a hundred rows of scopes, all made alike, a dozen is looked at: the others take ten seconds and tell nothing new. */
function most(page, hidden) {
  return page.evaluate((hide) => [...document.querySelectorAll('[data-words]')].slice(12).forEach((row) => { row.hidden = hide }), hidden)
}

/** Rules that axe leaves out unless they are asked for: a name that is spoken has the words that are seen (WCAG 2.2, 2.5.3). */
const STRICTER = { 'label-content-name-mismatch': { enabled: true } }

/** The rules of axe that look at colours, which take most of its time. */
const COLOURS = ['color-contrast', 'link-in-text-block']

/** What axe looks for in each look, beside what it found before: the dark changes colours alone, and a wide window has those of 1280 pixels. */
const RULES = new Map(LOOKS.map((look) => {
  if (look.colorScheme === 'dark') return [look, { runOnly: COLOURS }]
  if (look.width === 1600) return [look, { rules: { ...STRICTER, ...Object.fromEntries(COLOURS.map((rule) => [rule, { enabled: false }])) } }]
  return [look, {}]
}))

/**
 * Elements whose text is cut at their edge, so that nobody can read it to its end. A row may shorten a text with an ellipsis
 * where the whole text is in a title, and what scrolls sideways can be reached with the tab key.
 */
function cut() {
  const isClipped = (element) => element.closest('.unseen, svg') || element.closest('thead')?.clientWidth <= 1
  const beyond = (element) => {
    const edge = element.getBoundingClientRect().right + 1
    const leaves = [element, ...element.querySelectorAll('*')].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    return leaves.filter((leaf) => { const range = document.createRange(); range.selectNodeContents(leaf); return range.getBoundingClientRect().right > edge })
  }
  const isTold = (leaf) => leaf.closest('[title]')?.title.includes(leaf.textContent.trim())
  return [...document.body.querySelectorAll('*')].filter((element) => {
    const { overflowX, textOverflow } = getComputedStyle(element)
    if (overflowX === 'visible' || element.scrollWidth <= element.clientWidth + 1 || !element.checkVisibility() || isClipped(element)) return false
    if (element.matches('input, select, textarea, [tabindex="0"]')) return false
    return textOverflow !== 'ellipsis' || !beyond(element).every(isTold)
  }).map((element) => `${element.tagName.toLowerCase()}.${element.className}: ${element.scrollWidth} of ${element.clientWidth} pixels: ${element.innerText.slice(0, 80)}`)
}

/** What every page is held to: nothing off the side, no text that is cut, no violation of any grade, a picture kept. */
async function holds(page, name, options = {}) {
  // Parts that come later are there.
  await page.waitForFunction(() => !document.querySelector('[data-part] > p > a[href$="/used"], [data-part] > a'))
  const { width, colorScheme } = page.look
  await page.screenshot({ path: path.join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true })
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  assert.ok(over <= 0, `${name} at ${width}: ${over} pixels run off the side`)
  assert.deepEqual(await page.evaluate(cut), [], `${name} at ${width}: text is cut`)
  await most(page, true)
  // From outside the page: its policy lets no script in that is not the server's.
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: axe })
  const { violations } = await page.evaluate((options) => window.axe.run(document, options), { resultTypes: ['violations'], rules: STRICTER, ...options })
  const told = violations.map(({ id, impact, help, nodes }) => `${id} (${impact}): ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`)
  assert.deepEqual(told, [], `${name} at ${width}, ${colorScheme}`)
  await session.detach()
  await most(page, false)
}

/** Everything that can be used is reached with the tab key, in a circle. */
async function reachable(page, name) {
  await most(page, true)
  const count = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    // What the tab key leaves out on purpose can be reached in another way: the table behind a chart has its links.
    window.left = new Set(all.filter((element) => element.checkVisibility() && !element.disabled && element.getAttribute('tabindex') !== '-1'))
    document.addEventListener('focusin', (event) => {
      window.left.delete(event.target)
      // Of radio buttons with one name the tab key reaches one; the arrows reach the others.
      if (event.target.type === 'radio') window.left.forEach((one) => one.name === event.target.name && window.left.delete(one))
    })
    window.left.delete(document.activeElement)
    return all.length
  })
  for (let pressed = 0; pressed < count + 40; pressed += 1) {
    await page.keyboard.press('Tab')
    if (pressed % 20 === 19 && (await page.evaluate(() => ![...window.left].some((element) => element.isConnected)))) break
  }
  // A live page has replaced what is not on it any more.
  assert.deepEqual(await page.evaluate(() => [...window.left].filter((element) => element.isConnected).map((element) => element.outerHTML.slice(0, 120))), [], `not reached by keyboard on ${name}`)
}

/** What every page is held to, in every look. The page stays as it is: the window and the scheme of colours change. */
async function holdsInEveryLook(page, name) {
  for (const look of LOOKS) {
    await page.setViewportSize({ width: look.width, height: 900 })
    await page.emulateMedia({ colorScheme: look.colorScheme })
    page.look = look
    await holds(page, name, RULES.get(look))
  }
  await page.setViewportSize({ width: LOOKS[0].width, height: 900 })
  await page.emulateMedia({ colorScheme: LOOKS[0].colorScheme })
  page.look = LOOKS[0]
}

/** Goes to pages by name and address, each of which is there and is held to what every page is. */
async function holdsAll(page, pages) {
  for (const [name, address] of Object.entries(pages)) {
    const answer = await page.goto(address)
    assert.equal(answer.status(), 200, name)
    await holdsInEveryLook(page, name)
    // The order of things is the same in every look.
    await reachable(page, name)
  }
}

module.exports = { Console, LOOKS, follow, holds, holdsInEveryLook, holdsAll, reachable, screenshots }
