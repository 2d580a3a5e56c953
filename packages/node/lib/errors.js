'use strict'

/** The server cannot be found, started or asked. The message says why, and what to do. */
class KeywayError extends Error {
  name = 'KeywayError'
}

module.exports = { KeywayError }
