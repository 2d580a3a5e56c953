'use strict'

/** The time of an account: of its records, its limits and the end of tokens. A test starts at the real time, or at that of `clock`. */
class Clock {
  #account

  constructor(account) {
    this.#account = account
  }

  async #state() {
    return (await this.#account.call('GET', '/clock')).clock
  }

  /** The account's time. */
  async now() {
    return new Date((await this.#state()).now)
  }

  /** Whether the time stands still. */
  async frozen() {
    return (await this.#state()).frozen
  }

  /** Sets the time, which goes on from there. */
  async set(to, { frozen = false } = {}) {
    await this.#account.call('PUT', '/clock', { set: to instanceof Date ? to.toISOString() : to, frozen })
  }

  /** Makes the time stand still, now or at a given time. */
  async freeze(at) {
    if (at === undefined) await this.#account.call('PUT', '/clock', { frozen: true })
    else await this.set(at, { frozen: true })
  }

  /** Moves the time on by milliseconds. A frozen clock stays frozen. */
  async advance(ms) {
    await this.#account.call('PUT', '/clock', { advanceMs: ms, frozen: await this.frozen() })
  }

  /** Back to the real time, or to that of `clock`. */
  async reset() {
    await this.#account.call('PUT', '/clock', {})
  }
}

module.exports = { Clock }
