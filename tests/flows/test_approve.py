"""Click to approve: from the waiting approval to SDP's own word. Read this first."""

from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


async def test_one_click_decides_and_the_card_says_who(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1
    assert stage.said(PAYMENT) == "by Arjun Velloor in Slack"


async def test_a_rejection_asks_for_a_reason_and_sdp_gets_it_with_the_name(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await arjun.click("Reject…", in_=card)
    outcome = await arjun.submit({"Reason": "The back-out plan\nis too slow"})
    assert outcome.ok, outcome.error
    await arjun.waits_for("Rejected by Arjun Velloor")
    assert stage.news("approval.rejected") == 1
    assert stage.said(PAYMENT) == "The back-out plan is too slow – by Arjun Velloor in Slack"


async def test_a_reason_of_blanks_is_asked_for_again_with_the_window_still_open(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Reject…", in_=await arjun.waits_for(PAYMENT))
    outcome = await arjun.submit({"Reason": " \n "})
    assert not outcome.ok
    assert "at least one word" in outcome.error
    assert len(stage.box.slack.modals("arjun")) == 1
    assert stage.news("approval.rejected") == 0


async def test_a_comment_goes_along_with_an_approval(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve with comment…", in_=await arjun.waits_for(PAYMENT))
    assert (await arjun.submit({"Comment": "Good work & <thanks>"})).ok
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.said(PAYMENT) == "Good work & <thanks> – by Arjun Velloor in Slack"


async def test_a_comment_of_full_length_still_fits_with_its_signature(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve with comment…", in_=await arjun.waits_for(PAYMENT))
    room = stage.bot.decisions.comment_room
    assert (await arjun.submit({"Comment": "x" * room})).ok
    await arjun.waits_for("Approved by Arjun Velloor")
    said = stage.said(PAYMENT)
    assert said.startswith("x" * room)
    assert len(said) <= 250


async def test_a_second_click_changes_nothing(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    outcome = await arjun.click("Approve", in_=card, times=5)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.settled()
    assert stage.news("approval.approved") == 1
    assert not stage.box.slack.errors("arjun")


async def test_the_wrong_person_is_told_whose_decision_it_is(stage: Stage) -> None:
    await stage.start()
    card = await stage.box.people.as_("arjun").waits_for(PAYMENT)
    tess = stage.box.people.as_("tess")
    await stage.forge_click("tess", "approval.approve", card)
    await tess.waits_for("This decision is Arjun Velloor's, so nothing was sent.")
    await stage.settled()
    assert stage.news("approval.approved") == 0
    assert "Your approval is needed" in stage.sees("arjun", PAYMENT)


async def test_a_decision_made_in_sdp_before_the_click_shows_and_nothing_is_sent(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "reject", by="arjun", comments="Not now")
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Rejected by Arjun Velloor")
    await stage.settled()
    assert stage.news("approval.approved") == 0


async def test_sdp_says_no_in_its_words_and_the_card_stays_live(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.tenant.service_decides = False
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("You are not authorized")
    assert "Approve" in stage.buttons("arjun", PAYMENT)
    stage.box.sdp.tenant.service_decides = True
    await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_the_next_level_is_asked_when_the_first_has_approved(stage: Stage) -> None:
    await stage.start()
    world = stage.box.sdp
    wiremu = stage.box.people.as_("wiremu")
    release = world.add_release("Two steps", "mara", stage.levels(["arjun"], ["wiremu"]))
    await stage.hint(release.id)
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for("Two steps")
    await stage.settled()
    assert "Two steps" not in stage.sees("wiremu")
    await arjun.click("Approve", in_=card)
    await wiremu.waits_for("Two steps")
    assert "Arjun Velloor approved" in stage.sees("wiremu", "Two steps")
