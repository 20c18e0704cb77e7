"""What is confirmed happens at most once, whatever is delivered twice, killed in between, or never answered."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from sandbox.slack.content import Content
from sandbox.slack.model import Message
from sandbox.slack.people import Actor
from tests.conftest import until
from tests.flows.conftest import DEFAULTS, Stage

PATCH = "Patch the web servers"
EXECUTE = "*/_execute_now"


@contextlib.asynccontextmanager
async def worker_process(stage: Stage) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker in a process of its own, that can be killed."""
    settings = {**stage.box.settings(), **DEFAULTS, "OPERATORS": "@operators", "REDIS_URL": stage.redis_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "worker"),
        env={**os.environ, **settings, "DATA_DIR": str(stage.data_dir)},
        cwd=stage.data_dir,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def preview(stage: Stage) -> tuple[Actor, Message, str]:
    """Odile, with the preview of an execution before her, and the label of its button."""
    odile = stage.box.people.as_("odile")
    label = stage.box.sdp.maintenance(PATCH).label
    outcome = await odile.type(f"/sdp maintenance execute {label}", in_="#ops")
    assert outcome.ok, outcome.error
    return odile, await odile.waits_for("What will happen", "#ops", seconds=30), f"Execute {label}"


async def test_fifty_deliveries_with_the_worker_killed_in_between_execute_once(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(worker=False, OPERATORS="@operators")
    stage.box.sdp.break_with("slow", EXECUTE, seconds=2)
    async with worker_process(stage) as doomed:
        odile, shown, button = await preview(stage)
        left_open = odile.remembers(shown)
        outcome = await odile.click(button, in_=shown, times=25)
        assert outcome.ok, outcome.error
        await until(lambda: any(one.path.endswith("/_execute_now") for one in stage.box.sdp.log))
        os.kill(doomed.pid, signal.SIGKILL)
        await doomed.wait()
    async with worker_process(stage):
        await odile.click(button, in_=left_open, times=25)
        change = await until(lambda: stage.box.sdp.effects("maintenance.executed"))
        await odile.waits_for("It created the change", "#ops", seconds=40)
    assert stage.news("maintenance.executed") == 1
    assert stage.calls("GET").count(f"/app/itdesk/api/v3/change_maintenances/{change[0].record}/_execute_now") == 1


async def test_killed_before_anything_was_sent_the_next_worker_goes_on(stage: Stage) -> None:
    await stage.start(worker=False, OPERATORS="@operators")
    async with worker_process(stage) as doomed:
        odile, shown, button = await preview(stage)
        maintenance = stage.box.sdp.maintenance(PATCH)
        stage.box.sdp.break_with("slow", f"*/{maintenance.id}", seconds=3)
        seen = len(stage.calls("GET"))
        assert (await odile.click(button, in_=shown, times=10)).ok
        await until(lambda: any(path.endswith(maintenance.id) for path in stage.calls("GET")[seen:]))
        os.kill(doomed.pid, signal.SIGKILL)
        await doomed.wait()
    async with worker_process(stage):
        await odile.waits_for("It created the change", "#ops", seconds=40)
    assert stage.news("maintenance.executed") == 1


async def test_a_lost_answer_is_told_by_what_sdp_shows(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(OPERATORS="@operators")
    stage.box.sdp.break_with("drop_after", EXECUTE)
    odile, shown, button = await preview(stage)
    assert (await odile.click(button, in_=shown)).ok
    await odile.waits_for("Executed", "#ops")
    change = stage.box.sdp.effects("maintenance.executed")[-1].detail["label"]
    assert f"It created the change {change}" in odile.sees("#ops")
    assert stage.news("maintenance.executed") == 1


async def test_a_call_that_never_arrived_is_told_as_not_executed(stage: Stage) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        await stage.start(OPERATORS="@operators")
        stage.box.sdp.break_with("drop_before", EXECUTE)
        odile, shown, button = await preview(stage)
        assert (await odile.click(button, in_=shown)).ok
        clock.tick(timedelta(seconds=2))
        await odile.waits_for("Sent, not yet confirmed", "#ops")
        clock.tick(timedelta(minutes=3))
        await odile.waits_for("Not executed", "#ops")
    assert stage.news("maintenance.executed") == 0
    assert len([path for path in stage.calls("GET") if path.endswith("/_execute_now")]) == 1


async def test_what_no_evidence_settles_is_told_as_unknown_and_not_repeated(stage: Stage) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        await stage.start(OPERATORS="@operators")
        odile, shown, button = await preview(stage)
        maintenance = stage.box.sdp.maintenance(PATCH)
        stage.box.sdp.break_with("drop_after", EXECUTE)
        stage.box.sdp.break_with("error_500", f"*/{maintenance.id}", times=None, skip=1)
        stage.box.sdp.break_with("error_500", "*/changes", times=None, skip=1)
        assert (await odile.click(button, in_=shown)).ok
        clock.tick(timedelta(seconds=2))
        await odile.waits_for("Sent, not yet confirmed", "#ops")
        clock.tick(timedelta(minutes=31))
        await odile.waits_for("Unknown, not repeated", "#ops")
    assert len([path for path in stage.calls("GET") if path.endswith("/_execute_now")]) == 1


async def test_sdp_away_before_sending_is_waited_for(stage: Stage) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        await stage.start(OPERATORS="@operators")
        odile, shown, button = await preview(stage)
        fault = stage.box.sdp.break_with("error_503", times=None)
        assert (await odile.click(button, in_=shown)).ok
        clock.tick(timedelta(seconds=2))
        await odile.waits_for("Executing", "#ops")
        stage.box.sdp.mend(fault)
        clock.tick(timedelta(seconds=10))
        await odile.waits_for("It created the change", "#ops")
    assert stage.news("maintenance.executed") == 1


async def test_what_could_not_be_sent_in_time_is_not_sent_later(stage: Stage) -> None:
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        await stage.start(OPERATORS="@operators")
        odile, shown, button = await preview(stage)
        await stage.stop()
        await stage.start(worker=False, OPERATORS="@operators")
        assert (await odile.click(button, in_=shown)).ok
        await stage.stop()
        clock.tick(timedelta(minutes=20))
        await stage.start(OPERATORS="@operators")
        await odile.waits_for("could not be sent in time", "#ops")
    assert stage.news("maintenance.executed") == 0


async def test_a_preview_works_for_an_hour_and_then_says_so(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators")
    odile, shown, button = await preview(stage)
    keys = await stage.bot.store.redis.keys("*operation:*")
    await stage.bot.store.redis.delete(*keys)
    await odile.click(button, in_=shown)
    await odile.waits_for("This button has expired", "#ops")
    assert stage.news("maintenance.executed") == 0


async def test_a_late_press_on_a_preview_left_open_shows_what_became_of_the_first(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators")
    odile, shown, button = await preview(stage)
    left_open = odile.remembers(shown)
    assert (await odile.click(button, in_=shown)).ok
    done = await odile.waits_for("It created the change", "#ops")
    stage.box.slack.conversations.edit(done, content(left_open), stage.box.slack.bot.id)
    assert "It created the change" not in odile.sees("#ops")
    assert (await odile.click(button, in_=left_open)).ok
    await odile.waits_for("It created the change", "#ops")
    assert stage.news("maintenance.executed") == 1


def content(message: Message) -> Content:
    """What a message says, to put it back on a screen that missed the change."""
    return Content(text=message.text, blocks=message.blocks)


async def test_somebody_elses_confirmation_counts_for_nothing(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators,sam.okonjoru@example.com")
    _, shown, _ = await preview(stage)
    confirm = next(one for block in shown.blocks for one in block.get("elements", []) if one.get("value"))
    assert confirm["action_id"] == "operation.confirm"
    await stage.forge("sam", confirm, shown)
    await stage.settled()
    assert stage.news("maintenance.executed") == 0


async def test_sdps_own_no_is_told_in_its_words_and_leaves_a_trace(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators")
    odile, shown, button = await preview(stage)
    stage.box.sdp.person("service").role = "technician"
    assert (await odile.click(button, in_=shown)).ok
    await odile.waits_for("You are not authorized to perform this operation", "#ops")
    entries = [entry async for entry in stage.bot.ledger.entries() if entry.what.startswith("maintenance.execute")]
    assert [entry.what for entry in entries][-1] == "maintenance.execute.denied"
    assert (await stage.bot.ledger.verify()).trouble is None


@pytest.mark.parametrize("fault", ["drop_after", "garbage", "truncated", "empty"])
@pytest.mark.parametrize("verb", ["suspend", "delete"])
async def test_any_lost_answer_ends_in_what_is_true(stage: Stage, fault: str, verb: str) -> None:
    await stage.start(OPERATORS="@operators")
    odile = stage.box.people.as_("odile")
    maintenance = stage.box.sdp.maintenance(PATCH)
    await odile.type(f"/sdp maintenance {verb} {maintenance.label}", in_="#ops")
    shown = await odile.waits_for("What will happen", "#ops")
    method = "DELETE" if verb == "delete" else "PUT"
    stage.box.sdp.break_with(fault, f"*/{maintenance.id}*", method)
    assert (await odile.click(f"{verb.capitalize()} {maintenance.label}", in_=shown)).ok
    await odile.waits_for({"suspend": "Suspended", "delete": "Deleted"}[verb], "#ops")
    assert stage.news(f"maintenance.{'suspended' if verb == 'suspend' else 'deleted'}") == 1
