"""Maintenances in words: schedules, and cards that fit Slack whatever SDP has."""

from datetime import UTC, datetime, timedelta

import pytest

from blocks import maintenances as cards
from bot.collisions import Claim, Collision
from bot.maintenances import LISTED
from bot.models import (
    Frequency,
    Maintenance,
    MaintenanceState,
    Mrkdwn,
    Named,
    Operation,
    OperationState,
    Person,
    RoleHolder,
    Schedule,
    SdpId,
)
from sandbox.slack.blockkit import CHARACTERS_IN_MESSAGE, characters, refusals_of_blocks, refusals_of_view

START = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)
CLOCK = f"<!date^{int(START.timestamp())}^{{time}}|14:00 UTC>"
LONG = "<!channel> *x* & " * 300

SCHEDULES = {
    f"Every day at {CLOCK}": Schedule(Frequency.DAILY, START),
    f"Every 3 days at {CLOCK}": Schedule(Frequency.DAILY, START, skip=2),
    f"Every day but weekends at {CLOCK}": Schedule(Frequency.DAILY, START, exclude_weekends=True),
    f"Every week on Tuesday and Thursday at {CLOCK}": Schedule(Frequency.WEEKLY, START, days_of_week=(3, 5)),
    f"Every 2 weeks on Monday, Tuesday and Friday at {CLOCK}": Schedule(
        Frequency.WEEKLY, START, skip=1, days_of_week=(2, 3, 6)
    ),
    f"On day 1 and 15 of every month at {CLOCK}": Schedule(Frequency.MONTHLY, START, days_of_month=(1, 15)),
    f"On the first Sunday of January and July at {CLOCK}": Schedule(
        Frequency.MONTHLY, START, weeks_of_month=(1,), days_of_week=(1,), months_of_year=(1, 7)
    ),
    f"On the first day of every 2 months at {CLOCK}": Schedule(
        Frequency.MONTHLY, START, skip=1, first_day_of_month=True
    ),
    f"Every day at {CLOCK}, 10 times": Schedule(Frequency.DAILY, START, end_after=10),
    "Once": Schedule(Frequency.ONCE),
    "Repeats in a way this bot does not know": Schedule(Frequency.UNKNOWN),
    "No schedule": None,
}


@pytest.mark.parametrize("words", SCHEDULES, ids=lambda words: words.replace(CLOCK, "14:00"))
def test_a_schedule_reads_as_people_say_it(words: str) -> None:
    assert cards.schedule_words(SCHEDULES[words]) == words


def crowded() -> Maintenance:
    """Everything SDP can say, at its longest."""
    many = tuple(Named(SdpId(str(number)), LONG) for number in range(60))
    person = Person(SdpId("7"), LONG)
    return Maintenance(
        SdpId("1"),
        LONG,
        state=MaintenanceState.ENABLED,
        stage=many[0],
        status=many[0],
        risk=many[0],
        services=many,
        assets=many,
        roles=tuple(RoleHolder(LONG, person) for _ in range(60)),
        owner=person,
        description=Mrkdwn("word " * 2000),
        schedule=Schedule(Frequency.DAILY, START, last_execution=START),
        next_run=START,
    )


def bare() -> Maintenance:
    return Maintenance(SdpId("1"), "")


def operation(state: OperationState, **more: object) -> Operation:
    fields = {"note": LONG, "arguments": {"comment": LONG}, "result": {"change": LONG, "change_id": "5"}, **more}
    return Operation(
        "0123456789abcdef",
        "maintenance.execute",
        "1",
        LONG,
        "U1",
        LONG,
        state,
        START,
        **fields,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("maintenance", [crowded(), bare()], ids=["crowded", "bare"])
def test_every_card_fits_slack(maintenance: Maintenance) -> None:
    claim = Claim("release", SdpId("2"), LONG, LONG, START, START + timedelta(hours=1))
    way = [Collision(claim, (LONG, LONG))] * 30
    offered = operation(OperationState.OFFERED)
    shown = [
        cards.shown(maintenance, "https://sdp.example.com/{maintenance}", may_operate=True),
        cards.listed([maintenance] * LISTED, LONG, more=True),
        cards.listed([], LONG, more=False),
        *(cards.preview(offered, maintenance, verb, way) for verb in cards.WILL),
        cards.already(maintenance, "is suspended already", "enable"),
    ]
    for card in shown:
        assert refusals_of_blocks(card["blocks"], "message") == []
        assert characters(card["blocks"]) <= CHARACTERS_IN_MESSAGE
        assert 0 < len(card["text"]) <= 4000


@pytest.mark.parametrize("state", list(OperationState), ids=str)
def test_every_state_of_an_operation_fits_slack_and_pings_nobody(state: OperationState) -> None:
    card = cards.came_of_it(operation(state), "https://sdp.example.com/{change}")
    assert refusals_of_blocks(card["blocks"], "message") == []
    assert "<!channel>" not in card["text"]


@pytest.mark.parametrize("offered", [frozenset(), frozenset({"stage", "services", "risk"})], ids=["typed", "menus"])
def test_the_form_fits_slack_with_everything_filled_in(offered: frozenset[str]) -> None:
    values = {
        "title": LONG,
        "stage": f"12|{LONG}",
        "services": "\n".join(f"{number}|Service {number}" for number in range(40)),
        "frequency": "weekly",
        "start": "1775000000",
        "weekdays": "2\n5",
        "description": LONG,
    }
    view = cards.form(
        label=LONG, values=values, offered=offered, private_metadata="1|x", troubles={"": LONG, "risk": LONG}
    )
    assert refusals_of_view(view) == []
    empty = cards.form(label="", values={}, offered=offered, private_metadata="")
    assert refusals_of_view(empty) == []
