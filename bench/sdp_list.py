"""Listing 10,000 maintenances: the client, which makes types of them, beside a bare httpx and json loop.

Both make the same 100 calls to the same server, a process of its own that has every page ready as bytes, so that what
is compared is the client and not the stand-in.
"""

import asyncio
import json
import statistics
import time
from multiprocessing.connection import Connection

import httpx

from bench.processes import process, quiet
from bench.table import Row

RECORDS = 10_000
PAGE = 100
ROUNDS = 5
MOST = 5.0
"""The client may take this many times the bare loop: of a record, json takes 50 to 90 µs, making our types as long, and
turning a description that is HTML and was not seen before into Slack's text twice that."""

PATH = "/app/itdesk/api/v3/change_maintenances"


def run() -> list[Row]:
    with process(_serve) as server:
        bare, ours = asyncio.run(_compare(server.recv()))
    note = f"{RECORDS:,} records, {RECORDS // PAGE} calls, median of {ROUNDS} rounds in turn"
    return [
        Row("list and parse 10,000 maintenances", ours, "s", "httpx + json, same calls", bare, MOST, note),
        Row("… per record", ours / RECORDS * 1e6, "µs", note=note),
    ]


async def _compare(url: str) -> tuple[float, float]:
    rounds = [(await _bare(url), await _ours(url)) for _ in range(ROUNDS)]
    return statistics.median(one for one, _ in rounds), statistics.median(other for _, other in rounds)


async def _bare(url: str) -> float:
    started, count = time.perf_counter(), 0
    headers = {"Authorization": "Zoho-oauthtoken bench"}
    async with httpx.AsyncClient(headers=headers) as client:
        for start in range(1, RECORDS, PAGE):
            asked = {"list_info": {"row_count": PAGE, "start_index": start}}
            response = await client.get(url + PATH, params={"input_data": json.dumps(asked)})
            count += len(json.loads(response.content)["change_maintenances"])
    assert count == RECORDS
    return time.perf_counter() - started


async def _ours(url: str) -> float:
    from bot.sdp import MemoryBudget, MemoryTokenStore, Pace, Sdp, SdpSettings

    settings = SdpSettings(
        url=f"{url}/app/itdesk", accounts_url=url, client_id="bench", client_secret="bench", refresh_token="bench"
    )
    started = time.perf_counter()
    async with Sdp(settings, MemoryTokenStore(), MemoryBudget(Pace.per_minute(600_000))) as sdp:
        count = len([one.id async for one in sdp.maintenances.list()])
    assert count == RECORDS
    return time.perf_counter() - started


def _serve(parent: Connection) -> None:
    """Answer list calls out of pages made once, of the stand-in's own maintenances."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    from sandbox.serve import serve

    quiet()
    pages = _pages()

    async def token(_: Request) -> Response:
        return JSONResponse({"access_token": "bench", "expires_in": 3600})

    async def page(request: Request) -> Response:
        asked = json.loads(request.query_params["input_data"])["list_info"]
        return Response(pages[(int(asked["start_index"]) - 1) // PAGE], media_type="application/json")

    async def main() -> None:
        routes = [Route("/oauth/v2/token", token, methods=["POST"]), Route(PATH, page)]
        async with serve(Starlette(routes=routes)) as url:
            parent.send(url)
            await asyncio.Event().wait()

    asyncio.run(main())


def _pages() -> list[bytes]:
    from sandbox.sdp import seed_many
    from sandbox.sdp.seeds import seed
    from sandbox.sdp.wire.changes import maintenance
    from sandbox.sdp.world import SdpWorld

    world = seed(SdpWorld(seed=1))
    records = seed_many.maintenances(world, RECORDS)
    viewer = world.person("service")
    rows = [maintenance(one, viewer, world.catalogue) for one in records]
    return [_page(rows[start : start + PAGE], more=start + PAGE < RECORDS) for start in range(0, RECORDS, PAGE)]


def _page(rows: list[dict[str, object]], *, more: bool) -> bytes:
    info = {"has_more_rows": more, "row_count": len(rows)}
    body = {"response_status": {"status_code": 2000, "status": "success"}, "change_maintenances": rows}
    return json.dumps({**body, "list_info": info}).encode()
