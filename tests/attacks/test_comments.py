"""A tenant that takes no decision without a comment, with people deciding as themselves."""

from tests.attacks.conftest import PORTAL, Street


async def test_a_demanded_comment_is_asked_for_and_remembered(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    street.box.sdp.tenant.comments_required = True
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await arjun.waits_for("no decision here without a comment")
    assert street.decided() == []
    await street.settled()
    assert "Approve…" in street.buttons("arjun", PORTAL)
    await arjun.click("Approve…", in_=street.card("arjun", PORTAL))
    assert (await arjun.submit({"Comment": "As discussed"})).ok
    await arjun.waits_for("Approved by Arjun Velloor")
    assert street.said(PORTAL) == "As discussed"


async def test_where_comments_are_known_to_be_demanded_the_old_button_asks_for_one_too(street: Street) -> None:
    await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    await street.bot.decisions.demand_comments()
    await arjun.click("Approve", in_=card)
    assert len(street.box.slack.modals("arjun")) == 1
    assert street.decided() == []
