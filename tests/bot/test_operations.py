"""An operation is sent at most once, wherever its worker is cut off, and always told to an end."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from bot.accounts import Actor
from bot.archive import Archive
from bot.errors import BadInput, NotAllowed, OutcomeUnknown, SdpRefused, SdpUnreachable
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.models import Operation, OperationState, Origin, SlackPerson
from bot.operations import ARROWS, Deed, Finding, OperationService
from bot.permissions import Standing
from bot.store import LedgerLog, Operations, Store

S = OperationState
ODILE = SlackPerson("U0ODILE", "Odile Marchetty")
SEED = random.randrange(10**6)


@dataclass
class Lamp:
    """Something that can be switched on, in a world where answers get lost. `sent` counts what arrived."""

    on: int = 0
    sent: int = 0
    away: bool = False
    raises: Exception | None = None
    loses_answer: bool = False
    never_arrives: bool = False
    pauses: int = 0

    def deed(self) -> Deed:
        return Deed(self._check, self._send, self._look)

    async def _check(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        await self._moments()
        if self.away:
            raise SdpUnreachable("Nobody is there.")
        return {"on": str(self.on)}

    async def _send(self, actor: Actor, operation: Operation) -> Mapping[str, str]:
        self.sent += 1
        await self._moments()
        if self.raises:
            raise self.raises
        if not self.never_arrives:
            self.on += 1
        await self._moments()
        if self.loses_answer or self.never_arrives:
            raise OutcomeUnknown("Sent, and no answer came.")
        return {"lamp": "on"}

    async def _look(self, sdp: Any, operation: Operation) -> Finding:
        await self._moments()
        return Finding(self.on > int(operation.before["on"]))

    async def _moments(self) -> None:
        for _ in range(self.pauses):
            await asyncio.sleep(0)


@dataclass
class Doorman:
    """Says who acts; the administrator's lists as they are at this moment."""

    operator: bool = True

    async def actor_for(self, slack_id: str) -> Actor:
        return Actor(Standing(ODILE, operator=self.operator), sdp=None)  # type: ignore[arg-type]


@dataclass
class Bench:
    store: Store
    folder: Path
    lamp: Lamp = field(default_factory=Lamp)
    doorman: Doorman = field(default_factory=Doorman)

    def service(self) -> OperationService:
        """As another process would have it."""
        return OperationService(
            operations=Operations(self.store),
            jobs=Jobs(self.store),
            ledger=self.ledger(),
            sdp=None,  # type: ignore[arg-type]
            accounts=self.doorman,  # type: ignore[arg-type]
            deeds={"lamp.on": self.lamp.deed()},
        )

    async def offered(self) -> Operation:
        return await self.service().offer(
            "lamp.on", record="1", name="The lamp", person=ODILE.id, person_name=ODILE.name
        )

    async def confirmed(self) -> str:
        operation = await self.offered()
        await self.service().confirm(operation.id, ODILE.id, Origin())
        return operation.id

    async def state(self, id_: str) -> OperationState:
        operation = await self.service().get(id_)
        assert operation is not None
        return operation.state

    async def told(self) -> list[str]:
        return [entry.what async for entry in self.ledger().entries()]

    def ledger(self) -> Ledger:
        return Ledger(LedgerLog(self.store), Archive(self.folder), (b"a key of this test",))


@pytest.fixture
def bench(store: Store, tmp_path: Path) -> Bench:
    return Bench(store, tmp_path)


async def test_a_confirmed_operation_is_done_once_and_noted_step_by_step(bench: Bench) -> None:
    id_ = await bench.confirmed()
    assert await bench.service().advance(id_) is None
    assert await bench.state(id_) is S.DONE
    await bench.service().advance(id_)
    assert (bench.lamp.sent, bench.lamp.on) == (1, 1)
    assert await bench.told() == ["lamp.on.recorded", "lamp.on.sending", "lamp.on.done"]


async def test_what_nobody_confirmed_is_never_done(bench: Bench) -> None:
    operation = await bench.offered()
    assert await bench.service().advance(operation.id) is None
    assert bench.lamp.sent == 0
    assert await bench.service().resume() == 0


async def test_fifty_confirmations_at_once_are_one(bench: Bench) -> None:
    operation = await bench.offered()
    confirmations = (bench.service().confirm(operation.id, ODILE.id, Origin()) for _ in range(50))
    states = {one.state for one in await asyncio.gather(*confirmations)}
    assert states == {S.RECORDED}
    await asyncio.gather(*(bench.service().advance(operation.id) for _ in range(5)))
    assert bench.lamp.sent == 1


async def test_a_submission_delivered_again_is_the_first_one(bench: Bench) -> None:
    operation = await bench.offered()
    form = Operation("form-1", "lamp.on", "", "A lamp", ODILE.id, ODILE.name, S.OFFERED, operation.offered_at)
    first, second = await bench.service().start(form), await bench.service().start(form)
    assert first == second
    await bench.service().advance("form-1")
    await bench.service().start(form)
    await bench.service().advance("form-1")
    assert bench.lamp.sent == 1


async def test_only_who_asked_can_confirm_or_cancel(bench: Bench) -> None:
    operation = await bench.offered()
    with pytest.raises(NotAllowed, match="Odile Marchetty"):
        await bench.service().confirm(operation.id, "U0SOMEBODY", Origin())
    with pytest.raises(NotAllowed):
        await bench.service().cancel(operation.id, "U0SOMEBODY", Origin())
    with pytest.raises(BadInput, match="expired"):
        await bench.service().confirm("0000000000000000", ODILE.id, Origin())


async def test_a_cancelled_operation_cannot_be_confirmed_any_more(bench: Bench) -> None:
    operation = await bench.offered()
    await bench.service().cancel(operation.id, ODILE.id, Origin())
    assert (await bench.service().confirm(operation.id, ODILE.id, Origin())).state is S.CANCELLED
    await bench.service().advance(operation.id)
    assert bench.lamp.sent == 0


async def test_a_right_is_asked_for_again_right_before_sending(bench: Bench) -> None:
    id_ = await bench.confirmed()
    bench.doorman.operator = False
    await bench.service().advance(id_)
    assert await bench.state(id_) is S.REFUSED
    assert bench.lamp.sent == 0


async def test_sdps_no_is_final_and_keeps_its_words(bench: Bench) -> None:
    bench.lamp.raises = SdpRefused("The lamp is broken.", code=4002)
    id_ = await bench.confirmed()
    await bench.service().advance(id_)
    operation = await bench.service().get(id_)
    assert operation is not None
    assert (operation.state, operation.note) == (S.DENIED, "The lamp is broken.")


async def test_what_provably_was_not_sent_is_sent_later(bench: Bench) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        id_ = await bench.confirmed()
        bench.lamp.away = True
        again = await bench.service().advance(id_)
        assert again is not None
        assert await bench.state(id_) is S.RECORDED
        bench.lamp.away = False
        clock.move_to(again)
        assert await bench.service().advance(id_) is None
    assert (await bench.state(id_), bench.lamp.sent) == (S.DONE, 1)


async def test_what_waited_too_long_is_not_sent(bench: Bench) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        id_ = await bench.confirmed()
        clock.tick(timedelta(minutes=6))
        await bench.service().advance(id_)
    assert (await bench.state(id_), bench.lamp.sent) == (S.NOT_DONE, 0)


async def test_a_lost_answer_is_settled_by_what_is_true(bench: Bench) -> None:
    bench.lamp.loses_answer = True
    id_ = await bench.confirmed()
    await bench.service().advance(id_)
    assert (await bench.state(id_), bench.lamp.sent) == (S.DONE, 1)


async def test_what_never_arrived_is_not_sent_again_and_ends_as_not_done(bench: Bench) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        bench.lamp.never_arrives = True
        id_ = await bench.confirmed()
        assert await bench.service().advance(id_) is not None
        assert await bench.state(id_) is S.UNKNOWN
        clock.tick(timedelta(minutes=3))
        await bench.service().advance(id_)
    assert (await bench.state(id_), bench.lamp.sent) == (S.NOT_DONE, 1)


async def test_cut_off_anywhere_it_is_sent_at_most_once_and_settles(bench: Bench) -> None:
    """A worker is cut off after a random number of turns, again and again; the next one goes on."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    bench.lamp.pauses = 3
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        for _ in range(40):
            lamp = bench.lamp
            before, sent = lamp.on, lamp.sent
            lamp.loses_answer, lamp.never_arrives = chance.random() < 0.3, chance.random() < 0.2
            id_ = await bench.confirmed()
            for _ in range(chance.randrange(6)):
                await cut_off(bench.service().advance(id_), chance.randrange(60))
                clock.tick(timedelta(seconds=7))
            while (again := await bench.service().advance(id_)) is not None:
                clock.move_to(max(again, datetime.now(UTC)) + timedelta(seconds=1))
            assert lamp.sent - sent <= 1
            state = await bench.state(id_)
            assert state is (S.DONE if lamp.on > before else S.NOT_DONE)
    assert (await bench.ledger().verify()).trouble is None


async def cut_off(work: Any, turns: int) -> None:
    """Let `work` have so many turns of the loop, then end it as a kill would."""
    task = asyncio.ensure_future(work)
    for _ in range(turns):
        await asyncio.sleep(0)
        if task.done():
            break
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_final_states_are_those_without_an_arrow() -> None:
    assert {state for state in S if state.final} == set(S) - set(ARROWS)
