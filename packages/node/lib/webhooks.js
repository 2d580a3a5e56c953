'use strict'

const { AssertionError } = require('node:assert')
const { expectation } = require('./requests')

/** Where events go, what they are signed with, and what was sent. */
class Webhooks {
  #account

  constructor(account) {
    this.#account = account
  }

  /** Sends events to a URL, in place of what the app sent before: 'contact.creation', 'contact.propertyChange:email'. */
  async send(to, events, { app = this.#account.appId } = {}) {
    const subscriptions = [events].flat().map(subscription)
    await this.#account.call('PUT', `/webhooks/${app}`, { targetUrl: to, subscriptions })
  }

  /** Sends no events of the app any more. */
  async remove({ app = this.#account.appId } = {}) {
    await this.#account.call('DELETE', `/webhooks/${app}`)
  }

  /** What the webhooks of the account's own app are signed with. */
  async secret() {
    return (await this.#account.call('GET', `/webhooks/${this.#account.appId}/secret`)).secret
  }

  /** What was sent. With `within`, waits up to so many milliseconds for `times` deliveries. */
  async deliveries(event, options) {
    return (await this.#find(event, options)).deliveries
  }

  /** Fails unless a receiver took deliveries with this event, `times` of them, within so many milliseconds. */
  async assertDelivered(event, { times, taken = true, within = 10_000 } = {}) {
    const { deliveries, met } = await this.#find(event, { times, taken, within })
    if (met) return deliveries
    const every = await this.deliveries()
    const sent = every.map(({ number, events, targetUrl, status, error }) => `  ${number}  ${events.map((one) => one.subscriptionType).join(', ')} to ${targetUrl}: ${status ?? error}`)
    const message = [`expected ${expectation(times)} × ${event}, but ${deliveries.length} came within ${within} ms.`, ...(sent.length ? ['What was sent:', ...sent.slice(-20)] : ['Nothing was sent at all.'])]
    throw new AssertionError({ message: message.join('\n') })
  }

  #find(event, { times, taken, within = 0 } = {}) {
    return this.#account.call('GET', '/deliveries', undefined, { event, taken, expect: expectation(times), waitMs: within }, within + 30_000)
  }
}

/** An event in the form of the admin API: `contact.propertyChange:email`, `object.creation:0-1`, `object.propertyChange:0-1:email`. */
function subscription(event) {
  const [eventType, ...rest] = event.split(':')
  const keys = eventType.startsWith('object.') ? ['objectTypeId', 'propertyName'] : ['propertyName']
  return { eventType, ...Object.fromEntries(rest.map((value, at) => [keys[at], value])) }
}

module.exports = { Webhooks }
