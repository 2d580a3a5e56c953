import { test } from 'node:test'
import { useHubSpot } from '@keyway/test/node-test'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { Sync, events } from './crm-sync.mjs'

const hubspot = useHubSpot({ seed: { set: 'minimal', records: { contacts: [{ email: 'bo@example.com' }] } } })
const syncOf = (client = hubspot.client) => new Sync(client, async () => {})

/** The team's own endpoint for webhooks: what it gets, as a promise. */
async function receiver() {
  const server = http.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/hooks`
  const got = once(server, 'request').then(async ([request, answer]) => {
    let body = ''
    for await (const piece of request) body += piece
    answer.writeHead(204).end()
    return [url, request.headers, body]
  })
  return { url, got, close: () => server.close() }
}

test('a company is found by its domain', async () => {
  assert.equal(await syncOf().company('acme.example.com', 'Acme'), '101')
  await hubspot.assertCalled('POST', '/crm/*/companies/search', { times: 1 })
  await hubspot.assertNotCalled('POST', '/crm/*/companies')
})

test('an unknown company is created', async () => {
  const made = await syncOf().company('new.example.com', 'New')
  assert.equal((await hubspot.client.crm.companies.basicApi.getById(made)).properties.name, 'New')
})

test('a contact works for a company', async () => {
  const ids = await hubspot.seed({ records: { contacts: [{ key: 'cy', properties: { email: 'cy@example.com' } }], companies: [{ key: 'sea', properties: { name: 'Sea' } }] } })
  await syncOf().employ(ids['contacts/cy'], ids['companies/sea'])
  assert.deepEqual(await syncOf().employees(ids['companies/sea']), [ids['contacts/cy']])
})

test('a paid order is a closed deal', async () => {
  const deal = await hubspot.client.crm.deals.basicApi.getById(await syncOf().win('A-7', 1200), ['dealstage', 'amount'])
  assert.deepEqual([deal.properties.dealstage, deal.properties.amount], ['closedwon', '1200'])
  await hubspot.assertCalled('POST', '/crm/*/deals', { times: 1, body: { properties: { dealname: 'Order A-7' } } })
})

test('a response that is lost was performed', async () => {
  await hubspot.fault({ cut: 'after', method: 'POST', times: 1 })
  await assert.rejects(syncOf().contact('new@example.com'))
  assert.ok((await syncOf().emails()).includes('new@example.com'))
})

test('a token without the scope is refused', async () => {
  const reader = await hubspot.app('Reader', { scopes: ['crm.objects.contacts.read'] })
  await assert.rejects(syncOf(hubspot.clientWith(reader.token)).contact('new@example.com'), (error) => error.code === 403 && JSON.stringify(error.body).includes('crm.objects.contacts.write'))
  await hubspot.assertCalled(undefined, undefined, { app: 'Reader', status: 403, times: 1 })
})

test('the name of an app is free again in the next test', async () => {
  const reader = await hubspot.app('Reader', { scopes: ['crm.objects.contacts.read'] })
  assert.equal((await syncOf(hubspot.clientWith(reader.token)).emails()).length, 2)
})

test('records have the time of the account', async () => {
  await hubspot.clock.freeze('2027-01-31T09:00:00Z')
  const made = await hubspot.client.crm.contacts.basicApi.getById(await syncOf().contact('new@example.com'))
  assert.equal(made.createdAt.toISOString(), '2027-01-31T09:00:00.000Z')
  await hubspot.clock.advance(86_400_000)
  assert.equal((await hubspot.clock.now()).toISOString(), '2027-02-01T09:00:00.000Z')
})

test('a test starts at the real time', async () => {
  assert.ok(!(await hubspot.clock.frozen()))
  assert.ok(Math.abs((await hubspot.clock.now()) - Date.now()) < 300_000)
})

test('a webhook has a right signature', async () => {
  const { url, got, close } = await receiver()
  await hubspot.webhooks.send(url, 'contact.creation')
  const made = await syncOf().contact('new@example.com')
  await hubspot.webhooks.assertDelivered('contact.creation', { times: 1 })
  const [event] = events(await hubspot.webhooks.secret(), ...(await got))
  assert.deepEqual([event.subscriptionType, String(event.objectId)], ['contact.creation', made])
  close()
})

test('a webhook of somebody else is refused', async () => {
  const { url, got, close } = await receiver()
  await hubspot.webhooks.send(url, ['contact.propertyChange:city'])
  await syncOf().contact('ada@acme.example.com', { city: 'Porto' })
  const received = await got
  assert.throws(() => events('another secret', ...received), /signature/)
  close()
})

test('what a test keeps comes back after a change', async () => {
  await hubspot.snapshot('two')
  await syncOf().forget('bo@example.com')
  assert.equal((await syncOf().emails()).length, 1)
  await hubspot.restore('two')
  assert.equal((await syncOf().emails()).length, 2)
})

test('a program of its own finds the account in its environment', async () => {
  const answer = await fetch(`${hubspot.env.HUBSPOT_BASE_URL}/crm/v3/objects/contacts?limit=1`, { headers: { authorization: `Bearer ${hubspot.env.HUBSPOT_ACCESS_TOKEN}` } })
  assert.equal((await answer.json()).results[0].properties.email, 'ada@acme.example.com')
})

test('every command of the command line works on the account', async () => {
  const { count } = await hubspot.portal('requests', '--method', 'POST')
  assert.equal(count, 0)
})
