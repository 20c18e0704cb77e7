"""Digests and Home tabs at their longest: within Slack's limits and ours, and literal whatever is in them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from blocks import digest as cards
from blocks import home as tab
from blocks.digest import DigestView
from blocks.home import HomeView, Section
from blocks.kit import Block
from blocks.rows import Addresses, bar, days, hours
from bot.approvals import fingerprint
from bot.digest import AtRisk, Digest, News, Row, Run, Waiting
from bot.models import (
    Approval,
    ApprovalLevel,
    ApprovalRef,
    ApprovalState,
    DisplayId,
    Maintenance,
    Named,
    Person,
    Project,
    Release,
    Rule,
    Snapshot,
    sdp_id,
)
from bot.overview import Ask, ReleaseLine
from bot.preferences import Habits
from sandbox.slack.blockkit import refusals_of_blocks, refusals_of_view

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
ADDRESSES = Addresses(
    release="https://sdp.example.com/app/itdesk/ui/releases/{id}/details",
    maintenance="https://sdp.example.com/app/itdesk/ui/change_maintenances/{id}/details",
    project="https://sdp.example.com/app/itdesk/ui/projects/{id}/details",
    home="slack://app?team=T1&id=A1&tab=home",
)
NASTY = "<!channel> & *stars* `code` <https://example.com|click> :tada: " * 40


def person(number: int, name: str) -> Person:
    return Person(sdp_id(str(number)), name, f"person{number}@example.com")


def row(number: int, words: str) -> Row:
    ref = ApprovalRef(*(sdp_id(f"{number}{part}") for part in (1, 2, 3)))
    named = Named(sdp_id("7"), words)
    release = Release(
        ref.release,
        words,
        DisplayId(f"RLS-{number}", str(number)),
        risk=named,
        priority=named,
        requester=person(9, words),
        planned_start=NOW + timedelta(days=number),
    )
    level = ApprovalLevel(ref.level, ref.release, 1, ApprovalState.PENDING, "Pending", Rule.ANYONE)
    approval = Approval(ref, person(1, words), ApprovalState.PENDING, "Pending")
    snapshot = Snapshot(release, (level,), (approval,), NOW)
    return Row(snapshot, approval, fingerprint(snapshot, ref), None, can_decide=True)


def line(number: int, words: str) -> ReleaseLine:
    return ReleaseLine(
        sdp_id(str(number)), f"RLS-{number}", words, place=words, closed=False, planned_start=NOW, requester=None
    )


def waiting(number: int, words: str) -> Waiting:
    ref = ApprovalRef(*(sdp_id(f"{number}{part}") for part in (1, 2, 3)))
    return Waiting(line(number, words), Ask(ref, person(number, words), NOW))


def maintenance(number: int, words: str) -> Maintenance:
    return Maintenance(
        sdp_id(str(number)), words, DisplayId(f"CHM-{number}", str(number)), services=(Named(None, words),)
    )


def project(number: int, words: str) -> Project:
    return Project(
        sdp_id(str(number)),
        words,
        DisplayId(f"PJT-{number}", str(number)),
        percent_complete=Decimal("65"),
        estimated_hours=Decimal("60"),
        actual_hours=Decimal("74.25"),
        scheduled_end=NOW,
    )


def longest(count: int, words: str) -> DigestView:
    digest = Digest(
        day=date(2027, 3, 1),
        as_of=NOW,
        waiting=tuple(waiting(number, words) for number in range(1, count + 1)),
        news=tuple(News(line(number, words), (words, words)) for number in range(1, count + 1)),
        runs=tuple(Run(maintenance(number, words), NOW) for number in range(1, count + 1)),
        at_risk=tuple(
            AtRisk(project(number, words), timedelta(days=number), Decimal("14.25")) for number in range(1, count + 1)
        ),
    )
    shown = [row(number, words) for number in range(1, min(count, cards.ROWS_MAX) + 1)]
    return DigestView(digest, ADDRESSES, shown, more_waiting=max(0, count - cards.ROWS_MAX))


@pytest.mark.parametrize("draw", [cards.personal, cards.team])
@pytest.mark.parametrize("words", ["x" * 3000, NASTY, "文" * 3000, " "])
@pytest.mark.parametrize("count", [1, 12, 300])
def test_the_longest_digest_there_is_fits(draw: Any, words: str, count: int) -> None:
    message = draw(longest(count, words))
    assert len(message["blocks"]) <= cards.BLOCKS_MAX
    assert cards.characters(message["blocks"]) <= cards.CHARACTERS_MAX
    assert len(message["text"]) <= 3000
    assert refusals_of_blocks(message["blocks"], "message") == []


@settings(max_examples=60, deadline=None)
@given(some.integers(0, 40), some.text(min_size=1, max_size=400))
def test_any_digest_is_one_slack_takes(count: int, words: str) -> None:
    for draw in (cards.personal, cards.team):
        message = draw(longest(count, words))
        assert refusals_of_blocks(message["blocks"], "message") == []
        assert len(message["blocks"]) <= cards.BLOCKS_MAX


def test_what_is_left_out_is_counted_and_leads_home() -> None:
    message = cards.personal(longest(30, "A title"))
    (button,) = [one for block in message["blocks"] if block.get("block_id") == "more" for one in block["elements"]]
    assert button["text"]["text"] == f"{18 + 22 + 22 + 24} more on the Home tab"
    assert button["url"] == ADDRESSES.home


def test_outside_words_never_reach_mrkdwn() -> None:
    for message in (cards.personal(longest(12, NASTY)), cards.team(longest(12, NASTY))):
        assert "<!channel>" not in message["text"]
        assert not [text for text in mrkdwn(message["blocks"]) if "!channel" in text or "stars" in text]


def mrkdwn(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if value.get("type") == "mrkdwn" else []
    return own + [found for item in value.values() for found in mrkdwn(item)]


def test_the_chart_s_numbers_are_in_the_text() -> None:
    message = cards.personal(longest(2, "Archive"))
    (chart,) = [block for block in message["blocks"] if block["type"] == "data_visualization"]
    assert [one["name"] for one in chart["chart"]["series"]] == ["Estimated", "Spent"]
    assert "PJT-1 Archive: 1 day late, 14.3 h over (74.3 h of 60 h)" in message["text"]
    assert not [block for block in cards.personal(without_charts(2))["blocks"] if block["type"] == "data_visualization"]


def without_charts(count: int) -> DigestView:
    view = longest(count, "Archive")
    return DigestView(view.digest, view.addresses, view.rows, charts=False)


# --- the Home tab ----------------------------------------------------------------------------------------


def home(count: int, words: str, *, operates: bool, pages: dict[Section, int]) -> Block:
    size = tab.PAGE_ROWS[Section.WAITING]
    return tab.home(
        HomeView(
            addresses=ADDRESSES,
            habits=Habits(),
            rows=[row(number, words) for number in range(1, min(count, size) + 1)],
            waiting=count,
            listed=count,
            asked=[[waiting(number, words)] for number in range(1, count + 1)],
            runs=[Run(maintenance(number, words), NOW) for number in range(1, count + 1)],
            paused=[maintenance(number, words) for number in range(1000, 1000 + count)],
            projects=[project(number, words) for number in range(1, count + 1)],
            pages=pages,
            operates=operates,
            as_of=NOW,
        )
    )


@pytest.mark.parametrize("operates", [True, False])
@pytest.mark.parametrize("words", ["x" * 3000, NASTY])
@pytest.mark.parametrize("count", [0, 1, 10, 11, 300])
def test_the_longest_home_tab_there_is_fits(operates: bool, words: str, count: int) -> None:
    for page in (0, 1, 7, 9999):
        view = home(count, words, operates=operates, pages=dict.fromkeys(Section, page))
        assert len(view["blocks"]) <= tab.BLOCKS_MAX
        assert refusals_of_view(view) == []
        assert not [text for text in mrkdwn(view["blocks"]) if "channel" in text]


def test_pages_travel_and_come_back() -> None:
    pages = {Section.WAITING: 2, Section.PROJECTS: 1}
    assert tab.unpack(tab.pack(pages)) == pages
    assert tab.unpack("waiting:-1,other:3,projects:99999999,asked:x,") == {}


def test_every_row_is_on_some_page() -> None:
    seen = set()
    for page in range(4):
        view = home(30, "A title", operates=True, pages={Section.PROJECTS: page})
        seen |= {number for number in range(1, 31) if f"'PJT-{number} A title'" in str(view)}
    assert seen == set(range(1, 31))


@pytest.mark.parametrize(
    ("percent", "drawn"),
    [(None, "░░░░░░░░░░ 0 %"), (Decimal("65"), "▓▓▓▓▓▓░░░░ 65 %"), (Decimal("250"), "▓▓▓▓▓▓▓▓▓▓ 100 %")],
)
def test_progress_is_a_bar_of_ten(percent: Decimal | None, drawn: str) -> None:
    assert bar(percent) == drawn


def test_hours_and_delays_are_told_in_few_words() -> None:
    assert [hours(Decimal(text)) for text in ("74.25", "60.00", "0.04", "1200")] == ["74.3 h", "60 h", "0 h", "1200 h"]
    assert [days(timedelta(**span)) for span in ({"hours": 1}, {"hours": 30}, {"days": 4})] == [
        "1 hour",
        "1 day",
        "4 days",
    ]
