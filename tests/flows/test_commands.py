"""Typing `/sdp`: near misses, help, menus, and that every question is answered whatever was typed."""

from tests.flows.conftest import Stage


async def test_help_names_what_a_person_may_run(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    odile = stage.box.people.as_("odile")
    outcome = await odile.type("/sdp help", in_="#ops")
    assert outcome.ok, outcome.error
    assert "/sdp help [topic]" in odile.sees("#ops")
    assert "/sdp help" not in stage.box.people.as_("sam").sees("#ops")


async def test_a_near_miss_is_put_right_with_one_press(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    odile = stage.box.people.as_("odile")
    outcome = await odile.type("/sdp hepl", in_="#ops")
    assert outcome.ok, outcome.error
    asked = await odile.waits_for("Did you mean /sdp help", "#ops")
    outcome = await odile.click("Yes, run it", in_=asked)
    assert outcome.ok, outcome.error
    await odile.waits_for("/sdp help [topic]", "#ops")
    assert "Did you mean" not in odile.sees("#ops")
