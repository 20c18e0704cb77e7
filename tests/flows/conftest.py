"""Both sides in a box and the real bot between them, in one event loop but over real sockets."""

import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import app, settings
from bot.app import House
from bot.jobs import Worker
from bot.models import DecisionState
from bot.store import Store
from sandbox.box import WEBHOOK_SECRET, Box, open_box
from sandbox.sdp.approvals import Approval, Plan
from sandbox.slack.model import Message
from sandbox.slack.reading import words_of_message
from tests.conftest import DEADLINE, until
from tests.secrets import PLANTED, caught, in_box, in_settings


@dataclass
class Stage:
    """The box, and the bot that can be started, stopped and killed on it."""

    box: Box
    redis_url: str
    data_dir: Path
    options: dict[str, str] = field(default_factory=dict)
    house: House | None = None
    running: Worker | None = None
    address: str = ""
    before: Counter[str] = field(default_factory=Counter)
    given: set[str] = field(default_factory=set)
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    def __post_init__(self) -> None:
        self.before = Counter(effect.kind for effect in self.box.sdp.effects())

    @property
    def bot(self) -> House:
        assert self.house is not None, "the bot is not running"
        return self.house

    async def start(self, *, worker: bool = True, web: bool = True, **options: str) -> House:
        """Start the bot, by default with both roles; `options` are settings by their environment names."""
        socket_mode = self.options.get("transport") == "socket"
        given = {**self.box.settings(socket_mode=socket_mode), **DEFAULTS, **self.options, **options}
        given.pop("transport", None)
        loaded = settings.load(
            **{"port": 0, **{name.lower(): value for name, value in given.items()}},
            redis_url=self.redis_url,
            data_dir=self.data_dir,
        )
        self.given |= set(in_settings(loaded))
        self.house = await self._stack.enter_async_context(app.build(loaded, self.redis_url))
        if worker:
            self.running = await self._stack.enter_async_context(app.working(self.house))
        if web:
            address = await self._stack.enter_async_context(app.serving(self.house))
            self.box.slack.request_url = f"{address}/slack/events"
            self.address = address
        return self.house

    async def stop(self) -> None:
        """Stop as SIGTERM does."""
        await self._stack.aclose()
        self._stack = contextlib.AsyncExitStack()
        self.house = self.running = None

    async def end(self, test: pytest.Item) -> None:
        """Look through all that was said for secrets, have the hook do so with what was printed, and stop."""
        test.stash[PLANTED] = frozenset({*self.given, *in_box(self.box)})
        leaked = await caught(self.box, self.redis_url, self.given)
        await self.stop()
        assert leaked == [], "the bot let secrets out"

    # --- looking -----------------------------------------------------------------------------------

    def news(self, kind: str) -> int:
        """How many effects of a kind SDP has had since the world was made ready."""
        return len(self.box.sdp.effects(kind)) - self.before[kind]

    def calls(self, method: str) -> list[str]:
        """The paths SDP was asked with this method."""
        return [one.path for one in self.box.sdp.log if one.method == method]

    async def ways(self) -> list[list[tuple[DecisionState, DecisionState]]]:
        """The arrows each decision has walked so far, as the ledger tells."""
        states: dict[str, list[DecisionState]] = {}
        async for entry in self.bot.ledger.entries():
            decision, _, what = entry.event.partition(":")
            if what.endswith(":asked"):
                states[decision] = [DecisionState.RECORDED]
            elif decision in states:
                states[decision].append(DecisionState(entry.what))
        return [list(itertools.pairwise(way)) for way in states.values()]

    def said(self, title: str) -> str:
        """The comment of the one decided approval of a release."""
        decided = [one for one in self.approvals(title) if one.action_taken_on is not None]
        assert len(decided) == 1, decided
        return decided[0].comments or ""

    def approvals(self, title: str) -> list[Approval]:
        """Everybody's approvals of a release, level by level."""
        return [one for level in self.box.sdp.release(title).levels for one in level.approvals]

    def approval(self, title: str, who: str) -> Approval:
        """Somebody's approval of a release."""
        return next(one for one in self.approvals(title) if one.approver.key == who)

    def ref(self, title: str, who: str) -> str:
        """The reference of somebody's approval, as buttons carry it."""
        approval = self.approval(title, who)
        return f"{approval.level.release.id}.{approval.level.id}.{approval.id}"

    def card(self, who: str, title: str) -> Message:
        """The newest message in somebody's direct messages with the bot that shows this title."""
        shown = [one for one in self.box.people.as_(who).messages() if title in words_of_message(one)]
        assert shown, f"{who} sees no card of {title}"
        return shown[-1]

    def sees(self, who: str, title: str | None = None) -> str:
        """What somebody reads in their direct messages with the bot, or on one card."""
        return words_of_message(self.card(who, title)) if title else self.box.people.as_(who).sees()

    def buttons(self, who: str, title: str) -> list[str]:
        """The labels of a card's buttons."""
        blocks = self.card(who, title).blocks
        return [
            element["text"]["text"]
            for block in blocks
            for element in block.get("elements", [])
            if element["type"] == "button"
        ]

    @staticmethod
    def button(message: Message, action_id: str) -> dict[str, Any]:
        """The button of a message that does this."""
        elements = (element for block in message.blocks for element in block.get("elements", []))
        return next(element for element in elements if element.get("action_id") == action_id)

    # --- doing -------------------------------------------------------------------------------------

    @staticmethod
    def levels(*people: list[str]) -> tuple[Plan, ...]:
        """Approval levels at which anyone of these may approve."""
        return tuple(Plan(one, "anyone") for one in people)

    async def hint(self, release: str, secret: str = WEBHOOK_SECRET) -> int:
        """What SDP's trigger does; answers the HTTP status."""
        body = {"module": "release", "id": release}
        headers = {"X-SDP-Bot-Secret": secret}
        where = f"{self.address}/sdp/webhook"
        async with aiohttp.ClientSession() as session, session.post(where, json=body, headers=headers) as answer:
            return answer.status

    async def forge_click(self, who: str, action_id: str, card: Message, value: str | None = None) -> int:
        """A signed click by somebody on a card that is not theirs, as a forwarded payload would be."""
        button = self.button(card, action_id)
        return await self.forge(who, {**button, "value": value or button["value"]}, card)

    async def forge(self, who: str, button: dict[str, Any], card: Message) -> int:
        """The same with any button one likes."""
        person = self.box.slack.person(who)
        payload = {
            "type": "block_actions",
            "user": {"id": person.id, "name": who, "team_id": self.box.slack.team_id},
            "team": {"id": self.box.slack.team_id},
            "api_app_id": self.box.slack.app_id,
            "container": {"type": "message", "message_ts": card.ts, "channel_id": card.channel},
            "trigger_id": f"1.{time.time_ns()}.3",
            "actions": [{**button, "block_id": "decide", "action_ts": "1.2"}],
        }
        return (await self.box.people.courier.interaction(payload)).status

    async def settled(self, *, seconds: float = DEADLINE) -> None:
        """Wait until nothing is left to do now."""
        assert self.running is not None
        worker = self.running

        async def idle() -> bool:
            depth = await worker.depth()
            return depth.due == 0 and depth.running == 0

        await until(idle, seconds=seconds)


DEFAULTS = {
    "POLL_SECONDS": "3600",
    "UNDO_SECONDS": "0",
    "SDP_CALLS_PER_MINUTE": "6000",
    "GESTURES_PER_MINUTE": "1000000",
}


@pytest.fixture(params=["http", "socket"])
def transport(request: pytest.FixtureRequest) -> str:
    """Both ways Slack can speak to the bot."""
    return str(request.param)


@pytest.fixture
async def stage(store: Store, valkey_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """The demo's world with no bot on it yet, spoken to over HTTP."""
    async with open_box("demo") as box:
        stage = Stage(box, valkey_url, tmp_path)
        yield stage
        await stage.end(request.node)


@pytest.fixture
async def both_stages(
    store: Store, valkey_url: str, tmp_path: Path, transport: str, request: pytest.FixtureRequest
) -> AsyncIterator[Stage]:
    """The same, once for each transport."""
    async with open_box("demo") as box:
        stage = Stage(box, valkey_url, tmp_path, options={"transport": transport})
        yield stage
        await stage.end(request.node)
