"""A signed click over HTTP until its answer, with the intent recorded by then; beside bare Bolt apps that only ack.

The bare apps are what Bolt's own documentation starts with: an AsyncApp behind Starlette whose listener says `ack()`,
once as it comes and once with `process_before_response`. All three are processes of their own, and take turns.
"""

import asyncio
import contextlib
import json
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import aiohttp

from bench.bots import bot
from bench.processes import process, quiet
from bench.table import Row

SECRET = "bench-signing-secret"
TOKEN = "xoxb-bench"
ALONE, AT_ONCE, EACH, ROUNDS = 150, 64, 4, 6
OURS = {
    "SLACK_BOT_TOKEN": TOKEN,
    "SLACK_SIGNING_SECRET": SECRET,
    "SLACK_API_URL": "http://127.0.0.1:9/api",
    "SDP_URL": "http://127.0.0.1:9/app/itdesk",
    "SDP_ACCOUNTS_URL": "http://127.0.0.1:9",
    "SDP_CLIENT_ID": "1000.bench",
    "SDP_CLIENT_SECRET": "bench",
    "SDP_REFRESH_TOKEN": "1000.bench",
    "SDP_ACT_AS": "service",
    "GESTURES_PER_MINUTE": 1_000_000,
}
"""Settings of the bot's web role; nobody is behind the addresses, and nobody is asked."""


def run() -> list[Row]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sdp-bench-")))
        ours = stack.enter_context(bot(OURS, folder, "web")).address
        plain = stack.enter_context(process(_bare, False)).recv()
        before = stack.enter_context(process(_bare, True)).recv()
        took = asyncio.run(_compare({"ours": ours, "plain": plain, "before": before}))
    alone = {name: statistics.median(times) for name, (times, _) in took.items()}
    crowd = {name: statistics.quantiles(times, n=100) for name, (_, times) in took.items()}
    note = f"{ALONE * ROUNDS} clicks, appendfsync always"
    many = f"{AT_ONCE} at once, {AT_ONCE * EACH * ROUNDS} clicks"
    quicker = "process_before_response"
    return [
        Row("click recorded, answered: p50", alone["ours"], "ms", "bare Bolt, default mode", alone["plain"], 0.3, note),
        Row("… beside the quicker bare app", alone["ours"], "ms", quicker, alone["before"], note=note),
        Row("64 clicks at once, p50", crowd["ours"][49], "ms", quicker, crowd["before"][49], 2, many),
        Row("64 clicks at once, p99", crowd["ours"][98], "ms", quicker, crowd["before"][98], 3, many),
    ]  # fmt: skip


async def _compare(urls: dict[str, str]) -> dict[str, tuple[list[float], list[float]]]:
    """For each server: what single clicks took and what clicks in a crowd took, in milliseconds."""
    took: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in urls}
    clicks = Clicks()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        for turn in range(ROUNDS + 1):
            for name, url in urls.items():
                alone = [await one.send(session, url) for one in clicks.made(ALONE)]
                crowd = await _crowd(session, url, clicks.made(AT_ONCE * EACH))
                if turn:  # the first round only warms up
                    took[name][0].extend(alone)
                    took[name][1].extend(crowd)
    return took


async def _crowd(session: aiohttp.ClientSession, url: str, clicks: list["Click"]) -> list[float]:
    async def person() -> list[float]:
        return [await clicks.pop().send(session, url) for _ in range(EACH)]

    return [took for times in await asyncio.gather(*(person() for _ in range(AT_ONCE))) for took in times]


class Click(NamedTuple):
    """A signed click, made beforehand so that the crowd leaves both cores to whoever is measured."""

    body: bytes
    headers: dict[str, str]

    async def send(self, session: aiohttp.ClientSession, url: str) -> float:
        """Milliseconds until its answer."""
        began = time.perf_counter()
        async with session.post(url, data=self.body, headers=self.headers) as answer:
            await answer.read()
        assert answer.status == 200, answer.status
        return (time.perf_counter() - began) * 1000


class Clicks:
    """Makes signed clicks, each on an approval nobody has clicked on before."""

    def __init__(self) -> None:
        self._made = 10_000

    def _payload(self) -> str:
        self._made += 1
        number = f"1520000000{self._made:08}"
        value = f"{number}.{number}.{number}:0123456789ab"
        action = {"action_id": "approval.approve", "block_id": "decide", "type": "button", "value": value}
        return json.dumps(
            {
                "type": "block_actions",
                "user": {"id": "U000000001", "name": "arjun", "team_id": "T000000001"},
                "team": {"id": "T000000001"},
                "api_app_id": "A000000001",
                "container": {"type": "message", "message_ts": "1.2", "channel_id": "D000000001"},
                "channel": {"id": "D000000001"},
                "trigger_id": f"{self._made}.1.bench",
                "actions": [{**action, "action_ts": "1.2"}],
            }
        )

    def made(self, count: int) -> list[Click]:
        return [self._one() for _ in range(count)]

    def _one(self) -> Click:
        from sandbox.slack.courier import signature_headers

        body = urlencode({"payload": self._payload()})
        headers = signature_headers(SECRET, body, time.time())
        return Click(body.encode(), {**headers, "Content-Type": "application/x-www-form-urlencoded"})


def _bare(parent: Connection, before_response: bool) -> None:
    """What Bolt's documentation shows: a listener that acknowledges, and nothing else."""
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
    from slack_bolt.async_app import AsyncAck, AsyncApp
    from slack_bolt.authorization import AuthorizeResult
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from sandbox.serve import serve

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=TOKEN)

    bolt = AsyncApp(authorize=authorize, signing_secret=SECRET, process_before_response=before_response)

    @bolt.action("approval.approve")
    async def approve(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSlackRequestHandler(bolt)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    async def main() -> None:
        async with serve(Starlette(routes=[Route("/slack/events", events, methods=["POST"])])) as url:
            parent.send(f"{url}/slack/events")
            await asyncio.Event().wait()

    quiet()
    asyncio.run(main())
