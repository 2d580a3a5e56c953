"""The Python SDK, before version 2 and since, signs in: a line of JSON on standard input is a step, a line on standard
output what came of it. `authorize` is where the browser would go; the next line has the address to which it came back."""

import json
import sys
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import anyio
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata
from pydantic import AnyUrl

try:
    from mcp.shared.auth import AuthorizationCodeResult
except ImportError:  # before version 2
    AuthorizationCodeResult = None


class Storage:
    """Keeps in memory what a client keeps."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def say(what):
    print(json.dumps(what), flush=True)


async def hear():
    return json.loads(await anyio.to_thread.run_sync(sys.stdin.readline) or "null")


async def open_browser(url):
    say({"authorize": url})


async def came_back():
    answer = {name: values[0] for name, values in parse_qs(urlsplit((await hear())["callback"]).query).items()}
    if AuthorizationCodeResult:
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))
    return answer["code"], answer.get("state")


@asynccontextmanager
async def connected(asked, provider):
    try:
        from mcp import Client
    except ImportError:
        from mcp import ClientSession
        from mcp.client.streamable_http import streamablehttp_client

        async with streamablehttp_client(asked["url"], auth=provider) as streams, ClientSession(streams[0], streams[1]) as client:
            await client.initialize()
            yield client
        return
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    async with httpx2.AsyncClient(auth=provider) as http, Client(streamable_http_client(asked["url"], http_client=http), mode=asked["mode"]) as client:
        await client.list_tools()
        yield client


async def step(client, provider, asked):
    before = provider.context.current_tokens.refresh_token
    if asked.get("spoil"):
        # Its time is over: the SDK then uses the refresh token.
        provider.context.token_expiry_time = 1
    result = await client.call_tool(asked["call"]["name"], asked["call"].get("arguments"))
    result = result.model_dump(mode="json", by_alias=True)
    tokens = provider.context.current_tokens
    text = "\n".join(part.get("text", "") for part in result["content"])
    return {"text": text, "structured": result.get("structuredContent"), "is_error": bool(result.get("isError")), "refreshed": tokens.refresh_token != before, "token": tokens.access_token}


def leaves(error):
    """The errors inside of a group, which task groups raise."""
    return [leaf for one in error.exceptions for leaf in leaves(one)] if isinstance(error, BaseExceptionGroup) else [error]


async def main():
    asked = await hear()
    metadata = OAuthClientMetadata(client_name="Python agent", redirect_uris=[AnyUrl(asked["callback"])], scope=asked.get("scope"))
    storage = Storage()
    provider = OAuthClientProvider(asked["url"], metadata, storage, open_browser, came_back, client_metadata_url=asked.get("document"))
    try:
        async with connected(asked, provider) as client:
            say({"signed_in": True, "client_id": storage.client and storage.client.client_id, "scope": storage.tokens.scope})
            while line := await hear():
                try:
                    say(await step(client, provider, line))
                except Exception as error:  # what the SDK raises is what is looked at
                    say({"error": str(error) or type(error).__name__})
    except Exception as error:
        first = leaves(error)[0]
        say({"refused": str(first) or type(first).__name__})


anyio.run(main)
