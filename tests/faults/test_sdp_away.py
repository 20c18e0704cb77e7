"""SDP is down, slow, or takes calls and never answers: cards say what is the case, and it all goes on by itself."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from freezegun import freeze_time

from bot.decisions import Intent
from bot.jobs import ROOM
from bot.models import ApprovalRef, Verb, sdp_id
from bot.store import Store
from sandbox.box import open_box
from tests.conftest import until
from tests.faults.relay import Relay
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
PATIENCE = {"SDP_ANSWER_SECONDS": "1"}
"""A thirtieth of what it is in earnest; silences here are as much shorter."""

Wired = tuple[Stage, Relay]


@pytest.fixture
async def wired(store: Store, valkey_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    """A stage whose SDP is reached through a relay; its accounts server is not. Its parameter: PATIENCE in seconds."""
    patience = {"SDP_ANSWER_SECONDS": str(request.param)} if hasattr(request, "param") else PATIENCE
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(open_box("demo"))
        url = urlsplit(box.settings()["SDP_URL"])
        relay = await stack.enter_async_context(Relay(None, url.netloc).running())
        stage = Stage(box, valkey_url, tmp_path, {**patience, "SDP_URL": f"{relay.url}{url.path}"})
        stack.push_async_callback(stage.stop)
        await stage.start()
        yield stage, relay


# --- down, slow, throttled -----------------------------------------------------------------------------------


async def test_sdp_down_for_an_hour_sends_nothing_late_and_asks_again(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    down = stage.box.sdp.break_with("error_503", path="*/api/v3/*", times=None)
    with freeze_time(tick=True, real_asyncio=True) as clock:
        assert (await arjun.click("Approve", in_=card)).ok
        await arjun.waits_for("nothing is sent yet", seconds=30)
        clock.tick(3600)
        await arjun.waits_for("could not be sent in time", seconds=30)
        stage.box.sdp.mend(down)
        assert stage.news("approval.approved") == 0
        await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
        await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_sdp_slow_to_answer_shows_that_the_click_arrived(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("slow", path="*/approvals", method="GET", seconds=3, times=2)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < 1500
    await arjun.waits_for("nothing is sent yet", seconds=5)
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_sdp_throttling_the_decision_itself_sends_it_once_when_the_hold_is_over(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("throttled", path="*/_approve", minutes=3)
    with freeze_time(tick=True, real_asyncio=True) as clock:
        await arjun.click("Approve", in_=card)
        await until(lambda: stage.calls("PUT"))
        assert stage.news("approval.approved") == 0
        await arjun.waits_for("asked the bot to slow down")
        await stage.bot.store.redis.delete(*await stage.bot.store.redis.keys("*hold*"))
        clock.tick(200)
        await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert stage.news("approval.approved") == 1


async def test_hints_during_an_outage_do_not_pile_up(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    before = await stage.bot.jobs.depth()
    down = stage.box.sdp.break_with("error_503", path="*/api/v3/*", times=None)
    releases = [release.id for release in stage.box.sdp.releases]
    for _ in range(30):
        assert {await stage.hint(release) for release in releases} == {202}
    depth = await stage.bot.jobs.depth()
    assert depth.running <= len(releases)
    assert depth.due + depth.later <= before.due + before.later + len(releases)
    stage.box.sdp.mend(down)
    calls = len(stage.box.sdp.log)
    await until(lambda: len(stage.box.sdp.log) > calls, seconds=30)


async def test_sdp_slow_within_its_time_is_slow_and_nothing_else(stage: Stage) -> None:
    stage.options.update(PATIENCE)
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("slow", path="*/api/v3/*", seconds=0.7, times=None)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ms < 1500
    await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert len(stage.calls("PUT")) == 1
    assert stage.news("approval.approved") == 1


async def test_sdp_slower_than_its_time_is_not_there(stage: Stage) -> None:
    stage.options.update(PATIENCE)
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    slow = stage.box.sdp.break_with("slow", path="*/api/v3/*", seconds=1.5, times=None)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ms < 1500
    await arjun.waits_for("nothing is sent yet", seconds=5)
    assert not stage.calls("PUT")
    stage.box.sdp.mend(slow)
    await arjun.waits_for("Approved by Arjun Velloor", seconds=20)
    assert stage.news("approval.approved") == 1


async def test_a_write_that_takes_too_long_is_read_after_and_never_sent_again(stage: Stage) -> None:
    stage.options.update(PATIENCE)
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    silence = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    stage.box.sdp.break_with("late", path="*/_approve", seconds=2)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Sent, not yet confirmed")
    await until(lambda: stage.news("approval.approved") == 1)
    stage.box.sdp.mend(silence)
    await arjun.waits_for("Approved by Arjun Velloor")
    assert len(stage.calls("PUT")) == 1
    assert stage.news("approval.approved") == 1


# --- half open -----------------------------------------------------------------------------------------------


SILENCES: dict[str, Callable[[Relay, bool], None]] = {
    "never takes the request": lambda relay, on: setattr(relay, "stalled", on),
    "takes it and never answers": lambda relay, on: setattr(relay, "deaf", on),
    "begins an answer and never ends it": lambda relay, on: setattr(relay, "headers_only", on),
}


@pytest.mark.parametrize("how", SILENCES)
async def test_sdp_that_holds_the_line_and_says_nothing_is_told_and_waited_out(wired: Wired, how: str) -> None:
    stage, relay = wired
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    SILENCES[how](relay, True)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < 1500
    await arjun.waits_for("nothing is sent yet", seconds=5)
    assert not stage.calls("PUT")
    SILENCES[how](relay, False)
    await arjun.waits_for("Approved by Arjun Velloor", seconds=20)
    assert len(stage.calls("PUT")) == 1
    assert stage.news("approval.approved") == 1


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_decision_on_a_line_that_falls_silent_is_unknown_until_it_is_read(wired: Wired, arrives: bool) -> None:
    stage, relay = wired
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    silence = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    setattr(relay, "hush" if arrives else "lose", lambda sent: sent.startswith(b"PUT "))
    with freeze_time(tick=True, real_asyncio=True) as clock:
        assert (await arjun.click("Approve", in_=card)).ms < 1500
        await arjun.waits_for("Sent, not yet confirmed")
        assert "Approved by" not in stage.sees("arjun", PAYMENT)
        stage.box.sdp.mend(silence)
        if not arrives:
            clock.tick(timedelta(minutes=31))
        await arjun.waits_for("Approved by Arjun Velloor" if arrives else "SDP did not take this", seconds=15)
    assert len(stage.calls("PUT")) == arrives
    assert stage.news("approval.approved") == arrives


async def test_what_was_decided_can_be_taken_back_while_sdp_says_nothing(wired: Wired) -> None:
    stage, relay = wired
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    relay.stalled = True
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("nothing is sent yet", seconds=5)
    assert (await arjun.click("Undo", in_=card)).ok
    await arjun.waits_for("You took this back", seconds=3)
    relay.stalled = False
    await stage.settled()
    assert not stage.calls("PUT")


@pytest.mark.parametrize("wired", [6], indirect=True)
async def test_many_who_wait_for_a_silent_sdp_keep_nobody_else_waiting(wired: Wired) -> None:
    """More decisions and hints than a worker does at once hang; cards, commands and the Home tab go on."""
    stage, relay = wired
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    relay.stalled = True
    house = stage.bot
    await asyncio.gather(*(house.decisions.record(intent()) for _ in range(ROOM + 20)))
    await asyncio.gather(*(house.jobs.wake("look", somebodys_id()) for _ in range(ROOM + 20)))

    async def hang() -> bool:
        return (await house.jobs.depth()).running >= 2 * ROOM

    await until(hang)
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("nothing is sent yet", seconds=5)
    assert (await arjun.type("/sdp help")).ok
    await arjun.waits_for("/sdp maintenance", seconds=3)
    await arjun.open_home()
    await arjun.waits_for_home("Look again", seconds=5)
    relay.stalled = False
    await arjun.waits_for("Approved by Arjun Velloor", seconds=30)
    assert stage.news("approval.approved") == 1


async def test_a_card_does_not_wait_for_what_overlaps_or_for_who_has_an_address(wired: Wired) -> None:
    """Both are asked of SDP now and then while a card is drawn; while SDP says nothing, what was known will do."""
    stage, relay = wired
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    redis = stage.bot.store.redis
    await redis.delete(*await redis.keys("*sdp_address_fresh*"))
    relay.stalled = True
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("nothing is sent yet", seconds=5)


async def test_everybody_who_wants_an_overview_waits_for_a_silent_sdp_once(wired: Wired) -> None:
    stage, relay = wired
    await stage.settled()
    with freeze_time(datetime.now(UTC), tick=True, real_asyncio=True) as clock:
        known = await stage.bot.overviews.fresh(timedelta(minutes=1))
        clock.tick(timedelta(hours=1))
        relay.stalled = True
        first = await stage.bot.overviews.fresh(timedelta(minutes=1))
        assert first.overview.read_at == known.overview.read_at
        async with asyncio.timeout(0.5):
            await asyncio.gather(*(stage.bot.overviews.fresh(timedelta(minutes=1)) for _ in range(20)))


def somebodys_id() -> str:
    """An id of SDP's kind."""
    return str(10**17 + secrets.randbelow(10**16))


def intent() -> Intent:
    """Somebody's decision about something SDP would have to be asked about."""
    ref = ApprovalRef(sdp_id(somebodys_id()), sdp_id(somebodys_id()), sdp_id(somebodys_id()))
    return Intent(ref=ref, verb=Verb.APPROVE, person="U0NOBODY", person_name="Nobody", shown="x")
