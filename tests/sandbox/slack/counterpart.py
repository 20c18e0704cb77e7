"""The other side of the stand-in: the SDK's client and a Bolt app, over HTTP and over Socket Mode."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.serve import serve
from sandbox.slack.world import SlackWorld

Transport = Callable[[SlackWorld, AsyncApp], contextlib.AbstractAsyncContextManager[object]]


def client_for(world: SlackWorld, token: str | None) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=f"{world.url}/api/", retry_handlers=[])


@contextlib.asynccontextmanager
async def over_http(world: SlackWorld, app: AsyncApp) -> AsyncIterator[None]:
    """Serve the app's request URL."""
    handler = AsyncSlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    async with serve(Starlette(routes=[Route("/slack/events", events, methods=["POST"])])) as url:
        world.request_url = f"{url}/slack/events"
        yield


@contextlib.asynccontextmanager
async def over_socket(world: SlackWorld, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Connect the app by Socket Mode."""
    web_client = client_for(world, world.app_token)
    handler = AsyncSocketModeHandler(app, world.app_token, web_client=web_client, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


TRANSPORTS: dict[str, Transport] = {"http": over_http, "socket": over_socket}


def section(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words}, **more}


def button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": action_id, **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def field(label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain(label), "element": element, **more}


def modal(title: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    frame = {"type": "modal", "title": plain(title), "blocks": list(blocks)}
    return frame | ({"submit": plain("Send")} if any(block["type"] == "input" for block in blocks) else {}) | more
