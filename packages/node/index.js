// A HubSpot account for each test, served by Keyway beside the tests.
'use strict'

exports.HubSpot = require('./lib/account').HubSpot
exports.Keyway = require('./lib/server').Keyway
exports.KeywayError = require('./lib/errors').KeywayError
exports.hooked = require('./lib/hooks').hooked
