// The TypeScript SDK of the protocol of 2026-07-28 (`@modelcontextprotocol/client`), in the mode that is asked for.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { serve } from './session.mjs'

await serve(
  async (mode) => new Client(
    { name: 'keyway-test', version: '1' },
    { versionNegotiation: { mode: mode === 'legacy' || mode === 'auto' ? mode : { pin: mode } } },
  ),
  { StdioClientTransport, StreamableHTTPClientTransport },
  (client) => client.getNegotiatedProtocolVersion(),
)
