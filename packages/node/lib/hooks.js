'use strict'

const { HubSpot } = require('./account')
const { Keyway } = require('./server')

/** An account for the tests of one file, by a runner's hooks. Files run in processes of their own, each with its server. */
function hooked({ before, beforeEach, after }, { asOf, ...options } = {}) {
  const hubspot = new HubSpot()
  let keyway
  before(async () => {
    keyway = await Keyway.ofEnvironment(...(asOf ? ['--as-of', asOf] : []))
    await keyway.open(hubspot, options)
  })
  beforeEach(() => hubspot.restart())
  after(() => keyway?.stop())
  return hubspot
}

module.exports = { hooked }
