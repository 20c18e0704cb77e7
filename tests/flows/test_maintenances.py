"""`/sdp maintenance …`: every row of the table, over both transports, up to what SDP then has."""

from datetime import timedelta

import pytest

from sandbox.slack.people import Actor
from tests.flows.conftest import Stage

LOGS = "Rotate the logs of the payment servers"
PATCH = "Patch the web servers"
WAREHOUSE = "Compact the warehouse database"

OPERATORS = "@operators"


async def begin(stage: Stage) -> Actor:
    """The bot runs, and Odile may operate."""
    await stage.start(OPERATORS=OPERATORS)
    await stage.settled()
    return stage.box.people.as_("odile")


async def say(odile: Actor, command: str) -> None:
    outcome = await odile.type(command, in_="#ops")
    assert outcome.ok, outcome.error


async def test_the_list_is_sorted_by_what_runs_next_and_leads_to_each(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, "/sdp maintenance list")
    shown = await odile.waits_for("maintenances, next run first", "#ops")
    assert LOGS in odile.sees(shown)
    assert WAREHOUSE in odile.sees(shown)
    assert (await odile.click("Show", in_=shown)).ok
    await odile.waits_for("Implementer", "#ops")


async def test_a_list_by_words_has_only_what_fits(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, "/sdp m list servers")
    shown = await odile.waits_for("with “servers”", "#ops")
    assert PATCH in odile.sees(shown)
    assert WAREHOUSE not in odile.sees(shown)


async def test_show_tells_the_schedule_in_words_and_who_is_responsible(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    label = both_stages.box.sdp.maintenance(PATCH).label
    await say(odile, f"/sdp MAINT   show {label.lower()}")
    shown = odile.sees(await odile.waits_for(PATCH, "#ops"))
    for words in (
        "Every week on Tuesday and Thursday",
        "Risk Medium",
        "Corporate Website",
        "web-01",
        "Odile Marchetty",
    ):
        assert words in shown


async def test_several_matches_ask_which_one(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, "/sdp maintenance show servers")
    asked = await odile.waits_for("Which one?", "#ops")
    label = both_stages.box.sdp.maintenance(LOGS).label
    assert (await odile.pick("Choose a maintenance", f"{label} {LOGS}", in_=asked)).ok
    await odile.waits_for("Every day at", "#ops")
    assert "Which one?" not in odile.sees("#ops")


async def test_a_missing_id_opens_a_menu_that_is_searched_by_typing(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, "/sdp maintenance show")
    asked = await odile.waits_for("Which maintenance?", "#ops")
    offered = (await odile.suggest("Type to find a maintenance", "warehouse", in_=asked)).options
    assert [one["text"]["text"].partition(" ")[2] for one in offered] == [WAREHOUSE]
    assert (await odile.pick("Type to find a maintenance", offered[0]["value"], in_=asked)).ok
    await odile.waits_for("Suspended", "#ops")


async def test_an_answer_is_private_until_it_is_shared(stage: Stage) -> None:
    odile, sam = await begin(stage), stage.box.people.as_("sam")
    await say(odile, f"/sdp maintenance show {PATCH}")
    shown = await odile.waits_for(PATCH, "#ops")
    assert PATCH not in sam.sees("#ops")
    assert (await odile.click("Share in this channel", in_=shown)).ok
    await sam.waits_for(PATCH, "#ops")
    assert "Shared by" in sam.sees("#ops")


async def test_share_at_the_end_shows_the_answer_to_the_channel(both_stages: Stage) -> None:
    odile = await begin(both_stages)
    await say(odile, f"/sdp maintenance show “{PATCH}” share")
    await both_stages.box.people.as_("sam").waits_for(PATCH, "#ops")


async def test_execute_previews_and_then_names_the_change(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    await say(odile, f"/sdp maintenance execute “{PATCH}” the scanner found something")
    preview = await odile.waits_for("A change is created from it now", "#ops")
    assert stage.news("maintenance.executed") == 0
    assert "the scanner found something" in odile.sees(preview)
    label = stage.box.sdp.maintenance(PATCH).label
    assert (await odile.click(f"Execute {label}", in_=preview)).ok
    await odile.waits_for("Executed", "#ops")
    assert stage.news("maintenance.executed") == 1
    change = stage.box.sdp.effects("maintenance.executed")[-1].detail["label"]
    assert f"It created the change {change}" in odile.sees("#ops")


async def test_suspend_with_a_comment_offers_to_enable_again(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    maintenance = stage.box.sdp.maintenance(PATCH)
    await say(odile, f"/sdp maintenance suspend {maintenance.label} until the audit is over")
    preview = await odile.waits_for("What will happen", "#ops")
    assert (await odile.click(f"Suspend {maintenance.label}", in_=preview)).ok
    done = await odile.waits_for("Suspended", "#ops")
    assert maintenance.suspended
    said = stage.box.sdp.effects("maintenance.suspended")[-1].detail["comments"]
    assert said == "until the audit is over – by Odile Marchetty in Slack"
    assert (await odile.click("Enable again…", in_=done)).ok
    preview = await odile.waits_for("What will happen", "#ops")
    assert (await odile.click(f"Enable {maintenance.label}", in_=preview)).ok
    await odile.waits_for("Enabled", "#ops")
    assert not maintenance.suspended


async def test_delete_is_final_and_says_so_first(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    label = stage.box.sdp.maintenance(WAREHOUSE).label
    await say(odile, f"/sdp maintenance delete {label}")
    preview = await odile.waits_for("SDP cannot take that back", "#ops")
    assert (await odile.click(f"Delete {label}", in_=preview)).ok
    await odile.waits_for("Deleted", "#ops")
    assert stage.news("maintenance.deleted") == 1


async def test_what_is_pressed_on_the_home_tab_is_previewed_and_done_in_a_window(both_stages: Stage) -> None:
    stage = both_stages
    odile = await begin(stage)
    maintenance = stage.box.sdp.maintenance(LOGS)
    assert (await odile.open_home()).ok
    await odile.waits_for_home(LOGS)
    assert (await odile.click(f"maintenance execute {maintenance.label}", in_="home")).ok
    await odile.waits_for_modal("What will happen")
    assert (await odile.click(f"Execute {maintenance.label}", in_=odile.modal())).ok
    await odile.waits_for_modal("It created the change")
    assert stage.news("maintenance.executed") == 1


async def test_cancel_changes_nothing(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp maintenance delete “{WAREHOUSE}”")
    preview = await odile.waits_for("SDP cannot take that back", "#ops")
    left_open = odile.remembers(preview)
    assert (await odile.click("Cancel", in_=preview)).ok
    await odile.waits_for("Nothing was changed", "#ops")
    await odile.click(f"Delete {stage.box.sdp.maintenance(WAREHOUSE).label}", in_=left_open)
    await stage.settled()
    assert stage.news("maintenance.deleted") == 0


async def test_suspending_what_is_suspended_offers_the_way_back(stage: Stage) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp maintenance suspend “{WAREHOUSE}”")
    told = await odile.waits_for("is suspended already", "#ops")
    assert (await odile.click("Enable it instead…", in_=told)).ok
    await odile.waits_for("What will happen", "#ops")


async def test_what_changed_after_the_preview_is_not_done(stage: Stage) -> None:
    odile = await begin(stage)
    maintenance = stage.box.sdp.maintenance(PATCH)
    await say(odile, f"/sdp maintenance execute {maintenance.label}")
    preview = await odile.waits_for("What will happen", "#ops")
    stage.box.sdp.maintenances.edit(maintenance, by="sam", services=["Email"])
    assert (await odile.click(f"Execute {maintenance.label}", in_=preview)).ok
    await odile.waits_for("was changed after the preview", "#ops")
    assert stage.news("maintenance.executed") == 0


async def test_a_preview_names_what_it_collides_with(stage: Stage) -> None:
    sdp = stage.box.sdp
    maintenance = sdp.maintenance(PATCH)
    assert maintenance.next_run is not None
    release = sdp.add_release(
        "Shop front 9",
        "mara",
        stage.levels(["tess"]),
        services=["Corporate Website"],
        scheduled_start_time=maintenance.next_run - timedelta(hours=1),
        scheduled_end_time=maintenance.next_run + timedelta(hours=1),
    )
    odile = await begin(stage)
    await say(odile, f"/sdp maintenance suspend {maintenance.label}")
    preview = odile.sees(await odile.waits_for("What will happen", "#ops"))
    assert "Its next run collides with" in preview
    assert f"{release.label} Release Shop front 9 – both use Corporate Website" in preview


async def test_nobody_operates_until_somebody_is_named(stage: Stage) -> None:
    await stage.start()
    odile = stage.box.people.as_("odile")
    await say(odile, f"/sdp maintenance execute “{PATCH}”")
    await odile.waits_for("Only operators may do this", "#ops")
    assert "OPERATORS" in odile.sees("#ops")
    entries = [entry async for entry in stage.bot.ledger.entries() if entry.what == "refused"]
    assert entries[-1].details["rule"] == "not_allowed"
    assert stage.news("maintenance.executed") == 0


async def test_who_is_no_operator_learns_who_is(both_stages: Stage) -> None:
    await begin(both_stages)
    tess = both_stages.box.people.as_("tess")
    await tess.type(f"/sdp maintenance delete “{PATCH}”")
    await tess.waits_for("Ask Odile Marchetty")
    assert both_stages.news("maintenance.deleted") == 0


async def test_a_right_taken_away_after_the_preview_stops_the_confirmation(stage: Stage) -> None:
    odile = await begin(stage)
    label = stage.box.sdp.maintenance(PATCH).label
    await say(odile, f"/sdp maintenance execute {label}")
    preview = await odile.waits_for("What will happen", "#ops")
    await stage.box.people.change_group("operators", ["sam"])
    await stage.settled()
    assert (await odile.click(f"Execute {label}", in_=preview)).ok
    await odile.waits_for("Only operators may do this", "#ops")
    assert stage.news("maintenance.executed") == 0


@pytest.mark.parametrize("words", ["<!channel>", "*bold*", "'; DROP TABLE x; --", "../../etc", "%00", "🦊" * 20])
async def test_odd_words_are_looked_for_and_not_found(stage: Stage, words: str) -> None:
    odile = await begin(stage)
    await say(odile, f"/sdp maintenance show “{words}”")
    await odile.waits_for("No maintenance is called", "#ops")
