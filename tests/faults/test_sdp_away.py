"""SDP is down, slow, or takes calls and never answers: cards say what is the case, and it all goes on by itself."""

from freezegun import freeze_time

from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


async def test_sdp_down_for_an_hour_sends_nothing_late_and_asks_again(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    down = stage.box.sdp.break_with("error_503", path="*/api/v3/*", times=None)
    with freeze_time(tick=True, real_asyncio=True) as clock:
        assert (await arjun.click("Approve", in_=card)).ok
        await arjun.waits_for("nothing is sent yet", seconds=30)
        clock.tick(3600)
        await arjun.waits_for("could not be sent in time", seconds=30)
        stage.box.sdp.mend(down)
        assert stage.news("approval.approved") == 0
        await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
        await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_sdp_slow_to_answer_shows_that_the_click_arrived(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("slow", path="*/approvals", method="GET", seconds=3, times=2)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    assert outcome.ms < 1500
    await arjun.waits_for("nothing is sent yet", seconds=5)
    await arjun.waits_for("Approved by Arjun Velloor")
    assert stage.news("approval.approved") == 1


async def test_sdp_throttling_the_decision_itself_sends_it_once_when_the_hold_is_over(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.sdp.break_with("throttled", path="*/_approve", minutes=3)
    with freeze_time(tick=True, real_asyncio=True) as clock:
        await arjun.click("Approve", in_=card)
        await until(lambda: stage.calls("PUT"))
        assert stage.news("approval.approved") == 0
        await arjun.waits_for("asked the bot to slow down")
        await stage.bot.store.redis.delete(*await stage.bot.store.redis.keys("*hold*"))
        clock.tick(200)
        await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert stage.news("approval.approved") == 1
