"""Valkey did what it was told, and its answer never came: the question is asked again, and must not count twice."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.models import ApprovalRef, Decision, DecisionState, Operation, OperationState, Verb, sdp_id
from bot.store import Decisions, Memory, Operations, Store, connect
from bot.store.decisions import Wake
from tests.faults.relay import Relay

WAKE = Wake("decide|x", 0)


class Forgetful:
    """Keeps back the one answer to what has these words, and breaks the connection instead."""

    def __init__(self) -> None:
        self.words: bytes = b""
        self.struck = 0

    def next_time(self, words: str) -> None:
        self.words = words.encode()

    def catch(self, sent: bytes) -> bool:
        return bool(self.words) and self.words in sent

    def caught(self) -> None:
        self.words = b""
        self.struck += 1


@pytest.fixture
async def line(store: Store, valkey_url: str, tmp_path: Path) -> AsyncIterator[tuple[Forgetful, Store]]:
    """A store at the end of a line that loses an answer when told to."""
    forgetful = Forgetful()
    folder = Path(f"/tmp/sdp-line-{secrets.token_hex(4)}")
    relay = Relay(folder.with_suffix(".sock"), valkey_url.removeprefix("unix://"), forgetful.catch, forgetful.caught)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(relay.running())
        far = Store(connect(relay.url))
        stack.push_async_callback(far.aclose)
        await far.answers()
        yield forgetful, far


def decision() -> Decision:
    now = datetime.now(UTC)
    ref = ApprovalRef(sdp_id("1"), sdp_id("2"), sdp_id("3"))
    return Decision(
        id="d1", ref=ref, person="U1", person_name="Arjun", verb=Verb.APPROVE, comment="", shown="abc",
        state=DecisionState.RECORDED, asked_at=now, due_at=now,
    )  # fmt: skip


async def test_the_first_delivery_is_not_taken_for_a_repetition(line: tuple[Forgetful, Store]) -> None:
    forgetful, store = line
    forgetful.next_time("memory:delivery:click")
    assert await Memory(store).first("delivery", "click", timedelta(minutes=1))
    assert forgetful.struck == 1
    assert not await Memory(store).first("delivery", "click", timedelta(minutes=1))


async def test_whoever_moved_a_decision_knows_it_was_them(line: tuple[Forgetful, Store]) -> None:
    forgetful, store = line
    decisions, first = Decisions(store), decision()
    await decisions.record(first, WAKE)
    waiting = replace(first, state=DecisionState.WAITING, version=2)
    assert await decisions.swap(first, waiting, WAKE)
    sending = replace(waiting, state=DecisionState.SENDING, sent_at=datetime.now(UTC), version=3)
    forgetful.next_time('"state":"sending"')
    assert await decisions.swap(waiting, sending, WAKE)
    assert forgetful.struck == 1
    other = replace(sending, sent_at=datetime.now(UTC))
    assert not await decisions.swap(waiting, other, WAKE)


async def test_an_intent_asked_for_again_after_it_was_undone_stays_undone(line: tuple[Forgetful, Store]) -> None:
    """The answer was lost, the record was there, the person took it back: only then the question came again."""
    forgetful, store = line
    decisions, first = Decisions(store), decision()
    forgetful.next_time('"state":"recorded"')
    assert await decisions.record(first, WAKE) == first
    assert forgetful.struck == 1
    undone = replace(first, state=DecisionState.UNDONE, final=True, version=2)
    assert await decisions.swap(first, undone, WAKE)
    await decisions.record(first, WAKE)
    assert await decisions.get(first.ref, first.person) == undone
    another = replace(first, id="d2")
    await decisions.record(another, WAKE)
    assert await decisions.get(first.ref, first.person) == another


async def test_whoever_moved_an_operation_knows_it_was_them(line: tuple[Forgetful, Store]) -> None:
    forgetful, store = line
    operations = Operations(store)
    first = Operation(
        id="o1", verb="maintenance.suspend", record="1", name="Patch", person="U1", person_name="Odile",
        state=OperationState.RECORDED, offered_at=datetime.now(UTC),
    )  # fmt: skip
    assert await operations.add(first)
    sending = replace(first, state=OperationState.SENDING, sent_at=datetime.now(UTC), version=2)
    forgetful.next_time('"state":"sending"')
    assert await operations.swap(first, sending)
    assert forgetful.struck == 1
    assert not await operations.swap(first, replace(sending, sent_at=datetime.now(UTC)))


async def test_a_card_is_claimed_once(line: tuple[Forgetful, Store]) -> None:
    """The claim may look lost to its maker: then the message is looked for before it is posted, which is safe."""
    from bot.store import CardCopy, Cards

    forgetful, store = line
    copy = CardCopy("dm:U1", "D1", posting_since=datetime.now(UTC))
    forgetful.next_time("dm:U1")
    await Cards(store).claim("1.2.3", copy)
    assert forgetful.struck == 1
    assert (await Cards(store).of("1.2.3"))["dm:U1"] == copy
    assert not await Cards(store).claim("1.2.3", copy)
