// What an integration does all day, through HubSpot's own client.
const { after, before, test } = require('node:test')
const assert = require('node:assert/strict')
const { Keyway } = require('./keyway')

let keyway
before(async () => { keyway = await Keyway.start() })
after(() => keyway.stop())

const big = ['--tier', 'enterprise', '--addons', '2']
const fresh = (name) => {
  const account = keyway.account(name, ...big)
  const app = keyway.app(account, name)
  return { account, ...app, hubspot: keyway.client(app.token, 6) }
}

test('a record is created, read, updated and archived', async () => {
  const { hubspot } = fresh('life of a record')
  const contacts = hubspot.crm.contacts.basicApi
  const made = await contacts.create({ properties: { email: 'ada@example.com', firstname: 'Ada' }, associations: [] })
  assert.match(made.id, /^\d+$/)
  assert.ok(made.createdAt instanceof Date)
  const read = await contacts.getById(made.id, ['email', 'phone', 'lifecyclestage'])
  assert.equal(read.properties.email, 'ada@example.com')
  assert.equal(read.properties.phone, null)
  const byEmail = await contacts.getById('ada@example.com', ['firstname'], undefined, undefined, false, 'email')
  assert.equal(byEmail.id, made.id)
  const updated = await contacts.update(made.id, { properties: { firstname: 'Augusta', phone: '+44 1' } })
  assert.equal(updated.properties.firstname, 'Augusta')
  const withHistory = await contacts.getById(made.id, ['firstname'], ['firstname'])
  assert.deepEqual(withHistory.propertiesWithHistory.firstname.map((one) => one.value), ['Augusta', 'Ada'])
  await contacts.archive(made.id)
  await assert.rejects(contacts.getById(made.id), (error) => error.code === 404)
  const archived = await contacts.getById(made.id, undefined, undefined, undefined, true)
  assert.equal(archived.archived, true)
})

test('250 contacts are paged through, once each', async () => {
  const { hubspot } = fresh('paging')
  const emails = Array.from({ length: 250 }, (_, at) => `person${at}@example.com`)
  for (let from = 0; from < emails.length; from += 100) {
    const inputs = emails.slice(from, from + 100).map((email) => ({ properties: { email }, associations: [] }))
    const made = await hubspot.crm.contacts.batchApi.create({ inputs })
    assert.equal(made.results.length, inputs.length)
  }
  const seen = []
  let after
  let pages = 0
  do {
    const page = await hubspot.crm.contacts.basicApi.getPage(100, after, ['email'])
    seen.push(...page.results.map((contact) => contact.properties.email))
    after = page.paging?.next?.after
    pages += 1
  } while (after)
  assert.equal(pages, 3)
  assert.deepEqual(seen.sort(), emails.sort())
  const all = await hubspot.crm.contacts.getAll(100, undefined, ['email'])
  assert.equal(all.length, 250)
})

test('batches of a hundred are created, read, updated and archived', async () => {
  const { hubspot } = fresh('batches')
  const { batchApi } = hubspot.crm.companies
  const inputs = Array.from({ length: 100 }, (_, at) => ({ properties: { name: `Company ${at}` }, associations: [] }))
  const made = await batchApi.create({ inputs })
  assert.equal(made.status, 'COMPLETE')
  const ids = made.results.map(({ id }) => ({ id }))
  const read = await batchApi.read({ inputs: ids, properties: ['name'], propertiesWithHistory: [] })
  assert.equal(new Set(read.results.map((company) => company.properties.name)).size, 100)
  const partial = await batchApi.read({ inputs: [ids[0], { id: '999999999' }], properties: ['name'], propertiesWithHistory: [] })
  assert.deepEqual([partial.results.length, partial.numErrors], [1, 1])
  const updated = await batchApi.update({ inputs: ids.map(({ id }) => ({ id, properties: { city: 'Paris' } })) })
  assert.equal(updated.results.filter((company) => company.properties.city === 'Paris').length, 100)
  await batchApi.archive({ inputs: ids })
  const left = await hubspot.crm.companies.basicApi.getPage(10)
  assert.equal(left.results.length, 0)
  const tooMany = [...inputs, { properties: { name: 'one more' }, associations: [] }]
  await assert.rejects(batchApi.create({ inputs: tooMany }), (error) => error.code === 400 && error.body.category === 'VALIDATION_ERROR')
})

test('every search operator finds what it should and nothing else', async () => {
  const { account } = fresh('search')
  // Five searches a second are an account's limit; the client waits and repeats as it would anywhere.
  const hubspot = keyway.client(keyway.app(account, 'searcher').token, 6)
  const people = [
    { email: 'a@example.com', firstname: 'Ann', lastname: 'Archer', numemployees: '5', lifecyclestage: 'lead', phone: '1' },
    { email: 'b@example.com', firstname: 'Bob', lastname: 'Baker', numemployees: '25', lifecyclestage: 'customer' },
    { email: 'c@sample.org', firstname: 'Cleo', lastname: 'Archer Smith', numemployees: '500', lifecyclestage: 'lead' },
  ]
  // Numbers are compared on deals, which have a number among their own properties.
  await hubspot.crm.contacts.batchApi.create({ inputs: people.map(({ numemployees, ...properties }) => ({ properties, associations: [] })) })
  await hubspot.crm.deals.batchApi.create({
    inputs: [5, 25, 500].map((amount) => ({ properties: { dealname: `deal ${amount}`, amount: String(amount), pipeline: 'default', dealstage: 'appointmentscheduled' }, associations: [] })),
  })
  const find = async (api, property, filters) => {
    const found = await api.doSearch({ filterGroups: [{ filters }], properties: [property], limit: 100, after: '0', sorts: [] })
    assert.equal(found.total, found.results.length)
    return found.results.map((record) => record.properties[property]).sort()
  }
  const contacts = (...filters) => find(hubspot.crm.contacts.searchApi, 'firstname', filters)
  const deals = async (...filters) => (await find(hubspot.crm.deals.searchApi, 'amount', filters)).map(Number).sort((a, b) => a - b)
  const on = (propertyName, operator, more) => ({ propertyName, operator, ...more })

  assert.deepEqual(await contacts(on('firstname', 'EQ', { value: 'ann' })), ['Ann'])
  assert.deepEqual(await contacts(on('firstname', 'NEQ', { value: 'Ann' })), ['Bob', 'Cleo'])
  assert.deepEqual(await deals(on('amount', 'LT', { value: '25' })), [5])
  assert.deepEqual(await deals(on('amount', 'LTE', { value: '25' })), [5, 25])
  assert.deepEqual(await deals(on('amount', 'GT', { value: '25' })), [500])
  assert.deepEqual(await deals(on('amount', 'GTE', { value: '25' })), [25, 500])
  assert.deepEqual(await deals(on('amount', 'BETWEEN', { value: '6', highValue: '100' })), [25])
  assert.deepEqual(await contacts(on('lifecyclestage', 'IN', { values: ['lead'] })), ['Ann', 'Cleo'])
  assert.deepEqual(await contacts(on('lifecyclestage', 'NOT_IN', { values: ['lead'] })), ['Bob'])
  assert.deepEqual(await contacts(on('phone', 'HAS_PROPERTY')), ['Ann'])
  assert.deepEqual(await contacts(on('phone', 'NOT_HAS_PROPERTY')), ['Bob', 'Cleo'])
  assert.deepEqual(await contacts(on('lastname', 'CONTAINS_TOKEN', { value: 'archer' })), ['Ann', 'Cleo'])
  assert.deepEqual(await contacts(on('email', 'CONTAINS_TOKEN', { value: '*@example.com' })), ['Ann', 'Bob'])
  assert.deepEqual(await contacts(on('lastname', 'NOT_CONTAINS_TOKEN', { value: 'archer' })), ['Bob'])
  const both = await contacts(on('lifecyclestage', 'EQ', { value: 'lead' }), on('phone', 'HAS_PROPERTY'))
  assert.deepEqual(both, ['Ann'])

  const sorted = await hubspot.crm.contacts.searchApi.doSearch({ sorts: ['-firstname'], properties: ['firstname'], limit: 2, filterGroups: [], after: '0' })
  assert.equal(sorted.total, 3)
  assert.equal(sorted.paging.next.after, '2')
  const query = await hubspot.crm.contacts.searchApi.doSearch({ query: 'sample.org', properties: ['firstname'], limit: 10, filterGroups: [], sorts: [], after: '0' })
  assert.deepEqual(query.results.map((contact) => contact.properties.firstname), ['Cleo'])
})

test('records are associated, read back from both sides, and parted', async () => {
  const { hubspot } = fresh('associations')
  const contact = await hubspot.crm.contacts.basicApi.create({ properties: { email: 'x@example.com' }, associations: [] })
  const company = await hubspot.crm.companies.basicApi.create({ properties: { name: 'X' }, associations: [] })
  const v4 = hubspot.crm.associations.v4.basicApi
  await v4.createDefault('contacts', contact.id, 'companies', company.id)
  const there = await v4.getPage('contacts', contact.id, 'companies')
  assert.equal(String(there.results[0].toObjectId), company.id)
  assert.ok(there.results[0].associationTypes.some((type) => type.typeId === 279))
  const back = await v4.getPage('companies', company.id, 'contacts')
  assert.equal(String(back.results[0].toObjectId), contact.id)
  await v4.create('contacts', contact.id, 'companies', company.id, [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1 }])
  const labelled = await v4.getPage('contacts', contact.id, 'companies')
  assert.ok(labelled.results[0].associationTypes.some((type) => type.typeId === 1 && type.label === 'Primary'))
  const read = await hubspot.crm.contacts.basicApi.getById(contact.id, undefined, undefined, ['companies'])
  assert.ok(read.associations.companies.results.some((one) => one.id === company.id))
  await v4.archive('contacts', contact.id, 'companies', company.id)
  assert.deepEqual((await v4.getPage('contacts', contact.id, 'companies')).results, [])
})

test('owners are paged through and read', async () => {
  const account = keyway.run('account', 'list').accounts[0].hubId
  const hubspot = keyway.client(keyway.app(account, 'owners reader').token)
  const all = (await hubspot.crm.owners.ownersApi.getPage()).results
  assert.ok(all.length > 1)
  const seen = []
  let after
  do {
    const page = await hubspot.crm.owners.ownersApi.getPage(undefined, after, 1)
    assert.equal(page.results.length, 1)
    seen.push(page.results[0].id)
    after = page.paging?.next?.after
  } while (after)
  assert.deepEqual(seen, all.map((owner) => owner.id))
  const one = await hubspot.crm.owners.ownersApi.getById(Number(all[0].id))
  assert.equal(one.email, all[0].email)
})

test('one record is the same on every version of the path', async () => {
  const { hubspot } = fresh('versions')
  const made = await hubspot.crm.contacts.basicApi.create({ properties: { email: 'v@example.com' }, associations: [] })
  for (const path of ['/crm/v3/objects/contacts', '/crm/objects/2025-09/contacts', '/crm/objects/2026-03/0-1', '/crm/objects/2026-09/contact']) {
    const response = await hubspot.apiRequest({ path: `${path}/${made.id}` })
    const record = await response.json()
    assert.equal(response.status, 200, path)
    assert.equal(record.properties.email, 'v@example.com', path)
  }
})

test('a token says what it is, and the account who it is', async () => {
  const { hubspot, account, id, token } = fresh('introspection')
  const response = await hubspot.apiRequest({ method: 'POST', path: '/oauth/v2/private-apps/get/access-token-info', body: { tokenKey: token } })
  const info = await response.json()
  assert.deepEqual([info.hubId, info.appId], [account, id])
  assert.ok(info.scopes.includes('crm.objects.contacts.read'))
  const details = await (await hubspot.apiRequest({ path: '/account-info/v3/details' })).json()
  assert.equal(details.portalId, account)
})
