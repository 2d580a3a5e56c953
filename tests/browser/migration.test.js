// The migration board: a report is sent, the row says what remains, and reports, apps and calls move it on.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { Console, LOOKS, follow, holds } = require('./console.js')

let console_

before(async () => { console_ = await Console.start(['--demo', '--demo-days', '0']) })
after(() => console_?.stop())

/** A report of one integration that calls this, with or without a token in its files. */
function report(path, leaked) {
  const findings = leaked ? [{ path: 'orders/.env', line: 3, kind: 'private_app_token', masked: 'pat-na1-…77c1' }] : []
  return JSON.stringify({ version: 1, findings, usages: [{ path: 'orders/main.py', line: 12, operation: `GET ${path}`, auth: 'bearer', scopes: ['crm.objects.contacts.read'] }] })
}

async function send(page, text, repository = 'shop') {
  await page.goto('/migration/send')
  await page.getByLabel('Repository').fill(repository)
  await page.getByLabel('The report').fill(text)
  await page.getByRole('button', { name: 'Send the report' }).click()
}

const row = (page) => page.getByRole('row', { name: /^orders/ })
const link = (page) => row(page).getByRole('rowheader').getByRole('link')

for (const script of [true, false]) {
  test(`a row goes from found to the end of its credential, ${script ? 'with' : 'without'} script`, async () => {
    const { keyway } = console_
    const hub = keyway.run('app', 'show', 'Demo sync').app.hubId
    const page = await console_.page(LOOKS[script ? 0 : 2], { javaScriptEnabled: script })
    await page.goto('/migration')
    await page.getByRole('heading', { name: 'Begin with a scan' }).waitFor()
    if (script) await holds(page, 'migration-empty')
    await send(page, 'not JSON')
    await page.getByRole('alert').waitFor()
    await send(page, '{"version": 1}')
    assert.ok((await page.getByRole('alert').innerText()).includes('no call to HubSpot'))
    assert.equal(await page.getByLabel('Repository').inputValue(), 'shop', 'what was typed is not lost')
    const refused = 'Failed to load resource: the server responded with a status of 400 (Bad Request)'
    assert.deepEqual(page.wrongs.splice(0), [refused, refused], 'two reports were refused')
    await send(page, report('/crm/v3/objects/contacts', true))
    await row(page).getByText('found', { exact: true }).waitFor()
    assert.ok((await row(page).innerText()).includes('2027-09'))

    // The button of the step makes the app, with the plan's scopes.
    await link(page).click()
    await page.getByRole('button', { name: /^Create this app/ }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: 'Review' }).click()
    await page.getByRole('button', { name: 'Create the app' }).click()
    const token = (await page.locator('#token').textContent()).trim()
    await page.goto('/migration')
    await row(page).getByText('app made', { exact: true }).waitFor()

    await send(page, report('/crm/objects/2026-09/contacts', false))
    await page.getByText('the board shows what the report changed').waitFor()
    await row(page).getByText('code moved', { exact: true }).waitFor()
    assert.equal((await console_.call(token, '/crm/objects/2026-09/contacts')).status, 200)
    const ended = row(page).getByText('old credential ended', { exact: true })
    // Calls are counted every few seconds.
    for (let look = 0; look < 300 && await ended.count() === 0; look += 1) await page.reload()
    await ended.waitFor()
    await page.getByRole('link', { name: /^finished 1/ }).click()
    await row(page).waitFor()
    await link(page).click()
    await page.getByText("can't know whether HubSpot still accepts pat-na1-…77c1").waitFor()
    await page.getByText('last in orders/.env:3').waitFor()
    if (script) await holds(page, 'migration-integration')

    // A link is a choice; without one the name decides.
    await page.getByLabel('The app that this integration uses').selectOption({ label: `Demo sync (${hub})` })
    await page.getByRole('button', { name: 'Link' }).click()
    await page.getByText('The app Demo sync is linked to it').waitFor()

    // A row that the newest report has nothing of is removed by hand, and then the repository.
    await send(page, JSON.stringify({ version: 1, usages: [{ path: 'bills/x.py', line: 1, operation: 'GET /crm/v3/objects/deals', auth: 'bearer' }] }))
    await link(page).click()
    await page.getByRole('link', { name: 'Remove the row' }).click()
    await page.getByRole('button', { name: 'Remove it' }).click()
    await page.getByRole('row', { name: /^bills/ }).waitFor()
    assert.equal(await row(page).count(), 0)
    await page.getByRole('link', { name: 'Remove shop' }).click()
    await page.getByRole('button', { name: 'Remove it' }).click()
    await page.getByRole('heading', { name: 'Begin with a scan' }).waitFor()
    await page.goto('/changes')
    await page.getByText('removed shop from the migration board').first().waitFor()
    assert.deepEqual(page.wrongs, [])
    await page.context().close()
    keyway.run('app', 'delete', 'orders', '--yes')
  })
}

for (const script of [true, false]) {
  test(`rows that the newest report has nothing of are removed at once, ${script ? 'with' : 'without'} script`, async () => {
    const page = await console_.page(LOOKS[script ? 0 : 2], { javaScriptEnabled: script })
    const usage = (name) => ({ path: `${name}/x.py`, line: 1, operation: 'GET /crm/v3/objects/deals', auth: 'bearer' })
    const found = (...names) => JSON.stringify({ version: 1, usages: names.map(usage) })
    await send(page, found('one', 'two', 'stays'), 'several')
    await page.getByRole('row', { name: /^stays/ }).waitFor()
    assert.equal(await page.locator('td.tick').count(), 0, 'what the newest report has can not be removed')
    await send(page, found('stays'), 'several')
    await page.getByText('the board shows what the report changed').waitFor()
    assert.equal(await page.getByRole('checkbox', { name: 'stays', exact: true }).count(), 0)
    await page.goto('/migration?repository=several')
    for (const name of ['one', 'two']) await page.getByRole('checkbox', { name, exact: true }).check()
    if (script) await holds(page, 'migration-ticked')
    await page.getByRole('button', { name: 'Remove…' }).click()
    await page.getByRole('heading', { name: 'Remove 2 integrations?' }).waitFor()
    if (script) await holds(page, 'migration-several')
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByText('Removed from the board.').waitFor()
    assert.equal(new URL(page.url()).searchParams.get('repository'), 'several', 'the filter is kept')
    const left = console_.keyway.run('migration', 'list').integrations.filter(({ repository }) => repository === 'several')
    assert.deepEqual(left.map(({ name }) => name), ['stays'])
    assert.deepEqual(page.wrongs, [])
    await page.context().close()
    console_.keyway.run('migration', 'forget', 'several', '--yes')
  })
}

test('an auditor reads the board and changes nothing', async () => {
  const page = await console_.page()
  await send(page, report('/crm/v3/objects/contacts', true))
  await row(page).waitFor()
  const password = console_.keyway.run('user', 'create', 'grace@example.com', '--role', 'auditor').password
  const auditor = await console_.page(LOOKS[0], { email: 'grace@example.com', password })
  await auditor.goto('/migration')
  await row(auditor).waitFor()
  assert.equal(await auditor.getByRole('link', { name: 'Send a report' }).count(), 0)
  await follow(auditor, link(auditor))
  assert.equal(await auditor.getByRole('button', { name: /Link|Create/ }).count(), 0)
  assert.equal((await auditor.goto('/migration/integrations/999')).status(), 404)
  await page.context().close()
  await auditor.context().close()
})

test('an app manager reads the rows of their apps, and no others', async () => {
  const { keyway } = console_
  const page = await console_.page()
  await send(page, report('/crm/v3/objects/contacts', true))
  await send(page, JSON.stringify({ version: 1, findings: [{ path: 'deploy/values.yaml', line: 1, kind: 'private_app_token', masked: 'pat-na1-…88d2' }], usages: [{ path: 'bills/x.py', line: 1, operation: 'GET /crm/v3/objects/deals', auth: 'bearer' }] }), 'accounting')
  await page.context().close()
  const other = keyway.run('migration', 'list').integrations.find(({ name }) => name === 'bills').id
  const password = keyway.run('user', 'create', 'jo@example.com', '--role', 'app-manager', '--app', 'Read-only report').password
  for (const script of [true, false]) {
    const manager = await console_.page(LOOKS[script ? 0 : 2], { email: 'jo@example.com', password, javaScriptEnabled: script })
    await manager.goto('/migration')
    await manager.getByText('No integration is on the board that you may see').waitFor()
    const { id } = keyway.run('migration', 'list').integrations.find(({ name }) => name === 'orders')
    keyway.run('migration', 'link', String(id), 'Read-only report')
    await manager.goto('/migration')
    await row(manager).waitFor()
    const shown = await manager.locator('main').innerText()
    assert.ok(!/bills|accounting|88d2/.test(shown), shown)
    if (script) await holds(manager, 'migration-manager')
    await link(manager).click()
    await manager.getByRole('heading', { name: 'Steps' }).waitFor()
    assert.equal(await manager.getByRole('button', { name: /Link|Create/ }).count(), 0)
    assert.equal(await manager.getByRole('link', { name: 'Send a report' }).count(), 0)
    await manager.getByRole('link', { name: 'The app', exact: true }).click()
    await manager.getByRole('heading', { name: 'Read-only report' }).waitFor()
    manager.wrongs.length = 0
    assert.equal((await manager.goto(`/migration/integrations/${other}`)).status(), 403)
    keyway.run('migration', 'link', String(id), '--none')
    await manager.context().close()
  }
})
