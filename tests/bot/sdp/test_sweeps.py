"""A list of many pages read at once: every record once, no page too many, and honest where a tenant is different."""

import json
from typing import Any

import pytest

from bot.errors import SdpRefused, SdpUnreachable
from bot.sdp import Sdp
from bot.sdp.lists import PAGE
from sandbox.sdp.world import SdpWorld
from tests.bot.sdp.conftest import Clients, Parrot


def many(world: SdpWorld, count: int) -> None:
    for number in range(count):
        world.releases.add(f"Release number {number}", "mara")


def asked(world: SdpWorld) -> list[dict[str, Any]]:
    return [one.input["list_info"] for one in world.log if one.path.endswith("/releases")]


def heard(parrot: Parrot) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [json.loads(one.query_params["input_data"])["list_info"] for one in parrot.heard]
    return found


async def test_every_open_release_is_marked_and_every_page_asked_for_once(sdp: Sdp, world: SdpWorld) -> None:
    many(world, 11 * PAGE)
    marks = await sdp.releases.last_updates()
    assert marks == {one.id: one.updated_on async for one in sdp.releases.open()}
    pages = [info["start_index"] for info in asked(world) if "fields_required" in info]
    assert sorted(pages) == list(range(1, len(marks) + 1, PAGE))
    assert pages[0] == 1


async def test_only_what_marks_a_release_is_asked_for(sdp: Sdp, world: SdpWorld) -> None:
    await sdp.releases.last_updates()
    (info,) = asked(world)
    assert info["fields_required"] == ["id", "status", "last_updated_time"]
    assert len(world.log[-1].answer or "") / len(list(world.releases)) < 500


async def test_a_release_that_nobody_ever_updated_is_marked_all_the_same(sdp: Sdp, world: SdpWorld) -> None:
    release = world.release("Payment gateway 4.2")
    release.last_updated_time = None
    assert (await sdp.releases.last_updates())[release.id] is None  # type: ignore[index]  # its id as SDP has it


async def test_where_rows_are_not_counted_one_page_follows_the_other(told: Sdp, parrot: Parrot) -> None:
    parrot.say({"releases": [{"id": str(number)} for number in range(PAGE)], "list_info": {"has_more_rows": True}})
    assert len(await told.releases.last_updates()) == PAGE
    assert [info["start_index"] for info in heard(parrot)] == [1, 101]  # the same rows again: that was the end


async def test_pages_that_were_counted_and_are_gone_end_the_reading(told: Sdp, parrot: Parrot) -> None:
    rows = [{"id": str(number)} for number in range(PAGE)]
    parrot.say({"releases": rows, "list_info": {"has_more_rows": True, "total_count": 1_000_000}})
    assert len(await told.releases.last_updates()) == PAGE
    assert len(parrot.heard) < 20


async def test_a_tenant_that_knows_neither_fields_nor_search_is_asked_for_everything(told: Sdp, parrot: Parrot) -> None:
    refusal = {"status_code": 4001, "type": "failed", "message": "The field is not searchable"}
    parrot.say({"response_status": {"status_code": 4000, "status": "failed", "messages": [refusal]}}, status=400)
    with pytest.raises(SdpRefused):
        await told.releases.last_updates()
    first, second, third = heard(parrot)
    assert {"fields_required", "search_criteria"} <= first.keys()
    assert "fields_required" not in second
    assert "search_criteria" not in third


async def test_closed_releases_are_left_out_here_where_sdp_does_not(told: Sdp, parrot: Parrot) -> None:
    updated = {"value": "1803859200000", "display_value": "whenever"}
    rows = [
        {"id": "1", "status": {"name": "In Progress"}, "last_updated_time": updated},
        {"id": "2", "status": {"name": "COMPLETED"}, "last_updated_time": updated},
        {"id": "3", "last_updated_time": None},
        {"id": "x", "status": {"name": "In Progress"}},
        {"status": {"name": "In Progress"}},
    ]
    parrot.say({"releases": rows})
    assert set(await told.releases.last_updates()) == {"1", "3"}


async def test_a_page_that_never_comes_is_told_as_any_other_silence(clients: Clients, world: SdpWorld) -> None:
    many(world, 5 * PAGE)
    world.break_with("error_503", path="*/releases", times=None, skip=2)
    sdp = await clients.new()
    with pytest.raises(SdpUnreachable):
        await sdp.releases.last_updates()
