// Makes the pictures of README.md and the documentation: docs/images/console.png, app.png,
// call.png and scan.svg.
//
//   KEYWAY_BIN=target/release/keyway node tests/browser/pictures.js
//
// Run it when the console or the report of a scan looks different; the pictures are committed.
const { execFileSync, spawnSync } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Console } = require('./console.js')

const images = path.join(__dirname, '../../docs/images')
const program = path.resolve(process.env.KEYWAY_BIN || path.join(__dirname, '../../target/debug/keyway'))

/** The overview of the demo, with its past, an app of it, and a call that was refused. */
async function consolePictures() {
  const console_ = await Console.start(['--demo', '--demo-days', '30'])
  try {
    const { app } = console_.keyway.run('app', 'show', 'Webshop orders')
    const page = await console_.page({ width: 1280, colorScheme: 'light' })
    await page.setViewportSize({ width: 1280, height: 860 })
    const take = (name) => page.screenshot({ path: path.join(images, `${name}.png`) })
    await page.goto('/?range=week')
    await page.waitForTimeout(1500) // the live part comes once a second
    await take('console')
    await page.goto(`/apps/${app.id}?range=week`)
    await take('app')
    await page.goto('/audit?category=missing-scopes')
    await page.locator('#rows tr').first().getByRole('link').first().click()
    await page.getByRole('heading', { name: 'One call, explained' }).waitFor()
    await take('call')
  } finally {
    await console_.stop()
  }
}

/** A scan of a small tree with a credential that is made up here. */
function scanPicture() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'keyway-picture-'))
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  write('shop/orders/settings.py', `TOKEN = 'pat-na1-${crypto.randomUUID()}'\n`)
  write('shop/orders/sync.py', "import requests\n\nrequests.post('https://api.hubapi.com/crm/v3/objects/deals', json={})\n")
  write('shop/forms/index.js', "const contacts = `https://api.hubapi.com/contacts/v1/lists/all/contacts/all?hapikey=${key}`\nawait fetch(contacts)\n")
  spawnSync(program, ['scan', 'shop', '--color', 'always', '--output', 'report'], { cwd: folder })
  const report = fs.readFileSync(path.join(folder, 'report'), 'utf8')
  fs.writeFileSync(path.join(images, 'scan.svg'), terminal(`$ keyway scan shop\n\n${report}`))
  fs.rmSync(folder, { recursive: true })
}

const COLOURS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 34: '#79c0ff', 35: '#d2a8ff', 36: '#76e3ea', 90: '#8b949e' }

/** A terminal's text with its colours, as SVG. */
function terminal(text) {
  const escaped = (part) => part.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/ /g, '\u00a0')
  const lines = text.trimEnd().split('\n').flatMap((line) => (/\u001b/.test(line) ? [line] : line.match(/^.{1,98}(?: |$)|.+/g) ?? ['']))
  const plain = lines.map((line) => line.replace(/\u001b\[[0-9;]*m/g, ''))
  const width = Math.ceil(Math.max(...plain.map((line) => line.length)) * 7.83) + 40
  let style = ''
  const rows = lines.map((line, at) => {
    const spans = line.split(/(\u001b\[[0-9;]*m)/).map((part) => {
      const codes = /^\u001b\[([0-9;]*)m$/.exec(part)
      if (!codes) return part && `<tspan${style}>${escaped(part)}</tspan>`
      for (const code of codes[1].split(';').map(Number)) {
        if (code === 0) style = ''
        if (code === 1) style += ' font-weight="700"'
        if (code === 2) style += ' opacity="0.65"'
        if (COLOURS[code]) style += ` fill="${COLOURS[code]}"`
      }
      return ''
    })
    return `<text x="20" y="${34 + at * 19}">${spans.join('')}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${lines.length * 19 + 40}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="#e6edf3">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join('\n')}
</svg>
`
}

async function main() {
  fs.mkdirSync(images, { recursive: true })
  execFileSync(program, ['--version'])
  scanPicture()
  await consolePictures()
}

main()
