// Opens pages with the TypeScript SDK of the protocol of 2026-07-28.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { serve } from './elicit.mjs'

await serve(
  (mode) => new Client({ name: 'keyway-test', version: '1' }, { versionNegotiation: { mode }, capabilities: { elicitation: { url: {} } } }),
  (url, options) => new StreamableHTTPClientTransport(url, options),
  (client, answer) => client.setRequestHandler('elicitation/create', answer),
)
