"""What several benchmarks stand on: SDP and Slack as processes of their own, people who are asked, cards to click."""

import asyncio
import inspect
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from bench.processes import process, quiet

if TYPE_CHECKING:
    from sandbox.box import Box
    from sandbox.slack.model import Message

STEP = "<li>Drain the host, install, look at the dashboards for ten minutes, then let the traffic come back.</li>"
DESCRIPTION = f"<div>Moves the service to its next version, one host after the other.<ul>{STEP * 8}</ul></div>"
"""About 900 characters of HTML, as people write them."""


# --- the stand-ins --------------------------------------------------------------------------------------


class Side:
    """A process with a box in it. `ask` runs a function there, `do(box, *arguments)`, and answers what it returned."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.settings: dict[str, str] = pipe.recv()

    def begin(self, do: Callable[..., Any], *arguments: Any) -> None:
        """Start it; `answer` waits for what it returns."""
        self._pipe.send((do, arguments))

    async def answer(self) -> Any:
        return await asyncio.to_thread(self._pipe.recv)

    async def ask(self, do: Callable[..., Any], *arguments: Any) -> Any:
        self.begin(do, *arguments)
        return await self.answer()


@dataclass(frozen=True, slots=True)
class World:
    """Both sides. Their boxes were made from one seed, so that everybody is the same person in both."""

    sdp: Side
    slack: Side

    @property
    def settings(self) -> dict[str, str]:
        """What a bot needs to talk to them, by the names of its settings."""
        theirs = {name: self.sdp.settings[name] for name in ("SDP_URL", "SDP_ACCOUNTS_URL")}
        return {**self.slack.settings, **theirs}


@contextmanager
def stand_ins(people: int) -> Iterator[World]:
    """SDP and Slack, a process each, with so many more people in both; Slack holds nobody back by its rates."""
    with process(_box, people) as sdp, process(_box, people) as slack:
        yield World(Side(sdp), Side(slack))


def _box(parent: Connection, people: int) -> None:
    quiet()
    asyncio.run(_serve(parent, people))


async def _serve(parent: Connection, people: int) -> None:
    from sandbox.box import open_box

    async with open_box("quiet-day") as box:
        _join(box, people)
        parent.send(box.settings())
        while True:
            do, arguments = await asyncio.to_thread(parent.recv)
            answer = do(box, *arguments)
            parent.send(await answer if inspect.isawaitable(answer) else answer)


def _join(box: "Box", people: int) -> None:
    from sandbox.sdp import seed_many

    for person in seed_many.crowd(box.sdp, people):
        box.slack.directory.add(person.key, person.name, person.email or "", tz="UTC")


# --- what is done in them -------------------------------------------------------------------------------


class Asked(NamedTuple):
    """Ids of an approval that waits, and of its release and level."""

    release: str
    level: str
    approval: str


def ask_people(box: "Box", count: int, people: int) -> list[Asked]:
    """So many releases more with one approval each; people take turns, and so do systems and hours."""
    from sandbox.sdp.approvals import Plan
    from sandbox.sdp.seed_many import SYSTEMS

    tomorrow = box.sdp.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    made = []
    for number in range(count):
        start = tomorrow + timedelta(hours=number % 720)
        release = box.sdp.add_release(
            f"Release {number:05} of many",
            "mara",
            [Plan([f"member{number % people + 1:04}"], "anyone")],
            stage="Planning",
            status="Approval Pending",
            services=[SYSTEMS[number % len(SYSTEMS)]],
            description=DESCRIPTION,
            scheduled_start_time=start,
            scheduled_end_time=start + timedelta(hours=2),
        )
        [level] = release.levels
        made.append(Asked(release.id, level.id, level.approvals[0].id))
    return made


class Card(NamedTuple):
    """A message with an approve button: whose, where, and what the button carries."""

    approval: str
    person: str
    channel: str
    ts: str
    value: str


def cards(box: "Box") -> list[Card]:
    """Every card that can be approved."""
    messages = (one for channel in box.slack.conversations.messages.values() for one in channel)
    return [card for message in messages if (card := _card(message)) is not None]


def _card(message: "Message") -> Card | None:
    elements = (element for block in message.blocks for element in block.get("elements", []))
    value = next((one["value"] for one in elements if one.get("action_id") == "approval.approve"), None)
    ref, _, slot = str(((message.metadata or {}).get("event_payload") or {}).get("pointer", "")).partition("/")
    if value is None or not slot.startswith("dm:"):
        return None
    return Card(ref.rpartition(".")[2], slot.removeprefix("dm:"), message.channel, message.ts, value)


def untrue(box: "Box", places: Sequence[tuple[str, str]]) -> int:
    """How many of these messages, each a channel and a ts, do not say that it was approved."""
    from sandbox.slack.reading import words_of_message

    said = (words_of_message(box.slack.conversations.message(channel, ts)) for channel, ts in places)
    return sum("Approved by" not in words for words in said)


def newest(box: "Box") -> tuple[int, int]:
    """The numbers of the newest requests in the logs of SDP and of Slack."""
    slack = box.slack.log.entries
    return box.sdp.log[-1].number if box.sdp.log else 0, slack[-1].number if slack else 0


def sdp_calls(box: "Box", after: int) -> Counter[str]:
    """How often SDP was asked for what since that request, ids starred out."""
    asked = (one for one in box.sdp.log if one.number > after and "/api/v3/" in one.path)
    return Counter(f"{one.method} {_starred(one.path.partition('/api/v3/')[2])}" for one in asked)


def slack_calls(box: "Box", after: int) -> Counter[str]:
    """How often each of Slack's methods was called since that request."""
    return Counter(one.what for one in box.slack.log.since(after) if one.direction == "in")


def _starred(path: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in path.split("/"))


# --- clicks ---------------------------------------------------------------------------------------------


def click(card: Card, given: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the press of a card's Approve, as Slack writes and signs it."""
    from sandbox.slack.courier import signature_headers

    action = {"action_id": "approval.approve", "block_id": "decide", "type": "button", "value": card.value}
    payload = {
        "type": "block_actions",
        "user": {"id": card.person, "name": card.person, "team_id": "T000000001"},
        "team": {"id": "T000000001"},
        "api_app_id": "A000000001",
        "container": {"type": "message", "message_ts": card.ts, "channel_id": card.channel},
        "channel": {"id": card.channel},
        "trigger_id": f"{time.time_ns()}.{card.ts}",
        "actions": [{**action, "action_ts": "1.2"}],
    }
    body = urlencode({"payload": json.dumps(payload)})
    signed = signature_headers(given["SLACK_SIGNING_SECRET"], body, time.time())
    return body.encode(), {"Content-Type": "application/x-www-form-urlencoded", **signed}
