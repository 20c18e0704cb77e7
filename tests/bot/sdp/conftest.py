"""The client beside the stand-in's tenant, over real sockets; and a server that says whatever it is told to."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.models import ApprovalRef, SdpId
from bot.sdp import CallBudget, MemoryBudget, MemoryTokenStore, Pace, Repeats, Sdp, SdpSettings, TokenStore
from sandbox.sdp.accounts import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from sandbox.sdp.app import create_app
from sandbox.sdp.approvals import Approval
from sandbox.sdp.seeds import seed
from sandbox.sdp.world import SdpWorld
from sandbox.serve import serve

SAMPLES = Path(__file__).parents[2] / "samples"

QUICK = Repeats(attempts=4, first_wait=0.001, longest_wait=0.01, jitter=0.001, give_up_after=20)
"""Pauses that do not slow the tests down; how often is repeated stays as it is."""


def sample(name: str) -> dict[str, Any]:
    """A body from the vendor's documents."""
    body: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return body


def ref_of(approval: Approval) -> ApprovalRef:
    """Where the client finds an approval of the tenant."""
    return ApprovalRef(SdpId(approval.level.release.id), SdpId(approval.level.id), SdpId(approval.id))


class Clients:
    """Makes clients of one address, as processes of the bot would, and closes them in the end."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url = url
        self._stack = stack

    async def new(self, tokens: TokenStore | None = None, budget: CallBudget | None = None, **settings: Any) -> Sdp:
        defaults = {
            "url": f"{self.url}/app/itdesk",
            "accounts_url": self.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "answer_seconds": 5.0,
            "repeats": QUICK,
        }
        sdp = Sdp(
            SdpSettings(**{**defaults, **settings}),
            tokens or MemoryTokenStore(),
            budget or MemoryBudget(Pace.per_minute(60_000)),
        )
        return await self._stack.enter_async_context(sdp)


class Parrot:
    """A server that signs everybody in and answers every call with what `say` was told last."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self._answer = Response(b"")
        self._next: tuple[str, Any] | None = None

    def say(self, body: Any, status: int = 200, media: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answer = Response(content, status, headers=named, media_type=media)

    def after(self, method: str, body: Any) -> None:
        """Say `body` as soon as somebody has come with `method`, to them and from then on."""
        self._next = (method, body)

    async def _token(self, _: Request) -> Response:
        return JSONResponse({"access_token": "1000.parrot.token", "expires_in": 3600})

    async def _any(self, request: Request) -> Response:
        self.heard.append(request)
        if self._next and self._next[0] == request.method:
            self.say(self._next[1])
        return self._answer

    def app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "DELETE"]
        return Starlette(
            routes=[
                Route("/oauth/v2/token", self._token, methods=["POST"]),
                Route("/{path:path}", self._any, methods=methods),
            ]
        )


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def world() -> SdpWorld:
    return seed(SdpWorld(seed=11))


@pytest.fixture
async def clients(world: SdpWorld, stack: AsyncExitStack) -> Clients:
    """Clients of a seeded tenant."""
    world.url = await stack.enter_async_context(serve(create_app(world)))
    return Clients(world.url, stack)


@pytest.fixture
async def sdp(clients: Clients) -> Sdp:
    """A client that acts as the service account."""
    return await clients.new()


@pytest.fixture
def odile(sdp: Sdp, world: SdpWorld) -> Sdp:
    """The same client on behalf of somebody who may change maintenances and projects."""
    return sdp.acting_as(sdp.tokens_of(world.accounts.grant("odile")))


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
async def listeners(parrot: Parrot, stack: AsyncExitStack) -> Clients:
    """Clients of the parrot."""
    return Clients(await stack.enter_async_context(serve(parrot.app())), stack)


@pytest.fixture
async def told(listeners: Clients) -> Sdp:
    """A client of the parrot."""
    return await listeners.new()
