"""Reminders, snoozes, and what happens when nobody answers."""

from datetime import UTC, datetime

from freezegun import freeze_time

from sandbox.slack.reading import words_of_message
from tests.conftest import until
from tests.flows.conftest import Stage

MONDAY_NINE_IN_INDIA = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
STILL = "Still waiting for you"


async def _waiting_only_for_arjun(stage: Stage, title: str = "Waits long") -> str:
    release = stage.box.sdp.add_release(title, "mara", stage.levels(["arjun"]))
    return str(release.id)


async def test_an_approver_is_reminded_after_four_working_hours_and_no_more_once_decided(stage: Stage) -> None:
    with freeze_time(MONDAY_NINE_IN_INDIA, tick=True, real_asyncio=True) as clock:
        await _waiting_only_for_arjun(stage)
        await stage.start()
        arjun = stage.box.people.as_("arjun")
        await arjun.waits_for("Waits long")
        await stage.settled()
        assert STILL not in arjun.sees()
        clock.tick(4 * 3600 + 60)
        await arjun.waits_for(f"{STILL}  ·  RLS-9 Waits long")
        await stage.settled()
        stage.box.sdp.decide(stage.approval("Waits long", "arjun"), "approve", by="arjun")
        await stage.hint(stage.box.sdp.release("Waits long").id)
        await arjun.waits_for("No longer waiting: RLS-9 Waits long")
        clock.tick(48 * 3600)
        await stage.settled()
        assert f"{STILL}  ·  RLS-9" not in arjun.sees()


async def test_a_snooze_puts_the_reminder_off(stage: Stage) -> None:
    with freeze_time(MONDAY_NINE_IN_INDIA, tick=True, real_asyncio=True) as clock:
        await _waiting_only_for_arjun(stage)
        await stage.start()
        arjun = stage.box.people.as_("arjun")
        card = await arjun.waits_for("Waits long")
        await stage.settled()
        outcome = await arjun.pick("approval.snooze", "Remind me in an hour", in_=card)
        assert outcome.ok, outcome.error
        await arjun.waits_for("I will remind you")
        clock.tick(3600 + 60)
        await arjun.waits_for(f"{STILL}  ·  RLS-9")


async def test_after_the_last_reminder_the_card_stands_in_the_channel_too(stage: Stage) -> None:
    with freeze_time(MONDAY_NINE_IN_INDIA, tick=True, real_asyncio=True) as clock:
        await _waiting_only_for_arjun(stage)
        await stage.start(REMIND_AFTER="1")
        arjun = stage.box.people.as_("arjun")
        await arjun.waits_for("Waits long")
        await stage.settled()
        clock.tick(3600 + 60)
        await arjun.waits_for(f"{STILL}  ·  RLS-9")
        odile = stage.box.people.as_("odile")
        await odile.waits_for("Waits long", where="#release-approvals")
        await stage.settled()
        copy = [one for one in odile.messages("#release-approvals") if "Waits long" in words_of_message(one)]
        assert "Arjun Velloor's approval is needed" in words_of_message(copy[0])
        await arjun.click("Approve", in_=copy[0])
        await arjun.waits_for("Approved by Arjun Velloor")


async def test_when_the_approver_leaves_slack_the_channel_gets_the_card(stage: Stage) -> None:
    await _waiting_only_for_arjun(stage)
    await stage.start()
    await stage.box.people.as_("arjun").waits_for("Waits long")
    await stage.settled()
    await stage.box.people.change_person("arjun", deleted=True)
    await stage.hint(stage.box.sdp.release("Waits long").id)
    await stage.bot.jobs.wake("show", stage.ref("Waits long", "arjun"))
    odile = stage.box.people.as_("odile")
    await until(lambda: "Waits long" in odile.sees("#release-approvals"))
