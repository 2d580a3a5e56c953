// An embedded account, with the state of a HubSpot account.
'use strict'

const { AssertionError } = require('node:assert')
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { Clock } = require('./clock')
const { KeywayError } = require('./errors')
const { expectation, failure, filters } = require('./requests')
const strict = require('./strict')
const { Webhooks } = require('./webhooks')

const START = 'keyway-test-start'

/** An embedded account: `baseUrl` in place of https://api.hubapi.com, and a `token`. */
class HubSpot {
  #keyway
  #hubId
  #app
  #client
  #kept = false
  #apps = []

  constructor() {
    this.clock = new Clock(this)
    this.webhooks = new Webhooks(this)
  }

  /** Called by Keyway: the account that this object stands for. */
  async open(keyway, hubId, scopes) {
    this.#keyway = keyway
    this.#hubId = hubId
    this.#app = await this.#createApp('Tests', scopes, true)
  }

  #opened(value) {
    if (value === undefined) throw new KeywayError('the HubSpot account is there once the hooks before the tests have run. Use it in a test or in beforeEach.')
    return value
  }

  get keyway() { return this.#opened(this.#keyway) }
  get hubId() { return this.#opened(this.#hubId) }
  get appId() { return this.#opened(this.#app).id }
  get token() { return this.#opened(this.#app).token }
  get baseUrl() { return this.keyway.url }

  /** HUBSPOT_BASE_URL and HUBSPOT_ACCESS_TOKEN, for programs that read them from the environment. */
  get env() {
    return { HUBSPOT_BASE_URL: this.baseUrl, HUBSPOT_ACCESS_TOKEN: this.token }
  }

  /** The official client (@hubspot/api-client) with this account's address and token: a new one for each test. */
  get client() {
    return (this.#client ??= this.clientWith(this.token))
  }

  /** The official client with another token, such as that of `app(...)`, and with settings of its own. */
  clientWith(accessToken, settings = {}) {
    const { Client } = officialClient()
    // The client's own limiter lets nine calls a second pass; the account has no limits.
    return new Client({ basePath: this.baseUrl, accessToken, limiterOptions: { maxConcurrent: 20 }, ...settings })
  }

  /** Another app with its own token, for tests of scopes and limits. It is deleted before the next test. */
  async app(name, { scopes, noLimits = true }) {
    const app = await this.#createApp(name, scopes, noLimits)
    this.#apps.push(app)
    return app
  }

  async #createApp(name, scopes, noLimits) {
    const { app, token } = await this.keyway.api.call('POST', '/apps', { hubId: this.hubId, name, scopes, noLimits })
    return { id: app.id, name, token: token.value }
  }

  /** A call of the admin API below /api/v1/portals/{hubId}. */
  call(method, path, body, query, timeout) {
    return this.keyway.api.call(method, `/portals/${this.hubId}${path}`, body, query, timeout)
  }

  /** A command of `keyway portal` on this account, such as portal('seed', '--csv', 'contacts=people.csv'). Answers its JSON. */
  portal(...args) {
    return this.keyway.run('portal', ...args, '--account', String(this.hubId))
  }

  // What the account holds.

  /**
   * Adds records, all or none, and answers their ids by key. `what` is a built-in set ('minimal', 'demo', 'activities'),
   * the path of a YAML or JSON file, or the content of one. A record without `properties` is taken as its properties.
   */
  async seed(what) {
    let body = what
    // A YAML file is read by the server.
    if (typeof what === 'string' && /\.ya?ml$/.test(what)) body = fs.readFileSync(what)
    else if (typeof what === 'string') body = what.endsWith('.json') ? JSON.parse(fs.readFileSync(what, 'utf8')) : { set: what }
    if (body.records) {
      const whole = (row) => ('properties' in row ? row : { properties: row })
      body = { ...body, records: Object.fromEntries(Object.entries(body.records).map(([kind, rows]) => [kind, rows.map(whole)])) }
    }
    return (await this.call('POST', '/seed', body)).ids
  }

  /**
   * Makes records by a rule, and answers their ids: make('contacts', 50, { associate: 'companies' }). `properties` are those of a
   * factory in a seed: texts with {n} and {company.domain}, { pick: [...] }, { from: 1, to: 9 }; those left out get values that fit.
   */
  async make(type, count = 1, { properties = {}, associate = [], number = 0 } = {}) {
    const { ids } = await this.call('POST', '/seed', { number, factories: [{ type, count, key: 'made', properties, associate }] })
    return Array.from({ length: count }, (_, at) => ids[`${type}/made${at + 1}`])
  }

  /**
   * What changed since a snapshot, or since the start of the test: `change`, `what`, `type`, `name` and `fields` of each
   * difference. `only` is 'records', 'associations' or 'definitions'.
   */
  async diff(since, { to, only, limit = 1000 } = {}) {
    const from = since ?? (this.#kept ? START : undefined)
    return (await this.call('POST', '/diff', undefined, { from, to, only, limit })).changes
  }

  /** Takes a snapshot of all that the account holds. */
  async snapshot(name) {
    await this.call('POST', `/snapshots/${encodeURIComponent(name)}`)
  }

  /** Puts a snapshot in place of what the account holds. */
  async restore(name) {
    await this.call('POST', `/snapshots/${encodeURIComponent(name)}/restore`)
  }

  /**
   * An account without records, definitions, requests, faults, webhooks and use of limits, at the real time or that of `clock`. `test` is the
   * name of the test that begins: findings of the report name it.
   */
  async reset(test) {
    await this.call('POST', '/reset', test === undefined ? undefined : { test })
  }

  /** Makes what the account holds now the state that `restart` comes back to. */
  async keep() {
    await this.snapshot(START)
    this.#kept = true
  }

  /** The state before a test: as `keep` found it, with no other app, request, fault or webhook, at the real time or that of `clock`. */
  async restart(test) {
    for (const { id } of this.#apps.splice(0)) await this.keyway.api.call('DELETE', `/apps/${id}`)
    await this.reset(test)
    if (this.#kept) await this.restore(START)
    this.#client = undefined
  }

  // What the account received.

  /** The requests that the account received, oldest first. The filters are those of `assertCalled`. */
  async requests(method, path, options) {
    return (await this.call('GET', '/requests', undefined, filters(method, path, options))).requests
  }

  /**
   * Fails unless the account received such requests, and answers them. `times` is a number or a range ('1..', '..3', '1..3');
   * once or more when left out. `within` waits so many milliseconds for them.
   */
  async assertCalled(method, path, { times, within = 0, ...others } = {}) {
    const wanted = filters(method, path, others)
    const { requests, met } = await this.call('GET', '/requests', undefined, { ...wanted, expect: expectation(times), waitMs: within }, within + 30_000)
    if (!met) throw new AssertionError({ message: failure(times, wanted, requests, await this.requests()) })
    return requests
  }

  /** Fails when the account received such a request. */
  async assertNotCalled(method, path, options) {
    await this.assertCalled(method, path, { ...options, times: 0 })
  }

  // What the calls show.

  /**
   * The report of the account: its `calls`, `operations`, `scopes`, `sunsets` and `findings`. `rules` are those of strict
   * mode, a comma list or 'all'. Operations that HubSpot ends on or before `endsBy` are findings. `current` has only what
   * was called since the test began.
   */
  report({ rules = 'all', endsBy, current = false } = {}) {
    return this.call('GET', '/report', undefined, { rules, endsBy, current })
  }

  /** Fails when strict mode finds something in what was called since the test began. */
  async check(rules = 'all', { endsBy } = {}) {
    const message = strict.failure(await this.report({ rules, endsBy, current: true }))
    if (message) throw new AssertionError({ message })
  }

  /** Writes the report into a folder as JSON, for `keyway portal report FILE…`. */
  async writeReport(folder, { endsBy } = {}) {
    strict.write(await this.report({ endsBy }), folder)
  }

  // What goes wrong.

  /** Makes calls fail: fault({ status: 429, times: 2 }), fault({ latencyMs: 2000 }), fault({ cut: 'after' }). */
  async fault(rule) {
    const { fault } = await this.call('POST', '/faults', rule)
    return { ...fault, remove: async () => void (await this.call('DELETE', `/faults/${fault.id}`)) }
  }

  /** Ends all faults. */
  async clearFaults() {
    await this.call('DELETE', '/faults')
  }
}

/** The client that the project installed: seen from this package, else from the folder that the tests run in. */
function officialClient() {
  for (const from of [require, createRequire(path.join(process.cwd(), 'package.json'))]) {
    let file
    try {
      file = from.resolve('@hubspot/api-client')
    } catch {
      continue
    }
    return require(file)
  }
  throw new KeywayError('hubspot.client needs the official client. Install it with "npm install --save-dev @hubspot/api-client".')
}

module.exports = { HubSpot }
