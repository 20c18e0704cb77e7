"""Projects, when everybody acts with their own SDP account: SDP decides, and its records name the person."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store
from sandbox.box import open_box
from tests.attacks.conftest import Street

WAREHOUSE = "Warehouse on one sign-in"
CENTRE = "Second data centre"
OPS = "#ops"


@pytest.fixture
async def street(
    store: Store, valkey_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Street]:
    """The demo's world; the bot acts for people."""
    async with open_box("demo") as box:
        street = Street(box, valkey_url, tmp_path)
        await street.people_act()
        yield street
        await street.end(request.node)


async def test_what_a_person_changes_is_theirs_in_sdp(street: Street) -> None:
    odile = street.box.people.as_("odile")
    await street.connects("odile")
    assert (await odile.type(f'/sdp project delete "{CENTRE}"', in_=OPS)).ok
    preview = await odile.waits_for("Delete PJT-3", OPS)
    assert (await odile.click("Delete project", in_=preview)).ok
    await odile.waits_for("is deleted.", OPS)
    (effect,) = street.box.sdp.effects("project.deleted")
    assert effect.by == street.box.sdp.person("odile").id


async def test_a_file_is_attached_by_whoever_sent_it(street: Street) -> None:
    odile = street.box.people.as_("odile")
    await street.connects("odile")
    shared = (await odile.upload("plan.pdf", b"%PDF-1.7", in_=OPS)).messages[0]
    assert (await odile.shortcut("Attach to SDP project", on=shared)).ok
    await odile.waits_for_modal("Which project?")
    project = street.box.sdp.project(WAREHOUSE)
    assert (await odile.pick("Type to find a project", project.id)).ok
    assert (await odile.submit(view=await odile.waits_for_modal("plan.pdf"))).ok
    await odile.waits_for("Attached plan.pdf to PJT-1", "bot")
    assert [file.by.key for file in project.attachments] == ["odile"]


async def test_sdp_refuses_whoever_may_not_and_says_so(street: Street) -> None:
    arjun = street.box.people.as_("arjun")
    await street.connects("arjun")
    assert (await arjun.type(f'/sdp project delete "{CENTRE}"', in_="bot")).ok
    preview = await arjun.waits_for("Delete PJT-3", "bot")
    assert (await arjun.click("Delete project", in_=preview)).ok
    await arjun.waits_for("ServiceDesk Plus said no", "bot")
    assert street.box.sdp.effects("project.deleted") == []
    assert ((await street.noted("project.delete.denied")).details or {})["code"] == "4002"


async def test_whoever_is_not_connected_is_asked_to_connect(street: Street) -> None:
    tess = street.box.people.as_("tess")
    assert (await tess.type("/sdp project timesheet PJT-1", in_="bot")).ok
    await tess.waits_for("Connect", "bot")
    assert "Odile Marchetty" not in tess.sees("bot")


async def test_menus_load_for_whoever_acts_with_their_own_account(street: Street) -> None:
    odile = street.box.people.as_("odile")
    await street.connects("odile")
    assert (await odile.type(f"/sdp project edit {WAREHOUSE}", in_=OPS)).ok
    form = await odile.waits_for_modal("Title")
    outcome = await odile.submit({"Status": "On Hold"}, form)
    assert outcome.ok, outcome.error
    await odile.waits_for_modal("Saved PJT-1")
    status = street.box.sdp.project(WAREHOUSE).choices["status"]
    assert status is not None
    assert status.name == "On Hold"


async def test_my_own_right_to_see_charges_is_nobody_elses(street: Street) -> None:
    odile, sam = street.box.people.as_("odile"), street.box.people.as_("sam")
    await street.connects("odile")
    assert (await odile.type("/sdp project timesheet PJT-1 share", in_=OPS)).ok
    await odile.waits_for("Not shared: Sam Okonjoru in this channel may not see charges.", OPS)
    assert "Tess Harbourne" not in sam.sees(OPS)
