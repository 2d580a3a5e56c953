// Small promises that hold on many pages: lists that sort, errors that a browser can show, controls of one height.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const http = require('node:http')
const { Console, LOOKS, follow, holds } = require('./console.js')

let console_

before(async () => { console_ = await Console.start() })
after(() => console_?.stop())

test('apps are sorted by calls, by errors and by name', async () => {
  const { 'Demo sync': full, 'Read-only report': reader } = console_.keyway.tokens
  for (let sent = 0; sent < 3; sent += 1) await console_.call(full, '/crm/v3/objects/contacts?limit=1')
  for (let sent = 0; sent < 2; sent += 1) await console_.call(reader, '/crm/v3/objects/contacts', { method: 'POST', body: '{"properties":{}}' })
  const page = await console_.page()
  const names = () => page.locator('tbody th > a').allTextContents()
  await page.goto('/apps')
  assert.deepEqual(await names(), ['Demo sync', 'Read-only report'])
  await follow(page, page.getByRole('link', { name: 'Failed' }))
  assert.deepEqual(await names(), ['Read-only report', 'Demo sync'])
  assert.equal(await page.locator('th[aria-sort=descending]').innerText(), 'Failed ↓')
  await follow(page, page.getByRole('link', { name: 'Calls, last day' }))
  assert.deepEqual(await names(), ['Demo sync', 'Read-only report'])
  assert.equal(await page.getByText('enabled', { exact: true }).count(), 0, 'a mark is for the exception')
  await page.context().close()
})

test('other lists are sorted by use too, and keep their filters', async () => {
  const page = await console_.page()
  const { keyway } = console_
  keyway.account('A quiet account')
  for (const [address, head, sort] of [['/accounts?state=embedded', 'Used today', 'used'], ['/people', 'Last sign-in', 'last'], ['/admin-tokens?state=active', 'Last use', 'last'], ['/public-apps', 'Installs', 'installs']]) {
    if (address.startsWith('/admin-tokens')) keyway.run('admin-token', 'create', 'Reports', '--role', 'auditor')
    if (address === '/public-apps') keyway.run('public-app', 'create', 'Calendar', '--redirect-uri', 'https://calendar.example/callback', '--scopes', 'oauth')
    await page.goto(address)
    await page.getByRole('columnheader', { name: head }).getByRole('link').click()
    const { searchParams } = new URL(page.url())
    assert.deepEqual([searchParams.get('sort'), searchParams.get('state')], [sort, new URL(address, keyway.admin).searchParams.get('state')], address)
    assert.equal(await page.locator('th[aria-sort=descending]').innerText(), `${head} ↓`)
  }
  await page.goto('/accounts?sort=used')
  assert.equal(await page.locator('tbody th').last().innerText(), 'A quiet account')
  await page.context().close()
})

test('the settings of the server are listed, those that were changed first', async () => {
  const page = await console_.page()
  await page.goto('/')
  await page.getByRole('link', { name: 'Server settings' }).click()
  const first = page.locator('tbody tr').first()
  assert.ok((await first.getByText('default', { exact: true }).count()) === 0, await first.innerText())
  assert.match(await page.locator('#rotation-days').innerText(), /KEYWAY_ROTATION_DAYS.*reload/s)
  await page.context().close()
})

test('without script a button counts what the chosen scopes open, and keeps the choice', async () => {
  const { app } = console_.keyway.run('app', 'show', 'Read-only report')
  for (const script of [false, true]) {
    const page = await console_.page(LOOKS[0], { javaScriptEnabled: script })
    // The script counts once more when the page is open, and finds the same.
    const counted = script && page.waitForResponse('**/apps/scopes/effect?*')
    await page.goto(`/apps/${app.id}/scopes`)
    const count = page.getByRole('button', { name: 'Count endpoints' })
    assert.equal(await count.isVisible(), !script)
    const told = page.locator('[data-effect]')
    const before = await told.innerText()
    assert.match(before, /^Opens [\d,]+ endpoints, of which [\d,]+ change something\.$/)
    assert.equal(await page.locator('[data-count]').innerText(), '1', 'the scope that every app has is not chosen here')
    if (script) {
      await (await counted).finished()
      assert.equal(await told.innerText(), before)
    }
    await page.getByLabel('Write: Create and change deals', { exact: true }).check()
    const writes = (text) => Number(/of which ([\d,]+)/.exec(text)[1].replace(',', ''))
    if (script) await page.waitForFunction((text) => document.querySelector('[data-effect]').innerText !== text, before)
    else {
      await count.click()
      await page.waitForURL('**/scopes/count')
    }
    assert.ok(writes(await told.innerText()) > writes(before))
    assert.ok(await page.getByLabel('Write: Create and change deals', { exact: true }).isChecked())
    await page.context().close()
  }
  assert.ok(!console_.keyway.run('app', 'show', 'Read-only report').app.scopes.includes('crm.objects.deals.write'), 'counting grants nothing')
})

test('a rotation names the day on which the old token ends', async () => {
  const { app } = console_.keyway.run('app', 'show', 'Demo sync')
  const page = await console_.page()
  await page.goto(`/apps/${app.id}/rotate`)
  const label = await page.locator('label.choice').first().innerText()
  const [, day] = /^In a week, on (\d{4}-\d\d-\d\d) \d\d:\d\d UTC/.exec(label)
  await page.getByRole('button', { name: 'Make a new token' }).click()
  await page.getByText(`The old token works until ${day}`).waitFor()
  await page.goto(`/apps/${app.id}`)
  await page.getByText(`ends in 7 days, on ${day}`).waitFor()
  await page.context().close()
})

test('a browser that asks for what is not there gets a page, and a program gets JSON', async () => {
  const page = await console_.page()
  for (const [address, status] of [['/nosuchpage', 404], ['/api/v1/nothing', 404], ['/api/v1/apps', 401]]) {
    const answer = await page.goto(address)
    assert.deepEqual([answer.status(), answer.headers()['content-type']], [status, 'text/html; charset=utf-8'], address)
    assert.ok(answer.headers()['content-security-policy'].includes("default-src 'none'"))
    await page.getByRole('link', { name: 'Go to the overview' }).waitFor()
    const program = await fetch(console_.keyway.admin + address)
    assert.deepEqual([program.status, program.headers.get('content-type')], [status, 'application/problem+json'], address)
  }
  await holds(page, 'not-there')
  await page.context().close()
})

test('controls have one height, placeholders are readable, and no word breaks at a letter', async () => {
  for (const look of [LOOKS[0], LOOKS[1], { width: 1600, colorScheme: 'light' }]) {
    const page = await console_.page(look)
    await page.goto('/apps')
    const heights = await page.locator('form[role=search]').locator('input:not([type=hidden]), select, button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height))
    assert.equal(new Set(heights.map(Math.round)).size, 1, String(heights))
    const bottoms = await page.locator('form[role=search]').locator('select, button').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().bottom))
    if (look.width >= 1280) assert.equal(new Set(bottoms.map(Math.round)).size, 1, `a control stands alone: ${bottoms}`)
    const [placeholder, paper] = await page.getByLabel('Search', { exact: true }).evaluate((input) => [getComputedStyle(input, '::placeholder').color, getComputedStyle(input).backgroundColor])
    assert.ok(contrast(placeholder, paper) >= 4.5, `${placeholder} on ${paper}`)
    const width = await page.locator('main').evaluate((main) => main.getBoundingClientRect().width)
    if (look.width === 1600) assert.ok(width > 1300, `${width} pixels of 1600 are used`)
    await page.goto('/changes')
    const address = page.locator('#rows a', { hasText: 'ada@example.com' }).first()
    assert.equal(await address.evaluate((link) => link.getClientRects().length), 1, 'an address stays on one line')
    await page.context().close()
  }
})

test('an example of the doctor is filled in by a link, and answered', async () => {
  const page = await console_.page(LOOKS[2], { javaScriptEnabled: false })
  await page.goto('/doctor')
  for (const [name, cause] of [['an error of HubSpot', 'missing-scopes'], ['a curl command', 'hapikey'], ['a line of a log', 'limit']]) {
    await page.getByRole('link', { name }).click()
    await page.getByRole('button', { name: 'Find the cause' }).click()
    await page.getByText(new RegExp(cause)).first().waitFor()
  }
  await page.context().close()
})

for (const script of [true, false]) {
  const how = script ? 'with' : 'without'

  test(`several apps are disabled and enabled at once, each as a change of its own, ${how} script`, async () => {
    const { keyway } = console_
    const names = ['one', 'two', 'three'].map((end) => `Bulk ${how} ${end}`)
    const tokens = names.map((name) => keyway.run('app', 'create', name, '--account', '10000001', '--scopes', 'tickets', '--dependent', 'shop.example.com').token.value)
    const page = await console_.page(LOOKS[script ? 0 : 2], { javaScriptEnabled: script })
    const list = `/apps?q=Bulk+${how}`
    await page.goto(list)
    assert.equal(await page.getByLabel('All rows of this page').isVisible(), script)
    await page.getByRole('button', { name: 'Disable…' }).click()
    await page.getByText('Nothing is ticked').waitFor()
    page.wrongs.length = 0
    await page.goto(list)
    for (const name of names.slice(0, 2)) await page.getByRole('checkbox', { name, exact: true }).check()
    if (script) {
      assert.ok(await page.getByLabel('All rows of this page').evaluate((box) => box.indeterminate))
      await holds(page, 'apps-ticked')
    }
    await page.getByRole('button', { name: 'Disable…' }).click()
    await page.getByRole('heading', { name: 'Disable 2 apps?' }).waitFor()
    const named = await page.locator('main li').allInnerTexts()
    assert.deepEqual(named.map((text) => text.split(' no call')[0].slice(0, names[0].length)).sort(), [names[0], names[1]].sort())
    assert.ok(named.every((text) => text.includes('used by shop.example.com')), String(named))
    if (script) await holds(page, 'apps-several')
    assert.equal(keyway.run('app', 'show', names[0]).app.enabled, true, 'asking changes nothing')
    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.getByText('Disabled: their tokens are refused from now on.').waitFor()
    assert.equal(new URL(page.url()).searchParams.get('q'), `Bulk ${how}`, 'the filter is kept')
    assert.deepEqual(names.map((name) => keyway.run('app', 'show', name).app.enabled), [false, false, true])
    assert.equal((await console_.call(tokens[0], '/crm/v3/objects/tickets')).status, 401)
    const changes = keyway.run('changes', '--operation', 'updateApp').changes.slice(0, 2)
    const ids = names.slice(0, 2).map((name) => `app ${keyway.run('app', 'show', name).app.id}`)
    assert.deepEqual(changes.map(({ target, who }) => [target, who]).sort(), ids.map((id) => [id, 'ada@example.com']).sort())

    // All of them by one box, or each by its own; what is so already is said, and stays.
    if (script) await page.getByLabel('All rows of this page').check()
    else for (const name of names) await page.getByRole('checkbox', { name, exact: true }).check()
    await page.getByRole('button', { name: 'Enable…' }).click()
    await page.getByRole('heading', { name: 'Enable 2 apps?' }).waitFor()
    await page.getByText(`${names[2]} is enabled already`).waitFor()
    // Somebody else deletes one meanwhile: the other is enabled all the same.
    keyway.run('app', 'delete', names[1], '--yes')
    await page.getByRole('button', { name: 'Enable', exact: true }).click()
    await page.getByRole('heading', { name: 'Not all of it was done' }).waitFor()
    await page.getByText('is not there any more').waitFor()
    page.wrongs.length = 0
    if (script) await holds(page, 'apps-several-failed')
    assert.equal(keyway.run('app', 'show', names[0]).app.enabled, true)
    await follow(page, page.getByRole('link', { name: 'Back to the list' }))
    assert.equal(await page.locator('tbody tr').count(), 2)
    assert.deepEqual(page.wrongs, [])
    await page.context().close()
  })

  test(`several tokens, sessions and people at once, ${how} script`, async () => {
    const { keyway } = console_
    const page = await console_.page(LOOKS[0], { javaScriptEnabled: script })
    const ticked = async (address, names, button, heading, done) => {
      await page.goto(address)
      for (const name of names) await page.getByRole('checkbox', { name, exact: true }).check()
      await page.getByRole('button', { name: `${button}…` }).click()
      await page.getByRole('heading', { name: heading }).waitFor()
      for (const name of names) await page.locator('main li', { hasText: name }).waitFor()
      await page.locator('main').getByRole('button', { name: button, exact: true }).click()
      await page.getByText(done).waitFor()
    }
    const tokens = ['a', 'b'].map((end) => `bulk ${how} ${end}`)
    for (const name of tokens) keyway.run('admin-token', 'create', name, '--role', 'auditor')
    await ticked('/admin-tokens', tokens, 'Revoke', 'Revoke 2 admin tokens?', 'Revoked: these tokens are refused from now on.')
    const states = keyway.run('admin-token', 'list').adminTokens.filter(({ name }) => tokens.includes(name)).map(({ state }) => state)
    assert.deepEqual(states, ['revoked', 'revoked'])
    assert.equal(await page.getByRole('checkbox', { name: tokens[0], exact: true }).count(), 0, 'a revoked one has no box')

    const purposes = ['a', 'b'].map((end) => `Nightly ${how} ${end}`)
    for (const purpose of purposes) keyway.run('session', 'create', '--app', 'Demo sync', '--classes', 'read', '--on-behalf-of', 'grace@example.com', '--purpose', purpose)
    await ticked('/agents', purposes, 'End', 'End 2 sessions?', "Ended: the agents' next calls are refused.")
    assert.ok(keyway.run('session', 'list', '--all').sessions.filter(({ purpose }) => purposes.includes(purpose)).every(({ state }) => state === 'ended'))

    const email = `bulk-${how}@example.com`
    const { password } = keyway.run('user', 'create', email, '--role', 'auditor')
    const theirs = await console_.page(LOOKS[0], { email, password })
    await ticked('/people', [email], 'Sign out', 'Sign out 1 person?', 'Their sessions have ended.')
    await theirs.goto('/apps')
    assert.equal(new URL(theirs.url()).pathname, '/sign-in')
    await theirs.context().close()

    keyway.run('public-app', 'create', `Bulk ${how}`, '--redirect-uri', 'https://calendar.example/callback', '--scopes', 'oauth')
    await ticked('/public-apps', [`Bulk ${how}`], 'Disable', 'Disable 1 public app?', 'Disabled: their tokens are refused from now on.')
    assert.equal(keyway.run('public-app', 'show', `Bulk ${how}`).publicApp.enabled, false)
    assert.deepEqual(page.wrongs, [])
    await page.context().close()
  })

  test(`the columns of a list are chosen and stay so, ${how} script`, async () => {
    console_.keyway.run('admin-token', 'create', `columns ${how}`, '--role', 'auditor')
    console_.keyway.run('public-app', 'create', `Columns ${how}`, '--redirect-uri', 'https://calendar.example/callback', '--scopes', 'oauth')
    const page = await console_.page(LOOKS[0], { javaScriptEnabled: script })
    await page.goto('/apps?sort=calls')
    const heads = () => page.getByRole('columnheader').allInnerTexts()
    const before = await heads()
    await page.getByText('Columns', { exact: true }).click()
    for (const name of ['Owner', 'Scopes', 'Failed']) await page.getByRole('checkbox', { name, exact: true }).uncheck()
    if (script) await holds(page, 'apps-columns')
    await page.getByRole('button', { name: 'Show these' }).click()
    await page.waitForURL('**/apps?sort=calls')
    const left = before.filter((head) => !['Owner', 'Scopes', 'Failed'].includes(head))
    assert.deepEqual(await heads(), left)
    assert.deepEqual(await page.locator('tbody tr').first().locator('[data-of]').evaluateAll((cells) => cells.map((cell) => cell.dataset.of)), ['Calls, last day', 'Last call', 'Account', 'Tokens'])
    await page.goto('/people')
    await page.getByRole('columnheader', { name: 'Role' }).waitFor()
    await page.goto('/apps?state=enabled')
    assert.equal(await page.getByRole('columnheader', { name: 'Owner' }).count(), 0, 'another filter has the same columns')
    for (const [address, word] of [['/accounts', 'Tier'], ['/people', 'Second factor'], ['/admin-tokens?sort=last', 'Ends'], ['/public-apps', 'Client ID']]) {
      await page.goto(address)
      await page.getByText('Columns', { exact: true }).click()
      await page.getByRole('checkbox', { name: word, exact: true }).uncheck()
      await page.getByRole('button', { name: 'Show these' }).click()
      await page.waitForURL(`**${address}`)
      assert.equal(await page.getByRole('columnheader', { name: word }).count(), 0, address)
      assert.equal(await page.locator(`[data-of="${word}"]`).count(), 0, address)
    }
    await page.context().close()
  })
}

for (const script of [true, false]) {
  test(`several channels of notifications are tested and removed at once, ${script ? 'with' : 'without'} script`, async () => {
    const { keyway } = console_
    const got = []
    const receiver = http.createServer((request, response) => {
      request.resume().on('end', () => { got.push(request.url); response.end() })
    })
    await new Promise((listening) => receiver.listen(0, '127.0.0.1', listening))
    const base = `http://127.0.0.1:${receiver.address().port}`
    try {
      for (const name of ['one', 'two']) keyway.run('notify', 'add', 'webhook', name, '--url', `${base}/${name}`)
      const page = await console_.page(LOOKS[script ? 0 : 2], { javaScriptEnabled: script })
      const act = async (verb, heading) => {
        await page.goto('/notifications')
        for (const name of ['one', 'two']) await page.getByRole('checkbox', { name, exact: true }).check()
        if (script) await holds(page, 'notifications-ticked')
        await page.getByRole('button', { name: `${verb}…` }).click()
        await page.getByRole('heading', { name: heading }).waitFor()
        await page.getByRole('button', { name: verb, exact: true }).click()
      }
      got.length = 0
      await act('Test', 'Test 2 channels?')
      await page.getByText('Each receiver took the test message.').waitFor()
      assert.deepEqual([...new Set(got)].sort(), ['/one', '/two'])
      // A receiver that is away is named, with the reason; nothing is removed for it.
      receiver.closeAllConnections()
      await new Promise((closed) => receiver.close(closed))
      await act('Test', 'Test 2 channels?')
      await page.getByRole('heading', { name: 'Not all of it was done' }).waitFor()
      assert.equal(await page.locator('[role=alert] li').count(), 2)
      page.wrongs.length = 0
      await act('Remove', 'Remove 2 channels?')
      await page.getByText('these channels get no notification from now on').waitFor()
      assert.deepEqual(keyway.run('notify', 'list').channels.map(({ name }) => name).filter((name) => ['one', 'two'].includes(name)), [])
      assert.deepEqual(page.wrongs, [])
      await page.context().close()
    } finally {
      receiver.close()
    }
  })
}

test('rows are ticked and changed with the keyboard alone', async () => {
  console_.keyway.run('app', 'create', 'By keyboard', '--account', '10000001', '--scopes', 'tickets')
  const page = await console_.page()
  await page.goto('/apps?q=By+keyboard')
  const reach = async (locator) => {
    for (let pressed = 0; pressed < 60 && !(await locator.evaluate((one) => one === document.activeElement)); pressed += 1) await page.keyboard.press('Tab')
  }
  await reach(page.getByRole('checkbox', { name: 'By keyboard' }))
  await page.keyboard.press('Space')
  await page.getByRole('button', { name: 'Disable…' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Disable 1 app?' }).waitFor()
  await reach(page.getByRole('button', { name: 'Disable', exact: true }))
  await page.keyboard.press('Enter')
  await page.getByText('Disabled: their tokens').waitFor()
  assert.equal(console_.keyway.run('app', 'show', 'By keyboard').app.enabled, false)
  await page.context().close()
})

test('an auditor is offered no boxes, and an app manager those of their apps', async () => {
  const { keyway } = console_
  const auditor = keyway.run('user', 'create', 'reads@example.com', '--role', 'auditor').password
  let page = await console_.page(LOOKS[0], { email: 'reads@example.com', password: auditor })
  for (const address of ['/apps', '/people', '/admin-tokens', '/agents']) {
    await page.goto(address)
    assert.equal(await page.locator('td.tick, #several').count(), 0, address)
  }
  const form = await page.context().request.get(`${keyway.admin}/apps`).then((answer) => answer.text())
  const token = /name="form_token" value="([^"]+)"/.exec(form)[1]
  const { id } = keyway.run('app', 'show', 'Demo sync').app
  const sent = await page.context().request.post(`${keyway.admin}/apps/several`, { headers: { origin: keyway.admin }, form: { form_token: token, act: 'disable', id: String(id) } })
  assert.equal(sent.status(), 403)
  assert.ok((await sent.text()).includes('does not open this page. It is open to app managers for their apps and super admins'))
  assert.equal(keyway.run('app', 'show', 'Demo sync').app.enabled, true)
  await page.context().close()
  const manager = keyway.run('user', 'create', 'manages@example.com', '--role', 'app-manager', '--app', 'Demo sync').password
  page = await console_.page(LOOKS[0], { email: 'manages@example.com', password: manager })
  await page.goto('/apps')
  assert.deepEqual(await page.locator('td.tick input').evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label'))), ['Demo sync'])
  await page.context().close()
})

test('in a narrow window the filters of the record of changes are folded', async () => {
  for (const script of [true, false]) {
    const page = await console_.page(LOOKS[2], { javaScriptEnabled: script })
    await page.goto('/changes')
    const top = await page.locator('#rows tr').first().evaluate((row) => row.getBoundingClientRect().top)
    assert.ok(top < 480, `the first change begins at ${top} of 900 pixels`)
    assert.equal(await page.getByLabel('To what').isVisible(), false)
    await page.getByText('More filters').click()
    await page.getByLabel('To what').fill('user reads@example.com')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.waitForURL(/target=user/)
    assert.ok(await page.getByLabel('To what').isVisible(), 'a filter that is chosen is not hidden')
    const rows = await page.locator('#rows tr').allInnerTexts()
    assert.ok(rows.length > 0 && rows.every((row) => row.includes('reads@example.com')), String(rows))
    await page.getByRole('link', { name: 'Reset' }).click()
    await page.waitForURL('**/changes')
    await page.context().close()
  }
})

/** The contrast of two colours (WCAG 2.2, 1.4.3). */
function contrast(one, other) {
  const light = (colour) => {
    const [red, green, blue] = colour.match(/\d+/g).slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b)
  return (bright + 0.05) / (dark + 0.05)
}
