// Opens pages with the TypeScript SDK of the protocol before 2026-07-28.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { serve } from './elicit.mjs'

await serve(
  () => new Client({ name: 'keyway-test', version: '1' }, { capabilities: { elicitation: { url: {} } } }),
  (url, options) => new StreamableHTTPClientTransport(url, options),
  (client, answer) => client.setRequestHandler(ElicitRequestSchema, answer),
)
