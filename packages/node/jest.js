// For Jest, and for other runners with its global functions.
'use strict'

const { hooked } = require('./lib/hooks')

// Without a parameter: Jest would wait for a callback.
const each = (run) => globalThis.beforeEach(() => run(globalThis.expect?.getState?.().currentTestName))

exports.useHubSpot = (options) =>
  hooked({ before: globalThis.beforeAll, beforeEach: each, afterEach: globalThis.afterEach, after: globalThis.afterAll }, options)
