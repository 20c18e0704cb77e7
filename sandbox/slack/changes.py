"""Observers of a workspace: the page's server-sent events and tests that wait for something to happen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """Something that others may want to redraw.

    `kind` is message, message_deleted, ephemeral, modal, home, error, person, channel, unread, reaction, file or
    socket; `where` is a channel id, `who` the only person it concerns (None: everybody who can see `where`).
    """

    kind: str
    where: str | None = None
    who: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


class Subscription:
    """An unbounded queue of changes; iterate over it, or close it (it is also a context manager)."""

    def __init__(self, unsubscribe: Callable[["Subscription"], None]) -> None:
        self._queue: asyncio.Queue[Change] = asyncio.Queue()
        self._unsubscribe = unsubscribe

    def put(self, change: Change) -> None:
        self._queue.put_nowait(change)

    async def next(self) -> Change:
        return await self._queue.get()

    def close(self) -> None:
        self._unsubscribe(self)

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            yield await self.next()


class Feed:
    """Tells every subscription about every change, in order."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        subscription = Subscription(self._drop)
        self._subscriptions.append(subscription)
        return subscription

    def tell(self, change: Change) -> None:
        for subscription in self._subscriptions:
            subscription.put(change)

    def _drop(self, subscription: Subscription) -> None:
        with contextlib.suppress(ValueError):
            self._subscriptions.remove(subscription)
