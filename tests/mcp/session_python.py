"""The Python SDK, before version 2 and since: one session. A line of JSON on standard input is a step, a line on
standard output what came of it."""

import json
import sys
from contextlib import asynccontextmanager

import anyio


@asynccontextmanager
async def connected(asked):
    """A client of either generation, and the version of the protocol that was agreed on."""
    try:
        from mcp import Client
    except ImportError:
        async with before_2(asked) as agreed:
            yield agreed
        return
    from mcp import StdioServerParameters
    from mcp.client.streamable_http import streamable_http_client

    if "command" in asked:
        async with Client(StdioServerParameters(command=asked["command"][0], args=asked["command"][1:], env=asked["env"]), mode=asked["mode"]) as client:
            yield client, client.protocol_version, client.server_info, client.instructions
        return
    import httpx2

    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {asked['token']}"}) as http:
        async with Client(streamable_http_client(asked["url"], http_client=http), mode=asked["mode"]) as client:
            yield client, client.protocol_version, client.server_info, client.instructions


@asynccontextmanager
async def before_2(asked):
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamablehttp_client

    if "command" in asked:
        parameters = StdioServerParameters(command=asked["command"][0], args=asked["command"][1:], env=asked["env"])
        transport = stdio_client(parameters)
    else:
        transport = streamablehttp_client(asked["url"], headers={"authorization": f"Bearer {asked['token']}"})
    async with transport as streams, ClientSession(streams[0], streams[1]) as client:
        agreed = await client.initialize()
        yield client, agreed.protocolVersion, agreed.serverInfo, agreed.instructions


async def step(client, asked):
    if asked.get("ping"):
        return {"pong": (await client.send_ping()).model_dump(mode="json", by_alias=True)}
    if asked.get("list"):
        return {"tools": [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools]}
    result = (await client.call_tool(asked["call"]["name"], asked["call"].get("arguments"))).model_dump(mode="json", by_alias=True)
    text = "\n".join(part.get("text", "") for part in result["content"])
    return {"text": text, "structured": result.get("structuredContent"), "is_error": bool(result.get("isError"))}


def say(what):
    print(json.dumps(what), flush=True)


def leaves(error):
    """The errors inside of a group, which task groups raise."""
    return [leaf for one in error.exceptions for leaf in leaves(one)] if isinstance(error, BaseExceptionGroup) else [error]


async def main():
    asked = json.loads(sys.stdin.readline())
    has_begun = False
    try:
        async with connected(asked) as (client, protocol, server, instructions):
            has_begun = True
            say({"protocol": str(protocol), "server": server and server.name, "instructions": instructions})
            while line := await anyio.to_thread.run_sync(sys.stdin.readline):
                try:
                    say(await step(client, json.loads(line)))
                except Exception as error:  # what the SDK raises is what is looked at
                    say({"error": str(error), "code": getattr(getattr(error, "error", None), "code", None)})
    except Exception as error:
        if has_begun:
            raise
        first = leaves(error)[0]
        say({"refused": str(first) or type(first).__name__, "code": getattr(getattr(first, "response", None), "status_code", None)})


anyio.run(main)
