"""Moments as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.moments import moment

SUNDAY = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")  # 23:30 there


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("tomorrow 09:00", "2026-11-23T09:00"),
        ("Tomorrow 9.00", "2026-11-23T09:00"),
        ("today 23:45", "2026-11-22T23:45"),
        ("monday 08:30", "2026-11-23T08:30"),
        ("sun 08:30", "2026-11-29T08:30"),
        ("2026-12-01T10:00", "2026-12-01T10:00"),
        ("2026-12-01T10:00+00:00", "2026-12-01T15:30"),
        ("+2 hours", "2026-11-23T01:30"),
        ("+30m", "2026-11-23T00:00"),
        ("+ 1 day", "2026-11-23T23:30"),
    ],
)
def test_words_are_read_where_the_reader_is(words: str, meant: str) -> None:
    assert moment(words, SUNDAY, KOLKATA) == datetime.fromisoformat(meant).replace(tzinfo=KOLKATA)


@pytest.mark.parametrize("words", ["", "soon", "tomorrow", "tomorrow 24:00", "tomorrow 9:61", "+x hours", "+1 year"])
def test_other_words_are_answered_with_how_to_write_it(words: str) -> None:
    with pytest.raises(ValueError, match=r'Write it like "tomorrow 09:00"'):
        moment(words, SUNDAY, KOLKATA)


@pytest.mark.parametrize("words", ["today 09:00", "2020-01-01T00:00", "+0 hours"])
def test_the_clock_only_goes_forward(words: str) -> None:
    with pytest.raises(ValueError, match="has gone by"):
        moment(words, SUNDAY, KOLKATA)
