// A client of the TypeScript SDK that opens pages: the first line of standard input says what to call. A page is a line
// on standard output; the next line of standard input says what the person did with it.
import { createInterface } from 'node:readline'

export async function serve(makeClient, transportOf, handle) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
  const asked = JSON.parse((await lines.next()).value)
  const client = makeClient(asked.mode)
  handle(client, async ({ params }) => {
    say({ page: params.url ?? null, message: params.message, mode: params.mode })
    return { action: JSON.parse((await lines.next()).value).action }
  })
  try {
    await client.connect(transportOf(new URL(asked.url), { requestInit: { headers: { authorization: `Bearer ${asked.token}` } } }))
    const { content, isError } = await client.callTool(asked.call)
    say({ text: content.map((part) => part.text).join('\n'), is_error: Boolean(isError) })
  } catch (error) {
    say({ error: String(error.message ?? error), code: error.code ?? null, data: error.data ?? null })
  }
  await client.close()
  process.exit(0)
}
