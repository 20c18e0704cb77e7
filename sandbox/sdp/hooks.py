"""SDP calls out: a trigger tells a listener that something about a release has changed.

Facts: triggers run webhooks; nothing documents a signature, so a secret header protects the listener, and the call
carries no more than `{"module": "release", "id": …}`. A call that fails is not repeated: a listener has to cope.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp

from sandbox.sdp.journal import Effect, Exchange
from sandbox.sdp.world import Hook, SdpWorld

HEADER = "X-SDP-Bot-Secret"
TIMEOUT = aiohttp.ClientTimeout(total=10)


def release_of(effect: Effect) -> str | None:
    """The release an effect is about."""
    topic = effect.kind.partition(".")[0]
    if topic == "release":
        return effect.record
    return str(effect.detail["release"]) if topic in ("level", "approval") else None


class Caller:
    """Calls the world's hook for every release something happens to; what happens together is one call."""

    def __init__(self, world: SdpWorld) -> None:
        self._world = world
        self._releases: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()

    @contextlib.asynccontextmanager
    async def running(self, _app: object = None) -> AsyncIterator[None]:
        """Listen and call until the block ends."""
        silence = self._world.journal.listen(self._hear)
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            calling = asyncio.create_task(self._call_for_ever(session))
            try:
                yield
            finally:
                silence()
                calling.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await calling

    def _hear(self, effect: Effect) -> None:
        release = release_of(effect)
        if self._world.hook and release and release not in self._queued:
            self._queued.add(release)
            self._releases.put_nowait(release)

    async def _call_for_ever(self, session: aiohttp.ClientSession) -> None:
        while True:
            release = await self._releases.get()
            self._queued.discard(release)
            if self._world.hook:
                await self._call(session, self._world.hook, release)

    async def _call(self, session: aiohttp.ClientSession, hook: Hook, release: str) -> None:
        body = {"module": "release", "id": release}
        exchange = Exchange(self._world.now(), "POST", hook.url, "SDP's trigger", body)
        self._world.journal.record(exchange)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.post(hook.url, json=body, headers={HEADER: hook.secret}) as response:
                exchange.status = response.status
