// A client of the TypeScript SDK that signs in: a line of JSON on standard input is a step, a line on standard output
// what came of it. The person's part is done by whoever reads the lines: `authorize` is where the browser would go, and
// the next line has the address to which it came back.
import { createInterface } from 'node:readline'

/** Keeps in memory what a client keeps. */
class Provider {
  constructor({ callback, document, scope }) {
    this.callback = callback
    this.clientMetadataUrl = document
    this.scope = scope
  }

  get redirectUrl() {
    return this.callback
  }

  get clientMetadata() {
    const metadata = { client_name: 'TypeScript agent', redirect_uris: [this.callback], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }
    return this.scope ? { ...metadata, scope: this.scope } : metadata
  }

  state() {
    return 'a word of the client'
  }

  clientInformation() {
    return this.client
  }

  saveClientInformation(client) {
    this.client = client
  }

  tokens() {
    return this.kept
  }

  saveTokens(tokens) {
    this.kept = tokens
  }

  redirectToAuthorization(url) {
    this.authorize = String(url)
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier
  }

  codeVerifier() {
    return this.verifier
  }

  invalidateCredentials(scope) {
    if (scope === 'all' || scope === 'client') this.client = undefined
    if (scope === 'all' || scope === 'tokens') this.kept = undefined
  }
}

/** Signs in as the first line says, then takes the steps. `finish` hands the answer to the SDK. */
export async function serve(makeClient, StreamableHTTPClientTransport, finish) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
  const asked = JSON.parse((await lines.next()).value)
  const provider = new Provider(asked)
  const connect = async () => {
    const [client, transport] = [makeClient(asked.mode), new StreamableHTTPClientTransport(new URL(asked.url), { authProvider: provider })]
    try {
      await client.connect(transport)
      return client
    } catch (error) {
      if (!provider.authorize) throw error
    }
    say({ authorize: provider.authorize })
    const { callback } = JSON.parse((await lines.next()).value)
    const answer = new URL(callback).searchParams
    if (answer.get('state') !== provider.state()) throw new Error('another state came back')
    await finish(transport, answer)
    const again = makeClient(asked.mode)
    await again.connect(new StreamableHTTPClientTransport(new URL(asked.url), { authProvider: provider }))
    return again
  }
  let client
  try {
    client = await connect()
  } catch (error) {
    return say({ refused: String(error.message ?? error) })
  }
  say({ signed_in: true, client_id: provider.client?.client_id ?? null, scope: provider.kept.scope })
  for await (const line of lines) {
    try {
      const { call, spoil } = JSON.parse(line)
      // As if its time were over: the SDK then uses the refresh token.
      const before = provider.kept.refresh_token
      if (spoil) provider.kept = { ...provider.kept, access_token: 'over' }
      const { content, structuredContent, isError } = await client.callTool(call)
      say({ text: content.map((part) => part.text).join('\n'), structured: structuredContent, is_error: Boolean(isError), refreshed: provider.kept.refresh_token !== before, token: provider.kept.access_token })
    } catch (error) {
      say({ error: String(error.message ?? error) })
    }
  }
  await client.close()
}
