"""The brake: one mark for all processes, and words that may arrive twice."""

from datetime import UTC, datetime

from bot.brake import Brake
from bot.store import Store
from bot.store.brake import BrakeMark, Brakes

MARK = BrakeMark("Mara", "a release went wrong", datetime(2026, 11, 20, 9, tzinfo=UTC))
LATER = BrakeMark("Odile", "", datetime(2026, 11, 20, 10, tzinfo=UTC))


async def test_who_stops_first_has_stopped_it_also_when_the_word_arrives_twice(store: Store) -> None:
    """redis-py says it again where the answer was lost; the administrator must not hear that somebody else had."""
    marks = Brakes(store)
    assert await marks.pull(MARK)
    assert await marks.pull(MARK)
    assert not await marks.pull(LATER)
    assert await marks.pulled() == MARK


async def test_a_mark_is_taken_away_and_no_other(store: Store) -> None:
    marks = Brakes(store)
    await marks.pull(MARK)
    await marks.release(LATER)
    assert await marks.pulled() == MARK
    await marks.release(MARK)
    await marks.release(MARK)
    assert await marks.pulled() is None


async def test_starting_says_who_had_stopped(store: Store) -> None:
    brake = Brake(Brakes(store))
    assert await brake.start() is None
    assert await brake.stop("Mara", "a release went wrong")
    stopped = await brake.start()
    assert stopped is not None
    assert stopped.by == "Mara"
    assert await brake.start() is None
