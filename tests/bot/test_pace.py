"""Posting in bulk: so many a second for everybody together, one a second to a channel, and Slack's patience kept."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from bot.store import PostPace, Store


async def turns(pace: PostPace, name: str, until: float) -> int:
    """How many turns one process gets, each for another channel."""
    taken = 0
    while time.monotonic() < until:
        wait = await pace.turn(f"{name}{taken}")
        taken += not wait
        await asyncio.sleep(min(wait, 0.05))
    return taken


async def test_all_processes_together_keep_the_pace(store: Store) -> None:
    until = time.monotonic() + 1.0
    counted = await asyncio.gather(*(turns(PostPace(store, 40), name, until) for name in "ABC"))
    assert sum(counted) <= 40 + 9  # a second's worth, the first at once, and a fifth of a second made up for


async def test_a_channel_gets_one_a_second_and_takes_nobodys_turn(store: Store) -> None:
    pace = PostPace(store, 50)
    assert await pace.turn("C1") == 0
    assert 0.5 < await pace.turn("C1") <= 1
    assert [await pace.turn(f"C{number}") for number in range(2, 6)] == [0] * 4


async def test_slacks_patience_holds_every_process(store: Store) -> None:
    await PostPace(store, 50).hold(datetime.now(UTC) + timedelta(seconds=30))
    await PostPace(store, 50).hold(datetime.now(UTC) + timedelta(seconds=5))
    assert 25 < await PostPace(store, 50).turn("C1") <= 30
