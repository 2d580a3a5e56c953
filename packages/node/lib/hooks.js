'use strict'

const { HubSpot } = require('./account')
const { Keyway } = require('./server')

/** An account for the tests of one file, by a runner's hooks. Files run in processes of their own, each with its server. */
function hooked({ before, beforeEach, after }, { asOf, randomSeed, clock, ...options } = {}) {
  const settings = { '--as-of': asOf, '--random-seed': randomSeed, '--clock': clock instanceof Date ? clock.toISOString() : clock }
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  const hubspot = new HubSpot()
  let keyway
  before(async () => {
    keyway = await Keyway.ofEnvironment(...given.flatMap(([name, value]) => [name, String(value)]))
    await keyway.open(hubspot, options)
  })
  beforeEach(() => hubspot.restart())
  after(() => keyway?.stop())
  return hubspot
}

module.exports = { hooked }
