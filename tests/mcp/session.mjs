// One session of a client: a line of JSON on standard input is a step, a line on standard output what came of it.
import { createInterface } from 'node:readline'

/** Connects as the first line says, then takes the steps. */
export async function serve(make, { StdioClientTransport, StreamableHTTPClientTransport }, versionOf) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
  const asked = JSON.parse((await lines.next()).value)
  const client = await make(asked.mode)
  const transport = asked.command
    ? new StdioClientTransport({ command: asked.command[0], args: asked.command.slice(1), env: { ...process.env, ...asked.env } })
    : new StreamableHTTPClientTransport(new URL(asked.url), { requestInit: { headers: { authorization: `Bearer ${asked.token}` } } })
  // The older SDK tells only its transport which version was agreed on.
  let agreed = null
  const note = transport.setProtocolVersion?.bind(transport)
  transport.setProtocolVersion = (version) => {
    agreed = version
    note?.(version)
  }
  try {
    await client.connect(transport)
  } catch (error) {
    return say({ refused: String(error.message ?? error), code: error.code ?? null })
  }
  say({ protocol: versionOf(client, agreed), server: client.getServerVersion()?.name, instructions: client.getInstructions() })
  for await (const line of lines) {
    try {
      say(await step(client, JSON.parse(line)))
    } catch (error) {
      say({ error: String(error.message ?? error), code: error.code ?? null })
    }
  }
  await client.close()
}

async function step(client, { list, call, ping }) {
  if (ping) return { pong: await client.ping() }
  if (list) return { tools: (await client.listTools()).tools }
  const { content, structuredContent, isError } = await client.callTool(call)
  return { text: content.map((part) => part.text).join('\n'), structured: structuredContent ?? null, is_error: Boolean(isError) }
}
