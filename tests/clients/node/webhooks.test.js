// Webhooks: set with a command, and checked with the official client's own Signature at a receiver of the test's own.
const { after, before, test } = require('node:test')
const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const { Signature } = require('@hubspot/api-client')
const { Keyway } = require('./keyway')

let keyway
before(async () => { keyway = await Keyway.start() })
after(() => keyway.stop())

const gateway = process.env.KEYWAY_GATEWAY && "webhooks of a connected account are HubSpot's"

test('a deal that moves is told of, and the signature is valid', { skip: gateway }, async () => {
  const account = keyway.account('Webhooks')
  const app = keyway.app(account, 'Webhooks')
  const receiver = http.createServer()
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const url = `http://127.0.0.1:${receiver.address().port}/deals`
  const of = ['portal', '--account', String(account), 'webhook']
  keyway.run(...of, 'set', String(app.id), '--to', url, 'deal.creation', 'deal.propertyChange:dealstage')
  const { secret: clientSecret } = keyway.run(...of, 'secret', String(app.id))

  const told = once(receiver, 'request')
  const hubspot = keyway.client(app.token)
  const deal = await hubspot.crm.deals.basicApi.create({ properties: { dealname: 'Big', dealstage: 'appointmentscheduled' }, associations: [] })
  const [request, answer] = await told
  let requestBody = ''
  for await (const piece of request) requestBody += piece
  answer.end()
  const { 'x-hubspot-signature': v1, 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp } = request.headers
  const v3 = { signatureVersion: 'v3', signature, method: 'POST', clientSecret, requestBody, url, timestamp: Number(timestamp) }
  assert.ok(Signature.isValid(v3))
  assert.ok(!Signature.isValid({ ...v3, requestBody: requestBody.replace('Big', 'Bag') + ' ' }))
  assert.ok(Signature.isValid({ signature: v1, clientSecret, requestBody }))
  const events = JSON.parse(requestBody)
  assert.deepEqual(events.map((event) => event.subscriptionType), ['deal.creation', 'deal.propertyChange'])
  assert.deepEqual([events[0].objectId, events[1].propertyValue], [Number(deal.id), 'appointmentscheduled'])
  receiver.close()
})
