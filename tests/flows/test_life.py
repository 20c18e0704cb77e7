"""Every other moment of an approval's life is true on the screen: no card lies, whatever happens around it."""

import re
import time
from datetime import UTC, datetime, timedelta

from freezegun import freeze_time

from sandbox.sdp.approvals import Plan
from sandbox.slack.reading import words_of_message
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
EMERGENCY = "Emergency patch of the payment database"


async def _looked(stage: Stage, title: str) -> None:
    """SDP's trigger fires, and the bot has looked."""
    assert await stage.hint(stage.box.sdp.release(title).id) == 202
    await stage.settled()


# --- the card follows SDP --------------------------------------------------------------------------


async def test_a_decision_in_sdps_own_page_changes_every_card_of_the_level(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.waits_for(EMERGENCY)
    await stage.settled()
    stage.box.sdp.decide(stage.approval(EMERGENCY, "wiremu"), "approve", by="wiremu", comments="Go")
    await _looked(stage, EMERGENCY)
    await arjun.waits_for("No decision needed any more")
    assert "Approved by Wiremu Kaleha" in stage.sees("wiremu", EMERGENCY)
    assert stage.buttons("arjun", EMERGENCY) == ["Open in SDP"]
    assert "Wiremu Kaleha approved: Go" in stage.sees("arjun", EMERGENCY)


async def test_without_a_hint_the_next_poll_finds_it_too(stage: Stage) -> None:
    await stage.start(POLL_SECONDS="1")
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "approve", by="arjun")
    await stage.box.people.as_("arjun").waits_for("Approved by Arjun Velloor")


async def test_a_decision_made_while_the_first_card_is_on_its_way_leaves_no_button_behind(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    release = stage.box.sdp.add_release("Badge readers 3.1", "mara", stage.levels(["odile"]))
    slow = stage.box.slack.faults.add("slow", "conversations.open", seconds=1)
    await stage.hint(release.id)
    await until(lambda: slow.struck)
    stage.box.sdp.decide(release.levels[0].approvals[0], "approve", by="odile")
    await _looked(stage, "Badge readers 3.1")
    assert "Approve" not in stage.sees("odile")


async def test_what_was_taken_back_is_in_the_ledger_though_the_next_click_came_before_any_worker(stage: Stage) -> None:
    await stage.start()
    card = await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    await stage.stop()
    await stage.start(worker=False)
    for action in ("approval.approve", "approval.undo", "approval.approve"):
        assert await stage.forge("arjun", {**stage.button(card, "approval.approve"), "action_id": action}, card) == 200
    await stage.stop()
    await stage.start()
    await stage.box.people.as_("arjun").waits_for("Approved by Arjun Velloor")
    await stage.settled()
    told = [entry.what async for entry in stage.bot.ledger.entries()]
    assert told == ["asked", "undone", "asked", "sending", "confirmed"]


async def test_a_look_that_a_decision_overtook_does_not_draw_the_card_as_it_was_before(stage: Stage) -> None:
    await stage.start()
    card = await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    late = stage.box.sdp.break_with("late", path="*/approvals", method="GET", seconds=1)
    await stage.hint(stage.box.sdp.release(PAYMENT).id)
    await until(lambda: late.hits)
    await stage.box.people.as_("arjun").click("Approve", in_=card)
    await stage.settled()
    drawn = [str(one.request) for one in stage.box.slack.log.of("chat.update") if one.request["ts"] == card.ts]
    since_decided = next(at for at, words in enumerate(drawn) if "Approved by" in words)
    assert all("Approved by" in words for words in drawn[since_decided:])


async def test_an_approval_moved_to_somebody_else_leaves_no_button_behind(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    stage.box.sdp.approvals.replace_approver(stage.approval(PAYMENT, "arjun"), to="tess")
    await _looked(stage, PAYMENT)
    await stage.box.people.as_("tess").waits_for(PAYMENT)
    assert "somebody else's now" in stage.sees("arjun", PAYMENT)
    assert "Approve" not in stage.buttons("arjun", PAYMENT)


async def test_a_delegated_approval_says_on_whose_behalf(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    stage.box.sdp.approvals.delegate(stage.approval(PAYMENT, "arjun"), to="odile")
    await _looked(stage, PAYMENT)
    await stage.box.people.as_("odile").waits_for("on behalf of Arjun Velloor")
    await stage.box.people.as_("odile").click("Approve", in_=stage.card("odile", PAYMENT))
    await stage.box.people.as_("odile").waits_for("Approved by Odile Marchetty")


async def test_a_cancelled_release_closes_its_cards(stage: Stage) -> None:
    await stage.start()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    stage.box.sdp.releases.cancel(PAYMENT)
    await _looked(stage, PAYMENT)
    await stage.box.people.as_("arjun").waits_for("No decision needed any more")
    assert stage.buttons("arjun", PAYMENT) == ["Open in SDP"]


async def test_a_superseded_level_retires_the_old_card_and_asks_anew(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    old = await arjun.waits_for(PAYMENT)
    stage.box.sdp.approvals.supersede(stage.approval(PAYMENT, "arjun").level, approvers=["arjun"])
    await _looked(stage, PAYMENT)
    await until(lambda: "SDP no longer has this approval" in arjun.sees())
    assert stage.card("arjun", PAYMENT).ts != old.ts
    await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_a_deleted_message_is_forgotten_and_not_posted_again(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    stage.box.slack.conversations.delete(card)
    stage.box.sdp.releases.edit(PAYMENT, title="Payment gateway 4.2.1")
    await _looked(stage, "Payment gateway 4.2.1")
    assert PAYMENT not in arjun.sees()
    await stage.bot.jobs.wake("poll")
    await stage.settled()
    assert "Payment gateway 4.2.1" not in arjun.sees()


# --- rules and levels ------------------------------------------------------------------------------


async def test_a_level_counts_as_its_rule_says(stage: Stage) -> None:
    await stage.start()
    title = "Core switch firmware 17.9"
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(title))
    await stage.settled()
    tess = stage.box.people.as_("tess")
    await tess.waits_for("1 of 3 approved, needs 2")
    assert "sam" not in {one.approver.key for one in stage.box.sdp.waiting()}
    await tess.click("Approve", in_=stage.card("tess", title))
    await stage.box.people.as_("sam").waits_for(title)
    await until(lambda: "No decision needed any more" in stage.sees("wiremu", title))


async def test_a_rejection_closes_the_rest(stage: Stage) -> None:
    stage.box.sdp.add_release("All or none", "mara", (Plan(["arjun", "tess"], "everyone"), Plan(["wiremu"], "anyone")))
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await stage.box.people.as_("tess").waits_for("All or none")
    await arjun.click("Reject…", in_=await arjun.waits_for("All or none"))
    await arjun.submit({"Reason": "Not before the audit"})
    await until(lambda: "No decision needed any more" in stage.sees("tess", "All or none"))
    assert "Arjun Velloor rejected: Not before the audit" in stage.sees("tess", "All or none")
    assert stage.buttons("tess", "All or none") == ["Open in SDP"]
    await stage.settled()
    assert "All or none" not in stage.sees("wiremu")


async def test_the_thread_under_a_card_tells_who_said_what(stage: Stage) -> None:
    await stage.start()
    title = "Core switch firmware 17.9"
    card = await stage.box.people.as_("arjun").waits_for(title)
    await stage.settled()
    thread = stage.box.slack.messages(card.channel, viewer="arjun", thread=card.ts)
    assert "Level 1" in words_of_message(thread[-1])
    assert "Tess Harbourne approved" in words_of_message(thread[-1])
    assert "Tested on the lab pair." in words_of_message(thread[-1])


# --- approve what you saw --------------------------------------------------------------------------


async def test_a_release_changed_after_the_card_was_shown_is_asked_about_again(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    stage.box.sdp.releases.edit(PAYMENT, risk="High")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("This changed after the card was shown")
    await stage.settled()
    assert "Risk: Medium → High" in stage.sees("arjun", PAYMENT)
    assert stage.news("approval.approved") == 0
    await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
    await arjun.waits_for("Approved by Arjun Velloor")


# --- the undo window -------------------------------------------------------------------------------


async def test_a_decision_can_be_taken_back_within_its_window(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(UNDO_SECONDS="60")
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PAYMENT))
    await arjun.waits_for("unless you undo it")
    await arjun.click("Undo", in_=stage.card("arjun", PAYMENT))
    await arjun.waits_for("You took this back")
    assert "Approve" in stage.buttons("arjun", PAYMENT)
    assert stage.calls("PUT") == []


async def test_a_high_risk_gives_a_longer_window(stage: Stage) -> None:
    await stage.start(UNDO_SECONDS="1", UNDO_SECONDS_HIGH_RISK="600")
    wiremu = stage.box.people.as_("wiremu")
    await wiremu.click("Approve", in_=await wiremu.waits_for(EMERGENCY))
    await wiremu.waits_for("unless you undo it")
    until_when = re.search(r"SDP at <!date\^(\d+)", stage.sees("wiremu", EMERGENCY))
    assert until_when is not None
    assert int(until_when[1]) - time.time() > 500


async def test_a_window_that_ran_out_while_the_bot_was_down_is_still_sent_when_it_is_young(stage: Stage) -> None:
    with freeze_time(tick=True, real_asyncio=True) as clock:
        await stage.start(UNDO_SECONDS="30")
        arjun = stage.box.people.as_("arjun")
        await arjun.click("Approve", in_=await arjun.waits_for(PAYMENT))
        await arjun.waits_for("unless you undo it")
        await stage.stop()
        clock.tick(120)
        await stage.start(UNDO_SECONDS="30")
        await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_a_window_that_ran_out_too_long_ago_asks_the_person_again(stage: Stage) -> None:
    with freeze_time(tick=True, real_asyncio=True) as clock:
        await stage.start(UNDO_SECONDS="30")
        arjun = stage.box.people.as_("arjun")
        await arjun.click("Approve", in_=await arjun.waits_for(PAYMENT))
        await arjun.waits_for("unless you undo it")
        await stage.stop()
        clock.tick(16 * 60)
        await stage.start(UNDO_SECONDS="30")
        await arjun.waits_for("could not be sent in time")
    assert "Approve" in stage.buttons("arjun", PAYMENT)
    assert stage.news("approval.approved") == 0


# --- the requester ---------------------------------------------------------------------------------


async def test_the_requester_hears_each_level_once(stage: Stage) -> None:
    await stage.start()
    world = stage.box.sdp
    release = world.add_release("Two steps", "mara", stage.levels(["arjun"], ["wiremu"]))
    await stage.hint(release.id)
    mara = stage.box.people.as_("mara")
    for who in ("arjun", "wiremu"):
        person = stage.box.people.as_(who)
        await person.click("Approve", in_=await person.waits_for("Two steps"))
        await person.waits_for(f"Approved by {stage.box.slack.person(who).real_name}")
    await mara.waits_for(f"RLS-{release.display} is approved")
    await stage.settled()
    await stage.bot.jobs.wake("news", release.id)
    await stage.settled()
    told = [words_of_message(one) for one in mara.messages() if "Two steps" in words_of_message(one)]
    assert len(told) == 2
    assert "Level 1 of 2 is approved" in told[0]
    assert "Arjun Velloor approved" in told[0]


async def test_nobody_is_told_of_what_they_did_themselves(stage: Stage) -> None:
    release = stage.box.sdp.add_release("Mine alone", "arjun", stage.levels(["arjun"]))
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for("Mine alone"))
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.bot.jobs.wake("news", release.id)
    await stage.settled()
    assert f"RLS-{release.display} is approved" not in arjun.sees()


# --- own releases ----------------------------------------------------------------------------------


async def test_an_own_release_says_so_on_the_card(stage: Stage) -> None:
    stage.box.sdp.add_release("Mine", "arjun", stage.levels(["arjun"]))
    await stage.start()
    await stage.box.people.as_("arjun").waits_for("This is your own release")


async def test_an_own_release_is_not_approved_where_that_is_refused(stage: Stage) -> None:
    stage.box.sdp.add_release("Mine", "arjun", stage.levels(["arjun"]))
    await stage.start(SELF_APPROVAL="refuse")
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for("Mine")
    assert "Approve" not in stage.buttons("arjun", "Mine")
    reject = next(
        one for block in card.blocks for one in block.get("elements", []) if one.get("action_id") == "approval.reject"
    )
    await stage.forge("arjun", {**reject, "action_id": "approval.approve"}, card)
    await arjun.waits_for("approving your own is switched off")
    assert stage.news("approval.approved") == 0


# --- collisions, order, many at once ---------------------------------------------------------------


async def test_what_overlaps_the_planned_window_stands_on_the_card(stage: Stage) -> None:
    start = datetime.now(UTC) + timedelta(days=2)
    window = {"scheduled_start_time": start, "scheduled_end_time": start + timedelta(hours=2)}
    stage.box.sdp.add_release("First in the window", "mara", stage.levels(["odile"]), services=["Payments"], **window)
    stage.box.sdp.add_release("Second in the window", "mara", stage.levels(["tess"]), services=["Payments"], **window)
    await stage.start()
    await stage.box.people.as_("tess").waits_for("Second in the window")
    words = stage.sees("tess", "Second in the window")
    assert "Overlaps the planned window" in words
    assert "First in the window" in words
    assert "(Payments)" in words
    page = stage.box.sdp.release("First in the window").id
    assert f"/ui/releases/{page}/details" in str(stage.card("tess", "Second in the window").blocks)
    assert f"Decide by <!date^{int(start.timestamp())}^" in words


async def test_many_waiting_approvals_come_as_one_message_with_a_menu(stage: Stage) -> None:
    for number in range(12):
        stage.box.sdp.add_release(f"Bulk {number:02}", "mara", (Plan(["odile"], "anyone"),))
    await stage.start()
    odile = stage.box.people.as_("odile")
    summary = await odile.waits_for("12 approvals wait for your decision")
    await stage.settled()
    assert len(odile.messages()) == 1
    await odile.pick("Show the card of…", stage.ref("Bulk 07", "odile"), in_=summary)
    card = await odile.waits_for("Your approval is needed")
    await odile.click("Approve", in_=card)
    await odile.waits_for("Approved by Odile Marchetty")
    await odile.waits_for("11 approvals wait for your decision")
