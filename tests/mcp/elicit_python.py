"""The Python SDK, before version 2 and since, as a client that opens pages: the first line of standard input says what to
call. A page is a line on standard output; the next line of standard input says what the person did with it."""

import json
import sys

import anyio
import mcp

try:
    from mcp import types
except ImportError:
    import mcp_types as types


def say(what):
    print(json.dumps(what), flush=True)


async def hear():
    return json.loads(await anyio.to_thread.run_sync(sys.stdin.readline))


async def ask_person(_context, params):
    say({"page": getattr(params, "url", None), "message": params.message, "mode": params.mode})
    return types.ElicitResult(action=(await hear())["action"])


async def use(client, asked):
    result = (await client.call_tool(asked["call"]["name"], asked["call"]["arguments"])).model_dump(mode="json", by_alias=True)
    return {"text": "\n".join(part.get("text", "") for part in result["content"]), "is_error": bool(result.get("isError"))}


def leaves(error):
    return [leaf for one in error.exceptions for leaf in leaves(one)] if isinstance(error, BaseExceptionGroup) else [error]


async def main():
    asked = await hear()
    headers = {"authorization": f"Bearer {asked['token']}"}
    try:
        if hasattr(mcp, "Client"):
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
                transport = streamable_http_client(asked["url"], http_client=http)
                async with mcp.Client(transport, mode=asked["mode"], elicitation_callback=ask_person) as client:
                    say(await use(client, asked))
        else:
            from mcp.client.streamable_http import streamablehttp_client

            async with streamablehttp_client(asked["url"], headers=headers) as streams:
                async with mcp.ClientSession(streams[0], streams[1], elicitation_callback=ask_person) as client:
                    await client.initialize()
                    say(await use(client, asked))
    except Exception as error:  # what the SDK raises is what is looked at
        first = leaves(error)[0]
        problem = getattr(first, "error", None)
        say({"error": str(first), "code": getattr(problem, "code", None), "data": getattr(problem, "data", None)})


anyio.run(main)
