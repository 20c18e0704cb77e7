"""What is sent again and what is not, whose turn it is, and how long SDP is left alone."""

import asyncio
import socket
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import OutcomeUnknown, SdpThrottled, SdpUnreachable
from bot.sdp import AccessToken, CallBudget, MemoryBudget, Pace, Priority, Repeats, Sdp
from bot.sdp.budget import Queue
from bot.sdp.http import Http, NoAnswer
from bot.sockets import serving
from bot.store import RedisBudget, Store
from sandbox.sdp.app import create_app
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Clients, Parrot, ref_of
from tests.bot.sdp.operations import OPERATIONS, listed
from tests.conftest import until


def calls(world: SdpWorld, ending: str) -> int:
    return sum(exchange.path.endswith(ending) for exchange in world.log)


# --- again, or not ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["error_500", "error_503", "drop_before", "drop_after"])
async def test_a_read_is_repeated_until_it_is_answered(sdp: Sdp, world: SdpWorld, kind: str) -> None:
    world.break_with(kind, "*/technicians", times=3)
    assert await listed(sdp.people.technicians())
    assert calls(world, "/technicians") == 4


async def test_an_answer_that_never_comes_to_its_end_is_none() -> None:
    """httpx's time-out is for the next byte: an answer that trickles would be waited for as long as it does."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        with suppress(OSError):
            while not writer.is_closing():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        http = Http([url], answer_seconds=0.3)
        async with asyncio.timeout(3):
            with pytest.raises(NoAnswer):
                await http.exchange("GET", url)
        await http.aclose()


async def test_a_read_gives_up_in_the_end(sdp: Sdp, world: SdpWorld) -> None:
    world.break_with("error_500", "*/technicians", times=None)
    with pytest.raises(SdpUnreachable) as caught:
        await listed(sdp.people.technicians())
    assert calls(world, "/technicians") == 4
    assert (caught.value.http_status, caught.value.code) == (500, 4004)


async def test_a_refused_read_is_not_repeated(sdp: Sdp, world: SdpWorld) -> None:
    world.break_with("html", "*/technicians", times=None)
    with pytest.raises(Exception, match="web page"):
        await listed(sdp.people.technicians())
    assert calls(world, "/technicians") == 1


async def test_a_rate_limited_read_waits_as_long_as_it_was_asked_to(sdp: Sdp, world: SdpWorld) -> None:
    world.break_with("rate_limited", "*/technicians", retry_after=1)
    before = asyncio.get_running_loop().time()
    assert await listed(sdp.people.technicians())
    assert asyncio.get_running_loop().time() - before >= 0.9
    assert calls(world, "/technicians") == 2


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.acts], ids=lambda one: one.number)
async def test_no_write_is_ever_sent_twice(told: Sdp, parrot: Parrot, operation: Any) -> None:
    parrot.say(b"", 500)
    with pytest.raises(OutcomeUnknown) as caught:
        await operation.call(told)
    sent = [request for request in parrot.heard if request.method == operation.method]
    assert len(sent) == 1
    assert caught.value.reference in str(caught.value)


async def test_a_write_that_never_left_is_sent_when_there_is_somebody(world: SdpWorld, stack: AsyncExitStack) -> None:
    """The address is known, its server comes up late: no connection, so nothing can have arrived before."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
    stack.callback(listener.close)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    patient = Repeats(attempts=200, first_wait=0.02, longest_wait=0.02, jitter=0)
    tokens = _TokensOf(world)
    client = (await Clients(url, stack).new(repeats=patient)).acting_as(tokens)
    approval = world.waiting("arjun")[0]
    deciding = asyncio.create_task(client.approvals.approve(ref_of(approval), "At last"))
    await until(lambda: tokens.asked > 2)
    listener.listen(16)
    await stack.enter_async_context(serving(create_app(world), listener))
    await deciding
    assert len(world.effects("approval.approved", approval.id)) == 1


class _TokensOf:
    """A token source that needs no accounts server, and knows how often it was asked."""

    grant = "test"

    def __init__(self, world: SdpWorld) -> None:
        self._value = world.accounts.access_token("service")
        self.asked = 0

    async def current(self) -> AccessToken:
        self.asked += 1
        return AccessToken(self._value, datetime.now(UTC) + timedelta(hours=1))

    async def replace(self, rejected: AccessToken) -> AccessToken:
        return rejected


async def test_a_write_to_nobody_says_that_nothing_was_sent(stack: AsyncExitStack, world: SdpWorld) -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
        client = (await Clients(f"http://127.0.0.1:{port}", stack).new()).acting_as(_TokensOf(world))
        with pytest.raises(SdpUnreachable, match="nothing was sent"):
            await client.approvals.approve(ref_of(world.waiting("arjun")[0]), "Yes")


async def test_an_execution_is_one_request_although_it_is_a_get(sdp: Sdp, world: SdpWorld) -> None:
    odile = sdp.acting_as(sdp.tokens_of(world.accounts.grant("odile")))
    maintenance = (await odile.maintenances.find("CHM-1")).one
    assert maintenance is not None
    world.break_with("drop_after", "*/_execute_now")
    with pytest.raises(OutcomeUnknown):
        await odile.maintenances.execute_now(maintenance.id)
    assert len(world.effects("maintenance.executed", maintenance.id)) == 1
    evidence = await odile.maintenances.get(maintenance.id)
    assert evidence.title == maintenance.title


# --- SDP's pleas -----------------------------------------------------------------------------


@pytest.fixture(params=["memory", "valkey"])
def budget(request: pytest.FixtureRequest, store: Store) -> CallBudget:
    """What processes share, in both kinds there are: a burst of 10, then one call in 0.1 s."""
    pace = Pace(interval=0.1, burst=10)
    return MemoryBudget(pace) if request.param == "memory" else RedisBudget(store, pace)


async def test_a_throttled_address_is_left_alone_by_all_processes(
    clients: Clients, world: SdpWorld, budget: CallBudget
) -> None:
    first, second = await clients.new(budget=budget), await clients.new(budget=budget)
    world.break_with("throttled", "*/technicians", minutes=22)
    for sdp in (first, second):
        with pytest.raises(SdpThrottled, match="22 minutes") as caught:
            await listed(sdp.people.technicians())
        assert caught.value.retry_at is not None
        assert timedelta(minutes=21) < caught.value.retry_at - datetime.now(UTC) <= timedelta(minutes=22)
    assert calls(world, "/technicians") == 1
    assert await listed(second.people.requesters())


async def test_ids_do_not_make_another_address(clients: Clients, world: SdpWorld) -> None:
    sdp = await clients.new()
    one, other = (ref_of(approval) for approval in world.waiting()[:2])
    world.break_with("throttled", "*/approvals/*")
    for ref in (one, other):
        with pytest.raises(SdpThrottled):
            await sdp.approvals.get(ref)
    assert sum("/approvals/" in exchange.path for exchange in world.log) == 1


async def test_after_the_time_the_address_is_asked_again(clients: Clients, world: SdpWorld) -> None:
    with freeze_time(datetime(2027, 3, 1, 12, tzinfo=UTC), real_asyncio=True) as clock:
        sdp = await clients.new()
        world.break_with("throttled", "*/technicians", minutes=22)
        with pytest.raises(SdpThrottled):
            await listed(sdp.people.technicians())
        clock.tick(timedelta(minutes=22, seconds=1))
        assert await listed(sdp.people.technicians())


# --- the budget ------------------------------------------------------------------------------

_MOMENTS = st.lists(st.floats(min_value=0, max_value=120), max_size=200).map(sorted)


@given(_MOMENTS, st.integers(min_value=1, max_value=600), st.sampled_from(Priority))
def test_a_pace_is_never_exceeded(moments: list[float], per_minute: int, priority: Priority) -> None:
    pace, due, went = Pace.per_minute(per_minute), 0.0, []
    for now in moments:
        due, wait = pace.next(due, now, priority)
        if wait == 0:
            went.append(now)
    for index, begin in enumerate(went):
        for count, end in enumerate(went[index:], start=1):
            assert count <= pace.burst + (end - begin) / pace.interval + 1e-6


@given(st.floats(min_value=0, max_value=1e6), st.sampled_from(Priority))
def test_who_waits_as_long_as_told_may_go(now: float, priority: Priority) -> None:
    pace = Pace.per_minute(60)
    due, wait = pace.next(now + 30, now, priority)
    assert (due, wait > 0) == (now + 30, True)
    assert pace.next(due, now + wait + 1e-6, priority)[1] == 0


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Pace.per_minute(0)


async def test_background_leaves_half_of_the_burst_to_people(budget: CallBudget) -> None:
    background = [(await budget.admit("GET x", Priority.BACKGROUND)).go for _ in range(8)]
    interactive = [(await budget.admit("GET x", Priority.INTERACTIVE)).go for _ in range(8)]
    assert sum(background) in (5, 6)  # one may have dripped back meanwhile
    assert sum(interactive) in (5, 6, 7)


async def test_a_person_goes_before_a_poll_that_asked_first(budget: CallBudget) -> None:
    queue, order = Queue(budget), []

    async def call(name: str, priority: Priority) -> None:
        await queue.wait("GET x", priority)
        order.append(name)

    polls = [asyncio.create_task(call("poll", Priority.BACKGROUND)) for _ in range(9)]
    await until(lambda: len(order) >= 5)
    clicks = [asyncio.create_task(call("click", Priority.INTERACTIVE)) for _ in range(3)]
    await asyncio.gather(*polls, *clicks)
    assert order[-1] == "poll"
    assert order.index("click") <= 7


async def test_who_came_first_goes_first() -> None:
    queue, order = Queue(MemoryBudget(Pace(interval=0.1, burst=10))), []

    async def call(number: int) -> None:
        await queue.wait("GET x", Priority.INTERACTIVE)
        order.append(number)

    tasks = []
    for number in range(16):
        tasks.append(asyncio.create_task(call(number)))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == sorted(order)


async def test_a_line_that_is_too_long_says_so(budget: CallBudget) -> None:
    queue = Queue(budget, patience={Priority.INTERACTIVE: 0.15, Priority.BACKGROUND: 0.15})
    waits = [queue.wait("GET x", Priority.INTERACTIVE) for _ in range(30)]
    ended = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(one) for one in ended if one} == {SdpThrottled}
    assert 10 <= sum(one is None for one in ended) <= 16
    assert "calls" in str(next(one for one in ended if one))


async def test_a_short_hold_is_waited_out(budget: CallBudget) -> None:
    await budget.hold("GET x", datetime.now(UTC) + timedelta(seconds=0.3))
    before = asyncio.get_running_loop().time()
    await Queue(budget).wait("GET x", Priority.INTERACTIVE)
    assert asyncio.get_running_loop().time() - before >= 0.25
