// Calls of the admin API.
'use strict'

const http = require('node:http')
const https = require('node:https')
const { KeywayError } = require('./errors')

/** The admin API of one server. It does not use `fetch`, which tests replace. */
class AdminApi {
  #token

  constructor(address, token) {
    if (!/^https?:\/\/[^/]/.test(address)) {
      throw new KeywayError(`${address} is not the address of a server, such as http://127.0.0.1:8485. Set KEYWAY_ADDR to one.`)
    }
    this.address = address.replace(/\/+$/, '')
    this.#token = token
  }

  /** The JSON of the answer. A refusal, or no answer within `timeout` milliseconds, is a KeywayError. */
  async call(method, path, body, query = {}, timeout = 30_000) {
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
    const target = `/api/v1${path}${pairs.length ? `?${new URLSearchParams(pairs)}` : ''}`
    const { status, text } = await this.#send(method, target, body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body), timeout)
    let value
    try {
      value = JSON.parse(text)
    } catch {
      // Not JSON: told below where it matters.
    }
    if (status >= 400) throw new KeywayError(`Keyway refused ${method} ${target} with ${status}: ${value?.detail ?? text.slice(0, 200)}`)
    return value
  }

  #send(method, target, body, timeout) {
    return new Promise((resolve, reject) => {
      const failed = (error) => reject(new KeywayError(`no answer from the Keyway server at ${this.address}: ${error.message || error.code}`, { cause: error }))
      const headers = { authorization: `Bearer ${this.#token}`, 'content-type': Buffer.isBuffer(body) ? 'application/yaml' : 'application/json' }
      const { request } = this.address.startsWith('https:') ? https : http
      const sent = request(this.address + target, { method, headers, agent: false }, (answer) => {
        const pieces = []
        answer.on('data', (piece) => pieces.push(piece))
        answer.on('error', failed)
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString() }))
      })
      // Not by AbortSignal: that of jsdom is none of Node's.
      sent.setTimeout(timeout, () => sent.destroy(new Error(`nothing came for ${timeout} ms`)))
      sent.on('error', failed)
      sent.end(body)
    })
  }
}

module.exports = { AdminApi }
