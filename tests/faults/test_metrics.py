"""What whoever watches the bot gets to see, and that it is true."""

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
ISSUED = (
    "sdp_bot_pending_approvals", "sdp_bot_pending_oldest_seconds", "sdp_bot_decision_seconds", "sdp_bot_decisions",
    "sdp_bot_refusals", "sdp_bot_open_decisions", "sdp_bot_sdp_call_seconds", "sdp_bot_slack_call_seconds",
    "sdp_bot_sdp_budget_left_calls", "sdp_bot_queue_jobs", "sdp_bot_queue_oldest_seconds",
    "sdp_bot_socket_age_seconds", "sdp_bot_card_drift_seconds", "sdp_bot_gesture_seconds", "sdp_bot_redis_up",
)  # fmt: skip


async def metrics(stage: Stage) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus would store it."""
    async with aiohttp.ClientSession() as session, session.get(f"{stage.address}/metrics") as answer:
        assert answer.status == 200
        families = list(text_string_to_metric_families(await answer.text()))
    assert set(ISSUED) <= {family.name for family in families}
    samples = (sample for family in families for sample in family.samples)
    return {f"{one.name}{sorted(one.labels.items())}": one.value for one in samples}


def named(samples: dict[str, float], name: str, **labels: str) -> float:
    return samples.get(f"{name}{sorted(labels.items())}", 0.0)


async def test_a_decision_shows_in_the_figures(stage: Stage) -> None:
    await stage.start()
    arjun = stage.box.people.as_("arjun")
    card = await arjun.waits_for(PAYMENT)
    await stage.settled()
    before = await metrics(stage)
    await arjun.click("Approve", in_=card)
    await arjun.waits_for("Approved by Arjun Velloor")
    await stage.settled()
    after = await metrics(stage)

    def grew(name: str, **labels: str) -> float:
        return named(after, name, **labels) - named(before, name, **labels)

    assert grew("sdp_bot_decisions_total", state="confirmed") == 1
    assert grew("sdp_bot_decision_seconds_count", stage="click to sending") == 1
    assert grew("sdp_bot_decision_seconds_count", stage="settled to card") == 1
    assert grew("sdp_bot_decision_seconds_count", stage="sending to confirmed") == 1
    assert grew("sdp_bot_gesture_seconds_count", status="200") == 1
    assert grew("sdp_bot_slack_call_seconds_count", method="chat.update", outcome="ok") >= 1
    assert grew("sdp_bot_pending_approvals") == -1
    assert named(after, "sdp_bot_redis_up") == 1
    assert named(after, "sdp_bot_pending_approvals") == len(stage.box.sdp.waiting())


async def test_a_refusal_is_counted_by_its_rule(stage: Stage) -> None:
    await stage.start()
    card = await stage.box.people.as_("arjun").waits_for(PAYMENT)
    before = await metrics(stage)
    await stage.forge_click("tess", "approval.approve", card)
    await stage.box.people.as_("tess").waits_for("so nothing was sent")
    after = await metrics(stage)
    refused = {name: value - before.get(name, 0) for name, value in after.items() if "refusals_total" in name}
    assert sum(refused.values()) == 1


async def test_an_open_socket_has_an_age(stage: Stage) -> None:
    stage.options["transport"] = "socket"
    await stage.start()
    assert named(await metrics(stage), "sdp_bot_socket_age_seconds") > 0
    stage.box.slack.sockets.bad_tickets = 1000
    await stage.box.slack.sockets.drop_all()
    await stage.box.people.as_("arjun").waits_for(PAYMENT)
    from tests.conftest import until

    async def down() -> bool:
        return named(await metrics(stage), "sdp_bot_socket_age_seconds") == 0

    await until(down)
