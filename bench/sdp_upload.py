"""A 200 MB file from Slack to SDP: how much the client's process grows while the file flows through it.

Slack's file server and the stand-in's SDP are processes of their own; the client is one, too, so that its high-water
mark is its own. It first sends a small file, to have everything loaded that is needed at all.
"""

import asyncio
import resource
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from pathlib import Path

from bench.processes import process, quiet
from bench.table import Row

SIZE = 200 * 2**20
SMALL = 2**20
PIECE = b"\x5a" * 65_536
MOST_GROWTH = 16.0
"""MB; a piece is 64 kB, what is on its way in both sockets' buffers some of them."""

TOKEN = "xoxb-bench-not-a-token"


def run() -> list[Row]:
    with process(_serve) as servers:
        sdp_url, slack_url, project, refresh = servers.recv()
        with process(_client, sdp_url, slack_url, project, refresh) as client:
            idle, peak, seconds = client.recv()
    note = f"{SIZE // 2**20} MB in pieces of {len(PIECE) // 1024} kB"
    return [
        Row("peak memory of a 200 MB upload, above idle", peak - idle, "MB", limit=MOST_GROWTH, note=note),
        Row("… of the whole process", peak, "MB", note=note),
        Row("… time", seconds, "s", note=note),
    ]


def peak_memory() -> float:
    """The most memory this process has had, in MB. `ru_maxrss` would count the parent's before the exec on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _client(parent: Connection, sdp_url: str, slack_url: str, project: str, refresh: str) -> None:
    from bot.models import SdpId
    from bot.sdp import MemoryBudget, MemoryTokenStore, Pace, Sdp, SdpSettings
    from sandbox.sdp.accounts import CLIENT_ID, CLIENT_SECRET

    settings = SdpSettings(
        url=f"{sdp_url}/app/itdesk",
        accounts_url=sdp_url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        refresh_token=refresh,
        slack_files_url=slack_url,
        most_upload_bytes=2 * SIZE,
    )

    async def send(sdp: Sdp, size: int) -> None:
        async with sdp.slack_files(TOKEN).open(f"{slack_url}/{size}", "backup.zip", size, "application/zip") as file:
            attachment = await sdp.projects.upload(SdpId(project), file)
        assert attachment.size == size

    async def main() -> tuple[float, float, float]:
        async with Sdp(settings, MemoryTokenStore(), MemoryBudget(Pace.per_minute(6_000))) as sdp:
            await send(sdp, SMALL)
            idle, started = peak_memory(), time.perf_counter()
            await send(sdp, SIZE)
            return idle, peak_memory(), time.perf_counter() - started

    quiet()
    parent.send(asyncio.run(main()))


def _serve(parent: Connection) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    from sandbox.sdp.app import create_app
    from sandbox.sdp.seeds import seed
    from sandbox.sdp.world import SdpWorld
    from sandbox.serve import serve

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for start in range(0, size, len(PIECE)):
            yield PIECE[: size - start]

    async def file(request: Request) -> StreamingResponse:
        size = int(request.path_params["size"])
        return StreamingResponse(pieces(size), headers={"content-length": str(size)}, media_type="application/zip")

    async def main() -> None:
        world = seed(SdpWorld(seed=1))
        async with AsyncExitStack() as stack:
            slack_url = await stack.enter_async_context(serve(Starlette(routes=[Route("/{size}", file)])))
            world.url = await stack.enter_async_context(serve(create_app(world)))
            parent.send((world.url, slack_url, world.project("PJT-1").id, world.accounts.grant("sam")))
            await asyncio.Event().wait()

    quiet()
    asyncio.run(main())
