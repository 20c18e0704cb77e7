"""Maintenances, when everybody acts with their own SDP account: SDP decides, and its records name the person."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.store import Store
from sandbox.box import open_box
from sandbox.slack.people import Actor
from tests.attacks.conftest import Street

PATCH = "Patch the web servers"
OPS = "#ops"


@pytest.fixture
async def street(
    store: Store, valkey_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Street]:
    """The demo's world; the bot acts for people, and has no operators."""
    async with open_box("demo") as box:
        street = Street(box, valkey_url, tmp_path)
        await street.people_act()
        yield street
        await street.end(request.node)


async def preview(street: Street, who: str, verb: str, where: str) -> Actor:
    person = street.box.people.as_(who)
    label = street.box.sdp.maintenance(PATCH).label
    assert (await person.type(f"/sdp maintenance {verb} {label} by hand", in_=where)).ok
    shown = await person.waits_for("What will happen", where)
    assert (await person.click(f"{verb.capitalize()} {label}", in_=shown)).ok
    return person


async def test_what_a_person_does_is_theirs_in_sdp_and_needs_no_signature(street: Street) -> None:
    await street.connects("odile")
    odile = await preview(street, "odile", "suspend", OPS)
    await odile.waits_for("Enable again", OPS)
    effect = [one for one in street.box.sdp.effects("maintenance.suspended") if one.via == "api"][-1]
    assert effect.by == street.box.sdp.person("odile").id
    assert effect.detail["comments"] == "by hand"


async def test_an_execution_is_the_persons_own(street: Street) -> None:
    await street.connects("odile")
    odile = await preview(street, "odile", "execute", OPS)
    await odile.waits_for("It created the change", OPS)
    (effect,) = street.box.sdp.effects("maintenance.executed")
    assert effect.by == street.box.sdp.person("odile").id


async def test_sdp_refuses_whoever_may_not_and_says_so(street: Street) -> None:
    await street.connects("arjun")
    arjun = await preview(street, "arjun", "execute", "bot")
    await arjun.waits_for("ServiceDesk Plus said no", "bot")
    assert street.box.sdp.effects("maintenance.executed") == []
    assert ((await street.noted("maintenance.execute.denied")).details or {})["code"] == "4002"


async def test_whoever_is_not_connected_is_asked_to_connect(street: Street) -> None:
    tess = street.box.people.as_("tess")
    assert (await tess.type(f"/sdp maintenance execute “{PATCH}”", in_="bot")).ok
    await tess.waits_for("Connect", "bot")
    assert PATCH not in tess.sees("bot").replace(f"/sdp maintenance execute “{PATCH}”", "")
    assert street.box.sdp.effects("maintenance.executed") == []


async def test_menus_of_the_form_load_for_whoever_acts_with_their_own_account(street: Street) -> None:
    await street.connects("odile")
    odile = street.box.people.as_("odile")
    assert (await odile.type("/sdp maintenance create Renew the keys", in_=OPS)).ok
    await odile.waits_for_modal("New maintenance")
    assert (await odile.submit({"Risk": "High"})).ok
    await odile.waits_for_modal("Created")
    (effect,) = [one for one in street.box.sdp.effects("maintenance.added") if one.via == "api"]
    assert effect.by == street.box.sdp.person("odile").id
