// Every page of the console that is reached by a link, and what has to be there for them.

/** Makes what the pages are of, and gives the numbers that are in their addresses. */
async function prepare(console_) {
  const { keyway } = console_
  const { 'Demo sync': full, 'Read-only report': reader } = keyway.tokens
  for (let sent = 0; sent < 60; sent += 1) await console_.call(full, '/crm/v3/objects/contacts?limit=1')
  for (let sent = 0; sent < 5; sent += 1) await console_.call(reader, '/crm/v3/objects/contacts', { method: 'POST', body: '{"properties":{}}' })
  await console_.call('not-a-token', '/crm/v3/objects/contacts')
  const forms = keyway.run('app', 'create', 'Website forms', '--scopes', 'crm.objects.contacts.read,crm.objects.contacts.write', '--owner', 'grace@example.com', '--dependent', 'www.example.com/contact')
  keyway.run('token', 'rotate', 'Website forms', '--grace', '7d')
  const { publicApp } = keyway.run('public-app', 'create', 'Calendar', '--redirect-uri', 'https://calendar.example/callback', '--scopes', 'oauth,crm.objects.contacts.read', '--optional-scopes', 'crm.objects.deals.read')
  const { accounts } = keyway.run('account', 'list')
  const authorize = `${keyway.admin}/oauth/authorize?${new URLSearchParams({ client_id: publicApp.clientId, redirect_uri: 'https://calendar.example/callback', scope: 'oauth crm.objects.contacts.read' })}`
  keyway.run('install', 'approve', authorize, '--account', String(accounts[0].hubId))
  const { records } = keyway.run('audit', 'list', '--category', 'MISSING_SCOPES')
  return { app: forms.app.id, token: forms.token.id, demo: keyway.run('app', 'show', 'Demo sync').app.id, busy: busiest(keyway), public: publicApp.id, hub: accounts[0].hubId, record: records[0].correlationId, authorize: new URL(authorize) }
}

/** The app with the most calls of the week. */
function busiest(keyway) {
  return keyway.run('calls', '--since', '7d').groups.find(({ id }) => id !== null).id
}

/** Name and address of every page that is reached by a link. */
function pages(ids) {
  return {
    overview: '/',
    'overview-week': '/?range=week',
    apps: '/apps',
    'apps-none': '/apps?q=nothing-has-this-name',
    'app-new': '/apps/new',
    'scopes-behind': '/apps/scopes?scope=crm.objects.contacts.read',
    app: `/apps/${ids.demo}`,
    'app-week': `/apps/${ids.busy}?range=week`,
    'app-month': `/apps/${ids.busy}?range=month`,
    'app-operations': `/apps/${ids.demo}/operations`,
    'app-rotating': `/apps/${ids.app}`,
    'app-edit': `/apps/${ids.app}/edit`,
    'app-scopes': `/apps/${ids.app}/scopes`,
    'app-used': `/apps/${ids.demo}/used`,
    'app-rotate': `/apps/${ids.demo}/rotate`,
    'app-disable': `/apps/${ids.app}/disable`,
    'app-delete': `/apps/${ids.app}/delete`,
    'token-revoke': `/apps/${ids.app}/tokens/${ids.token}/revoke`,
    'token-users': `/tokens/${ids.token}/users`,
    audit: '/audit',
    'audit-filtered': '/audit?status=403',
    record: `/audit/record?id=${ids.record}`,
    accounts: '/accounts',
    'account-new': '/accounts/new',
    'account-new-credential': '/accounts/new?kind=credential',
    'account-new-oauth': '/accounts/new?kind=oauth',
    'account-new-embedded': '/accounts/new?kind=embedded',
    account: `/accounts/${ids.hub}`,
    'account-requests': `/accounts/${ids.hub}/requests`,
    'account-edit': `/accounts/${ids.hub}/edit`,
    'account-delete': `/accounts/${ids.hub}/delete`,
    'public-apps': '/public-apps',
    'public-app-new': '/public-apps/new',
    'public-app': `/public-apps/${ids.public}`,
    'public-app-edit': `/public-apps/${ids.public}/edit`,
    'public-app-delete': `/public-apps/${ids.public}/delete`,
    migration: '/migration',
    'migration-open': '/migration?state=open&q=script',
    'migration-found': '/migration/integrations/1',
    'migration-app': '/migration/integrations/2',
    'migration-ended': '/migration/integrations/5',
    'migration-send': '/migration/send',
    'migration-plan': '/migration/plan',
    'migration-remove': '/migration/reports/1/remove',
    doctor: '/doctor',
    search: '/search?q=contacts',
    settings: '/settings',
    notifications: '/notifications',
    approvals: '/approvals',
    agents: '/agents',
    people: '/people',
    'admin-tokens': '/admin-tokens',
    own: '/account',
    help: '/help',
    changes: '/changes',
    'audit-zoomed': '/audit?range=hour&live=1',
    consent: ids.authorize.pathname + ids.authorize.search,
  }
}

module.exports = { prepare, pages }
