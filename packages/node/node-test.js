// For node:test.
'use strict'

const { after, before, beforeEach } = require('node:test')
const { hooked } = require('./lib/hooks')

exports.useHubSpot = (options) => hooked({ before, beforeEach, after }, options)
