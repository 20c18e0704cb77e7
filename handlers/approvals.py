"""Clicks on approval cards: who, what, record, acknowledge. Everything else is a job's."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from blocks import ids
from blocks.approvals import words_modal
from blocks.kit import Block, when
from bot.decisions import DecisionService, Intent, clean_comment
from bot.errors import BadInput
from bot.jobs import Jobs
from bot.models import Verb
from bot.store import Releases
from handlers import payloads
from handlers.listeners import Listeners, opened
from handlers.messenger import Messenger
from handlers.reminding import Reminding

Body = dict[str, Any]


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.action(ids.APPROVE, approve)
    listen.action(ids.REJECT, ask_for_reason)
    listen.action(ids.APPROVE_WITH_COMMENT, ask_for_comment)
    listen.action(ids.UNDO, undo)
    listen.action(ids.OPEN_IN_SDP, opened)
    listen.action(ids.OPEN_CARD, opened)
    listen.action(ids.SNOOZE, snooze)
    listen.action(ids.SHOW_CARD, show_card)
    listen.view(ids.DECIDE, decide_with_words)


async def approve(
    ack: AsyncAck, body: Body, decisions: DecisionService, releases: Releases, messenger: Messenger
) -> Any:
    if await decisions.comment_demanded():
        return await ask_for_comment(ack, body, messenger, releases, decisions)
    click = payloads.click(body)
    await decisions.record(intent(click, Verb.APPROVE))
    return await ack()


def intent(said: payloads.Click | payloads.Words, verb: Verb, comment: str = "") -> Intent:
    """What a press or a window of a card asks for."""
    return Intent(
        ref=said.pointer.ref,
        verb=verb,
        person=said.person,
        person_name=said.person_name,
        shown=said.pointer.shown,
        comment=comment,
        place=said.place,
        delivery=said.delivery,
    )


async def ask_for_reason(
    ack: AsyncAck, body: Body, messenger: Messenger, releases: Releases, decisions: DecisionService
) -> Any:
    view = await _modal(Verb.REJECT, body, releases, decisions)
    await messenger.open_view(body["trigger_id"], view)
    return await ack()


async def ask_for_comment(
    ack: AsyncAck, body: Body, messenger: Messenger, releases: Releases, decisions: DecisionService
) -> Any:
    view = await _modal(Verb.APPROVE, body, releases, decisions)
    await messenger.open_view(body["trigger_id"], view)
    return await ack()


async def _modal(verb: Verb, body: Body, releases: Releases, decisions: DecisionService) -> Block:
    click = payloads.click(body)
    snapshot = await releases.get(click.pointer.ref.release)
    title = f"{snapshot.release.label} {snapshot.release.title}" if snapshot else "This release"
    return words_modal(verb, title, decisions.comment_room, payloads.metadata(verb, click))


async def decide_with_words(ack: AsyncAck, body: Body, decisions: DecisionService) -> Any:
    said = payloads.words(body, ids.WORDS)
    comment = clean_comment(said.text)
    if not comment:
        raise BadInput("Please write at least one word.", field=ids.WORDS)
    await decisions.record(intent(said, said.verb, comment))
    return await ack()


async def undo(ack: AsyncAck, body: Body, decisions: DecisionService, messenger: Messenger) -> Any:
    click = payloads.click(body)
    decision = await decisions.undo(click.pointer.ref, click.person)
    if decision is None:
        await messenger.whisper(click.person, click.place, "Only the person who decided can undo this.")
    return await ack()


async def snooze(ack: AsyncAck, body: Body, reminding: Reminding, jobs: Jobs, messenger: Messenger) -> Any:
    choice = payloads.choice(body)
    ref, span = payloads.snooze(choice.value)
    until = await reminding.snooze(ref, choice.person, span)
    await jobs.wake("remind", str(ref), at=until)
    await messenger.whisper(choice.person, choice.place, f"I will remind you {when(until)}.")
    return await ack()


async def show_card(ack: AsyncAck, body: Body, reminding: Reminding, jobs: Jobs) -> Any:
    choice = payloads.choice(body)
    ref = payloads.reference(choice.value)
    await reminding.want_card(ref, choice.person)
    await jobs.wake("show", str(ref))
    return await ack()
