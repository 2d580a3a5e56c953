// People, admin tokens and the record of changes: every page in every look, and the flows of each.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const { createHmac } = require('node:crypto')
const { Console, LOOKS, follow, holds, holdsInEveryLook, holdsAll } = require('./console.js')

const WIDE = LOOKS[0]
const NARROW = LOOKS[2]
const EVIL = '"><img/src=x/onerror=window.stolen=1>'

let console_

before(async () => {
  console_ = await Console.start()
  const { keyway } = console_
  // The first person is a super admin.
  console_.person()
  keyway.run('user', 'create', 'grace@example.com', '--role', 'app-manager', '--app', 'Demo sync', '--app', 'Read-only report')
  keyway.run('admin-token', 'create', 'nightly report', '--role', 'auditor', '--lifetime', '90d')
  keyway.run('app', 'update', 'Demo sync', '--description', 'Keeps the shop alike')
  keyway.run('notify', 'add', 'webhook', 'ops', '--url', 'http://127.0.0.1:9/hook', '--owner', 'Sales')
})

after(() => console_?.stop())

function pages() {
  return {
    people: '/people',
    'people-none': '/people?q=nobody-has-this-address',
    'person-new': '/people/new',
    person: '/people/grace%40example.com',
    'person-role': '/people/grace%40example.com/edit',
    'person-password': '/people/grace%40example.com/password',
    'person-second-factor': '/people/grace%40example.com/second-factor',
    'person-provider': '/people/grace%40example.com/provider',
    'person-sign-out': '/people/grace%40example.com/sign-out',
    'person-delete': '/people/grace%40example.com/delete',
    'admin-tokens': '/admin-tokens',
    'admin-token-new': '/admin-tokens/new',
    'admin-token-revoke': '/admin-tokens/1/revoke',
    'admin-tokens-several': '/admin-tokens/several?act=revoke&id=1',
    'people-several': '/people/several?act=sign-out&id=grace%40example.com',
    changes: '/changes',
    'changes-filtered': '/changes?operation=updateApp',
    'changes-wrong': '/changes?from=yesterday',
    notifications: '/notifications',
  }
}

test('every page in every look', async () => {
  const page = await console_.page()
  await holdsAll(page, pages())
  assert.deepEqual(page.wrongs, [])
  await page.context().close()
})

test('a person is added, signs in, gets another role and another password, and is removed', async () => {
  const { keyway } = console_
  const page = await console_.page(NARROW)
  await page.goto('/people')
  await page.getByRole('link', { name: 'Add a person' }).click()
  await page.getByLabel('E-mail address').fill('bob@example.com')
  assert.equal(await page.getByLabel(/Demo sync/).isVisible(), false, 'apps are asked for beside one role alone')
  await page.getByLabel(/^App manager/).check()
  await page.getByRole('button', { name: 'Add the person' }).click()
  await page.getByRole('alert').filter({ hasText: 'needs apps' }).waitFor()
  assert.equal(await page.getByLabel('E-mail address').inputValue(), 'bob@example.com', 'nothing typed is lost')
  await page.getByLabel('Search').fill('demo')
  assert.equal(await page.getByLabel(/Read-only report/).isVisible(), false)
  await page.getByLabel(/Demo sync/).check()
  await page.getByRole('button', { name: 'Add the person' }).click()
  const password = (await page.locator('#secret').textContent()).trim()
  await holds(page, 'person-made')
  await page.getByRole('link', { name: 'Go to their page' }).click()
  await page.getByRole('link', { name: 'Demo sync' }).waitFor()
  assert.equal(await page.getByText('never').count(), 2, 'they have not signed in, and their access has no end')

  const theirs = await console_.page(WIDE, { email: 'bob@example.com', password })
  assert.equal((await theirs.goto('/apps/1')).status(), 200)
  assert.equal((await theirs.goto('/people')).status(), 403, 'an app manager has no business with people')
  await page.reload()
  await page.getByText('just now').waitFor()

  // The same address again is no new password by the way.
  await page.goto('/people/new')
  await page.getByLabel('E-mail address').fill('Bob@example.com')
  await page.getByRole('button', { name: 'Add the person' }).click()
  await page.getByRole('alert').filter({ hasText: 'can sign in already' }).waitFor()
  assert.equal((await theirs.goto('/apps/1')).status(), 200, 'they are still signed in')

  await page.goto('/people/bob%40example.com')
  await follow(page, page.getByRole('link', { name: 'Change the access' }))
  assert.ok(await page.getByLabel(/Demo sync/).isChecked())
  await page.getByLabel(/^Auditor/).check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved. They sign in again').waitFor()
  const { role, apps } = keyway.run('user', 'list').users.find((one) => one.email === 'bob@example.com')
  assert.deepEqual([role, apps], ['auditor', []])
  await theirs.goto('/people')
  assert.equal(new URL(theirs.url()).pathname, '/sign-in', 'a new role ends their sessions')

  await page.getByRole('link', { name: 'Change the access' }).click()
  await page.getByLabel(/^Access ends/).fill('2020-01-01T00:00')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').filter({ hasText: 'is past' }).waitFor()
  await page.getByLabel(/^Access ends/).fill('2999-12-31T18:00')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Their sessions go on until their access ends').waitFor()
  await page.getByText('2999-12-31 18:00').waitFor()
  await page.getByRole('link', { name: 'Change the access' }).click()
  await page.getByLabel(/^Access ends/).fill('')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Their sessions go on until their access ends').waitFor()
  assert.equal(keyway.run('user', 'list').users.find((one) => one.email === 'bob@example.com').expiresAt, null)

  await page.getByRole('link', { name: 'New password…' }).click()
  await page.getByRole('button', { name: 'Make a new password' }).click()
  const second = (await page.locator('#secret').textContent()).trim()
  assert.notEqual(second, password)
  await theirs.context().close()
  const again = await console_.page(WIDE, { email: 'bob@example.com', password: second })
  await page.getByRole('link', { name: 'Go to their page' }).click()
  await page.getByRole('link', { name: 'Sign out everywhere…' }).click()
  await page.getByRole('button', { name: 'Sign them out' }).click()
  await page.getByText('Every session of theirs has ended.').waitFor()
  await again.goto('/people')
  assert.equal(new URL(again.url()).pathname, '/sign-in')
  await again.context().close()

  await page.getByRole('link', { name: 'Remove…' }).click()
  await page.getByLabel(/Type/).fill('somebody else')
  await page.getByRole('button', { name: 'Remove the person' }).click()
  await page.getByRole('heading', { name: "That can't be taken" }).waitFor()
  await page.goBack()
  await page.getByLabel(/Type/).fill('bob@example.com')
  await page.getByRole('button', { name: 'Remove the person' }).click()
  await page.getByText("Removed: they can't sign in any more.").waitFor()
  assert.equal(keyway.run('user', 'list').users.some((one) => one.email === 'bob@example.com'), false)
  await page.context().close()
})

test('the last super admin can neither be demoted nor removed', async () => {
  const page = await console_.page()
  await page.goto('/people/ada%40example.com/edit')
  await page.getByLabel(/^Auditor/).check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('alert').filter({ hasText: 'only super admin' }).waitFor()
  await page.goto('/people/ada%40example.com/delete')
  await page.getByLabel(/Type/).fill('ada@example.com')
  await page.getByRole('button', { name: 'Remove the person' }).click()
  await page.getByRole('alert').filter({ hasText: 'only super admin' }).waitFor()
  await page.context().close()
})

test('an admin token is made, works, and ends', async () => {
  const { keyway } = console_
  const page = await console_.page(NARROW)
  await page.goto('/admin-tokens')
  await page.getByRole('link', { name: 'New admin token' }).click()
  await page.getByLabel(/^Name/).fill('nightly report')
  await page.getByRole('button', { name: 'Make the token' }).click()
  await page.getByRole('alert').filter({ hasText: 'already' }).waitFor()
  await page.getByLabel(/^Name/).fill('deployment')
  await page.getByLabel(/^App manager/).check()
  await page.getByLabel(/Demo sync/).check()
  await page.getByLabel('How long it lives').selectOption('30')
  await page.getByRole('button', { name: 'Make the token' }).click()
  const token = (await page.locator('#secret').textContent()).trim()
  await holds(page, 'admin-token-made')
  const me = () => fetch(`${keyway.admin}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal((await (await me()).json()).role, 'app-manager')
  await page.getByRole('link', { name: 'Go to the list' }).click()
  const row = page.getByRole('row').filter({ hasText: 'deployment' })
  await row.getByText('Demo sync').waitFor()
  await row.getByText('by ada@example.com').waitFor()
  assert.equal(await page.getByText(token).count(), 0, 'shown once')
  await row.getByRole('link', { name: 'Revoke deployment' }).click()
  await page.getByRole('button', { name: 'Revoke the token' }).click()
  await page.getByText('Revoked').first().waitFor()
  assert.equal((await me()).status, 401)
  await page.getByRole('row').filter({ hasText: 'deployment' }).getByText('revoked', { exact: true }).waitFor()
  await page.context().close()
})

test('the record of changes says who changed what of what, is filtered, and goes back', async () => {
  const { keyway } = console_
  const page = await console_.page()
  for (let at = 0; at < 55; at += 1) keyway.run('app', 'update', 'Demo sync', '--owner', `owner-${at}@example.com`)
  keyway.run('app', 'update', 'Demo sync', '--add-scope', 'crm.lists.read')
  await page.goto('/changes')
  const newest = page.locator('#rows tr').first()
  await newest.getByText('granted the scope crm.lists.read to Demo sync').waitFor()
  await newest.getByRole('link', { name: 'Demo sync' }).waitFor()
  assert.deepEqual(await newest.locator('ins').allTextContents(), ['crm.lists.read'])
  assert.deepEqual(await newest.locator('del').allTextContents(), [])
  const second = page.locator('#rows tr').nth(1)
  assert.deepEqual([await second.locator('del').textContent(), await second.locator('ins').textContent()], ['owner-53@example.com', 'owner-54@example.com'])
  await second.getByText(/socket/).first().waitFor()

  // On the same page with script, on the next one without.
  assert.equal(await page.locator('#rows tr').count(), 50)
  await page.getByRole('link', { name: 'Older' }).click()
  await page.waitForFunction(() => document.querySelectorAll('#rows tr').length > 50)
  assert.equal(new URL(page.url()).search, '')

  await page.getByLabel('What', { exact: true }).selectOption('signIn')
  await page.getByRole('button', { name: 'Filter' }).click()
  await page.locator('#rows tr').first().getByText('signed in').waitFor()
  assert.equal(await page.getByText('changed the app').count(), 0)
  await page.goto('/changes?target=user+grace%40example.com')
  await page.locator('#rows').getByRole('link', { name: 'grace@example.com', exact: true }).first().click()
  await page.getByRole('heading', { name: 'grace@example.com' }).waitFor()
  await page.getByRole('link', { name: 'What they changed' }).click()
  await page.getByText('No change fits.').waitFor()
  await page.context().close()
})

test('an authenticator app is added by its QR code or its key, and a super admin takes it away', async () => {
  const { keyway } = console_
  const password = keyway.run('user', 'create', 'carl@example.com', '--role', 'auditor').password
  const theirs = await console_.page(WIDE, { email: 'carl@example.com', password })
  await holdsAll(theirs, { account: '/account' })
  await theirs.getByText('Set up an authenticator app').click()
  await theirs.locator('#factor_password').fill(password)
  await theirs.getByRole('button', { name: 'Add an authenticator app' }).click()
  const code = theirs.getByRole('img', { name: 'QR code of the key' })
  for (const look of LOOKS) {
    await theirs.setViewportSize({ width: look.width, height: 900 })
    await theirs.emulateMedia({ colorScheme: look.colorScheme })
    const { width, height } = await code.boundingBox()
    assert.ok(width === height && width > 150, `${width} by ${height}`)
    // Dark on light in either scheme.
    assert.deepEqual(await code.locator('rect, path').evaluateAll((parts) => parts.map((part) => getComputedStyle(part).fill)), ['rgb(255, 255, 255)', 'rgb(0, 0, 0)'])
  }
  await holdsInEveryLook(theirs, 'second-factor')
  const key = (await theirs.locator('#key').textContent()).replaceAll(/\s/g, '')
  await theirs.getByLabel('The code that the app shows').fill(totp(key))
  await theirs.getByRole('button', { name: 'Add it' }).click()
  await theirs.getByRole('heading', { name: 'Recovery codes' }).waitFor()
  await holdsInEveryLook(theirs, 'recovery-codes')
  await theirs.context().close()
  const page = await console_.page()
  await page.goto('/people')
  await page.getByRole('row').filter({ hasText: 'carl@example.com' }).getByText('on', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'carl@example.com' }).click()
  await page.getByRole('link', { name: 'Take the second factor away…' }).click()
  await page.getByRole('button', { name: 'Take it away' }).click()
  await page.getByText('Taken away.').waitFor()
  assert.equal(keyway.run('user', 'list').users.find((one) => one.email === 'carl@example.com').secondFactor, false)
  await page.goto('/changes?target=user+carl%40example.com')
  await page.locator('#rows').getByText('removed the second factor of').first().waitFor()
  await page.context().close()
})

/** The code that an authenticator app shows now for a key (RFC 6238). */
function totp(key) {
  const bits = [...key].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const bytes = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', bytes).update(step).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

test('an auditor sees people, tokens and changes, and changes nothing', async () => {
  const { keyway } = console_
  const password = keyway.run('user', 'create', 'audit@example.com', '--role', 'auditor').password
  const page = await console_.page(WIDE, { email: 'audit@example.com', password })
  for (const address of ['/people', '/people/grace%40example.com', '/admin-tokens', '/changes', '/notifications']) {
    assert.equal((await page.goto(address)).status(), 200, address)
    const offers = await page.locator('main').getByRole('link', { name: /^(Add|New|Change(?!s by)|Take|Sign|Remove|Revoke)/ }).count()
    // The choice of columns is kept in the browser.
    assert.equal(offers + (await page.locator('main form[method=post]:not([action$="/columns"])').count()), 0, `${address} offers nothing that would be refused`)
  }
  const before = JSON.stringify([keyway.run('user', 'list'), keyway.run('admin-token', 'list')])
  // Whoever knows the addresses is refused by the API.
  const token = await page.locator('input[name=form_token]').first().inputValue()
  for (const [address, form] of posts()) {
    const answer = await page.request.post(address, { form: { ...form, form_token: token }, headers: { origin: keyway.admin }, maxRedirects: 0 })
    assert.equal(answer.status(), 403, address)
  }
  assert.equal(JSON.stringify([keyway.run('user', 'list'), keyway.run('admin-token', 'list')]), before)
  await page.context().close()
})

/** Every form of these pages that changes something. */
function posts() {
  return [
    ['/people', { email: 'eve@example.com', role: 'super-admin' }],
    ['/people/grace%40example.com', { role: 'super-admin' }],
    ['/people/grace%40example.com/password', {}],
    ['/people/grace%40example.com/second-factor', {}],
    ['/people/grace%40example.com/provider', {}],
    ['/people/grace%40example.com/sign-out', {}],
    ['/people/grace%40example.com/delete', { confirm: 'grace@example.com' }],
    ['/admin-tokens', { name: 'eve', role: 'super-admin', days: 'never' }],
    ['/admin-tokens/1/revoke', {}],
  ]
}

test('a form needs a session, its own token, and to come from this server', async () => {
  const { keyway } = console_
  const page = await console_.page()
  await page.goto('/people/new')
  const token = await page.locator('input[name=form_token]').first().inputValue()
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
  const before = JSON.stringify([keyway.run('user', 'list').users.length, keyway.run('admin-token', 'list')])
  const post = async (address, headers, fields) => (await fetch(keyway.admin + address, { method: 'POST', headers, body: new URLSearchParams(fields), redirect: 'manual' })).status
  for (const [address, form] of posts()) {
    assert.equal(await post(address, { origin: keyway.admin }, { ...form, form_token: token }), 401, `without a session: ${address}`)
    assert.equal(await post(address, { origin: keyway.admin, cookie }, form), 403, `without the form's token: ${address}`)
    assert.equal(await post(address, { origin: 'https://evil.example', cookie }, { ...form, form_token: token }), 403, `from another site: ${address}`)
  }
  assert.equal(JSON.stringify([keyway.run('user', 'list').users.length, keyway.run('admin-token', 'list')]), before)
  await page.context().close()
})

test('names and addresses are text on every page', async () => {
  const { keyway } = console_
  const email = `${EVIL}@example.com`.toLowerCase()
  keyway.run('user', 'create', email)
  const evil = keyway.run('admin-token', 'create', `Token ${EVIL}`, '--role', 'auditor').adminToken.id
  keyway.run('app', 'create', `App ${EVIL}`, '--account', '10000001', '--scopes', 'tickets', '--owner', EVIL)
  const page = await console_.page()
  const who = encodeURIComponent(email)
  const query = encodeURIComponent(EVIL)
  const addresses = [
    '/people', `/people?q=${query}`, '/people/new', `/people/new?email=${query}`, ...['', '/edit', '/password', '/sign-out', '/delete'].map((end) => `/people/${who}${end}`),
    '/admin-tokens', `/admin-tokens?q=${query}&state=${query}`, `/admin-tokens/new?name=${query}`, `/admin-tokens/${evil}/revoke`,
    '/changes', `/changes?who=${query}&operation=${query}&target=${query}&from=${query}&to=${query}`,
  ]
  let shown = 0
  for (const address of addresses) {
    await page.goto(address)
    const found = await page.evaluate(() => ({ stolen: window.stolen, images: document.images.length, handlers: document.querySelectorAll('[onerror]').length, text: document.body.innerText + [...document.querySelectorAll('input')].map((field) => field.value).join(' ') }))
    assert.ok(found.stolen === undefined && found.images === 0 && found.handlers === 0, address)
    shown += Number(found.text.toLowerCase().includes(EVIL))
  }
  assert.ok(shown >= 12, `shown as text on ${shown} of ${addresses.length} pages`)
  // And it can be taken away again by its own page.
  await page.goto(`/people/${who}/delete`)
  await page.getByLabel(/Type/).fill(email)
  await page.getByRole('button', { name: 'Remove the person' }).click()
  await page.getByText('Removed').waitFor()
  await page.context().close()
})

test('without script all of it works', async () => {
  const page = await console_.page(WIDE, { javaScriptEnabled: false })
  await page.goto('/admin-tokens/new')
  await page.getByLabel(/^Name/).fill('without script')
  await page.getByRole('button', { name: 'Make the token' }).click()
  assert.match((await page.locator('#secret').textContent()).trim(), /^kwa_/)
  for (let at = 0; at < 51; at += 1) console_.keyway.run('app', 'update', 'Demo sync', '--owner', `owner-${at}@example.com`)
  await page.goto('/changes')
  await page.getByRole('link', { name: 'Older' }).click()
  await page.waitForURL(/before=/)
  await page.context().close()
})
