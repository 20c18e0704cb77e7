"""Slack's own Python models judge every message and view the bot sends: parsed, validated, and nothing dropped.

Two kinds of block have no model (slack_sdk 3.47): data_table and data_visualization; those are the stand-in's to judge.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from handlers.commands import TABLE
from tests.conftest import until
from tests.flows.conftest import Stage

PAYMENT = "Payment gateway 4.2"
EMERGENCY = "Emergency patch of the payment database"
SAM = {"OPERATORS": "sam.okonjoru@example.com", "ADMINS": "sam.okonjoru@example.com"}
WITHOUT_A_MODEL = ("data_table", "data_visualization")
SAID = re.compile(r"chat\.(postMessage|postEphemeral|update)|views\.\w+|response_url")

Json = dict[str, Any]


def sent(stage: Stage) -> Iterator[tuple[str, Json]]:
    """Every message and view the bot has sent, with the method it went by."""
    for entry in stage.box.slack.log.entries:
        if not SAID.fullmatch(entry.what):
            continue
        body = json.loads(entry.request) if isinstance(entry.request, str) else entry.request
        view = body.get("view")
        if view:
            yield f"{entry.what} {view.get('callback_id', '')}", view if isinstance(view, dict) else json.loads(view)
        elif body.get("blocks"):
            blocks = body["blocks"]
            yield entry.what, {"blocks": blocks if isinstance(blocks, list) else json.loads(blocks)}


def modelled(blocks: list[Json]) -> list[Json]:
    return [one for one in blocks if one["type"] not in WITHOUT_A_MODEL]


def judged(thing: Json) -> Json:
    """What slack_sdk makes of it; raises SlackObjectFormationError for what it refuses."""
    blocks = modelled(thing["blocks"])
    if "type" in thing:
        view: Json = View(**{**thing, "blocks": blocks}).to_dict()
        return view
    return {"blocks": [one.to_dict() for one in Block.parse_all(blocks)]}


def dropped(given: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Where a model does not have what was given; an empty text that is left out says the same."""
    if isinstance(given, dict):
        for key, value in given.items():
            if value == "":
                continue
            if not isinstance(kept, dict) or key not in kept:
                yield f"{path}.{key}: {value!r}"
            else:
                yield from dropped(value, kept[key], f"{path}.{key}")
    elif isinstance(given, list):
        if not isinstance(kept, list) or len(given) != len(kept):
            yield f"{path}: {given!r} became {kept!r}"
        else:
            for number, (one, other) in enumerate(zip(given, kept, strict=True)):
                yield from dropped(one, other, f"{path}[{number}]")
    elif given != kept:
        yield f"{path}: {given!r} became {kept!r}"


def assert_accepted(stage: Stage) -> set[str]:
    """Everything sent so far is accepted; the methods it went by."""
    ways = set()
    for way, thing in sent(stage):
        given = {**thing, "blocks": modelled(thing["blocks"])}
        lost = list(dropped(given, judged(thing)))
        assert not lost, f"{way}: {lost}\n{json.dumps(thing, indent=1)}"
        ways.add(way)
    return ways


async def test_models_accept_a_cards_whole_life(stage: Stage) -> None:
    sdp = stage.box.sdp
    sdp.add_release("My own", "arjun", stage.levels(["arjun"], ["tess"]))
    await stage.start(**SAM)
    arjun = stage.box.people.as_("arjun")
    await arjun.waits_for(PAYMENT)
    await stage.settled()
    sdp.releases.edit(PAYMENT, risk="High")
    await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
    await until(lambda: "changed" in stage.sees("arjun", PAYMENT))
    await stage.settled()
    await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
    await arjun.waits_for("Approved by Arjun Velloor")
    await arjun.click("Reject…", in_=stage.card("arjun", "My own"))
    await arjun.submit({"Reason": "Not mine to decide"})
    await arjun.waits_for("Rejected by Arjun Velloor")
    sdp.decide(stage.approval(EMERGENCY, "wiremu"), "approve", by="wiremu", comments="Go")
    await stage.hint(sdp.release(EMERGENCY).id)
    await until(lambda: "No decision needed any more" in stage.sees("arjun", EMERGENCY))
    await stage.settled()
    assert {"chat.postMessage", "chat.update"} <= assert_accepted(stage)


async def test_models_accept_an_undo_and_an_outcome_nobody_knows(stage: Stage) -> None:
    await stage.start(UNDO_SECONDS="60")
    arjun = stage.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PAYMENT))
    await arjun.waits_for("unless you undo it")
    await arjun.click("Undo", in_=stage.card("arjun", PAYMENT))
    await until(lambda: "Approve" in stage.buttons("arjun", PAYMENT))
    await stage.stop()
    await stage.start()
    silence = stage.box.sdp.break_with("error_503", path="*/approvals/*", method="GET", times=None)
    stage.box.sdp.break_with("drop_after", path="*/_approve")
    await arjun.click("Approve", in_=stage.card("arjun", PAYMENT))
    await arjun.waits_for("Sent, not yet confirmed")
    stage.box.sdp.mend(silence)
    await arjun.waits_for("Approved by Arjun Velloor")
    assert_accepted(stage)


async def test_models_accept_what_every_command_answers(stage: Stage) -> None:
    await stage.start(**SAM)
    await stage.settled()
    sam = stage.box.people.as_("sam")
    for row in TABLE:
        await sam.type(f"/sdp {row.example}")
        await stage.settled()
        if sam.modal():
            await sam.close_modal(all=True)
    await sam.type("/sdp mantenance shw web servers")
    await sam.open_home()
    await sam.waits_for_home("My settings")
    await stage.settled()
    ways = {way.partition(" ")[0] for way in assert_accepted(stage)}
    assert {"views.open", "views.update", "views.publish"} <= ways


@pytest.mark.parametrize("who", ["arjun", "wiremu"])
async def test_models_accept_the_home_tab_and_the_digest(stage: Stage, who: str) -> None:
    await stage.start(**SAM)
    person = stage.box.people.as_(who)
    await person.waits_for(EMERGENCY)
    await person.open_home()
    await person.waits_for_home("My settings")
    await person.type("/sdp digest now")
    await person.waits_for("of yours")
    await stage.settled()
    assert any(way.startswith("views.publish") for way in assert_accepted(stage))
