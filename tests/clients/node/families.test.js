// What is beyond the CRM, through HubSpot's own client: content, what apps add to an account, and e-mails.
const { after, before, test } = require('node:test')
const assert = require('node:assert/strict')
const { Keyway } = require('./keyway')

const SCOPES = [
  'content', 'hubdb', 'files', 'automation', 'developers-read', 'developers-write', 'timeline', 'crm.dealsplits.read_write', 'crm.objects.contacts.read',
  'crm.objects.contacts.write', 'crm.objects.deals.read', 'crm.objects.deals.write', 'crm.objects.owners.read', 'marketing-email', 'transactional-email',
  'conversations.visitor_identification.tokens.create', 'business_units_view.read',
]

let keyway
before(async () => { keyway = Object.assign(await Keyway.start(), { connectionScopes: SCOPES }) })
after(() => keyway.stop())

const fresh = (name) => {
  const account = keyway.account(name, '--tier', 'enterprise', '--addons', '2')
  const app = keyway.app(account, name, SCOPES)
  return { account, ...app, hubspot: keyway.client(app.token, 6) }
}

test('pages and posts are drafted, scheduled, translated and restored', async () => {
  const { hubspot } = fresh('content')
  for (const pages of [hubspot.cms.pages.sitePagesApi, hubspot.cms.pages.landingPagesApi, hubspot.cms.blogs.blogPosts.basicApi]) {
    const made = await pages.create({ name: 'Home', slug: 'home' })
    assert.ok(made.created instanceof Date)
    await pages.updateDraft(made.id, { slug: 'new-home' })
    assert.equal((await pages.getById(made.id)).slug, 'home')
    await pages.pushLive(made.id)
    const live = await pages.getById(made.id)
    assert.deepEqual([live.slug, live.state], ['new-home', 'PUBLISHED'])
    const revisions = await pages.getPreviousVersions(made.id)
    const first = revisions.results.at(-1)
    assert.equal((await pages.restorePreviousVersionToDraft(made.id, first.id)).slug, 'home')
    await pages.schedule({ id: made.id, publishDate: new Date(Date.now() + 3600_000) })
    assert.equal((await pages.getById(made.id)).state, 'SCHEDULED')
    const languages = pages.createLangVariation ? pages : hubspot.cms.blogs.blogPosts.multiLanguageApi
    const variation = await languages.createLangVariation({ id: made.id, language: 'de' })
    assert.equal(variation.translatedFromId, made.id)
    assert.deepEqual(Object.keys((await pages.getById(made.id)).translations), ['de'])
    await pages.archive(made.id)
    await assert.rejects(pages.getById(made.id), (error) => error.code === 404)
  }
})

// The client sends these with the developer account's key alone; with an app's token they go over its generic request.
test('apps keep their actions, settings, cards and timeline templates', async () => {
  const { hubspot, id: app } = fresh('extensions')
  const ask = async (method, path, body) => {
    const answer = await hubspot.apiRequest({ method, path, body })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
    return answer.status === 204 ? undefined : answer.json()
  }
  const actions = `/automation/v4/actions/${app}`
  const made = await ask('POST', actions, {
    actionUrl: 'https://example.com/act', published: true, objectTypes: ['CONTACT'], labels: { en: { actionName: 'Act' } }, inputFields: [],
    functions: [{ functionType: 'PRE_ACTION_EXECUTION', functionSource: 'exports.main = 1' }],
  })
  assert.equal((await ask('PATCH', `${actions}/${made.id}`, { published: false })).published, false)
  assert.equal((await ask('GET', `${actions}/${made.id}/revisions`)).results.length, 2)
  const calling = `/crm/v3/extensions/calling/${app}/settings`
  await ask('POST', calling, { name: 'Dialer', url: 'https://example.com/dial' })
  assert.equal((await ask('PATCH', calling, { isReady: true })).isReady, true)
  const video = `/crm/v3/extensions/videoconferencing/settings/${app}`
  assert.equal((await ask('PUT', video, { createMeetingUrl: 'https://example.com/meet' })).createMeetingUrl, 'https://example.com/meet')
  const card = await ask('POST', `/crm/v3/extensions/cards-dev/${app}`, {
    title: 'Orders', actions: { baseUrls: ['https://example.com'] }, display: { properties: [] },
    fetch: { targetUrl: 'https://example.com/card', objectTypes: [{ name: 'contacts', propertiesToSend: ['email'] }] },
  })
  assert.equal((await ask('GET', `/crm/v3/extensions/cards-dev/${app}`)).results[0].id, card.id)
  const template = await ask('POST', `/integrators/timeline/v3/${app}/event-templates`, {
    name: 'Visit', objectType: 'contacts', headerTemplate: 'Visited {{page}}', detailTemplate: '', tokens: [{ name: 'page', label: 'Page', type: 'string' }],
  })
  const { eventsApi } = hubspot.crm.timeline
  const event = await eventsApi.create({ eventTemplateId: template.id, email: 'ada@example.com', tokens: { page: '/home' } })
  assert.equal((await eventsApi.getById(template.id, event.id)).tokens.page, '/home')
})

test('themes, tables, splits and sends', async () => {
  const { hubspot } = fresh('the rest')
  const source = hubspot.cms.sourceCode
  await source.contentApi.createOrUpdate('draft', 'main.css', { data: Buffer.from('a{}'), name: 'main.css' })
  assert.equal((await source.metadataApi.get('draft', 'main.css')).name, 'main.css')
  const { tablesApi } = hubspot.cms.hubdb
  const table = await tablesApi.createTable({ name: 'cities', label: 'Cities', columns: [{ name: 'city', label: 'City', type: 'TEXT' }] })
  assert.equal((await tablesApi.cloneDraftTable(table.id, { newName: 'towns', newLabel: 'Towns', copyRows: false, isHubspotDefined: false })).name, 'towns')
  const email = await hubspot.marketing.emails.marketingEmailsApi.create({ name: 'Receipt' })
  const sent = await hubspot.marketing.transactional.singleSendApi.sendEmail({ emailId: Number(email.id), message: { to: 'ada@example.com' } })
  assert.equal(sent.sendResult, 'SENT')
  const statistics = await hubspot.marketing.emails.statisticsApi.getEmailsList(undefined, undefined, undefined)
  assert.equal(statistics.aggregate.counters.sent, 1)
})
