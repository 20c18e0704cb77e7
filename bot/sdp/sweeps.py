"""A whole list, several of its pages under way at a time: for lists that have a hundred of them.

Pages are begun in their order and end in any. While a list is read its rows can move from page to page, whoever reads
it: one that comes twice counts once, and one that slips by is not there. Several pages at a time only make that rarer,
since the reading is over sooner.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from bot.sdp.client import Client
from bot.sdp.lists import ListInfo, has_more, rows_of, total_of
from bot.sdp.wire import Call, JsonObject

T = TypeVar("T")

PAGES_AT_ONCE = 4


class Sweep(Generic[T]):
    """One reading of the list at `path`, whose rows are below `path` as well, from its first page to its last.

    `read` makes of each row the little that is worth keeping.
    """

    def __init__(self, client: Client, path: str, read: Callable[[JsonObject], T]) -> None:
        self._client = client
        self._path = path
        self._read = read
        self._rows: dict[str, T] = {}
        self._next = ListInfo()
        self._ended = False

    async def run(self, info: ListInfo) -> dict[str, T]:
        """Row id → what was read of it. Raises what `Client.read` raises.

        The first page says how many rows there are, and no page behind these is asked for unless the last one says
        that there are more by now. Where SDP does not count them, the pages are read one after the other.
        """
        self._next = replace(info, counted=True)
        count = await self._page()
        self._next = replace(self._next, counted=False)
        try:
            async with asyncio.TaskGroup() as readers:
                for _ in range(PAGES_AT_ONCE):
                    readers.create_task(self._up_to(count))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        while not self._ended:
            await self._page()
        return self._rows

    async def _up_to(self, count: int) -> None:
        while not self._ended and self._next.start <= count:
            await self._page()

    async def _page(self) -> int:
        """Read the next page; answers how many rows SDP says there are, 0 when it does not."""
        info, self._next = self._next, self._next.next()
        body = await self._client.read(Call("GET", self._path, (), info.input_data()))
        rows, before = rows_of(body, self._path), len(self._rows)
        self._rows |= {str(row["id"]): self._read(row) for row in rows if row.get("id") is not None}
        # A server that knows no pages sends the first one for ever: nothing new is the end.
        self._ended = self._ended or len(self._rows) == before or not has_more(body, len(rows), info.rows)
        return total_of(body)
