"""Slack fails, throttles, and lets its sockets die: cards come right, and every click still arrives."""

import pytest

from sandbox.slack.faults import Kind
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"


@pytest.mark.parametrize("kind", ["garbage", "status", "lost", "refused", "ratelimited"])
async def test_slack_failing_to_answer_a_post_leaves_one_card(stage: Stage, kind: Kind) -> None:
    stage.box.slack.faults.add(kind, "chat.postMessage", times=2)
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    await arjun.waits_for(PAYMENT)
    await stage.settled()
    assert arjun.sees().count(PAYMENT) == stage.sees("arjun", PAYMENT).count(PAYMENT)


@pytest.mark.parametrize("kind", ["garbage", "status", "lost", "refused", "ratelimited"])
async def test_slack_failing_to_change_a_card_is_made_good(stage: Stage, kind: Kind) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    stage.box.slack.faults.add(kind, "chat.update", times=3)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor", seconds=15)
    assert stage.news("approval.approved") == 1


@pytest.fixture
async def wired(stage: Stage) -> Stage:
    """A stage that speaks Socket Mode."""
    stage.options["transport"] = "socket"
    await stage.start()
    return stage


async def test_a_socket_that_is_cut_is_replaced_within_ten_seconds(wired: Stage) -> None:
    arjun = wired.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await wired.box.slack.sockets.drop_all()
    await until(lambda: wired.box.slack.sockets.connected, seconds=10)
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_bad_tickets_are_thrown_away_for_fresh_ones(wired: Stage) -> None:
    arjun = wired.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    wired.box.slack.sockets.bad_tickets = 2
    await wired.box.slack.sockets.drop_all()
    await until(lambda: wired.box.slack.sockets.connected, seconds=30)
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor")


async def test_slack_asking_for_a_new_socket_gets_one(wired: Stage) -> None:
    arjun = wired.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    first = wired.box.slack.sockets.connections[0].number
    await wired.box.slack.sockets.refresh_all()
    await until(lambda: [one.number for one in wired.box.slack.sockets.connections if one.number > first], seconds=10)
    assert (await arjun.click("Approve", in_=card)).ok
    await arjun.waits_for("Approved by Arjun Velloor")
