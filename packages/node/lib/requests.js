// What an account received, and what a test expects of it.
'use strict'

/** The filters of the admin API. `*` in a path stands for anything; a body has to hold the given JSON at least. */
function filters(method, path, { operation, app, status, body, query, after, ...unknown } = {}) {
  const names = Object.keys(unknown)
  if (names.length) throw new TypeError(`${names.join(', ')}: no such filter. There are operation, app, status, body, query, after, times and within.`)
  const given = { method, path, operation, app, status, query: pairs(query), after, body: body === undefined ? undefined : JSON.stringify(body) }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** What a query has to hold at least: 'limit=10' as it is, { limit: 10 } as such a text. */
function pairs(query) {
  if (query === undefined || typeof query === 'string') return query
  if (query === null || typeof query !== 'object' || Array.isArray(query)) throw new TypeError("query is neither a text ('limit=10') nor an object ({ limit: 10 }).")
  const each = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]))
  return new URLSearchParams(each).toString()
}

/** The range in the form of the admin API: "2", "1..", "..3", "1..3". */
const expectation = (times) => (times === undefined ? '1..' : String(times))

const shortened = (text, most = 160) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

const line = ({ number, method, path, query, status, body }) =>
  `  ${number}  ${method} ${path}${query ? `?${query}` : ''}  ${status}${body === null ? '' : ` ${shortened(JSON.stringify(body))}`}`

/** What was expected, what was received, and what else came. */
function failure(times, wanted, found, every) {
  const named = ['method', 'path'].filter((name) => name in wanted).map((name) => wanted[name]).join(' ') || 'any request'
  const others = Object.entries(wanted).filter(([name]) => name !== 'method' && name !== 'path').map(([name, value]) => `${name} ${value}`).join(', ')
  const lines = [`expected ${expectation(times)} × ${[named, others].filter(Boolean).join(' with ')}, but the account received ${found.length}.`]
  if (!every.length) return `${lines[0]}\nIt received no request at all.`
  lines.push('The requests that it received:')
  if (every.length > 20) lines.push(`  … ${every.length - 20} before these`)
  return [...lines, ...every.slice(-20).map(line)].join('\n')
}

module.exports = { expectation, failure, filters }
