"""A poll: how many calls it takes when nothing changed, and its time after 100 changes beside the calls alone.

A hundred releases wait for somebody's decision, whose cards are posted; the others are open and nobody is asked. All of
them have been seen before. The stand-in is a process of its own and serves both sides. What an ideal loop would call is
called by bare httpx, with as many calls under way, and its answers are parsed as JSON and dropped.
"""

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from bench.bare import access_token
from bench.processes import process, quiet
from bench.table import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.house import House

SIZES = tuple(int(size) for size in os.environ.get("POLL_SIZES", "100,1000,10000").split(","))
WAITING = 100
CHANGES = 100
PAGE = 100
ROUNDS = 5
POLLED_FIRST = 1_000
"""Up to so many open releases the bot learns them by a real first poll; more are put into its records as one would."""
MOST = 1.2


class Poll(NamedTuple):
    """What one poll took."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Several polls among so many open releases, and the calls of the last kind alone."""

    size: int
    quiet: list[Poll]
    changed: list[Poll]
    needed: list[Poll]
    moved: list[Poll]

    @property
    def pages(self) -> int:
        return -(-self.size // PAGE)


def run() -> list[Row]:
    return [row for size in SIZES for row in _rows(_measured(size))]


def _rows(found: Figures) -> Iterator[Row]:
    from bot.inbox import ROTATE

    among = f"{found.size:,} open"
    beyond = max(poll.calls for poll in found.quiet) - found.pages
    most = f"beyond {found.pages} pages; {WAITING} that wait and {ROTATE} in turn"
    yield Row(f"calls of a quiet poll, {among}", beyond, "calls", most, limit=WAITING + ROTATE)
    yield Row(f"time of a quiet poll, {among}", _seconds(found.quiet), "s", f"the quickest of {ROUNDS}")
    changed, needed, moved = (_seconds(polls) for polls in (found.changed, found.needed, found.moved))
    calls = max(poll.calls for poll in found.needed)
    limit = MOST if found.size == SIZES[-1] else None
    yield Row(f"a poll after {CHANGES} changes, {among}", changed, "s", f"its {calls} calls, bare httpx", needed, limit)
    few = max(poll.calls for poll in found.moved)
    yield Row("… beside the pages and the changed ones only", changed, "s", f"{few} calls, bare httpx", moved)


def _seconds(polls: Sequence[Poll]) -> float:
    """The quickest: two cores that others use as well only ever add to it."""
    return min(poll.seconds for poll in polls)


def _measured(size: int) -> Figures:
    with process(_stand_in, size) as world:
        return asyncio.run(_polls(world, world.recv(), size))


async def _polls(world: Connection, given: dict[str, str], size: int) -> Figures:
    async with _bot(given) as house, _Bare(given, await access_token(given)) as bare:
        await _remember(house, size)
        found = Figures(size, [], [], [], [])
        for _ in range(ROUNDS):
            found.quiet.append(await _poll(world, house))
            world.send(CHANGES)
            changed = world.recv()
            in_turn = await _next_in_turn(house, changed)
            found.changed.append(await _poll(world, house))
            found.needed.append(await bare.poll(changed, in_turn))
            found.moved.append(await bare.poll(changed, []))
            await house.inbox.poll()
    _check(found)
    return found


def _check(found: Figures) -> None:
    """Both sides have made as many calls, or the comparison is none."""
    pairs = zip(found.changed, found.needed, strict=True)
    assert all(poll.calls == bare.calls for poll, bare in pairs), (found.changed, found.needed)


async def _poll(world: Connection, house: "House") -> Poll:
    world.send("count")
    before = world.recv()
    began = time.perf_counter()
    await house.inbox.poll()
    took = time.perf_counter() - began
    world.send("count")
    return Poll(world.recv() - before, took)


# --- the bot, and what it remembers ---------------------------------------------------------------------


@asynccontextmanager
async def _bot(given: dict[str, str]) -> "AsyncIterator[House]":
    from bot import app, settings

    with tempfile.TemporaryDirectory(prefix="sdp-bench-") as folder:
        lowered: dict[str, Any] = {name.lower(): value for name, value in given.items()}
        loaded = settings.load(**lowered, data_dir=Path(folder), port=0)
        unbound = loaded.model_copy(update={"sdp_calls_per_minute": 10**6})
        async with app.state(unbound) as url, app.build(unbound, url) as house:
            yield house


async def _remember(house: "House", size: int) -> None:
    """Everything was looked at a moment ago, and every approval that is asked has its card."""
    if size <= POLLED_FIRST:
        await house.inbox.poll()
    else:
        await _write_down(house)
    await house.inbox.poll()
    async for snapshot in house.releases.every():
        for approval in snapshot.approvals:
            await house.copies.note_asked(approval.ref)
    await house.inbox.poll()


async def _write_down(house: "House") -> None:
    """What a first poll would have: those that wait are read, the others are kept as the list has them."""
    from bot.models import Snapshot
    from bot.store import Walk

    now, walks = datetime.now(UTC), {}
    async for release in house.sdp.background().releases.open():
        if release.status and release.status.name == "Approval Pending":
            await house.inbox.look(release.id)
            continue
        await house.releases.keep(Snapshot(release, (), (), now), None, (), ())
        walks[release.id] = Walk(now, release.updated_on.isoformat() if release.updated_on else "")
    await house.releases.walked(walks)


async def _next_in_turn(house: "House", changed: Sequence[str]) -> list[str]:
    """The releases the next poll looks at although nothing speaks for a change; nobody is asked on them."""
    from bot.inbox import ROTATE

    books = await house.releases.books()
    return [one for one in books.walked[:ROTATE] if one not in {*changed, *books.waiting}]


# --- the same calls, bare ---------------------------------------------------------------------------------


class _Bare:
    """The calls of a poll by httpx, the JSON parsed, nothing else."""

    def __init__(self, given: dict[str, str], token: str) -> None:
        from bot.inbox import WALKS_AT_ONCE
        from bot.sdp.sweeps import PAGES_AT_ONCE

        headers = {"Authorization": f"Zoho-oauthtoken {token}", "Accept": "application/vnd.manageengine.sdp.v3+json"}
        self._client = httpx.AsyncClient(headers=headers, base_url=f"{given['SDP_URL']}/api/v3/")
        self._pages, self._walks = asyncio.Semaphore(PAGES_AT_ONCE), asyncio.Semaphore(WALKS_AT_ONCE)
        self._calls = 0

    async def __aenter__(self) -> "_Bare":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def poll(self, changed: Sequence[str], in_turn: Sequence[str]) -> Poll:
        """The list's pages, then what changed as a whole and one call for each of the others."""
        self._calls, began = 0, time.perf_counter()
        total = (await self._page(1))["list_info"]["total_count"]
        await asyncio.gather(*(self._page(start) for start in range(1 + PAGE, total + 1, PAGE)))
        await asyncio.gather(*(self._walk(id_) for id_ in changed), *(self._glance(id_) for id_ in in_turn))
        return Poll(self._calls, time.perf_counter() - began)

    async def _page(self, start: int) -> Any:
        from bot.sdp.lists import ListInfo
        from bot.sdp.releases import MARKS, STILL_OPEN

        async with self._pages:
            info = ListInfo(STILL_OPEN, fields=MARKS, start=start, counted=start == 1)
            return await self._get("releases", info.input_data())

    async def _walk(self, id_: str) -> None:
        async with self._walks:
            path = f"releases/{id_}/approval_levels"
            _, found = await asyncio.gather(self._get(f"releases/{id_}"), self._get(path, LISTED))
            for level in found["approval_levels"]:
                await self._get(f"{path}/{level['id']}/approvals", LISTED)

    async def _glance(self, id_: str) -> None:
        async with self._walks:
            await self._get(f"releases/{id_}/approval_levels", LISTED)

    async def _get(self, path: str, input_data: object = None) -> Any:
        self._calls += 1
        given = {} if input_data is None else {"input_data": json.dumps(input_data)}
        answer = await self._client.get(path, params=given)
        assert answer.status_code == 200, answer.text[:200]
        return json.loads(answer.content)


LISTED = {"list_info": {"row_count": PAGE, "start_index": 1}}


# --- the stand-in -------------------------------------------------------------------------------------------


def _stand_in(parent: Connection, size: int) -> None:
    from sandbox.box import open_box
    from sandbox.sdp import seed_many

    async def main() -> None:
        async with open_box("quiet-day") as box:
            for release in list(box.sdp.releases):
                box.sdp.releases.delete(release)
            made = seed_many.releases(box.sdp, WAITING)
            seed_many.releases(box.sdp, size - len(made), waiting=False)
            parent.send(box.settings())
            while True:
                asked = await asyncio.to_thread(parent.recv)
                if asked == "count":
                    parent.send(box.sdp.log[-1].number if box.sdp.log else 0)
                    continue
                box.sdp.ahead += timedelta(minutes=1)
                for release in made[:asked]:
                    box.sdp.releases.edit(release, title=f"{release.title[:40]} moved at {box.sdp.ahead}")
                parent.send([release.id for release in made[:asked]])

    quiet()
    asyncio.run(main())
