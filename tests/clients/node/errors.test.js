// HubSpot's errors, as its own client's error class shows them.
const { after, before, test } = require('node:test')
const assert = require('node:assert/strict')
const { Keyway, SCOPES } = require('./keyway')

let keyway
before(async () => { keyway = await Keyway.start() })
after(() => keyway.stop())

const refused = async (call, status) => {
  const error = await call.then(() => assert.fail('the call passed'), (error) => error)
  assert.equal(error.constructor.name, 'ApiException', String(error))
  assert.equal(error.code, status, JSON.stringify(error.body))
  assert.equal(error.body.status, 'error')
  assert.match(error.body.correlationId, /^[0-9a-f-]{36}$/)
  return error.body
}

test('401: no, unknown, rotated and revoked tokens', async () => {
  const account = keyway.account('401')
  const app = keyway.app(account, '401')
  const read = (token) => keyway.client(token).crm.contacts.basicApi.getPage()
  await read(app.token)
  const none = await refused(keyway.client(undefined).crm.contacts.basicApi.getPage(), 401)
  assert.equal(none.category, 'INVALID_AUTHENTICATION')
  assert.match(none.message, /^Authentication credentials not found\./)
  const malformed = await refused(read('nonsense'), 401)
  assert.equal(malformed.category, 'EXPIRED_AUTHENTICATION')
  const unknown = await refused(read(app.token.slice(0, -1) + (app.token.endsWith('0') ? '1' : '0')), 401)
  assert.equal(unknown.category, 'INVALID_AUTHENTICATION')
  const next = keyway.run('token', 'rotate', String(app.id), '--now').token
  assert.equal((await refused(read(app.token), 401)).category, 'INVALID_AUTHENTICATION')
  await read(next.value)
  keyway.run('token', 'revoke', String(next.id), '--yes')
  assert.equal((await refused(read(next.value), 401)).category, 'INVALID_AUTHENTICATION')
})

test('403 names the scope, and granting it needs no new token', async () => {
  const account = keyway.account('403')
  const app = keyway.app(account, '403', ['crm.objects.contacts.read'])
  const create = () => keyway.client(app.token).crm.contacts.basicApi.create({ properties: { email: 'n@example.com' }, associations: [] })
  const body = await refused(create(), 403)
  assert.equal(body.category, 'MISSING_SCOPES')
  assert.deepEqual(body.errors[0].context.requiredGranularScopes, ['crm.objects.contacts.write'])
  keyway.run('app', 'update', String(app.id), '--add-scope', 'crm.objects.contacts.write')
  assert.ok((await create()).id)
})

test('404 for a record that is not there', async () => {
  const hubspot = keyway.client(keyway.app(keyway.account('404'), '404').token)
  const body = await refused(hubspot.crm.contacts.basicApi.getById('123456789'), 404)
  assert.equal(body.category, 'OBJECT_NOT_FOUND')
})

test('409 for an e-mail address that another contact has', async () => {
  const hubspot = keyway.client(keyway.app(keyway.account('409'), '409').token)
  const create = () => hubspot.crm.contacts.basicApi.create({ properties: { email: 'twice@example.com' }, associations: [] })
  const { id } = await create()
  const body = await refused(create(), 409)
  assert.equal(body.message, `Contact already exists. Existing ID: ${id}`)
  assert.equal(body.category, 'CONFLICT')
})

test('400 names the property that does not exist', async () => {
  const hubspot = keyway.client(keyway.app(keyway.account('400'), '400').token)
  const body = await refused(hubspot.crm.contacts.basicApi.create({ properties: { nosuchproperty: 'x' }, associations: [] }), 400)
  assert.equal(body.category, 'VALIDATION_ERROR')
  assert.ok(JSON.stringify(body).includes('PROPERTY_DOESNT_EXIST'))
})

test('429 after the burst of the free tier, for this app only; through a gateway, for the one credential of all', async () => {
  const account = keyway.account('429')
  const [one, other] = ['one', 'other'].map((name) => keyway.client(keyway.app(account, name).token))
  const calls = Array.from({ length: 101 }, () => one.crm.contacts.basicApi.getPage(1).then(() => null, (error) => error))
  const errors = (await Promise.all(calls)).filter(Boolean)
  assert.equal(errors.length, 1)
  assert.equal(errors[0].code, 429)
  assert.equal(errors[0].body.policyName, 'TEN_SECONDLY_ROLLING')
  const another = other.crm.contacts.basicApi.getPage(1)
  await (keyway.hubspot ? refused(another, 429) : another)
})

test('429 after five searches in a second, for the whole account', async () => {
  const account = keyway.account('search 429')
  const hubspot = keyway.client(keyway.app(account, 'searcher', SCOPES).token)
  const search = () => hubspot.crm.contacts.searchApi.doSearch({ filterGroups: [], sorts: [], properties: [], limit: 1, after: '0' })
  const errors = (await Promise.all(Array.from({ length: 30 }, () => search().then(() => null, (error) => error)))).filter(Boolean)
  assert.ok(errors.length > 0)
  assert.ok(errors.every((error) => error.code === 429 && error.body.policyName === 'SECONDLY'))
})
