"""Redis is full, slow, cut off, a replica, or deaf: people hear the truth in time, and nothing is lost or doubled."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from redis.exceptions import RedisError

from bot.store import Store, connect
from bot.store.scripts import RECORD_INTENT
from bot.valkey import embedded
from sandbox.box import open_box
from tests.conftest import until
from tests.faults.relay import Relay
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
SLACK_WAITS_MS = 3000
RECORDED = b'"state":"recorded"'
NOTHING, UNSURE = "Nothing was recorded", "not certain whether this was recorded"
"""What people read: the first only where it is sure."""

Apart = tuple[Stage, Relay, Store]


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[Apart]:
    """A stage with a Valkey of its own behind a relay, and somebody who administers that Valkey."""
    door = Path(f"/tmp/sdp-apart-{secrets.token_hex(4)}.sock")
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(open_box("demo"))
        url = await stack.enter_async_context(embedded(Path(f"{door}.d")))
        relay = await stack.enter_async_context(Relay(door, url.removeprefix("unix://")).running())
        administrator = Store(connect(url))
        stack.push_async_callback(administrator.aclose)
        await administrator.redis.script_load(RECORD_INTENT)  # else the first click only asks for it
        stage = Stage(box, relay.url, tmp_path)
        stack.push_async_callback(stage.stop)
        await stage.start()
        yield stage, relay, administrator


BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "full": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    "a read-only replica": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
}
"""What an administrator's mistake looks like, and how it is put right."""


@pytest.mark.parametrize("what", BAD)
async def test_redis_taking_no_writes_is_told_to_the_person_and_gets_well(apart: Apart, what: str) -> None:
    stage, _, administrator = apart
    breaks, mends = BAD[what]
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    await administrator.redis.execute_command(*breaks)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert NOTHING in arjun.sees()
    assert NOTHING in str((await arjun.type("/sdp help")).body)
    assert not await decisions(administrator)
    await administrator.redis.execute_command(*mends)
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert stage.news("approval.approved") == 1


async def test_a_server_killed_while_it_starts_is_started_again() -> None:
    folder = Path(f"/tmp/sdp-again-{secrets.token_hex(4)}")
    async with embedded(folder) as url:
        store = Store(connect(url))
        deaths = 0

        def kill() -> bool:
            nonlocal deaths
            for line in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if str(folder).encode() in line.read_bytes() and b"valkey-server" in line.read_bytes():
                        os.kill(int(line.parent.name), signal.SIGKILL)
                        deaths += 1
            return deaths >= 3

        await until(kill)

        async def answers() -> bool:
            with contextlib.suppress(RedisError):
                return await store.answers()
            return False

        await until(answers, seconds=20)
        await store.aclose()
    shutil.rmtree(folder, ignore_errors=True)


async def test_redis_slow_is_slow_and_nothing_else(apart: Apart) -> None:
    stage, relay, _ = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    relay.slow = 0.3
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < SLACK_WAITS_MS
    await arjun.waits_for("Approved by Arjun Velloor", seconds=30)
    assert "recorded:" not in arjun.sees()
    assert stage.news("approval.approved") == 1


async def test_a_command_is_acknowledged_in_time_by_a_slow_redis_and_answered(apart: Apart) -> None:
    stage, relay, _ = apart
    arjun = stage.box.people.as_("arjun")
    await arjun.waits_for(PAYMENT)
    await stage.settled()
    relay.slow = 0.3
    outcome = await arjun.type("/sdp help")
    assert outcome.ok, outcome.error
    assert outcome.ms < SLACK_WAITS_MS
    assert NOTHING not in str(outcome.body)
    await arjun.waits_for("/sdp maintenance", seconds=30)


async def test_redis_connections_that_break_in_the_middle_lose_nothing(apart: Apart) -> None:
    stage, relay, _ = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    click = asyncio.create_task(arjun.click("Approve", in_=card))
    for _ in range(10):
        await asyncio.sleep(0.01)
        relay.cut()
    outcome = await click
    if "Nothing was recorded" in stage.sees("arjun") or not outcome.ok:
        assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor", seconds=20)
    assert stage.news("approval.approved") == 1


# --- deaf ----------------------------------------------------------------------------------------------------


async def decisions(administrator: Store) -> list[str]:
    """The keys of all decisions there are."""
    found: list[str] = await administrator.redis.keys("*decision:*")
    return found


async def test_a_deaf_redis_is_told_in_time_and_works_again_when_it_hears(apart: Apart) -> None:
    """Nothing here is told to start again: neither the web role nor the worker, whose connections are all dead."""
    stage, relay, administrator = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    relay.deaf = True
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < SLACK_WAITS_MS
    assert (NOTHING in arjun.sees()) is not (UNSURE in arjun.sees())
    relay.deaf = False
    if NOTHING in arjun.sees():
        assert not await decisions(administrator)
        assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert stage.news("approval.approved") == 1


async def test_commands_windows_and_the_home_tab_are_answered_by_a_bot_whose_redis_is_deaf(apart: Apart) -> None:
    stage, relay, _ = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await arjun.open_home()
    await arjun.waits_for_home("Look again")
    await arjun.click("Reject…", in_=card)
    window = await arjun.waits_for_modal("Reject")
    await stage.settled()
    relay.deaf = True
    typed, submitted = await asyncio.gather(
        arjun.type("/sdp help"), arjun.submit({"Reason": "The plan has a gap"}, window)
    )
    for outcome in (typed, submitted):
        assert outcome.ms < SLACK_WAITS_MS, outcome
    assert NOTHING in str(typed.body)
    assert NOTHING in str(submitted.field_errors) or UNSURE in str(submitted.field_errors)
    await arjun.close_modal(all=True)
    pressed = await arjun.click("Look again", in_="home")
    assert pressed.ok, pressed.error
    assert pressed.ms < SLACK_WAITS_MS
    assert NOTHING in arjun.sees()


async def test_a_deaf_redis_makes_the_bot_unready_in_time(apart: Apart) -> None:
    stage, relay, _ = apart
    relay.deaf = True
    patience = aiohttp.ClientTimeout(total=SLACK_WAITS_MS / 1000)
    async with aiohttp.ClientSession(timeout=patience) as session:
        async with session.get(f"{stage.address}/readyz") as answer:
            assert answer.status == 503
        relay.deaf = False

        async def ready() -> bool:
            async with session.get(f"{stage.address}/readyz") as answer:
                return answer.status == 200

        await until(ready)


async def test_a_decision_recorded_by_a_redis_that_never_said_so_is_carried_out_once(apart: Apart) -> None:
    stage, relay, _ = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    relay.hush = lambda sent: RECORDED in sent
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < SLACK_WAITS_MS
    assert UNSURE in arjun.sees()
    assert NOTHING not in arjun.sees()
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.settled()
    assert stage.news("approval.approved") == 1


async def test_a_decision_that_never_reached_redis_can_be_made_again(apart: Apart) -> None:
    stage, relay, administrator = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    relay.lose = lambda sent: RECORDED in sent
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < SLACK_WAITS_MS
    assert UNSURE in arjun.sees()
    assert not await decisions(administrator)
    relay.lose = lambda _: False
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_a_decision_that_redis_takes_up_late_shows_on_the_card_and_can_be_undone(apart: Apart) -> None:
    """A server that stood still finds the command in its buffer, long after the person was answered."""
    stage, relay, administrator = apart
    stage.bot.decisions.rules = replace(stage.bot.decisions.rules, undo=timedelta(seconds=30))
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()

    def stall(sent: bytes) -> bool:
        relay.stalled = relay.stalled or RECORDED in sent
        return False

    relay.hush = stall
    assert (await arjun.click("Approve", in_=card)).ok
    assert UNSURE in arjun.sees()
    assert not await decisions(administrator)
    relay.hush, relay.stalled = (lambda _: False), False
    await arjun.waits_for("unless you undo it")
    assert (await arjun.click("Undo", in_=card)).ok
    await arjun.waits_for("You took this back")
    await stage.settled()
    assert stage.news("approval.approved") == 0
    assert "Approve" in stage.buttons("arjun", PAYMENT)
