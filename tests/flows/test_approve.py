"""Click to approve: from the waiting approval to SDP's own word, over both transports."""

from sandbox.slack.people import Actor
from tests.flows.conftest import Stage


async def test_one_click_decides_and_the_card_says_who(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    arjun: Actor = stage.box.people.as_("arjun")
    card = await arjun.waits_for("Payment gateway 4.2")
    outcome = await arjun.click("Approve", in_=card)
    assert outcome.ok, outcome.error
    await arjun.waits_for("Approved by Arjun Velloor")
    assert [effect.kind for effect in stage.box.sdp.effects("approval.approved")] == ["approval.approved"]
