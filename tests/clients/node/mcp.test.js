// HubSpot's own MCP server, unmodified: BASE_URL_OVERRIDE and a token are all that it is given.
const { after, before, test } = require('node:test')
const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const path = require('node:path')
const readline = require('node:readline')
const { Keyway, SCOPES } = require('./keyway')

let keyway, server, ids
const waiting = new Map()

/** A call of JSON-RPC over the server's standard input and output. */
function rpc(method, params) {
  const id = waiting.size + 1
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
  })
}

/** The text that a tool answers. */
async function tool(name, args) {
  const answer = await rpc('tools/call', { name, arguments: args })
  return answer.content.map((part) => part.text).join('\n')
}

before(async () => {
  keyway = await Keyway.start()
  const account = keyway.account('MCP server')
  ids = keyway.seed(account, 'minimal')
  const { token } = keyway.app(account, 'MCP server', SCOPES)
  const script = path.join(__dirname, 'node_modules/@hubspot/mcp-server/dist/index.js')
  server = spawn(process.execPath, [script], {
    env: { ...process.env, BASE_URL_OVERRIDE: keyway.url, PRIVATE_APP_ACCESS_TOKEN: token },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  readline.createInterface({ input: server.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line)
    if (error) waiting.get(id)?.reject(new Error(error.message))
    else waiting.get(id)?.resolve(result)
  })
  await rpc('initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'test', version: '1' } })
  server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
})
after(async () => {
  server.kill()
  await keyway.stop()
})

test('says who it is', async () => {
  assert.match(await tool('hubspot-get-user-details', {}), /hub/i)
})

test('lists, reads and searches records', async () => {
  assert.match(await tool('hubspot-list-objects', { objectType: 'contacts' }), /ada@acme\.example\.com/)
  const read = await tool('hubspot-batch-read-objects', { objectType: 'deals', inputs: [{ id: ids['deals/renewal'] }], properties: ['dealname'] })
  assert.match(read, /Acme renewal/)
  const filterGroups = [{ filters: [{ propertyName: 'email', operator: 'EQ', value: 'ada@acme.example.com' }] }]
  assert.match(await tool('hubspot-search-objects', { objectType: 'contacts', filterGroups, properties: ['email'] }), /ada@acme/)
})

test('creates and changes records', async () => {
  const made = await tool('hubspot-batch-create-objects', { objectType: 'contacts', inputs: [{ properties: { email: 'new@example.com' } }] })
  assert.match(made, /new@example\.com/)
  const update = { objectType: 'contacts', inputs: [{ id: ids['contacts/ada'], properties: { city: 'Porto' } }] }
  assert.match(await tool('hubspot-batch-update-objects', update), /Porto/)
})

test('tells associations and properties', async () => {
  const associations = await tool('hubspot-list-associations', { objectType: 'deals', objectId: ids['deals/renewal'], toObjectType: 'contacts' })
  assert.match(associations, new RegExp(ids['contacts/ada']))
  assert.match(await tool('hubspot-list-properties', { objectType: 'contacts' }), /email/)
})
