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
before(async () => { keyway = await Keyway.start() })
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

test('a workflow action has functions, revisions and callbacks', async () => {
  const { hubspot, id: app } = fresh('actions')
  const actions = hubspot.automation.actions
  const made = await actions.definitionsApi.create(app, {
    actionUrl: 'https://example.com/act', published: true, objectTypes: ['CONTACT'], labels: { en: { actionName: 'Act' } }, inputFields: [],
    functions: [{ functionType: 'PRE_ACTION_EXECUTION', functionSource: 'exports.main = 1' }],
  })
  await actions.functionsApi.createOrReplaceByFunctionType(made.id, 'POST_ACTION_EXECUTION', app, 'exports.main = 2')
  assert.equal((await actions.functionsApi.getByFunctionType(made.id, 'POST_ACTION_EXECUTION', app)).functionSource, 'exports.main = 2')
  assert.equal((await actions.definitionsApi.update(made.id, app, { published: false })).published, false)
  assert.equal((await actions.revisionsApi.getPage(made.id, app)).results.length, 3)
  await actions.callbacksApi.complete('ap-1', { outputFields: { hs_execution_state: 'SUCCESS' } })
  await assert.rejects(actions.definitionsApi.create(app, { actionUrl: 'nowhere' }), (error) => error.code === 400)
})

test('apps keep their settings, cards and timeline events', async () => {
  const { hubspot, id: app } = fresh('extensions')
  const { calling, cards, videoconferencing } = hubspot.crm.extensions
  await calling.settingsApi.create(app, { name: 'Dialer', url: 'https://example.com/dial' })
  assert.equal((await calling.settingsApi.update(app, { isReady: true })).isReady, true)
  await calling.recordingSettingsApi.registerUrlFormat(app, { urlToRetrieveAuthedRecording: 'https://example.com/%s' })
  await videoconferencing.settingsApi.replace(app, { createMeetingUrl: 'https://example.com/meet' })
  assert.equal((await videoconferencing.settingsApi.getById(app)).createMeetingUrl, 'https://example.com/meet')
  const card = await cards.cardsApi.create(app, {
    title: 'Orders', actions: { baseUrls: ['https://example.com'] }, display: { properties: [] },
    fetch: { targetUrl: 'https://example.com/card', objectTypes: [{ name: 'contacts', propertiesToSend: ['email'] }] },
  })
  assert.equal((await cards.cardsApi.getAll(app)).results[0].id, card.id)
  const { templatesApi, eventsApi } = hubspot.crm.timeline
  const template = await templatesApi.create(app, {
    name: 'Visit', objectType: 'contacts', headerTemplate: 'Visited {{page}}', detailTemplate: '', tokens: [{ name: 'page', label: 'Page', type: 'string' }],
  })
  const event = await eventsApi.create({ eventTemplateId: template.id, email: 'ada@example.com', tokens: { page: '/home' } })
  assert.equal(await eventsApi.getRenderById(template.id, event.id), 'Visited /home')
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
