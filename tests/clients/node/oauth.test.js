// OAuth with the clients of Node that integrations use, and the consent page in a browser.
const { test, before, after } = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const hubspot = require('@hubspot/api-client')
const { AuthorizationCode } = require('simple-oauth2')
const HubSpotStrategy = require('passport-hubspot-oauth2').Strategy
const { chromium } = require('playwright-core')
const { Keyway } = require('./keyway.js')

const SCOPES = ['oauth', 'crm.objects.contacts.read', 'crm.objects.contacts.write']
const CALLBACK = 'http://localhost:3999/callback'
const screenshots = path.join(__dirname, '../../../target/screenshots')

let keyway, browser, password

before(async () => {
  keyway = await Keyway.start()
  password = keyway.run('user', 'create', 'ada@example.com', '--role', 'super-admin').password
  // No sandbox: containers, and root, have none to give.
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })
  fs.mkdirSync(screenshots, { recursive: true })
})

after(async () => {
  await browser?.close()
  await keyway?.stop()
})

function publicApp(name, uri = CALLBACK) {
  const args = ['--redirect-uri', uri, '--scopes', SCOPES.join(','), '--optional-scopes', 'crm.objects.deals.read', '--description', 'Keeps two systems alike']
  return keyway.run('public-app', 'create', name, ...args).publicApp
}

/** What the consent page does, without a browser: where it leads. */
function approve(url, account) {
  return new URL(keyway.run('install', 'approve', url, '--account', String(account)).redirectTo)
}

test("HubSpot's own client", async () => {
  const account = keyway.account('Official client')
  const app = publicApp('Official client')
  const client = new hubspot.Client({ basePath: keyway.url })
  const url = client.oauth.getAuthorizationUrl(app.clientId, CALLBACK, SCOPES.join(' '), undefined, 'mine')
  const back = approve(url.replace('https://app.hubspot.com', keyway.admin), account)
  assert.equal(back.searchParams.get('state'), 'mine')
  const code = back.searchParams.get('code')
  const tokens = await client.oauth.tokensApi.create('authorization_code', code, CALLBACK, app.clientId, app.clientSecret)
  client.setAccessToken(tokens.accessToken)
  await client.crm.contacts.basicApi.create({ properties: { email: 'a@example.com' }, associations: [] })
  const known = await client.oauth.accessTokensApi.get(tokens.accessToken)
  assert.deepEqual([known.hubId, known.appId, known.scopes], [account, app.id, [...SCOPES].sort()])
  // SignedAccessToken of the client: scopes are text, where `scopes` beside it is a list.
  const metadata = await (await fetch(`${keyway.url}/oauth/v1/access-tokens/${tokens.accessToken}`)).json()
  assert.deepEqual(metadata.signed_access_token.scopes.split(' ').sort(), [...SCOPES].sort())
  const again = await client.oauth.tokensApi.create('refresh_token', undefined, undefined, app.clientId, app.clientSecret, tokens.refreshToken)
  assert.equal(again.refreshToken, tokens.refreshToken)
  assert.equal((await client.oauth.refreshTokensApi.get(tokens.refreshToken)).clientId, app.clientId)
  await client.oauth.refreshTokensApi.archive(tokens.refreshToken)
  await assert.rejects(client.oauth.tokensApi.create('refresh_token', undefined, undefined, app.clientId, app.clientSecret, tokens.refreshToken), (error) => {
    assert.equal(error.code, 400)
    assert.equal(error.body.status, 'BAD_REFRESH_TOKEN')
    return true
  })
})

test('oauth4webapi: discovery, PKCE, the issuer in the answer, refresh, introspection, revocation', async () => {
  const oauth = await import('oauth4webapi')
  const insecure = { [oauth.allowInsecureRequests]: true } // everything here is on this machine
  const account = keyway.account('oauth4webapi')
  const app = publicApp('oauth4webapi')
  const issuer = new URL(keyway.url)
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
  const client = { client_id: app.clientId }
  const auth = oauth.ClientSecretBasic(app.clientSecret)
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = new URL(as.authorization_endpoint)
  const params = { client_id: app.clientId, redirect_uri: CALLBACK, response_type: 'code', scope: SCOPES.join(' '), state, code_challenge_method: 'S256' }
  Object.entries({ ...params, code_challenge: await oauth.calculatePKCECodeChallenge(verifier) }).forEach(([name, value]) => url.searchParams.set(name, value))
  const back = approve(url.href, account)
  // Checks `iss` and `state` (RFC 9207).
  const checked = oauth.validateAuthResponse(as, client, back, state)
  const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, checked, CALLBACK, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer)
  assert.equal(tokens.expires_in, 1800)
  const again = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure)
  const { access_token: access } = await oauth.processRefreshTokenResponse(as, client, again)
  const introspect = async (token) => oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token, insecure))
  assert.equal((await introspect(access)).active, true)
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, tokens.refresh_token, insecure))
  assert.equal((await introspect(tokens.refresh_token)).active, false)
  const own = await oauth.clientCredentialsGrantRequest(as, client, auth, {}, insecure)
  assert.equal((await oauth.processClientCredentialsResponse(as, client, own)).token_use, 'client_credentials')
})

test('simple-oauth2', async () => {
  const account = keyway.account('simple-oauth2')
  const app = publicApp('simple-oauth2')
  const client = new AuthorizationCode({
    client: { id: app.clientId, secret: app.clientSecret },
    auth: { tokenHost: keyway.url, tokenPath: '/oauth/2026-03/token', revokePath: '/oauth/2026-03/token/revoke', authorizeHost: keyway.admin, authorizePath: '/oauth/authorize' },
    options: { authorizationMethod: 'body' },
  })
  const url = client.authorizeURL({ redirect_uri: CALLBACK, scope: SCOPES, state: 's' })
  const code = approve(url, account).searchParams.get('code')
  const token = await client.getToken({ code, redirect_uri: CALLBACK })
  const again = await token.refresh()
  assert.equal(again.token.hub_id, account)
  assert.equal(again.expired(), false)
})

test('the consent page in a browser, to the callback of passport-hubspot-oauth2', async () => {
  const account = keyway.account('Passport')
  // The app's own server: passport's strategy begins the flow and takes its end.
  let strategy
  const seen = {}
  const server = http.createServer((request, response) => {
    request.query = Object.fromEntries(new URL(request.url, 'http://localhost').searchParams)
    request.session = seen.session ??= {}
    const flow = Object.create(strategy)
    flow.redirect = (url) => response.writeHead(302, { location: url }).end()
    flow.success = (user) => response.end(`installed on ${user.hubId}`)
    flow.fail = (why) => response.writeHead(401).end(JSON.stringify(why ?? 'refused'))
    flow.error = (error) => response.writeHead(500).end(String(error))
    flow.authenticate(request, { scope: SCOPES, state: 'mine' })
  })
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))
  try {
    const callbackURL = `http://localhost:${server.address().port}/callback`
    const app = publicApp('Passport', callbackURL)
    const options = {
      clientID: app.clientId, clientSecret: app.clientSecret, callbackURL, scopeSeparator: ' ',
      authorizationURL: `${keyway.admin}/oauth/authorize`, tokenURL: `${keyway.url}/oauth/v1/token`,
    }
    strategy = new HubSpotStrategy(options, (accessToken, refreshToken, profile, done) => done(null, { hubId: profile.hub_id }))
    // The one address that the strategy lets nobody set.
    const { get } = strategy._oauth2
    strategy._oauth2.get = (url, ...rest) => get.call(strategy._oauth2, url.replace('https://api.hubapi.com', keyway.url), ...rest)

    for (const [width, colorScheme] of [[1280, 'light'], [390, 'dark']]) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
      const page = await context.newPage()
      const wrongs = []
      page.on('console', (message) => message.type() === 'error' && wrongs.push(message.text()))
      const shot = (name) => page.screenshot({ path: path.join(screenshots, `${name}-${width}-${colorScheme}.png`), fullPage: true })

      await page.goto(`http://localhost:${server.address().port}/`)
      await page.getByRole('heading', { name: 'Sign in to Keyway' }).waitFor()
      await shot('sign-in')
      // By keyboard alone: the first field has the focus.
      await page.keyboard.type('ada@example.com')
      await page.keyboard.press('Tab')
      await page.keyboard.type(password)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Install Passport?' }).waitFor()
      await shot('consent')
      for (const words of ['Read contacts', 'Create and change contacts', 'Know which account this is']) {
        assert.ok(await page.getByText(words, { exact: false }).first().isVisible(), words)
      }
      assert.ok(await page.getByText(`localhost:${server.address().port}`).isVisible())
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, 'nothing runs off the side')
      await page.getByLabel('On which account').selectOption(String(account))
      await page.getByRole('button', { name: 'Install', exact: true }).click()
      await page.getByText(`installed on ${account}`).waitFor()
      assert.deepEqual(wrongs, [])

      // Who says no is sent back with that.
      await page.goto(`http://localhost:${server.address().port}/`)
      await page.getByRole('button', { name: 'Do not install' }).click()
      await page.getByText('did not install', { exact: false }).waitFor()
      await context.close()
    }
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('a page of another site can neither frame the consent nor send its form', async () => {
  keyway.account('Other site')
  const app = publicApp('Framed')
  const url = `${keyway.admin}/oauth/authorize?${new URLSearchParams({ client_id: app.clientId, redirect_uri: CALLBACK, scope: SCOPES.join(' ') })}`
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>
      <form method="post" action="${keyway.admin}/oauth/authorize"><input name="query" value="x"><input name="form_token" value="x">
      <input name="answer" value="install"><button>Go</button></form>`)
  })
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))
  const page = await browser.newPage()
  try {
    const refused = page.waitForEvent('console', (message) => /frame-ancestors|X-Frame-Options/i.test(message.text()))
    await page.goto(`http://localhost:${server.address().port}/`)
    await refused
    await page.getByRole('button', { name: 'Go' }).click()
    await page.getByRole('heading', { name: 'Not from here' }).waitFor()
  } finally {
    await page.close()
    await new Promise((resolve) => server.close(resolve))
  }
})
