// For node:test.
'use strict'

const { after, afterEach, before, beforeEach } = require('node:test')
const { hooked } = require('./lib/hooks')

const each = (run) => beforeEach((context) => run(context?.name))

exports.useHubSpot = (options) => hooked({ before, beforeEach: each, afterEach, after }, options)
