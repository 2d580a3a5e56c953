// For Jest, and for other runners with its global functions.
'use strict'

const { hooked } = require('./lib/hooks')

exports.useHubSpot = (options) => hooked({ before: globalThis.beforeAll, beforeEach: globalThis.beforeEach, after: globalThis.afterAll }, options)
