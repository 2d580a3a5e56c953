// Starts a server in a folder of its own, and asks the command line to make accounts and apps.
const { execFileSync, spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const binary = process.env.KEYWAY_BIN || path.join(__dirname, '../../../target/debug/keyway')

const SCOPES = [
  'crm.objects.contacts.read', 'crm.objects.contacts.write', 'crm.objects.companies.read', 'crm.objects.companies.write',
  'crm.objects.deals.read', 'crm.objects.deals.write', 'crm.objects.owners.read', 'crm.schemas.contacts.read', 'tickets',
]

// With KEYWAY_GATEWAY set, every account of a test is one of a second server, which stands for HubSpot,
// and the server that the test talks to is connected to it: the same tests, through the gateway.
const throughGateway = Boolean(process.env.KEYWAY_GATEWAY)

class Keyway {
  static async start() {
    const keyway = await Keyway.serve()
    // Its links name HubSpot's host, as HubSpot's do.
    if (throughGateway) keyway.hubspot = await Keyway.serve(['--demo', '--public-url', 'https://api.hubapi.com'])
    return keyway
  }

  static async serve(options = ['--demo']) {
    const data = fs.mkdtempSync(path.join(os.tmpdir(), 'keyway-node-'))
    const ready = path.join(data, 'ready.json')
    const server = spawn(binary, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--ready-file', ready, ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // Tests of a demo count calls of their own.
      env: { KEYWAY_DEMO_DAYS: '0', ...process.env },
    })
    const screen = await new Promise((resolve, reject) => {
      let printed = ''
      server.stdout.on('data', (chunk) => {
        printed += chunk
        if (printed.includes('keyway is ready')) resolve(printed)
      })
      server.on('exit', (code) => reject(new Error(`keyway ended with ${code}`)))
    })
    const { data: url, admin, tokens } = JSON.parse(fs.readFileSync(ready))
    return Object.assign(new Keyway(), { server, folder: data, url, admin, tokens, screen })
  }

  run(...args) {
    return JSON.parse(execFileSync(binary, [...args, '--data', this.folder, '--json'], { encoding: 'utf8' }))
  }

  /** A new account; calls on it share no limit with other tests. */
  account(name, ...settings) {
    if (!this.hubspot) return this.run('account', 'create', name, ...settings).account.hubId
    const hubId = this.hubspot.run('account', 'create', name, ...settings, '--hub-id', String(this.nextHubId++)).account.hubId
    const { token } = this.hubspot.app(hubId, 'Connection', this.connectionScopes)
    const args = ['account', 'add', name, '--connect', '--base-url', this.hubspot.url, '--credential-stdin', ...settings]
    return JSON.parse(execFileSync(binary, [...args, '--data', this.folder, '--json'], { encoding: 'utf8', input: token })).account.hubId
  }

  nextHubId = 20000001

  /** What the credential of a connected account may do. */
  connectionScopes = SCOPES

  /** Fills an account with a built-in set; the ids by key. */
  seed(account, set) {
    return (this.hubspot ?? this).run('portal', '--account', String(account), 'seed', '--set', set).ids
  }

  /** A new app and its token. */
  app(account, name, scopes = SCOPES) {
    // On a connected account calls wait for their turn; these tests look at what comes of a limit.
    const { app, token } = this.run('app', 'create', name, '--account', String(account), '--scopes', scopes.join(','), ...(this.hubspot ? ['--max-wait', '0'] : []))
    return { id: app.id, token: token.value, tokenId: token.id }
  }

  /** The official client; only base URL and token are set, and its own brake is released. */
  client(token, retries = 0) {
    // Here and not above: the pages' tests use this file without the clients.
    const { Client } = require('@hubspot/api-client')
    return new Client({ basePath: this.url, accessToken: token, numberOfApiCallRetries: retries, limiterOptions: { maxConcurrent: 20 } })
  }

  /** For tests/coverage.py, which asks which operations the tests perform. */
  noteTested() {
    const lines = execFileSync(binary, ['audit', 'export', '--data', this.folder], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n').filter(Boolean)
    const performed = new Set(lines.map((line) => JSON.parse(line)).filter((record) => (record.status ?? 500) < 300).map((record) => record.operation))
    fs.writeFileSync(path.join(process.env.KEYWAY_TESTED, `${path.basename(this.folder)}.txt`), [...performed].map((operation) => `${operation}\n`).join(''))
  }

  async stop() {
    if (process.env.KEYWAY_TESTED) this.noteTested()
    const ended = new Promise((resolve) => this.server.once('exit', resolve))
    this.server.kill('SIGTERM')
    await ended
    fs.rmSync(this.folder, { recursive: true })
    await this.hubspot?.stop()
  }
}

module.exports = { Keyway, SCOPES }
