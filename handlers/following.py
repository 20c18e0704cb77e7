"""Deciding in the answer to a command: the press is a card's press, and the answer then follows the decision.

Cards in direct messages are kept true by `handlers.cards`. An answer that only its asker sees cannot be changed from
outside; it has the five uses and thirty minutes of the response URL its press came with.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from slack_bolt.async_app import AsyncAck

from blocks import approval_commands as cards
from blocks import ids
from bot.decisions import DecisionService
from bot.errors import BadInput
from bot.jobs import Jobs
from bot.models import ApprovalRef, Origin, Verb
from bot.store import Memory, Releases
from handlers import approvals, payloads
from handlers.approval_commands import TYPED, ApprovalDesk, typed_words
from handlers.listeners import Listeners
from handlers.messenger import Messenger

Body = dict[str, Any]

FOLLOWED = timedelta(minutes=30)
"""As long as a response URL takes answers."""
ANSWERS = 4
"""Of the five a response URL takes; the first was the card itself."""


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.action(ids.COMMAND_APPROVE, approve)
    listen.action(ids.COMMAND_REJECT, ask_for_reason)
    listen.action(ids.COMMAND_COMMENT, ask_for_comment)
    listen.action(re.compile(rf"^{re.escape(ids.COMMAND_DECIDE)}:"), decide)


@dataclass(frozen=True, slots=True)
class Followed:
    """An answer that shows a decision's states. `shown` is the last one, `left` how many more can be shown."""

    origin: Origin
    until: datetime
    shown: str = ""
    left: int = ANSWERS


_codec = TypeAdapter(Followed)


class Following:
    """Keeps the answer to a command in step with the decision that was made in it."""

    def __init__(self, desk: ApprovalDesk, jobs: Jobs) -> None:
        self._desk = desk
        self._jobs = jobs

    async def begin(self, body: Body) -> None:
        """The answer this press came from follows from now on."""
        click, press = payloads.click(body), payloads.pressed(body)
        followed = Followed(Origin(press.channel, press.response_url), datetime.now(UTC) + FOLLOWED)
        key = f"{click.pointer.ref}|{click.person}"
        await self._desk.memory.keep("followed", key, _codec.dump_json(followed).decode(), FOLLOWED)
        await self._jobs.wake("follow", key)

    async def follow(self, key: str) -> datetime | None:
        """Show the decision's state where it was pressed; answers when to look again. A job."""
        known = await self._desk.memory.recall("followed", key)
        if known is None:
            return None
        followed = _codec.validate_json(known)
        ref_text, _, person = key.partition("|")
        ref = ApprovalRef.parse(ref_text)
        decision = await self._desk.records.get(ref, person)
        state = f"{decision.id}:{decision.state}" if decision else ""
        now = datetime.now(UTC)
        if decision is None or decision.asked_at < followed.until - FOLLOWED - timedelta(seconds=5):
            return _again(now, followed)  # a window that asks for words is still open
        if state != followed.shown:
            face = cards.to_decide(await self._desk.face(ref, person))
            if not await self._desk.messenger.respond(followed.origin.response_url, face, replace=True):
                return None
            left = followed.left - 1
            kept = Followed(followed.origin, followed.until, state, left)
            await self._desk.memory.keep("followed", key, _codec.dump_json(kept).decode(), FOLLOWED)
            if not left:
                return None
        return None if decision.final else _again(now, followed)


def _again(now: datetime, followed: Followed) -> datetime | None:
    """Often at first, then seldom."""
    age = now - (followed.until - FOLLOWED)
    return None if now > followed.until else now + max(timedelta(seconds=1), min(age / 4, timedelta(seconds=15)))


async def approve(
    ack: AsyncAck,
    body: Body,
    following: Following,
    decisions: DecisionService,
    releases: Releases,
    messenger: Messenger,
) -> Any:
    await following.begin(body)
    return await approvals.approve(ack, body, decisions, releases, messenger)


async def ask_for_reason(
    ack: AsyncAck,
    body: Body,
    following: Following,
    messenger: Messenger,
    releases: Releases,
    decisions: DecisionService,
) -> Any:
    await following.begin(body)
    return await approvals.ask_for_reason(ack, body, messenger, releases, decisions)


async def ask_for_comment(
    ack: AsyncAck,
    body: Body,
    following: Following,
    messenger: Messenger,
    releases: Releases,
    decisions: DecisionService,
) -> Any:
    await following.begin(body)
    return await approvals.ask_for_comment(ack, body, messenger, releases, decisions)


async def decide(ack: AsyncAck, body: Body, following: Following, decisions: DecisionService, memory: Memory) -> Any:
    """The confirmation of `approval … approve` or `reject`, with the words that were typed."""
    click = payloads.click(body)
    verb = Verb(body["actions"][0]["action_id"].partition(":")[2])
    comment = await memory.recall(TYPED, typed_words(click.pointer.ref, click.person, verb))
    if comment is None:
        raise BadInput("This button has expired. Please type the command again.")
    await decisions.record(approvals.intent(click, verb, comment.strip()))
    await following.begin(body)
    return await ack()
