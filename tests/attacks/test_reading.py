"""Reading what is not for one's eyes: the service account shows everything, so the bot has to look who asks."""

import pytest

from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until


async def test_a_guest_sees_nothing(street: Street) -> None:
    await street.start()
    gil = street.box.people.as_("gil")
    for typed in ("approvals all", "maintenance list", "project list"):
        await gil.type(f"/sdp {typed}")
    await gil.waits_for("You may not see this here")
    await street.settled()
    assert PORTAL not in gil.sees()
    await street.noted("refused", person=street.id("gil"), rule="not_allowed")


async def test_readers_can_be_narrowed(street: Street) -> None:
    await street.start(READERS="@approvers")
    mara, tess = street.box.people.as_("mara"), street.box.people.as_("tess")
    await mara.type("/sdp maintenance list")
    await mara.waits_for("You may not see this here")
    await tess.type("/sdp maintenance list")
    await until(lambda: "CHM-" in tess.sees())


async def test_nothing_is_shared_where_somebody_may_not_see_it(street: Street) -> None:
    """Gil, a guest, is in the channel: what Mara may read must not reach him by her sharing it."""
    await street.start()
    mara = street.box.people.as_("mara")
    await mara.type("/sdp maintenance list share", in_="#release-approvals")
    await mara.waits_for("Not everybody in this channel may see this: Gil Ferrovar", where="#release-approvals")
    await street.settled()
    assert "CHM-" not in street.box.people.as_("gil").sees("#release-approvals")


async def test_somebody_who_left_the_readers_no_longer_reads(street: Street) -> None:
    await street.start(READERS="@approvers")
    tess = street.box.people.as_("tess")
    await tess.type("/sdp maintenance list")
    await until(lambda: "CHM-" in tess.sees())
    await street.box.people.change_group("approvers", ["arjun"])
    await tess.type("/sdp maintenance list")
    await tess.waits_for("You may not see this here")


async def test_with_own_accounts_sdp_decides_who_reads(street: Street) -> None:
    """A requester's token may not read maintenances, whatever the bot's own account may."""
    await street.people_act()
    await street.connects("mara")
    mara = street.box.people.as_("mara")
    await mara.type("/sdp maintenance list")
    await until(lambda: len(mara.messages()) > 0 and "CHM-" not in mara.sees() and street.box.sdp.log[-1].code)
    assert "CHM-" not in mara.sees()


@pytest.mark.parametrize("typed", ["project list", "maintenance list", "approvals all"])
async def test_with_own_accounts_nobody_reads_without_one(street: Street, typed: str) -> None:
    await street.people_act()
    mara = street.box.people.as_("mara")
    await mara.type(f"/sdp {typed}")
    await mara.waits_for("Connect your own SDP account first")
    assert "CHM-" not in mara.sees()


async def test_a_guest_decides_only_where_the_administrator_lets_outsiders(street: Street) -> None:
    street.box.sdp.approvals.replace_approver(street.approval(PORTAL, "arjun"), to="gil")
    await street.start(ALLOW_EXTERNAL="true")
    gil = street.box.people.as_("gil")
    await gil.click("Approve", in_=await gil.waits_for(PORTAL))
    await until(lambda: len(street.decided()) == 1)


async def test_a_guest_is_not_even_asked_otherwise(street: Street) -> None:
    street.box.sdp.approvals.replace_approver(street.approval(PORTAL, "arjun"), to="gil")
    await street.start()
    await street.box.people.as_("mara").waits_for(PORTAL, where="#release-approvals")
    assert not [one for one in street.box.people.as_("gil").messages() if one.blocks]
