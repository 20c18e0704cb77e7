"""Answers of the message box fit Slack and format nothing that was typed, whatever SDP and people have written."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from blocks import approval_commands, commands, operations
from bot.models import (
    Approval,
    ApprovalLevel,
    ApprovalRef,
    ApprovalState,
    DisplayId,
    Mrkdwn,
    Named,
    NotificationPreview,
    Operation,
    OperationState,
    Person,
    Release,
    Rule,
    SdpId,
    Snapshot,
    Verb,
)
from sandbox.slack.blockkit import CHARACTERS_IN_MESSAGE, characters, refusals_of_blocks, refusals_of_view

NOW = datetime(2026, 3, 31, 14, 0, tzinfo=UTC)
LONG = "<!channel> *x* & " * 300
ROWS = [(f"/sdp something {number} <id> [words]", "What it does, in a sentence of some length") for number in range(60)]


def snapshot() -> Snapshot:
    """A release with many levels and people, everything at its longest."""
    release = Release(
        SdpId("1"),
        LONG,
        DisplayId("RLS-1", "1"),
        stage=Named(None, LONG),
        status=Named(None, LONG),
        priority=Named(None, LONG),
        risk=Named(None, LONG),
        requester=Person(SdpId("2"), LONG),
        planned_start=NOW,
        planned_end=NOW,
        description=Mrkdwn("word " * 3000),
    )
    levels = tuple(
        ApprovalLevel(SdpId(str(10 + at)), release.id, at + 1, ApprovalState.PENDING, "Pending", Rule.EVERYONE)
        for at in range(12)
    )
    approvals = tuple(
        Approval(
            ApprovalRef(release.id, level.id, SdpId(str(1000 + at))),
            Person(SdpId(str(at)), LONG),
            ApprovalState.PENDING,
            "Pending",
        )
        for level in levels
        for at in range(20)
    )
    return Snapshot(release, levels, approvals, NOW)


def operation(state: OperationState = OperationState.OFFERED) -> Operation:
    return Operation("0123456789abcdef", "approval.remind", "1.2.3", LONG, "U1", LONG, state, NOW, note=LONG)


def fits(card: dict[str, Any]) -> None:
    assert refusals_of_blocks(card["blocks"], "message") == []
    assert characters(card["blocks"]) <= CHARACTERS_IN_MESSAGE
    assert 0 < len(card["text"]) <= 4000
    assert "<!channel>" not in card["text"]
    assert not [text for text in formatted(card["blocks"]) if "<!channel>" in text]


def formatted(blocks: Any) -> list[str]:
    """Every text that Slack would format."""
    if isinstance(blocks, list):
        return [text for one in blocks for text in formatted(one)]
    if not isinstance(blocks, dict):
        return []
    own = [str(blocks["text"])] if blocks.get("type") == "mrkdwn" else []
    return own + [text for one in blocks.values() for text in formatted(one)]


def test_answers_about_what_was_typed_fit() -> None:
    many = [replace(snapshot().release, id=SdpId(str(number))) for number in range(100)]
    for card in (
        commands.working(LONG),
        commands.trouble(LONG),
        commands.did_you_mean(LONG),
        commands.unknown(LONG, "maintenance"),
        commands.pick("maintenance", "0123456789abcdef"),
        commands.nothing_found("project", LONG, "0123456789abcdef"),
        commands.which_one("release", LONG, many, "0123456789abcdef", more=True),
        commands.no_help(LONG),
        commands.text_only(commands.trouble(LONG)),
    ):
        fits(card)
        assert refusals_of_view(commands.as_modal(card)) == []


def test_help_fits_however_many_commands_there_are() -> None:
    fits(commands.help_("", ROWS, ["maintenance", "project"]))
    fits(commands.help_("maintenance", ROWS[:8], []))


def test_what_waits_fits() -> None:
    many = [snapshot()] * 200
    for card in (
        approval_commands.waiting(many, None),
        approval_commands.waiting(many, many),
        approval_commands.waiting([], []),
        approval_commands.overview(many, [("Help", "help")]),
        approval_commands.overview([], [("Help", "help")]),
    ):
        fits(commands.dressed(card, "approvals all", ""))


def test_one_release_and_its_mail_fit() -> None:
    whole = snapshot()
    first = whole.approvals[0]
    mail = NotificationPreview(LONG, Mrkdwn("word " * 3000))
    offers = [(operation(), approval) for approval in whole.approvals[:1]]
    for card in (
        approval_commands.about(whole, "https://sdp.example.com/1", may_remind=True),
        approval_commands.mail(first, mail, more=3),
        approval_commands.mail(first, NotificationPreview("", Mrkdwn("")), more=0),
        approval_commands.reminders(whole.release, offers),
        approval_commands.to_confirm(commands.trouble(LONG), Verb.REJECT, "RLS-1", LONG, "1.2.3:0123456789ab"),
    ):
        fits(card)


@pytest.mark.parametrize("state", list(OperationState), ids=str)
def test_every_state_of_an_operation_has_its_words(state: OperationState) -> None:
    words = operations.Words("Polishing", "Polished")
    fits(operations.outcome(operation(state), words))
    card = operations.outcome(replace(operation(state), note=""), words)
    assert card["text"].partition(":")[0]
