"""A server is away, full, slow or talks nonsense: people hear the truth, and it all goes on without a restart."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from freezegun import freeze_time
from redis.exceptions import RedisError

from bot.store import Store, connect
from bot.valkey import embedded
from sandbox.box import open_box
from tests.conftest import until
from tests.faults.relay import Relay
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


# --- SDP ---------------------------------------------------------------------------------------------------


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


# --- Slack ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["garbage", "status", "lost", "refused", "ratelimited"])
async def test_slack_failing_to_answer_a_post_leaves_one_card(stage: Stage, kind: str) -> None:
    stage.box.slack.faults.add(kind, "chat.postMessage", times=2)
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.waits_for(PAYMENT)
    await stage.settled()
    assert arjun.sees().count(PAYMENT) == stage.sees("arjun", PAYMENT).count(PAYMENT)


@pytest.mark.parametrize("kind", ["garbage", "status", "lost", "refused", "ratelimited"])
async def test_slack_failing_to_change_a_card_is_made_good(stage: Stage, kind: str) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.slack.faults.add(kind, "chat.update", times=3)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert stage.news("approval.approved") == 1


@pytest.fixture
async def wired(stage: Stage) -> Stage:
    """A stage that speaks Socket Mode."""
    stage.options["transport"] = "socket"
    await stage.start()
    return stage


async def test_a_socket_that_is_cut_is_replaced_within_ten_seconds(wired: Stage) -> None:
    arjun = wired.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await wired.box.slack.sockets.drop_all()
    await until(lambda: wired.box.slack.sockets.connected, seconds=10)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_bad_tickets_are_thrown_away_for_fresh_ones(wired: Stage) -> None:
    arjun = wired.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    wired.box.slack.sockets.bad_tickets = 2
    await wired.box.slack.sockets.drop_all()
    await until(lambda: wired.box.slack.sockets.connected, seconds=30)
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_slack_asking_for_a_new_socket_gets_one(wired: Stage) -> None:
    arjun = wired.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    first = wired.box.slack.sockets.connections[0].number
    await wired.box.slack.sockets.refresh_all()
    await until(lambda: [one.number for one in wired.box.slack.sockets.connections if one.number > first], seconds=10)
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor")


# --- Redis ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def apart(tmp_path: Path) -> AsyncIterator[tuple[Stage, Relay, Store]]:
    """A stage with a Valkey of its own behind a relay, and somebody who administers that Valkey."""
    door = Path(f"/tmp/sdp-apart-{secrets.token_hex(4)}.sock")
    async with contextlib.AsyncExitStack() as stack:
        box = await stack.enter_async_context(open_box("demo"))
        url = await stack.enter_async_context(embedded(Path(f"{door}.d")))
        relay = await stack.enter_async_context(Relay(door, url.removeprefix("unix://")).running())
        administrator = Store(connect(url))
        stack.push_async_callback(administrator.aclose)
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
async def test_redis_taking_no_writes_is_told_to_the_person_and_gets_well(
    apart: tuple[Stage, Relay, Store], what: str
) -> None:
    stage, _, administrator = apart
    breaks, mends = BAD[what]
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    await administrator.redis.execute_command(*breaks)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Nothing was recorded")
    assert stage.news("approval.approved") == 0
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


async def test_redis_slow_is_slow_and_nothing_else(apart: tuple[Stage, Relay, Store]) -> None:
    stage, relay, _ = apart
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    relay.slow = 0.2
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Approved by Arjun Velloor", seconds=30)
    assert stage.news("approval.approved") == 1


async def test_redis_connections_that_break_in_the_middle_lose_nothing(apart: tuple[Stage, Relay, Store]) -> None:
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
