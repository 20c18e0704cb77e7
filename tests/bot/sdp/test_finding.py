"""What people call a record, and which one is meant."""

import pytest

from bot.sdp import Matches, Sdp
from sandbox.sdp.world import SdpWorld


def titles(found: Matches) -> list[str]:  # type: ignore[type-arg]  # any record
    return [record.title for record in found.candidates]


@pytest.mark.parametrize("text", ["CHM-2", "chm-2", " CHM-2 ", "chm 2", "CHM2", "2", "#2", "CHM-002"])
async def test_a_display_id_is_understood_however_it_is_typed(sdp: Sdp, world: SdpWorld, text: str) -> None:
    found = (await sdp.maintenances.find(text)).one
    assert found is not None
    assert found.label == "CHM-2"
    assert found.title == world.maintenance("CHM-2").title


async def test_a_long_id_is_understood(sdp: Sdp, world: SdpWorld) -> None:
    release = world.release("RLS-1")
    found = (await sdp.releases.find(release.id)).one
    assert found is not None
    assert found.title == release.title


async def test_another_modules_display_id_means_nobody(sdp: Sdp) -> None:
    assert await sdp.maintenances.find("PJT-2") == Matches()


async def test_a_number_nobody_has_means_nobody(sdp: Sdp) -> None:
    assert await sdp.projects.find("PJT-999") == Matches()
    assert await sdp.projects.find("999999999999999") == Matches()
    assert await sdp.projects.find("   ") == Matches()


async def test_words_of_a_title_are_enough(sdp: Sdp) -> None:
    found = await sdp.releases.find("GATEWAY payment")
    assert found.one is not None
    assert found.one.title == "Payment gateway 4.2"


async def test_several_matches_are_all_offered(sdp: Sdp, world: SdpWorld) -> None:
    world.projects.add("Office move north", "odile")
    world.projects.add("Office move south", "odile")
    found = await sdp.projects.find("office move")
    assert found.is_ambiguous
    assert found.one is None
    assert titles(found) == ["Office move north", "Office move south"]


async def test_an_exact_title_is_meant_alone(sdp: Sdp, world: SdpWorld) -> None:
    world.projects.add("Office move", "odile")
    world.projects.add("Office move south", "odile")
    assert titles(await sdp.projects.find("office  MOVE")) == ["Office move"]


async def test_more_candidates_than_a_menu_holds_are_said_to_be_more(sdp: Sdp, world: SdpWorld) -> None:
    for number in range(40):
        world.projects.add(f"Router {number}", "odile")
    found = await sdp.projects.find("router")
    assert len(found.candidates) == 25
    assert found.more


async def test_requests_are_found_by_their_subject(sdp: Sdp, world: SdpWorld) -> None:
    request = world.requests.add("New laptop for the reception", "mara")
    found = (await sdp.requests.find("laptop reception")).one
    assert found is not None
    assert found.id == request.id


async def test_menus_offer_what_the_tenant_has(sdp: Sdp, world: SdpWorld) -> None:
    offered = await sdp.lookups.choices("risk")
    assert [choice.name for choice in offered or ()] == ["Low", "Medium", "High"]
    assert [choice.name for choice in await sdp.lookups.choices("service", "core") or ()] == ["Core Network"]
    world.tenant.lookups = False
    assert await sdp.lookups.choices("risk") is None


async def test_people_are_found_in_both_lists(sdp: Sdp) -> None:
    everyone = {person.email: person async for person in sdp.people.everyone()}
    assert everyone["arjun.velloor@example.com"].is_technician
    assert everyone["mara.vossberg@example.com"].is_technician is False
    assert [person.name for person in await sdp.people.by_email("Arjun.VELLOOR@example.com")] == ["Arjun Velloor"]
    assert await sdp.people.by_email("nobody@example.com") == ()
