// The TypeScript SDK of the protocol before 2026-07-28 (`@modelcontextprotocol/sdk`): `initialize`, then requests.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { serve } from './session.mjs'

await serve(
  async () => new Client({ name: 'keyway-test', version: '1' }),
  { StdioClientTransport, StreamableHTTPClientTransport },
  (_client, agreed) => agreed,
)
