"""The worlds to start from: known to both sides, the same every time, named when a name is wrong."""

import pytest

from sandbox.box import Box, open_box
from sandbox.scenarios import SCENARIOS, NoSuchScenario, scenario_called
from sandbox.sdp import seeds as sdp_seeds
from sandbox.slack import seeds as slack_seeds

NAMES = [one.name for one in SCENARIOS]


def who_and_what(box: Box) -> list[str]:
    people = [person.id for person in box.slack.people()]
    return [*people, *(approval.id for approval in box.sdp.waiting()), *(one.id for one in box.sdp.projects)]


def test_both_sides_know_every_name() -> None:
    assert set(NAMES) == set(sdp_seeds.SCENARIOS)
    assert {one.slack for one in SCENARIOS} == set(slack_seeds.SCENARIOS)


@pytest.mark.parametrize("name", NAMES)
async def test_same_seed_gives_the_same_world(name: str) -> None:
    async with open_box(name, seed=7) as one, open_box(name, seed=7) as same, open_box(name, seed=8) as other:
        assert who_and_what(one) == who_and_what(same)
        assert who_and_what(one) != who_and_what(other)


async def test_scenarios_are_as_large_as_they_say() -> None:
    async with open_box("release-day") as box:
        assert len(box.sdp.waiting()) == 30
        assert {len(release.levels) for release in box.sdp.releases} == {3}
    async with open_box("big portfolio") as box:
        assert (len(list(box.sdp.projects)), len(list(box.sdp.maintenances))) == (200, 500)
        assert len(box.slack.people()) > 200


async def test_newcomers_decide_with_their_own_account_only() -> None:
    async with open_box("newcomer") as box:
        assert box.settings()["SDP_ACT_AS"] == "person"


def test_wrong_name_is_answered_with_the_list() -> None:
    with pytest.raises(NoSuchScenario) as refused:
        scenario_called("busy day")
    assert all(name in str(refused.value) for name in NAMES)


async def test_the_app_is_the_one_the_manifest_describes() -> None:
    async with open_box("quiet-day") as box:
        assert "/sdp" in box.slack.app.commands
        assert "files:write" in box.slack.app.scopes
        assert "team_join" in box.slack.app.events
        assert [one.callback_id for one in box.slack.app.shortcuts] == ["projects.attach_message"]


async def test_both_sides_have_one_clock() -> None:
    async with open_box("quiet-day") as box:
        before = box.slack.now()
        box.sdp.advance_to(box.sdp.now().replace(year=box.sdp.now().year + 1, day=1))
        assert box.slack.now() - before > 300 * 86_400
