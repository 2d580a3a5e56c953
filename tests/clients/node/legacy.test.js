// The npm client "hubspot", which nobody keeps any more and which is still in use: its calls over the
// legacy layer. Only the base URL and the token are set.
const { after, before, test } = require('node:test')
const assert = require('node:assert/strict')
const { Keyway, SCOPES } = require('./keyway')
const Hubspot = require('hubspot')

let keyway, hubspot, ids
before(async () => {
  keyway = await Keyway.start()
  const account = keyway.account('Legacy client')
  ids = keyway.seed(account, 'minimal')
  keyway.seed(account, 'activities')
  const { token } = keyway.app(account, 'Old code', [...SCOPES, 'crm.lists.read'])
  hubspot = new Hubspot({ baseUrl: keyway.url, accessToken: token, checkLimit: false })
})
after(() => keyway.stop())

test('reads contacts, all of them, one, by address and in batches', async () => {
  const all = await hubspot.contacts.get({ count: 100, property: ['email'] })
  assert.deepEqual(all.contacts.map((one) => one.properties.email.value).sort(), ['ada@acme.example.com', 'ben@acme.example.com'])
  assert.equal(all['has-more'], false)
  const ada = await hubspot.contacts.getById(ids['contacts/ada'])
  assert.equal(ada.properties.lifecyclestage.value, 'customer')
  assert.equal((await hubspot.contacts.getByEmail('ada@acme.example.com')).vid, ada.vid)
  assert.deepEqual(Object.keys(await hubspot.contacts.getByIdBatch([ada.vid])), [String(ada.vid)])
  assert.equal((await hubspot.contacts.getRecentlyModified({ count: 1 })).contacts.length, 1)
  assert.equal((await hubspot.contacts.search('ada')).total, 1)
  await assert.rejects(hubspot.contacts.getById(1), (error) => error.statusCode === 404 && error.error.message === 'contact does not exist')
})

test('reads companies and their contacts', async () => {
  const { companies } = await hubspot.companies.get({ properties: ['name'] })
  assert.equal(companies.length, 2)
  const acme = await hubspot.companies.getById(ids['companies/acme'])
  assert.equal(acme.properties.domain.value, 'acme.example.com')
  assert.deepEqual((await hubspot.companies.getContactIds(acme.companyId)).vids, [Number(ids['contacts/ada'])])
  const found = await hubspot.companies.getByDomain('acme.example.com', { limit: 5, requestOptions: { properties: ['name'] } })
  assert.equal(found.results.length, 2)
})

test('reads deals with their associations, and their pipelines', async () => {
  const { deals } = await hubspot.deals.get({ properties: 'amount', includeAssociations: true })
  assert.deepEqual(deals.map((deal) => [deal.properties.amount.value, deal.associations.associatedVids]), [['1500', [Number(ids['contacts/ada'])]]])
  assert.equal((await hubspot.deals.getAssociated('contact', ids['contacts/ada'])).deals.length, 1)
  const pipelines = await hubspot.pipelines.get()
  assert.ok(pipelines[0].stages.some((stage) => stage.closedWon))
})

test('reads engagements of every type', async () => {
  const { results } = await hubspot.engagements.get({ limit: 50 })
  assert.deepEqual(results.map((one) => one.engagement.type).sort(), ['CALL', 'EMAIL', 'MEETING', 'NOTE', 'TASK'])
})

test('reads definitions, owners and the day\'s use', async () => {
  assert.ok((await hubspot.contacts.properties.getAll()).some((property) => property.name === 'email'))
  assert.equal((await hubspot.owners.get()).length, 3)
  assert.ok((await hubspot.getApiLimit()).usageLimit > 0)
})

test('writes contacts, one by one, by address and in batches', async () => {
  const city = (value) => ({ properties: [{ property: 'city', value }] })
  const made = await hubspot.contacts.createOrUpdate('old@example.com', city('Porto'))
  assert.equal(made.isNew, true)
  assert.deepEqual(await hubspot.contacts.createOrUpdate('old@example.com', city('Lagos')), { vid: made.vid, isNew: false })
  await hubspot.contacts.update(made.vid, city('Faro'))
  await hubspot.contacts.createOrUpdateBatch([{ vid: made.vid, ...city('Braga') }, { email: 'more@example.com', ...city('Braga') }])
  assert.equal((await hubspot.contacts.getByEmail('more@example.com')).properties.city.value, 'Braga')
  assert.equal((await hubspot.contacts.getById(made.vid)).properties.city.value, 'Braga')
  const taken = { properties: [{ property: 'email', value: 'old@example.com' }] }
  await assert.rejects(hubspot.contacts.create(taken), { statusCode: 409 })
  assert.equal((await hubspot.contacts.delete(made.vid)).deleted, true)
})

test('writes companies, deals, engagements and associations', async () => {
  const vid = Number(ids['contacts/ada'])
  const company = await hubspot.companies.create({ properties: [{ name: 'name', value: 'Old Foods' }] })
  await hubspot.companies.updateBatch([{ objectId: company.companyId, properties: [{ name: 'city', value: 'Porto' }] }])
  assert.equal((await hubspot.companies.getById(company.companyId)).properties.city.value, 'Porto')
  await hubspot.companies.addContactToCompany({ companyId: company.companyId, contactVid: vid })
  assert.deepEqual((await hubspot.companies.getContactIds(company.companyId)).vids, [vid])
  const properties = [{ name: 'dealname', value: 'Old deal' }, { name: 'dealstage', value: 'closedwon' }]
  const deal = await hubspot.deals.create({ properties, associations: { associatedVids: [vid] } })
  assert.deepEqual((await hubspot.deals.getById(deal.dealId)).associations.associatedVids, [vid])
  await hubspot.crm.associations.create({ fromObjectId: deal.dealId, toObjectId: company.companyId, category: 'HUBSPOT_DEFINED', definitionId: 5 })
  assert.deepEqual((await hubspot.deals.getById(deal.dealId)).associations.associatedCompanyIds, [company.companyId])
  const note = await hubspot.engagements.create({ engagement: { type: 'NOTE' }, associations: { contactIds: [vid] }, metadata: { body: 'Hello' } })
  assert.deepEqual([note.metadata.body, note.associations.contactIds], ['Hello', [vid]])
  const { deleted } = await hubspot.companies.delete(company.companyId)
  assert.equal(deleted, true)
})
