"""Approvals by command: what waits, the card first, confirmed on it, SDP's mail and its reminder."""

from datetime import UTC, datetime, timedelta

from freezegun import freeze_time

from sandbox.slack.people import Actor
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


async def begin(stage: Stage, who: str = "arjun", **options: str) -> Actor:
    """The bot has polled; this person's card of the payment gateway is there if they are asked."""
    await stage.start(OPERATORS="@operators", **options)
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    await stage.settled()
    return stage.box.people.as_(who)


def label(stage: Stage) -> str:
    return stage.box.sdp.release(PAYMENT).label


async def say(person: Actor, command: str, in_: str = "#release-approvals") -> None:
    outcome = await person.type(command, in_=in_)
    assert outcome.ok, outcome.error


async def test_sdp_alone_says_what_waits_for_me_and_what_i_can_do(both_stages: Stage) -> None:
    arjun = await begin(both_stages)
    await say(arjun, "/sdp")
    shown = arjun.sees(await arjun.waits_for("for you.", "#release-approvals"))
    assert PAYMENT in shown
    assert "Maintenances" in shown


async def test_approvals_all_has_everyones_soonest_first(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage, "odile")
    await say(odile, "/sdp approvals", "#ops")
    assert "Nothing waits for you." in odile.sees(await odile.waits_for("waits for you", "#ops"))
    await say(odile, "/sdp approvals all", "#ops")
    shown = odile.sees(await odile.waits_for("for others", "#ops"))
    waiting = {approval.level.release for approval in stage.box.sdp.waiting()}
    planned = sorted(waiting, key=lambda one: one.scheduled_start_time or datetime.max.replace(tzinfo=UTC))
    assert len(planned) > 2
    places = [shown.index(release.title) for release in planned if release.scheduled_start_time]
    assert places == sorted(places)


async def test_a_release_shown_to_its_approver_can_be_decided_there(both_stages: Stage) -> None:
    stage = both_stages
    arjun = await begin(stage)
    await say(arjun, f"/sdp approval {label(stage)}")
    card = await arjun.waits_for("Your approval is needed", "#release-approvals")
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor", "#release-approvals")
    assert stage.news("approval.approved") == 1
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_approve_with_a_comment_shows_the_card_first_and_confirms_on_it(both_stages: Stage) -> None:
    stage = both_stages
    arjun = await begin(stage)
    await say(arjun, f"/sdp approval {label(stage)} approve looks good to me")
    card = await arjun.waits_for("looks good to me", "#release-approvals")
    assert PAYMENT in arjun.sees(card)
    assert stage.news("approval.approved") == 0
    assert (await arjun.click(f"Approve {label(stage)}", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor", "#release-approvals")
    assert stage.said(PAYMENT) == "looks good to me – by Arjun Velloor in Slack"


async def test_reject_by_title_with_a_reason(both_stages: Stage) -> None:
    stage = both_stages
    arjun = await begin(stage)
    await say(arjun, "/sdp approval payment gateway REJECT the back-out plan is too slow")
    card = await arjun.waits_for("the back-out plan is too slow", "#release-approvals")
    assert (await arjun.click(f"Reject {label(stage)}", in_=card)).ok
    await arjun.waits_for("Rejected by Arjun Velloor", "#release-approvals")
    assert stage.said(PAYMENT) == "the back-out plan is too slow – by Arjun Velloor in Slack"


async def test_reject_without_a_reason_asks_for_one_in_a_window(stage: Stage) -> None:
    arjun = await begin(stage)
    await say(arjun, f"/sdp approval {label(stage)} reject")
    card = await arjun.waits_for("Your approval is needed", "#release-approvals")
    assert (await arjun.click("Reject…", in_=card)).ok
    assert (await arjun.submit({"Reason": "Not in this state"})).ok
    await arjun.waits_for("Rejected by Arjun Velloor", "#release-approvals")
    assert stage.said(PAYMENT) == "Not in this state – by Arjun Velloor in Slack"


async def test_what_changed_after_the_answer_is_not_decided(stage: Stage) -> None:
    arjun = await begin(stage)
    await say(arjun, f"/sdp approval {label(stage)} approve")
    card = await arjun.waits_for(f"Approve {label(stage)}", "#release-approvals")
    stage.box.sdp.releases.edit(PAYMENT, title="Payment gateway 4.2, now with more")
    assert (await arjun.click(f"Approve {label(stage)}", in_=card)).ok
    await arjun.waits_for("This changed after the card was shown", "#release-approvals")
    assert stage.news("approval.approved") == 0


async def test_undo_works_in_the_answer(stage: Stage) -> None:
    arjun = await begin(stage, UNDO_SECONDS="600", UNDO_SECONDS_HIGH_RISK="600")
    await say(arjun, f"/sdp approval {label(stage)} approve")
    card = await arjun.waits_for(f"Approve {label(stage)}", "#release-approvals")
    assert (await arjun.click(f"Approve {label(stage)}", in_=card)).ok
    card = await arjun.waits_for("unless you undo it", "#release-approvals")
    assert (await arjun.click("Undo", in_=card)).ok
    await arjun.waits_for("You took this back", "#release-approvals")
    assert stage.news("approval.approved") == 0


async def test_whoever_is_not_asked_learns_whose_decision_it_is(both_stages: Stage) -> None:
    stage = both_stages
    tess = await begin(stage, "tess")
    await say(tess, f"/sdp approval {label(stage)} approve")
    await tess.waits_for("This decision is Arjun Velloor's", "#release-approvals")
    assert stage.news("approval.approved") == 0
    refusals = [entry async for entry in stage.bot.ledger.entries() if entry.what == "refused"]
    assert refusals[-1].details["rule"] == "not_the_approver"


async def test_somebody_else_sees_where_a_release_stands_without_buttons_to_decide(stage: Stage) -> None:
    mara = await begin(stage, "mara")
    await say(mara, f"/sdp approval {label(stage)}")
    shown = await mara.waits_for("Arjun Velloor asked now", "#release-approvals")
    assert "Approve" not in str([one.get("text") for block in shown.blocks for one in block.get("elements", [])])


async def test_preview_shows_the_mail_sdp_would_send(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage, "odile")
    await say(odile, f"/sdp approval {label(stage)} preview", "#ops")
    await odile.waits_for("SDP would write to Arjun Velloor", "#ops")
    assert stage.news("approval.notified") == 0


async def test_remind_sends_the_mail_once_an_hour(both_stages: Stage) -> None:
    stage = both_stages
    with freeze_time(datetime.now(UTC), real_asyncio=True) as clock:
        odile = await begin(stage, "odile")
        for expected in ("Reminded", "within the last hour"):
            await say(odile, f"/sdp approval {label(stage)} remind", "#ops")
            asked = await odile.waits_for("Remind whom", "#ops")
            assert (await odile.click("Remind Arjun Velloor", in_=asked)).ok
            await odile.waits_for(expected, "#ops")
        assert stage.news("approval.notified") == 1
        clock.tick(timedelta(minutes=1))


async def test_who_is_no_operator_cannot_have_sdp_remind(stage: Stage) -> None:
    mara = await begin(stage, "mara")
    await say(mara, f"/sdp approval {label(stage)} remind")
    await mara.waits_for("Only operators may do this", "#release-approvals")
    assert stage.news("approval.notified") == 0


async def test_the_answer_stays_true_when_it_is_decided_in_sdp(stage: Stage) -> None:
    arjun = await begin(stage)
    await say(arjun, f"/sdp approval {label(stage)}")
    card = await arjun.waits_for("Your approval is needed", "#release-approvals")
    stage.box.sdp.decide(stage.approval(PAYMENT, "arjun"), "approve", by="arjun", comments="in SDP")
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor", "#release-approvals")
    await until(lambda: stage.news("approval.approved") == 1)
