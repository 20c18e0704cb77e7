"""Typing `/sdp`: every row of the table, near misses, help, and that every question is answered, whatever is typed and
whatever is away."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.valkey import embedded
from handlers.answering import services_for
from handlers.asking import Call, Reply, Row
from handlers.commands import TABLE
from sandbox.box import open_box
from sandbox.slack.model import Message
from sandbox.slack.people import Actor
from tests.conftest import until
from tests.flows.conftest import Stage

EVERYTHING = {"OPERATORS": "sam.okonjoru@example.com", "ADMINS": "sam.okonjoru@example.com"}
PATCH = "Patch the web servers"


def new_for(person: Actor, before: set[str], where: str) -> Message | None:
    """The newest message that appeared since, but for the line that something runs."""
    fresh = [one for one in person.messages(where) if one.ts not in before]
    return next((one for one in reversed(fresh) if "Working on" not in one.text), None)


async def test_every_row_of_the_table_answers_its_example(both_stages: Stage) -> None:
    """The words of the answers are looked at by each topic's own tests."""
    stage = both_stages
    await stage.start(**EVERYTHING)
    await stage.settled()
    sam = stage.box.people.as_("sam")
    release, project = stage.box.sdp.release("Payment gateway 4.2"), next(iter(stage.box.sdp.projects))
    for row in TABLE:
        assert row.example or not row.path, f"{row.path} has no example"
        example = row.example.replace("RLS-1", release.label).replace("PJT-1", project.label)
        before = {one.ts for one in sam.messages("#ops")}
        outcome = await sam.type(f"/sdp {example}", in_="#ops")
        assert outcome.ok, f"{row.path}: {outcome.error}"
        assert outcome.ms < 3000, row.path
        if row.opens:
            await sam.until(lambda: sam.modal() and "Asking" not in sam.sees("modal"), what=row.path)
            assert "went wrong" not in sam.sees("modal"), row.path
            await sam.close_modal()
            continue
        answer = await sam.until(lambda seen=before: new_for(sam, seen, "#ops"), what=f"an answer to {example}")
        for trouble in ("went wrong", "There is no command", "Did you mean"):
            assert trouble not in sam.sees(answer), f"{row.path}: {sam.sees(answer)}"


async def test_nothing_changes_sdp_before_it_is_confirmed(stage: Stage) -> None:
    await stage.start(**EVERYTHING)
    await stage.settled()
    sam = stage.box.people.as_("sam")
    effects = len(stage.box.sdp.effects())
    for row in TABLE:
        await sam.type(f"/sdp {row.example}", in_="#ops")
    await stage.settled()
    assert len(stage.box.sdp.effects()) == effects


async def test_help_names_what_a_person_may_run(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    odile = stage.box.people.as_("odile")
    outcome = await odile.type("/sdp help", in_="#ops")
    assert outcome.ok, outcome.error
    shown = odile.sees(await odile.waits_for("/sdp help [topic]", "#ops"))
    assert "/sdp maintenance show <id>" in shown
    assert "/sdp maintenance delete" not in shown
    assert "/sdp help" not in stage.box.people.as_("sam").sees("#ops")


async def test_help_of_a_topic_has_what_an_operator_may_run(stage: Stage) -> None:
    await stage.start(OPERATORS="@operators")
    odile = stage.box.people.as_("odile")
    await odile.type("/sdp HELP maintenance", in_="#ops")
    shown = odile.sees(await odile.waits_for("/sdp maintenance delete <id> [comment]", "#ops"))
    assert "/sdp approvals" not in shown


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


async def test_a_quick_answer_is_the_acknowledgement_itself(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    odile = stage.box.people.as_("odile")
    outcome = await odile.type("/sdp help", in_="#ops")
    assert "/sdp help" in str(outcome.body)
    assert "Working on" not in odile.sees("#ops")


async def test_a_slow_answer_is_announced_within_three_seconds_and_then_comes(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start()
    await stage.settled()
    stage.box.sdp.break_with("slow", "*/change_maintenances*", seconds=4)
    odile = stage.box.people.as_("odile")
    outcome = await odile.type(f"/sdp maintenance show “{PATCH}”", in_="#ops")
    assert outcome.ok, outcome.error
    assert outcome.ms < 3000
    assert "Working on" in odile.sees("#ops")
    await odile.waits_for("Every week on Tuesday and Thursday", "#ops")


async def test_a_slow_answer_to_a_press_replaces_its_line(stage: Stage) -> None:
    await stage.start()
    odile = stage.box.people.as_("odile")
    await odile.type("/sdp maintenance list patch", in_="#ops")
    listed = await odile.waits_for(PATCH, "#ops")
    stage.box.sdp.break_with("slow", "*/change_maintenances/*", seconds=3)
    assert (await odile.click("Show", in_=listed)).ok
    await odile.waits_for("Working on", "#ops")
    await odile.waits_for("Every week on Tuesday and Thursday", "#ops")
    assert "Working on" not in odile.sees("#ops")


async def test_a_question_survives_the_process_that_should_answer_it(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(worker=False)
    odile = stage.box.people.as_("odile")
    outcome = await odile.type(f"/sdp maintenance show “{PATCH}”", in_="#ops")
    assert outcome.ok, outcome.error
    assert "Working on" in odile.sees("#ops")
    await stage.stop()
    await stage.start()
    await odile.waits_for("Every week on Tuesday and Thursday", "#ops")


async def test_an_answer_that_comes_too_late_for_its_address_comes_all_the_same(stage: Stage) -> None:
    await stage.start(worker=False)
    odile = stage.box.people.as_("odile")
    assert (await odile.type(f"/sdp maintenance show “{PATCH}”", in_="#ops")).ok
    for url in stage.box.slack.tickets.response_urls.values():
        url.uses = 5
    await stage.stop()
    await stage.start()
    await odile.waits_for("Every week on Tuesday and Thursday", "#ops")


async def test_a_silent_sdp_is_told_in_words(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    stage.box.sdp.break_with("error_500", "*/change_maintenances*", times=None)
    odile = stage.box.people.as_("odile")
    assert (await odile.type("/sdp maintenance list", in_="#ops")).ok
    await odile.waits_for("ServiceDesk Plus is in trouble", "#ops")


async def test_with_redis_away_a_command_and_a_confirmation_are_answered_and_nothing_is_done(tmp_path: Path) -> None:
    async with open_box("demo") as box:
        stage = Stage(box, "", tmp_path)
        odile = box.people.as_("odile")
        label = box.sdp.maintenance(PATCH).label
        async with embedded(tmp_path) as url:
            stage.redis_url = url
            await stage.start(OPERATORS="@operators")
            await odile.type(f"/sdp maintenance execute {label}", in_="#ops")
            preview = await odile.waits_for("What will happen", "#ops")
            await stage.settled()
        outcome = await odile.type("/sdp maintenance list", in_="#ops")
        assert outcome.ok, outcome.error
        assert "Nothing was recorded" in odile.sees("#ops")
        assert (await odile.click(f"Execute {label}", in_=preview)).ok
        assert stage.news("maintenance.executed") == 0
        async with embedded(tmp_path):
            assert (await odile.click(f"Execute {label}", in_=preview)).ok
            await odile.waits_for("It created the change", "#ops")
            await stage.stop()
    assert stage.news("maintenance.executed") == 1


def test_a_row_that_asks_for_what_nobody_wired_is_refused_at_the_start() -> None:
    async def lonely(call: Call, ghost: object) -> Reply:
        return Reply()

    row = Row(path="lonely", says="Asks for a ghost", run=lonely)
    with pytest.raises(ValueError, match="`/sdp lonely` asks for ghost"):
        services_for(row, {"desk": object()})


async def test_a_guest_sees_nothing_of_sdp(both_stages: Stage) -> None:
    stage = both_stages
    await stage.start(**EVERYTHING)
    gil = stage.box.people.as_("gil")
    for command in ("/sdp", "/sdp approvals all", f"/sdp maintenance show {PATCH}", "/sdp project list"):
        await gil.type(command)
    await stage.settled()
    shown = gil.sees()
    for secret in ("Payment gateway", PATCH, "PJT-"):
        assert secret not in shown.replace(f"/sdp maintenance show {PATCH}", "")
    assert "You may not see this here" in shown


@pytest.mark.parametrize(
    "typed",
    [
        "x" * 10_000,
        "maintenance show " + "🦊" * 300,
        "\x00\x01\x02\u202e\u200b",
        'maintenance suspend "never closed',
        "maintenance show '; DROP TABLE change_maintenances; --",
        "maintenance show *bold* _it_ ~no~ `code` <!channel> <@U0000> &lt;b&gt; <https://example.com|here>",
        "maintenance show ../../releases/1",
        "maintenance show %2e%2e%2f",
        "approval 99999999999999999999999999999999999999 approve",
        "maintenance execute 0",
        "project attach x y z",
        "share",
        "help <!everyone>",
        "maintenance list " + "a " * 1400,
        "maintenance show " + "a " * 1400,
    ],
    ids=lambda typed: repr(typed[:30]),
)
async def test_bad_input_is_answered_and_goes_nowhere(stage: Stage, typed: str) -> None:
    await stage.start(**EVERYTHING)
    await stage.settled()
    calls = len(stage.box.sdp.log)
    sam = stage.box.people.as_("sam")
    before = {one.ts for one in sam.messages("#ops")}
    outcome = await sam.type(f"/sdp {typed}", in_="#ops")
    assert outcome.ok, outcome.error
    answer = await sam.until(lambda: new_for(sam, before, "#ops"), what="an answer")
    assert "went wrong" not in sam.sees(answer)
    assert not any(piece in mrkdwn for mrkdwn in mrkdwn_of(answer.blocks) for piece in ("<!channel>", "<!everyone>"))
    for call in list(stage.box.sdp.log)[calls:]:
        assert ".." not in call.path
        assert call.method == "GET"
        assert call.code in (2000, 4007), call


def mrkdwn_of(blocks: Any) -> list[str]:
    """Every text that Slack would format, wherever it is."""
    if isinstance(blocks, list):
        return [text for one in blocks for text in mrkdwn_of(one)]
    if not isinstance(blocks, dict):
        return []
    own = [blocks["text"]] if blocks.get("type") == "mrkdwn" else []
    return own + [text for one in blocks.values() for text in mrkdwn_of(one)]


async def test_a_refusal_and_a_menu_stay_private_whatever_was_asked_for(stage: Stage) -> None:
    await stage.start(**EVERYTHING)
    odile, sam = stage.box.people.as_("odile"), stage.box.people.as_("sam")
    await odile.type("/sdp maintenance show servers share", in_="#ops")
    asked = await odile.waits_for("Which one?", "#ops")
    await odile.type("/sdp project show nothing of the kind share", in_="#ops")
    await odile.waits_for("No project is called", "#ops")
    assert "Which one?" not in sam.sees("#ops")
    assert "No project is called" not in sam.sees("#ops")
    label = stage.box.sdp.maintenance(PATCH).label
    assert (await odile.pick("Choose a maintenance", f"{label} {PATCH}", in_=asked)).ok
    await sam.waits_for("Every week on Tuesday and Thursday", "#ops")


async def test_blocks_a_workspace_does_not_take_come_as_words(stage: Stage) -> None:
    await stage.start()
    odile = stage.box.people.as_("odile")
    await odile.type("/sdp maintenance list patch", in_="#ops")
    listed = await odile.waits_for(PATCH, "#ops")
    stage.box.slack.faults.add("error", "response_url", code="invalid_blocks", times=1)
    assert (await odile.click("Show", in_=listed)).ok
    shown = await odile.waits_for("Runs by its schedule", "#ops")
    assert [block["type"] for block in shown.blocks if block["type"] == "header"] == []


async def test_fifty_deliveries_of_one_command_are_one_question(stage: Stage) -> None:
    await stage.start()
    await stage.settled()
    odile = stage.box.people.as_("odile")
    calls = len(stage.calls("GET"))
    assert (await odile.type(f"/sdp maintenance show “{PATCH}”", in_="#ops", times=50)).ok
    await odile.waits_for("Every week on Tuesday and Thursday", "#ops")
    await stage.settled()
    assert len(stage.calls("GET")) - calls < 10


async def test_a_menu_that_is_too_old_says_so(stage: Stage) -> None:
    await stage.start()
    odile = stage.box.people.as_("odile")
    await odile.type("/sdp maintenance show servers", in_="#ops")
    asked = await odile.waits_for("Which one?", "#ops")
    for key in await stage.bot.store.redis.keys("*ask:*"):
        await stage.bot.store.redis.pexpire(key, timedelta(milliseconds=1))
    await until(lambda: _none_left(stage))
    label = stage.box.sdp.maintenance(PATCH).label
    await odile.pick("Choose a maintenance", f"{label} {PATCH}", in_=asked)
    await odile.waits_for("This menu is too old", "#ops")


async def _none_left(stage: Stage) -> bool:
    return not await stage.bot.store.redis.keys("*ask:*")
