"""Deciding what is not yours to decide: other people, guests, other workspaces, tampered values, changed addresses."""

import json
from typing import Any

import pytest

from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until

OTHER = "Core switch firmware"


async def nothing(street: Street, who: str, rule: str) -> None:
    """Nothing changed in SDP, and the ledger says who tried and which rule said no."""
    entry = await street.noted("refused", person=street.id(who), rule=rule)
    await street.settled()
    assert not street.decided()
    assert entry.details
    assert entry.details["verb"] == "approve"


async def test_another_approvers_click_is_refused(street: Street) -> None:
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    await street.forge_click("tess", "approval.approve", street.card("arjun", PORTAL))
    await nothing(street, "tess", "not_the_approver")


async def test_a_guests_click_is_refused(street: Street) -> None:
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    await street.forge_click("gil", "approval.approve", street.card("arjun", PORTAL))
    await nothing(street, "gil", "not_allowed")


async def test_a_guest_with_the_approvers_address_is_refused(street: Street) -> None:
    street.box.slack.person("gil").email = "arjun.velloor@example.com"
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    await street.forge_click("gil", "approval.approve", street.card("arjun", PORTAL))
    await nothing(street, "gil", "not_allowed")


async def test_somebody_of_another_workspace_with_the_approvers_address_is_refused(street: Street) -> None:
    street.box.slack.directory.add("stranger", "Arjun Velloor", "arjun.velloor@example.com", team_id="T0ELSEWHERE")
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    await street.forge_click(street.id("stranger"), "approval.approve", card)
    await until(lambda: street.entries("refused"))
    await street.settled()
    assert not street.decided()


async def test_a_deactivated_account_is_refused(street: Street) -> None:
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    button = {"type": "button", "action_id": "approval.approve", "value": _value(card)}
    person = street.box.slack.directory.add("ghost", "Nobody Here", "ghost@example.com")
    person.deleted = True
    await street.forge("ghost", button, card)
    await nothing(street, "ghost", "not_allowed")


def _value(card: Any) -> str:
    buttons = [one for block in card.blocks for one in block.get("elements", [])]
    return str(next(one["value"] for one in buttons if one.get("action_id") == "approval.approve"))


async def test_two_slack_accounts_with_the_approvers_address_are_nobody(street: Street) -> None:
    """An account that takes over an address does not take over the decision; the channel is asked instead."""
    street.box.slack.directory.add("double", "Arjun V.", "Arjun.Velloor@Example.com")
    await street.start()
    mara = street.box.people.as_("mara")
    card = await mara.waits_for(PORTAL, where="#release-approvals")
    assert "Arjun Velloor" in mara.sees(card)
    assert not street.box.people.as_("arjun").messages()


async def test_two_people_of_sdp_with_one_address_are_nobody(street: Street) -> None:
    street.box.sdp.people.add("Arjun Velloor (old)", email="ARJUN.velloor@example.com", role="technician")
    await street.start()
    await street.box.people.as_("mara").waits_for(PORTAL, where="#release-approvals")
    assert not street.box.people.as_("arjun").messages()


async def test_an_unconfirmed_address_names_nobody(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack says itself when an address was typed in and never proven."""
    from sandbox.slack.model import Person

    as_api = Person.as_api

    def unconfirmed(self: Person, *given: Any, **more: Any) -> dict[str, Any]:
        return {**as_api(self, *given, **more), "is_email_confirmed": self.key != "arjun"}

    monkeypatch.setattr(Person, "as_api", unconfirmed)
    await street.start()
    await street.box.people.as_("mara").waits_for(PORTAL, where="#release-approvals")
    assert not street.box.people.as_("arjun").messages()


async def test_who_takes_the_approvers_address_after_the_card_was_sent_is_refused(street: Street) -> None:
    """Arjun leaves; Mara gives herself his address in Slack and presses the card she was forwarded."""
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    await street.box.people.change_person("mara", email="arjun.velloor@example.com")
    await street.forge_click("mara", "approval.approve", card)
    await until(lambda: street.entries("refused"))
    await street.settled()
    assert not street.decided()


async def test_who_is_deactivated_after_the_card_was_sent_cannot_decide(street: Street) -> None:
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    await street.box.people.change_person("arjun", deleted=True)
    await street.forge_click("arjun", "approval.approve", card)
    await nothing(street, "arjun", "not_allowed")


async def test_who_becomes_a_guest_during_the_undo_window_does_not_decide(street: Street) -> None:
    await street.start(UNDO_SECONDS="2")
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await arjun.waits_for("Approving as Arjun Velloor")
    await street.box.people.change_person("arjun", is_restricted=True)
    await nothing(street, "arjun", "not_allowed")


async def test_another_releases_value_in_the_button_is_refused(street: Street) -> None:
    """Arjun presses his own card with the pointer of somebody else's approval in it."""
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    theirs = next(one for one in street.box.sdp.waiting() if one.approver.key not in ("arjun", ""))
    level = theirs.level
    value = f"{level.release.id}.{level.id}.{theirs.id}:{_value(card).partition(':')[2]}"
    await street.forge_click("arjun", "approval.approve", card, value)
    await nothing(street, "arjun", "not_the_approver")


async def test_an_approval_of_another_level_in_the_button_decides_nothing(street: Street) -> None:
    """The right approval under the wrong release and level is no approval at all."""
    await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    pointer, _, shown = _value(card).partition(":")
    other = next(one for one in street.box.sdp.waiting() if one.level.release.title != PORTAL)
    value = f"{other.level.release.id}.{other.level.id}.{pointer.rpartition('.')[2]}:{shown}"
    await street.forge_click("arjun", "approval.approve", card, value)
    await street.settled()
    assert not street.decided()


TAMPERED = (
    "x",
    "1.2.3",
    "1.2.3:",
    "1.2.3:zzzzzzzzzzzz",
    "1.2:0123456789ab",
    "../1.2.3:0123456789ab",
    "1.2.3/../4:0123456789ab",
    "1.2.\u0663:0123456789ab",
    "1.2.3:0123456789ab|U0ADMIN",
    "9" * 40 + ".2.3:0123456789ab",
    "\x00",
)


async def test_a_tampered_value_is_told_so_and_reaches_no_path(street: Street) -> None:
    await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.waits_for(PORTAL)
    await street.settled()
    calls = len(street.box.sdp.log)
    card = street.card("arjun", PORTAL)
    for number, value in enumerate(TAMPERED, start=1):
        assert await street.forge_click("arjun", "approval.approve", card, value) == 200
        assert arjun.sees().count("can no longer be used") == number, value
    await street.settled()
    assert len(street.box.sdp.log) == calls
    noted = [entry for entry in await street.entries("refused") if (entry.details or {}).get("rule") == "bad_input"]
    assert len(noted) == len(TAMPERED)


METADATA = (
    "",
    "approve",
    "approve|x|C1|1.1",
    "delete|1.2.3:0123456789ab|C1|1.1",
    "approve|1.2.3:0123456789ab",
    "|" * 50,
)


async def test_a_tampered_window_is_told_so_and_sends_nothing(street: Street) -> None:
    await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Reject…", in_=await arjun.waits_for(PORTAL))
    view = await arjun.waits_for_modal("Reason")
    for metadata in METADATA:
        view.private_metadata = metadata
        outcome = await arjun.submit({"Reason": "because"})
        assert "can no longer be used" in outcome.error, metadata
    await street.settled()
    assert not street.decided()


async def test_a_window_with_anothers_pointer_is_refused(street: Street) -> None:
    await street.start()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Reject…", in_=await arjun.waits_for(PORTAL))
    view = await arjun.waits_for_modal("Reason")
    theirs = next(one for one in street.box.sdp.waiting() if one.approver.key not in ("arjun", ""))
    verb, pointer, *place = view.private_metadata.split("|")
    forged = f"{theirs.level.release.id}.{theirs.level.id}.{theirs.id}:{pointer.partition(':')[2]}"
    view.private_metadata = "|".join([verb, forged, *place])
    await arjun.submit({"Reason": "because"})
    entry = await street.noted("refused", person=street.id("arjun"), rule="not_the_approver")
    assert entry.details
    assert not street.decided()


async def test_an_old_cards_fingerprint_decides_nothing_new(street: Street) -> None:
    """The release was changed after the card was shown: pressing what was shown is not pressing what is."""
    await street.start()
    arjun = street.box.people.as_("arjun")
    card = arjun.remembers(await arjun.waits_for(PORTAL))
    street.box.sdp.releases.edit(PORTAL, title="Payment gateway 9.9, all at once")
    await arjun.click("Approve", in_=card)
    await street.noted("changed", person=street.id("arjun"))
    await street.settled()
    assert not street.decided()


async def test_resuming_what_somebody_else_pressed_is_refused(street: Street) -> None:
    await street.people_act()
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Connect your own SDP account")
    await street.connects("arjun")
    offered = await arjun.waits_for("You pressed Approve on")
    await street.forge_click("tess", "people.resume", offered)
    await street.box.people.as_("tess").waits_for("no longer waits for you")
    await street.settled()
    assert not street.decided()


async def test_a_token_of_somebody_else_is_refused_by_sdp_and_by_us(street: Street) -> None:
    """Whatever happened to be bound, SDP sees whose token it is and we see whose approval it is."""
    house = await street.people_act()
    await street.connects("tess")
    await street.box.people.as_("arjun").waits_for(PORTAL)
    await street.forge_click("tess", "approval.approve", street.card("arjun", PORTAL))
    await nothing(street, "tess", "not_the_approver")
    actor = await house.accounts.actor_for(street.id("tess"))
    approval = street.approval(PORTAL, "arjun")
    from bot.models import ApprovalRef

    ref = ApprovalRef.parse(f"{approval.level.release.id}.{approval.level.id}.{approval.id}")
    with pytest.raises(Exception, match="not authorized"):
        await actor.sdp.approvals.approve(ref, "mine now")
    assert not street.decided()


async def test_a_link_beats_an_address_that_somebody_took(street: Street) -> None:
    """Arjun is connected and changes his address in Slack; Mara takes the old one."""
    house = await street.people_act()
    await street.connects("arjun")
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    await street.box.people.change_person("arjun", email="arjun.new@example.com")
    await street.box.people.change_person("mara", email="arjun.velloor@example.com")
    await house.people.forget()
    await street.forge_click("mara", "approval.approve", card)
    await nothing(street, "mara", "not_the_approver")
    await street.box.people.as_("arjun").click("Approve", in_=card)
    await until(lambda: len(street.decided()) == 1)


async def test_the_map_beats_an_address(street: Street) -> None:
    """The administrator says that Arjun in SDP is Mara in Slack: Arjun's own address no longer decides."""
    house = await street.start()
    await street.box.people.as_("arjun").waits_for(PORTAL)
    card = street.card("arjun", PORTAL)
    await house.people.say_who(street.id("mara"), street.box.sdp.person("arjun").id, "Arjun Velloor")  # type: ignore[arg-type]
    await street.forge_click("arjun", "approval.approve", card)
    await nothing(street, "arjun", "not_the_approver")


async def test_a_stopped_bot_tells_every_click_and_sends_nothing_until_it_starts(street: Street) -> None:
    await street.start(ADMINS="sam.okonjoru@example.com", UNDO_SECONDS="0")
    sam, arjun = street.box.people.as_("sam"), street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    await sam.type("/sdp stop the audit is on", in_="#ops")
    await sam.waits_for("Stopped by Sam Okonjoru", where="#ops")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Sam Okonjoru has stopped all changes (the audit is on)")
    await nothing(street, "arjun", "stopped")
    await sam.type("/sdp start", in_="#ops")
    await sam.waits_for("Started again", where="#ops")
    await arjun.click("Approve", in_=street.card("arjun", PORTAL))
    await until(lambda: len(street.decided()) == 1)


async def test_a_stop_during_the_undo_window_holds_the_decision_back(street: Street) -> None:
    house = await street.start(UNDO_SECONDS="2")
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await arjun.waits_for("Approving as Arjun Velloor")
    await house.brake.stop("Sam Okonjoru")
    await nothing(street, "arjun", "stopped")


@pytest.mark.parametrize("who", ["odile", "mara", "gil"])
async def test_only_administrators_stop_the_bot(street: Street, who: str) -> None:
    house = await street.start(ADMINS="sam.okonjoru@example.com", OPERATORS="@operators")
    somebody = street.box.people.as_(who)
    await somebody.type("/sdp stop")
    await somebody.waits_for("Only administrators of this bot may do this. Ask Sam Okonjoru.")
    await house.brake.check()
    await street.noted("refused", person=street.id(who), rule="not_allowed")


async def test_nobody_without_the_right_reads_the_ledger(street: Street) -> None:
    await street.start(OPERATORS="@operators")
    mara = street.box.people.as_("mara")
    await mara.type(f"/sdp audit {street.box.sdp.release(PORTAL).label}")
    await mara.waits_for("Only operators may read the ledger")
    odile = street.box.people.as_("odile")
    await odile.type(f"/sdp audit {street.box.sdp.release(PORTAL).label}")
    await odile.waits_for("Ledger of")


async def test_a_link_is_never_shared_with_a_channel(street: Street) -> None:
    await street.people_act()
    mara = street.box.people.as_("mara")
    await mara.type("/sdp link share", in_="#release-approvals")
    await mara.type("/sdp approvals share", in_="#release-approvals")
    await street.settled()
    seen = json.dumps([message.blocks for message in street.box.people.as_("tess").messages("#release-approvals")])
    assert "/sdp/link?t=" not in seen
