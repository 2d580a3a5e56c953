'use strict'

const { HubSpot } = require('./account')
const { Keyway } = require('./server')

/**
 * An account for the tests of one file, by a runner's hooks. Files run in processes of their own, each with its server.
 * `beforeEach` hands the name of the test to what it runs, where it knows the name.
 */
function hooked({ before, beforeEach, afterEach, after }, { asOf, randomSeed, clock, strict, endsBy, report, ...options } = {}) {
  const settings = { '--as-of': asOf, '--random-seed': randomSeed, '--clock': clock instanceof Date ? clock.toISOString() : clock }
  const given = Object.entries(settings).filter(([, value]) => value !== undefined)
  const rules = strict === true ? 'all' : [strict || []].flat().join(',')
  if (rules && !afterEach) throw new TypeError('strict mode needs the hook afterEach. Hand it to hooked({ before, beforeEach, afterEach, after }).')
  const hubspot = new HubSpot()
  let keyway
  before(async () => {
    keyway = await Keyway.ofEnvironment(...given.flatMap(([name, value]) => [name, String(value)]))
    await keyway.open(hubspot, options)
  })
  beforeEach((test) => hubspot.restart(typeof test === 'string' ? test : undefined))
  if (rules) afterEach(() => hubspot.check(rules, { endsBy }))
  after(async () => {
    try {
      if (report && keyway) await hubspot.writeReport(report, { endsBy })
    } finally {
      await keyway?.stop()
    }
  })
  return hubspot
}

module.exports = { hooked }
