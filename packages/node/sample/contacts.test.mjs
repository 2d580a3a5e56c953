import { test } from 'node:test'
import { useHubSpot } from '@keyway/test/node-test'
import assert from 'node:assert/strict'
import { Sync } from './crm-sync.mjs'

const hubspot = useHubSpot({ seed: 'minimal' })
const syncOf = (waits = []) => new Sync(hubspot.client, async (ms) => void waits.push(ms))

test('a new customer becomes a contact', async () => {
  await syncOf().contact('new@example.com', { firstname: 'Nell' })
  const [request] = await hubspot.assertCalled('POST', '/crm/*/contacts', { times: 1, status: 201 })
  assert.deepEqual(request.body.properties, { email: 'new@example.com', firstname: 'Nell' })
})

test('a known customer is changed and not created again', async () => {
  const made = await syncOf().contact('ada@acme.example.com', { city: 'Porto' })
  assert.equal((await hubspot.client.crm.contacts.basicApi.getById(made, ['city'])).properties.city, 'Porto')
  await hubspot.assertCalled('POST', undefined, { times: 1, status: 409 })
  await hubspot.assertCalled('PATCH', undefined, { times: 1, body: { properties: { city: 'Porto' } } })
})

test('every test starts with the same records', async () => {
  assert.deepEqual(await syncOf().emails(), ['ada@acme.example.com'])
})

test('ids are the same at every start', async () => {
  assert.equal(await syncOf().contact('ada@acme.example.com', { city: 'Faro' }), '101')
})

test('an invalid e-mail is refused as on HubSpot', async () => {
  await assert.rejects(syncOf().contact('not an address'), (error) => error.code === 400 && JSON.stringify(error.body).includes('INVALID_EMAIL'))
})

test('an unknown property is refused as on HubSpot', async () => {
  await assert.rejects(syncOf().contact('new@example.com', { shoe_size: '42' }), (error) => JSON.stringify(error.body).includes('PROPERTY_DOESNT_EXIST'))
})

test('a batch of customers is one request', async () => {
  assert.equal(await syncOf().customers(Array.from({ length: 100 }, (_, at) => ({ email: `customer${at}@example.com` }))), 100)
  await hubspot.assertCalled('POST', '/crm/*/contacts/batch/upsert', { times: 1 })
})

test('more customers than a batch holds are several requests', async () => {
  await syncOf().customers(Array.from({ length: 230 }, (_, at) => ({ email: `customer${at}@example.com` })))
  assert.equal((await syncOf().emails()).length, 231)
  await hubspot.assertCalled('POST', '/crm/*/batch/upsert', { times: 3 })
})

test('an upsert changes those that are there', async () => {
  await syncOf().customers([{ email: 'ada@acme.example.com', city: 'Lisbon' }, { email: 'new@example.com', city: 'Braga' }])
  assert.deepEqual((await syncOf().emails()).sort(), ['ada@acme.example.com', 'new@example.com'])
})

test('all pages are read', async () => {
  const made = await hubspot.make('contacts', 25, { properties: { email: 'p{n}@{company.domain}' }, associate: 'companies' })
  assert.equal(made.length, 25)
  assert.ok((await syncOf().emails(10)).includes('p25@acme.example.com'))
  await hubspot.assertCalled('GET', '/crm/*/contacts', { times: 3, query: 'limit=10' })
  await hubspot.assertCalled('GET', '/crm/*/contacts', { times: 3, query: { limit: 10 } })
  await assert.rejects(hubspot.assertCalled('GET', undefined, { query: ['limit=10'] }), TypeError)
})

test('a forgotten customer is archived', async () => {
  assert.ok(await syncOf().forget('ada@acme.example.com'))
  assert.deepEqual(await syncOf().emails(), [])
  await hubspot.assertCalled('DELETE', undefined, { times: 1, status: 204 })
  const archived = (await hubspot.diff(undefined, { only: 'records' })).filter(({ fields }) => fields.archived)
  assert.deepEqual(archived.map(({ type, name }) => [type, name]), [['contacts', '101']])
})

test('forgetting somebody unknown writes nothing', async () => {
  assert.ok(!(await syncOf().forget('nobody@example.com')))
  await hubspot.assertNotCalled('DELETE')
})

test('a rate limit is waited for', async () => {
  const waits = []
  await hubspot.fault({ status: 429, times: 2 })
  await syncOf(waits).contact('new@example.com')
  assert.equal(waits.length, 2)
  await hubspot.assertCalled('POST', undefined, { times: 3 })
})

test('servers that fail for good are given up', async () => {
  const waits = []
  await hubspot.fault({ status: 503, path: '/crm/*' })
  await assert.rejects(syncOf(waits).contact('new@example.com'), (error) => error.code === 503)
  assert.equal(waits.length, 3)
})

test('a fault of the test before is gone', async () => {
  const waits = []
  await syncOf(waits).contact('new@example.com')
  assert.deepEqual(waits, [])
})

test('the time that HubSpot asks for is waited', async () => {
  const waits = []
  await hubspot.fault({ status: 503, times: 1, retryAfterS: 7 })
  await syncOf(waits).contact('new@example.com')
  assert.deepEqual(waits, [7000])
})
