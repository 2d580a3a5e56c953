// Strict mode, and the report of a run.
'use strict'

const { randomBytes } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')

/** What strict mode found, one finding in a line; undefined where it found nothing. */
function failure({ findings }) {
  if (!findings.length) return undefined
  const lines = findings.map(({ rule, call, message, reason }) => `[${rule}] ${call}: ${message}. Reason: ${reason}.`)
  return [`strict mode has ${lines.length === 1 ? 'a finding' : `${lines.length} findings`}:`, ...lines].join('\n')
}

/** Writes a report into a folder, under a name of its own: other files of the suite write theirs at the same time. */
function write(report, folder) {
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, `keyway-${process.pid}-${randomBytes(4).toString('hex')}.json`), `${JSON.stringify(report, null, 2)}\n`)
}

module.exports = { failure, write }
