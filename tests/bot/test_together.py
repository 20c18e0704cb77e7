"""Many small questions to Redis, asked side by side: few round trips, and each has its own answer."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import RedisError

from bot.sdp import Pace, Priority
from bot.store import RedisBudget, Store, connect
from bot.store.together import LONG, Together

MANY = 200
ME = Priority.INTERACTIVE


async def scripts_run(store: Store) -> int:
    stats = await store.redis.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {}).get("calls", 0))


async def test_calls_that_ask_side_by_side_go_in_few_trips_and_are_counted_one_by_one(store: Store) -> None:
    budget = RedisBudget(store, Pace(interval=60, burst=MANY // 2))
    before = await scripts_run(store)
    answers = await asyncio.gather(*(budget.admit("GET releases", ME) for _ in range(MANY)))
    assert await scripts_run(store) - before <= 6
    assert sum(answer.go for answer in answers) == MANY // 2
    assert not (await budget.admit("GET releases", ME)).go


async def test_an_address_that_is_held_back_holds_nobody_who_went_along(store: Store) -> None:
    budget = RedisBudget(store, Pace.per_minute(6000))
    await budget.hold("GET projects", datetime.now(UTC) + timedelta(minutes=5))
    held, free = await asyncio.gather(budget.admit("GET projects", ME), budget.admit("GET releases", ME))
    assert held.held_until is not None
    assert not held.go
    assert free.go


async def test_people_and_polls_that_ask_together_keep_their_places(store: Store) -> None:
    budget = RedisBudget(store, Pace(interval=60, burst=10))
    asked = [Priority.BACKGROUND, ME] * 10
    answers = await asyncio.gather(*(budget.admit("GET releases", one) for one in asked))
    assert sum(answer.go for answer in answers) == 10
    polls = [answer.go for one, answer in zip(asked, answers, strict=True) if one is Priority.BACKGROUND]
    assert sum(polls) <= 5


async def test_when_redis_is_away_everybody_who_asked_hears_of_it() -> None:
    budget = RedisBudget(Store(connect("redis://127.0.0.1:1/0")), Pace.per_minute(60))
    answers = await asyncio.gather(*(budget.admit("GET releases", ME) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, RedisError) for answer in answers)


async def test_who_stops_waiting_takes_nobody_along(store: Store) -> None:
    budget = RedisBudget(store, Pace.per_minute(6000))
    impatient, patient = (asyncio.create_task(budget.admit("GET releases", ME)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).go
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await budget.admit("GET releases", ME)).go


async def test_a_trip_that_does_not_end_holds_nobody_up_for_long() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def trip(questions: Sequence[int]) -> list[int]:
        if 1 in questions:
            begun.set()
            await may_end.wait()
        return [question * 10 for question in questions]

    together: Together[int, int] = Together(trip)
    first = asyncio.ensure_future(together.ask(1))
    await begun.wait()
    async with asyncio.timeout(5):
        assert await together.ask(2) == 20
    assert not first.done()
    may_end.set()
    assert await first == 10


async def test_who_asks_just_when_a_trip_has_ended_goes_at_once() -> None:
    async def trip(questions: Sequence[int]) -> list[int]:
        return list(questions)

    together: Together[int, int] = Together(trip)
    began = time.monotonic()
    for number in range(100):
        assert await together.ask(number) == number
    assert time.monotonic() - began < LONG


async def test_what_somebody_asked_who_has_given_up_is_not_sent() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    sent: list[int] = []

    async def trip(questions: Sequence[int]) -> list[int]:
        sent.extend(questions)
        begun.set()
        await may_end.wait()
        return list(questions)

    together: Together[int, int] = Together(trip)
    first = asyncio.ensure_future(together.ask(1))
    await begun.wait()
    given_up, patient = (asyncio.ensure_future(together.ask(number)) for number in (2, 3))
    await asyncio.sleep(0)
    given_up.cancel()
    may_end.set()
    assert await asyncio.gather(first, patient) == [1, 3]
    assert sent == [1, 3]
