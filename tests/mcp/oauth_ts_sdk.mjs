// Signs in with the TypeScript SDK of the protocol before 2026-07-28.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { serve } from './oauth.mjs'

await serve(
  () => new Client({ name: 'keyway-test', version: '1' }),
  StreamableHTTPClientTransport,
  (transport, answer) => transport.finishAuth(answer.get('code')),
)
