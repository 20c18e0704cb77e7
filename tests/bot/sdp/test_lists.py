"""Search criteria and list_info as SDP takes them; pages as it gives them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import SdpRefused
from bot.sdp import Sdp
from bot.sdp.lists import PAGE, Criteria, ListInfo, where
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Parrot

A, B, C = where("a").is_("1"), where("b").is_("2"), where("c").is_("3")


@pytest.mark.parametrize(
    ("criteria", "json"),
    [
        (where("title").contains("db"), {"field": "title", "condition": "contains", "value": "db"}),
        (where("title").not_contains("db"), {"field": "title", "condition": "not contains", "value": "db"}),
        (where("title").starts_with("db"), {"field": "title", "condition": "starts with", "value": "db"}),
        (where("title").ends_with("db"), {"field": "title", "condition": "ends with", "value": "db"}),
        (where("n").greater_or_equal(1), {"field": "n", "condition": "greater or equal", "value": "1"}),
        (where("n").lesser_than(1), {"field": "n", "condition": "lesser than", "value": "1"}),
        (where("n").lesser_or_equal(1), {"field": "n", "condition": "lesser or equal", "value": "1"}),
        (
            where("status.name").is_not("Closed", "Rejected"),
            {"field": "status.name", "condition": "is not", "values": ["Closed", "Rejected"]},
        ),
        (
            where("created_time").greater_than(datetime(2027, 3, 1, tzinfo=UTC)),
            {"field": "created_time", "condition": "greater than", "value": "1803859200000"},
        ),
        (where("n").between(1, 5), {"field": "n", "condition": "between", "values": ["1", "5"]}),
        (where("emergency").is_(True), {"field": "emergency", "condition": "is", "value": "true"}),
        (
            A & B,
            [
                {"field": "a", "condition": "is", "value": "1"},
                {"field": "b", "condition": "is", "value": "2", "logical_operator": "AND"},
            ],
        ),
        (
            (A | B) & C,
            [
                {"field": "c", "condition": "is", "value": "3"},
                {
                    "field": "a",
                    "condition": "is",
                    "value": "1",
                    "children": [{"field": "b", "condition": "is", "value": "2", "logical_operator": "OR"}],
                    "logical_operator": "AND",
                },
            ],
        ),
    ],
)
def test_criteria_are_written_in_sdps_words(criteria: Criteria, json: Any) -> None:
    assert criteria.to_json() == json


def test_joining_the_same_way_twice_needs_no_brackets() -> None:
    assert len((A & B & C).to_json()) == 3  # type: ignore[arg-type]


def test_brackets_that_cannot_be_written_are_refused() -> None:
    with pytest.raises(ValueError, match="brackets"):
        (((A | B) & (B | C)) | ((A | C) & (B | A))).to_json()


def test_criteria_and_filter_are_not_sent_together() -> None:
    with pytest.raises(ValueError, match="filter_by"):
        ListInfo(A, filter_by="open")


def test_a_condition_needs_a_value() -> None:
    with pytest.raises(ValueError, match="value is missing"):
        where("status.name").is_()


async def test_criteria_find_what_they_say(sdp: Sdp) -> None:
    everything = [one async for one in sdp.maintenances.list()]
    risky = where("risk.name").is_("High") | where("title").contains("logs")
    found = [one.id async for one in sdp.maintenances.list(risky & where("id").is_not("1"))]
    assert found == [
        one.id for one in everything if (one.risk and one.risk.name == "High") or "logs" in one.title.lower()
    ]
    assert 0 < len(found) < len(everything)


async def test_every_page_is_read_and_every_record_once(sdp: Sdp, world: SdpWorld) -> None:
    for number in range(2 * PAGE + 30):
        world.releases.add(f"Release number {number}", "mara")
    titles = [release.title async for release in sdp.releases.list()]
    assert len(titles) == len(set(titles)) == len(list(world.releases))
    lists = [one.input["list_info"] for one in world.log if one.path.endswith("/releases")]
    assert [info["start_index"] for info in lists] == [1, 101, 201]
    assert {info["row_count"] for info in lists} == {100}


async def test_sorting_is_sdps(sdp: Sdp) -> None:
    titles = [release.title async for release in sdp.releases.list(sort="title", descending=True)]
    assert titles == sorted(titles, key=str.casefold, reverse=True)


async def test_an_unsearchable_path_is_refused_and_filtered_here_where_we_can(sdp: Sdp, world: SdpWorld) -> None:
    with pytest.raises(SdpRefused) as caught:
        _ = [one async for one in sdp.releases.list(where("no.such.path").is_("x"))]
    assert caught.value.code == 4001
    found = [
        one.title
        async for one in sdp.releases.matching(where("no.such.path").is_("x"), lambda one: "gateway" in one.title)
    ]
    assert found == [release.title for release in world.releases if "gateway" in release.title]


async def test_a_full_page_without_has_more_rows_is_looked_behind(told: Sdp, parrot: Parrot) -> None:
    rows = [{"id": str(number), "title": f"T{number}"} for number in range(PAGE)]
    parrot.say(
        {"response_status": {"status_code": 2000}, "change_maintenances": rows, "list_info": {"row_count": PAGE}}
    )
    found = [one async for one in told.maintenances.list()]
    assert len(found) == PAGE
    starts = [json.loads(request.query_params["input_data"])["list_info"]["start_index"] for request in parrot.heard]
    assert starts == [1, 101]  # the same rows again: that was the end


@pytest.mark.parametrize("more", [{}, {"has_more_rows": False}, {"has_more_rows": "false"}, {"has_more_rows": None}])
async def test_a_short_page_is_the_last(told: Sdp, parrot: Parrot, more: dict[str, Any]) -> None:
    parrot.say({"projects": [{"id": "7", "title": "T"}], "list_info": more})
    assert [one.id async for one in told.projects.list()] == ["7"]
    assert len(parrot.heard) == 1


async def test_a_row_without_id_is_left_out_and_the_rest_stays(told: Sdp, parrot: Parrot) -> None:
    parrot.say({"projects": [{"id": "7"}, {"title": "lost"}, {"id": None}, {"id": "x"}, {"id": 9007199254740993}]})
    assert [one.id async for one in told.projects.list()] == ["7", "9007199254740993"]
