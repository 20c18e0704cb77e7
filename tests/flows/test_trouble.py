"""When something is away: SDP silent or down, Redis gone, Slack refusing. Never a false green, nothing twice."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from structlog.testing import capture_logs

from bot.models import ApprovalRef
from bot.valkey import embedded
from sandbox.box import open_box
from sandbox.slack.reading import words_of_message
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


async def test_sdp_falls_silent_after_acting_and_reading_settles_it(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("drop_after", path="*/_approve")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.settled()
    assert stage.news("approval.approved") == 1
    assert len(stage.calls("PUT")) == 1


@pytest.mark.parametrize("kind", ["drop_after", "error_500", "html", "garbage", "truncated", "empty"])
async def test_an_answer_that_is_none_shows_as_not_confirmed_until_it_is(stage: Stage, kind: str) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    silence = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    stage.box.sdp.break_with(kind, path="*/_approve", acts=True)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Sent, not yet confirmed")
    assert "Approved by" not in stage.sees("arjun", PAYMENT)
    stage.box.sdp.mend(silence)
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1
    assert len(stage.calls("PUT")) == 1


async def test_a_decision_sdp_never_took_is_offered_again_after_a_while(stage: Stage) -> None:
    await stage.start(UNKNOWN_MINUTES="1")
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("drop_before", path="*/_approve")
    with freeze_time(tick=True, real_asyncio=True) as clock:
        await arjun.click("Approve", in_=card)
        await arjun.waits_for("Sent, not yet confirmed")
        clock.tick(90)
        await arjun.waits_for("SDP did not take this")
    assert "Approve" in stage.buttons("arjun", PAYMENT)
    assert stage.news("approval.approved") == 0
    assert len(stage.calls("PUT")) == 1


async def test_sdp_down_before_anything_was_sent_is_waited_out(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    down = stage.box.sdp.break_with("rate_limited", times=None)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("recorded, nothing is sent yet")
    stage.box.sdp.mend(down)
    await until(lambda: stage.news("approval.approved") == 1, seconds=30)
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_slack_refusing_to_post_for_a_while_loses_no_card(stage: Stage) -> None:
    stage.box.slack.faults.add("ratelimited", "chat.postMessage", times=3)
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)


async def test_a_token_slack_does_not_take_is_a_line_of_the_log_and_mends_itself(stage: Stage) -> None:
    """A wrong token makes every job fail, again and again: the log must stay readable."""
    with capture_logs() as logged:
        grant = stage.box.slack.tokens[stage.box.slack.bot_token]
        stage.box.slack.revoke(stage.box.slack.bot_token)
        await stage.start()
        await until(lambda: _failed(logged))
        stage.box.slack.tokens[stage.box.slack.bot_token] = grant
        await stage.box.people.as_("arjun").waits_for(PAYMENT)
    assert {entry["error"] for entry in _failed(logged)} == {"SlackTrouble"}
    assert all("Slack says token_revoked to http" in entry["says"] for entry in _failed(logged))
    assert not any("exc_info" in entry for entry in logged)


def _failed(logged: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [entry for entry in logged if entry["event"] == "jobs.failed"]


async def test_a_card_posted_but_not_heard_of_is_adopted_and_not_doubled(stage: Stage) -> None:
    stage.box.slack.faults.add("lost", "chat.postMessage")
    await stage.start()
    people = [stage.box.people.as_(who) for who in ("arjun", "tess", "wiremu")]
    await people[0].waits_for(PAYMENT)
    await stage.settled()
    waiting = sum(len(stage.box.sdp.waiting(who)) for who in ("arjun", "tess", "wiremu"))
    await until(lambda: sum(len(one.messages()) for one in people) == waiting)
    await stage.settled()
    assert sum(len(one.messages()) for one in people) == waiting


async def test_with_redis_away_the_person_hears_that_nothing_was_recorded(tmp_path: Path) -> None:
    async with open_box("demo") as box:
        async with embedded(tmp_path) as url:
            stage = Stage(box, url, tmp_path)
            await stage.start()
            arjun = box.people.as_("arjun")
            card = await arjun.waits_for(PAYMENT)
            await stage.settled()
        outcome = await arjun.click("Approve", in_=card)
        assert outcome.ok, outcome.error
        await arjun.waits_for("Nothing was recorded")
        async with embedded(tmp_path):
            await arjun.click("Approve", in_=card)
            await arjun.waits_for("Approved by Arjun Velloor")
            await stage.stop()
    assert stage.news("approval.approved") == 1


async def test_after_a_silence_the_person_hears_once_how_it_ended(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    silence = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    stage.box.sdp.break_with("drop_after", path="*/_approve")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Sent, not yet confirmed")
    stage.box.sdp.mend(silence)

    def told() -> list[str]:
        thread = stage.box.slack.messages(card.channel, viewer="arjun", thread=card.ts)
        return [words for one in thread if "SDP has confirmed it" in (words := words_of_message(one))]

    await until(told)
    await stage.bot.jobs.wake("tell", f"{stage.ref(PAYMENT, 'arjun')}|{stage.box.slack.person('arjun').id}")
    await stage.settled()
    assert told() == ["SDP has confirmed it: approved."]


async def test_whoever_waited_hears_it_also_when_the_release_is_gone(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    silence = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    stage.box.sdp.break_with("drop_before", path="*/_approve")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Sent, not yet confirmed")
    stage.box.sdp.releases.delete(stage.approval(PAYMENT, "arjun").level.release.id)
    stage.box.sdp.mend(silence)
    await arjun.waits_for("SDP no longer has this approval", seconds=30)


async def test_the_log_says_that_a_click_was_recorded_once_it_is(stage: Stage) -> None:
    await stage.start(UNDO_SECONDS="30", UNDO_SECONDS_HIGH_RISK="30")
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    with capture_logs() as logged:
        await arjun.click("Approve", in_=card, times=3)
        await arjun.waits_for("Undo")
    (line,) = [entry for entry in logged if entry["event"] == "decision.recorded"]
    kept = await stage.bot.records.of(ApprovalRef.parse(stage.ref(PAYMENT, "arjun")))
    assert [decision.id for decision in kept] == [line["decision"]]


async def test_a_window_that_was_made_longer_meanwhile_is_waited_out(stage: Stage) -> None:
    """As in a rolling restart with another UNDO_SECONDS."""
    await stage.start(UNDO_SECONDS="2", UNDO_SECONDS_HIGH_RISK="2")
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Undo")
    span = timedelta(seconds=4)
    stage.bot.decisions.rules = replace(stage.bot.decisions.rules, undo=span, undo_high_risk=span)
    with capture_logs() as logged:
        await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert not _failed(logged)
