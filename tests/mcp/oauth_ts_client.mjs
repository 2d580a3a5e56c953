// Signs in with the TypeScript SDK of the protocol of 2026-07-28, which checks who answered (RFC 9207).
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { serve } from './oauth.mjs'

await serve(
  (mode) => new Client({ name: 'keyway-test', version: '1' }, { versionNegotiation: { mode } }),
  StreamableHTTPClientTransport,
  (transport, answer) => transport.finishAuth(answer),
)
