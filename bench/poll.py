"""A poll: how many calls it takes when nothing changed, and its time after 100 changes beside the calls alone.

The bot remembers every release as walked a moment ago, as it would after a few polls; the stand-in is a process of its
own. What an ideal loop would call – the list's pages and what changed – is called by bare httpx, as many at once.
"""

import asyncio
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from bench.processes import process, quiet
from bench.table import Row

SIZES = tuple(int(size) for size in os.environ.get("POLL_SIZES", "100,1000,10000").split(","))
CHANGES = 100
PAGE = 100
AT_ONCE = 8
MOST = 1.2


def run() -> list[Row]:
    rows = []
    for size in SIZES:
        with process(_stand_in, size) as world:
            settings = world.recv()
            calls, quiet_seconds, pages, changed, ideal = asyncio.run(_polls(world, settings, size))
        note = f"{pages} pages of the list, {quiet_seconds:.1f} s"
        rows.append(Row(f"calls of a quiet poll, {size:,} open", calls - pages, "calls beyond the list", note=note))
    beside = f"the list's pages and {CHANGES} walks, bare httpx"
    rows.append(Row(f"a poll after {CHANGES} changes among {SIZES[-1]:,}", changed, "s", beside, ideal, MOST))
    return rows


async def _polls(world: Connection, given: dict[str, str], size: int) -> tuple[int, float, int, float, float]:
    from bot import app, settings
    from bot.house import House

    async def poll(house: House) -> tuple[int, float]:
        world.send("count")
        before = world.recv()
        began = time.perf_counter()
        await house.inbox.poll()
        took = time.perf_counter() - began
        world.send("count")
        return world.recv() - before, took

    with tempfile.TemporaryDirectory(prefix="sdp-bench-") as folder:
        lowered: dict[str, Any] = {name.lower(): value for name, value in given.items()}
        loaded = settings.load(**lowered, data_dir=Path(folder), port=0).model_copy(
            update={"sdp_calls_per_minute": 10**6}
        )
        async with app.state(loaded) as url, app.build(loaded, url) as house:
            await _remember(house)
            calls, quiet_seconds = await poll(house)
            world.send(CHANGES)
            ids = world.recv()
            _, changed = await poll(house)
        ideal = await _bare(given["SDP_URL"], await _token(given), size, ids)
    return calls, quiet_seconds, -(-size // PAGE), changed, ideal


async def _remember(house: Any) -> None:
    """Every release was walked a moment ago, and looked as it does now."""
    from bot.store import Releases

    releases, now = Releases(house.store), datetime.now(UTC)
    async for release in house.sdp.background().releases.open():
        await releases.walked(release.id, now, release.updated_on.isoformat() if release.updated_on else "")


async def _token(given: dict[str, str]) -> str:
    form = {
        "grant_type": "refresh_token",
        "client_id": given["SDP_CLIENT_ID"],
        "client_secret": given["SDP_CLIENT_SECRET"],
        "refresh_token": given["SDP_REFRESH_TOKEN"],
    }
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{given['SDP_ACCOUNTS_URL']}/oauth/v2/token", data=form)
    token: str = answer.json()["access_token"]
    return token


async def _bare(url: str, token: str, size: int, changed: list[str]) -> float:
    headers = {"Authorization": f"Zoho-oauthtoken {token}", "Accept": "application/vnd.manageengine.sdp.v3+json"}
    limit, began = asyncio.Semaphore(AT_ONCE), time.perf_counter()
    async with httpx.AsyncClient(headers=headers, base_url=f"{url}/api/v3/") as client:

        async def get(path: str, start: int = 1) -> dict[str, Any]:
            asked = json.dumps({"list_info": {"row_count": PAGE, "start_index": start}})
            answer = await client.get(path, params={"input_data": asked})
            found: dict[str, Any] = json.loads(answer.content)
            return found

        async def walk(id_: str) -> None:
            async with limit:
                _, levels = await asyncio.gather(get(f"releases/{id_}"), get(f"releases/{id_}/approval_levels"))
                for level in levels["approval_levels"]:
                    await get(f"releases/{id_}/approval_levels/{level['id']}/approvals")

        for start in range(1, size, PAGE):
            await get("releases", start)
        await asyncio.gather(*(walk(id_) for id_ in changed))
    return time.perf_counter() - began


def _stand_in(parent: Connection, size: int) -> None:
    from datetime import timedelta

    from sandbox.box import open_box
    from sandbox.sdp import seed_many

    async def main() -> None:
        async with open_box("quiet-day") as box:
            made = seed_many.releases(box.sdp, size)
            parent.send(box.settings())
            loop = asyncio.get_running_loop()
            while True:
                asked = await loop.run_in_executor(None, parent.recv)
                if asked == "count":
                    parent.send(box.sdp.log[-1].number if box.sdp.log else 0)
                    continue
                box.sdp.ahead += timedelta(minutes=1)
                for release in made[:asked]:
                    box.sdp.releases.edit(release, title=f"{release.title} (moved)")
                parent.send([release.id for release in made[:asked]])

    quiet()
    asyncio.run(main())
