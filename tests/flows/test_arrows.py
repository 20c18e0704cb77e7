"""Every arrow of a decision's life, walked: `bot.decisions.ARROWS` is the map, the ledger tells which way was taken."""

from collections.abc import Awaitable, Callable, Mapping

import pytest
from freezegun import freeze_time

from bot.decisions import ARROWS
from bot.models import DecisionState as S
from sandbox.slack.model import Message
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
Clock = Callable[[float], None]
Walk = Callable[[Stage, Clock], Awaitable[None]]
Arrow = tuple[S, S]


async def _card(stage: Stage, undo: str = "0") -> Message:
    await stage.start(UNDO_SECONDS=undo, UNKNOWN_MINUTES="1")
    card = await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    return card


async def _approve(stage: Stage, undo: str = "0") -> None:
    await stage.box.people.as_("arjun").click("Approve", in_=await _card(stage, undo))


async def _in_the_window(stage: Stage) -> None:
    await _approve(stage, undo="60")
    await stage.box.people.as_("arjun").waits_for("unless you undo it")


async def _unknown(stage: Stage, kind: str) -> object:
    """Sent, with SDP deaf to reading; answers the fault to mend."""
    card = await _card(stage)
    deaf = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    stage.box.sdp.break_with(kind, path="*/_approve")
    await stage.box.people.as_("arjun").click("Approve", in_=card)
    await stage.box.people.as_("arjun").waits_for("Sent, not yet confirmed")
    return deaf


async def plainly(stage: Stage, clock: Clock) -> None:
    await _approve(stage)


async def with_a_window(stage: Stage, clock: Clock) -> None:
    await _in_the_window(stage)
    clock(61)


async def undone_in_the_window(stage: Stage, clock: Clock) -> None:
    await _in_the_window(stage)
    await stage.box.people.as_("arjun").click("Undo", in_=stage.card("arjun", PAYMENT))


async def undone_while_sdp_is_away(stage: Stage, clock: Clock) -> None:
    card = await _card(stage, undo="60")
    away = stage.box.sdp.break_with("error_503", times=None)
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("nothing is sent yet")
    await arjun.click("Undo", in_=stage.card("arjun", PAYMENT))
    stage.box.sdp.mend(away)


async def by_the_wrong_person(stage: Stage, clock: Clock) -> None:
    await stage.forge_click("tess", "approval.approve", await _card(stage))


async def after_a_decision_in_sdp(stage: Stage, clock: Clock) -> None:
    card = await _card(stage)
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "approve", by="arjun")
    await stage.box.people.as_("arjun").click("Approve", in_=card)


async def after_a_change(stage: Stage, clock: Clock) -> None:
    card = await _card(stage)
    stage.box.sdp.releases.edit(PAYMENT, risk="High")
    await stage.box.people.as_("arjun").click("Approve", in_=card)


async def while_sdp_is_away_too_long(stage: Stage, clock: Clock) -> None:
    card = await _card(stage)
    away = stage.box.sdp.break_with("error_503", times=None)
    await stage.box.people.as_("arjun").click("Approve", in_=card)
    await stage.box.people.as_("arjun").waits_for("nothing is sent yet")
    clock(16 * 60)
    await stage.box.people.as_("arjun").waits_for("could not be sent in time")
    stage.box.sdp.mend(away)


async def moved_within_the_window(stage: Stage, clock: Clock) -> None:
    await _in_the_window(stage)
    stage.box.sdp.approvals.replace_approver(stage.approval(PAYMENT, "arjun"), to="tess")
    clock(61)


async def decided_within_the_window(stage: Stage, clock: Clock) -> None:
    await _in_the_window(stage)
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "reject", by="arjun")
    clock(61)


async def changed_within_the_window(stage: Stage, clock: Clock) -> None:
    await _in_the_window(stage)
    stage.box.sdp.releases.edit(PAYMENT, risk="High")
    clock(61)


async def down_through_the_window(stage: Stage, clock: Clock) -> None:
    await _in_the_window(stage)
    await stage.stop()
    clock(17 * 60)
    await stage.start()


async def throttled_at_the_door(stage: Stage, clock: Clock) -> None:
    card = await _card(stage)
    stage.box.sdp.break_with("rate_limited", path="*/_approve")
    await stage.box.people.as_("arjun").click("Approve", in_=card)


async def not_answered(stage: Stage, clock: Clock) -> None:
    stage.box.sdp.mend(await _unknown(stage, "drop_after"))


async def overtaken_while_sending(stage: Stage, clock: Clock) -> None:
    card = await _card(stage)
    stage.box.sdp.break_with("slow", path="*/_approve", seconds=2)
    await stage.box.people.as_("arjun").click("Approve", in_=card)
    await stage.box.people.as_("arjun").waits_for("Approving…")
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "reject", by="arjun")


async def refused_by_sdp(stage: Stage, clock: Clock) -> None:
    card = await _card(stage)
    stage.box.sdp.tenant.service_decides = False
    await stage.box.people.as_("arjun").click("Approve", in_=card)


async def not_answered_and_decided_otherwise(stage: Stage, clock: Clock) -> None:
    deaf = await _unknown(stage, "drop_before")
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "reject", by="arjun")
    stage.box.sdp.mend(deaf)


async def not_answered_and_never_taken(stage: Stage, clock: Clock) -> None:
    stage.box.sdp.mend(await _unknown(stage, "drop_before"))
    clock(90)


WALKS: Mapping[Arrow, Walk] = {
    (S.RECORDED, S.WAITING): with_a_window,
    (S.RECORDED, S.SENDING): plainly,
    (S.RECORDED, S.UNDONE): undone_while_sdp_is_away,
    (S.RECORDED, S.REFUSED): by_the_wrong_person,
    (S.RECORDED, S.ALREADY): after_a_decision_in_sdp,
    (S.RECORDED, S.CHANGED): after_a_change,
    (S.RECORDED, S.STALE): while_sdp_is_away_too_long,
    (S.WAITING, S.SENDING): with_a_window,
    (S.WAITING, S.UNDONE): undone_in_the_window,
    (S.WAITING, S.REFUSED): moved_within_the_window,
    (S.WAITING, S.ALREADY): decided_within_the_window,
    (S.WAITING, S.CHANGED): changed_within_the_window,
    (S.WAITING, S.STALE): down_through_the_window,
    (S.SENDING, S.WAITING): throttled_at_the_door,
    (S.SENDING, S.CONFIRMED): plainly,
    (S.SENDING, S.UNKNOWN): not_answered,
    (S.SENDING, S.ALREADY): overtaken_while_sending,
    (S.SENDING, S.DENIED): refused_by_sdp,
    (S.UNKNOWN, S.CONFIRMED): not_answered,
    (S.UNKNOWN, S.ALREADY): not_answered_and_decided_otherwise,
    (S.UNKNOWN, S.NOT_TAKEN): not_answered_and_never_taken,
}
"""Each arrow and the story in which it is walked; `docs/approval-states.md` lists them."""


def test_every_arrow_has_a_walk() -> None:
    assert set(WALKS) == {(before, after) for before, afters in ARROWS.items() for after in afters}


@pytest.mark.parametrize("arrow", WALKS, ids=lambda arrow: f"{arrow[0]}-{arrow[1]}")
async def test_the_arrow_is_walked(stage: Stage, arrow: Arrow) -> None:
    with freeze_time(tick=True, real_asyncio=True) as clock:
        await WALKS[arrow](stage, clock.tick)

        async def walked() -> bool:
            return any(arrow in way for way in await stage.ways())

        await until(walked, seconds=30)
    decided = stage.news("approval.approved") + stage.news("approval.rejected")
    assert decided <= 1
