// A Keyway server for the time of a test run.
'use strict'

const { execFile, spawn } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const { HubSpot } = require('./account')
const { AdminApi } = require('./api')
const binary = require('./binary')
const { KeywayError } = require('./errors')

const START_MS = 30_000

/** A running server: `url` takes the place of https://api.hubapi.com. */
class Keyway {
  #token
  #child
  #end
  #accounts = []

  constructor(url, api, token) {
    this.url = url.replace(/\/+$/, '')
    this.api = api
    this.#token = token
  }

  /** The server that KEYWAY_ADDR names, else one of its own with these options of `keyway serve`. */
  static async ofEnvironment(...options) {
    const address = process.env.KEYWAY_ADDR
    if (!address) return Keyway.start(...options)
    if (options.length) {
      throw new KeywayError(`KEYWAY_ADDR=${address} names a server that runs already, so ${options.join(' ')} cannot be set. Unset one of them.`)
    }
    return Keyway.connect()
  }

  /** Starts a server on free ports of this machine, which keeps nothing on disk. `options` are those of `keyway serve`. */
  static async start(...options) {
    const program = binary.find()
    const token = randomBytes(32).toString('hex')
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'keyway-'))
    const ready = path.join(folder, 'ready.json')
    const own = ['--ephemeral', '--data', folder, '--ready-file', ready, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']
    // Settings of another server, such as KEYWAY_DATABASE, are not for this one.
    const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('KEYWAY_') || name === 'KEYWAY_LOG')
    const log = fs.openSync(path.join(folder, 'server.log'), 'w+')
    const child = spawn(program, ['serve', ...own, ...options], {
      stdio: ['ignore', 'pipe', log],
      env: { ...Object.fromEntries(kept), KEYWAY_ADMIN_TOKEN: token },
    })
    const kill = () => child.kill()
    process.once('exit', kill)
    const removed = () => {
      process.off('exit', kill)
      fs.closeSync(log)
      fs.rmSync(folder, { recursive: true, force: true })
    }
    try {
      await isReady(child, program, path.join(folder, 'server.log'))
      const { data, admin } = JSON.parse(fs.readFileSync(ready, 'utf8'))
      // A test that never stops the server ends all the same.
      child.unref()
      child.stdout.unref()
      const server = new Keyway(data, new AdminApi(admin, token), token)
      server.#child = child
      server.#end = removed
      return server
    } catch (error) {
      child.kill('SIGKILL')
      removed()
      throw error
    }
  }

  /** A server that runs already, such as a service container: by default that of KEYWAY_URL, KEYWAY_ADDR and KEYWAY_ADMIN_TOKEN. */
  static async connect({ url, address, token } = {}) {
    const values = { KEYWAY_URL: url, KEYWAY_ADDR: address, KEYWAY_ADMIN_TOKEN: token }
    for (const name of Object.keys(values)) values[name] ||= process.env[name]
    const missing = Object.keys(values).filter((name) => !values[name])
    if (missing.length) {
      throw new KeywayError(`${missing.join(', ')} is not set. KEYWAY_URL is the data listener, KEYWAY_ADDR the admin listener, and KEYWAY_ADMIN_TOKEN opens it.`)
    }
    return new Keyway(values.KEYWAY_URL, new AdminApi(values.KEYWAY_ADDR, values.KEYWAY_ADMIN_TOKEN), values.KEYWAY_ADMIN_TOKEN)
  }

  /** A new embedded account with an app and its token. */
  async account(options) {
    const account = new HubSpot()
    await this.open(account, options)
    return account
  }

  /** Gives a HubSpot object its account on this server. `settings` are those of the admin API, such as { tier: 'enterprise' }. */
  async open(account, { name = `Tests ${randomBytes(4).toString('hex')}`, scopes, seed, ...settings } = {}) {
    const made = await this.api.call('POST', '/accounts', { name, ...settings })
    this.#accounts.push(made.account.hubId)
    await account.open(this, made.account.hubId, scopes ?? (await this.everyScope()))
    if (seed !== undefined) {
      await account.seed(seed)
      await account.keep()
    }
  }

  /** Every scope that an app can be granted. */
  async everyScope() {
    return (await this.api.call('GET', '/catalog/scopes')).scopes.map((scope) => scope.name)
  }

  /** Runs a command of the command line against this server, such as run('audit', 'list'). Answers its JSON. */
  async run(...args) {
    const env = { ...process.env, KEYWAY_ADDR: this.api.address, KEYWAY_ADMIN_TOKEN: this.#token }
    try {
      const { stdout } = await promisify(execFile)(binary.find(), [...args, '--json'], { env, maxBuffer: 1 << 28 })
      return JSON.parse(stdout)
    } catch (error) {
      if (error instanceof KeywayError) throw error
      throw new KeywayError(`keyway ${args.join(' ')} ended with ${error.code}: ${(error.stderr || error.stdout || error.message).trim()}`)
    }
  }

  /** Ends the server. One that `connect` uses goes on without the accounts that this object made. */
  async stop() {
    if (!this.#child) {
      for (const hubId of this.#accounts.splice(0)) await this.api.call('DELETE', `/accounts/${hubId}`)
      return
    }
    const child = this.#child
    if (child.exitCode === null && child.signalCode === null) {
      child.ref()
      const ended = new Promise((resolve) => child.once('exit', resolve))
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      child.kill()
      await ended
      clearTimeout(late)
    }
    child.stdout.destroy()
    this.#end?.()
    this.#end = undefined
  }
}

function isReady(child, program, log) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => child.kill('SIGKILL'), START_MS)
    let printed = ''
    child.stdout.on('data', (piece) => {
      printed += piece
      if (!printed.includes('keyway is ready')) return
      clearTimeout(late)
      child.stdout.removeAllListeners('data')
      child.stdout.resume()
      resolve()
    })
    child.once('error', (error) => {
      clearTimeout(late)
      reject(new KeywayError(`cannot run ${program}: ${error.message}`))
    })
    // "close" comes after all that was printed.
    child.once('close', (code, signal) => {
      clearTimeout(late)
      const said = (fs.existsSync(log) && fs.readFileSync(log, 'utf8').trim()) || printed.trim() || 'it printed nothing'
      reject(new KeywayError(`${program} serve ended with ${code ?? signal} before it was ready: ${said.slice(-2000)}`))
    })
  })
}

module.exports = { Keyway }
