"""An approval's card, one function a state. Every copy of a card shows the same state at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from blocks import ids
from blocks.kit import (
    Block,
    Message,
    actions,
    aside,
    button,
    clip,
    header,
    link_button,
    literal,
    message,
    plain,
    quote,
    says,
    section,
    strong,
    when,
    word,
)
from bot.approvals import Difference, tally
from bot.models import Approval, ApprovalLevel, ApprovalState, Decision, DecisionState, Rule, Snapshot, Verb
from bot.sdp import html

DESCRIPTION_MAX = 600
COMMENT_MAX = 300
OTHERS_SHOWN = 8
CHANGES_SHOWN = 8

RULE_WORDS = {
    Rule.ANYONE: "one approval is enough",
    Rule.EVERYONE: "everyone must approve, one rejection rejects",
    Rule.FIRST_RESPONSE: "the first answer decides",
    Rule.MAJORITY: "more than half must approve",
}
DONE = {ApprovalState.APPROVED: "Approved", ApprovalState.REJECTED: "Rejected"}
DOING = {Verb.APPROVE: "Approving", Verb.REJECT: "Rejecting"}


@dataclass(frozen=True, slots=True)
class CardView:
    """What every state of a card is drawn from.

    `shown` is the fingerprint of `snapshot`; `link` opens the release in SDP; `can_decide` is false where a button
    could not work; `in_channel` marks the copy that stands in for a direct message nobody could be sent.
    """

    snapshot: Snapshot
    approval: Approval
    shown: str
    link: str
    can_decide: bool
    undo_seconds: float = 0
    in_channel: bool = False

    @property
    def level(self) -> ApprovalLevel | None:
        return self.snapshot.level(self.approval.ref.level)


# --- the states ------------------------------------------------------------------------------------


def waiting(view: CardView, note: str = "", changes: Sequence[Difference] = ()) -> Message:
    """The decision is wanted. `note` says what came of the last try, `changes` what is different since then."""
    whose = f"{view.approval.approver.name}'s approval is needed" if view.in_channel else "Your approval is needed"
    blocks = [
        header(view.snapshot.release.title),
        *_noted(note, changes),
        _headline(view, whose),
        *_facts(view),
        *_others(view),
        *_description(view),
        _buttons(view),
        _what_next(view),
    ]
    return message(f"{whose}: {_named(view)}", blocks)


def checking(view: CardView, decision: Decision) -> Message:
    """The click is recorded; SDP is being asked, or cannot be asked just now (`decision.note`)."""
    doing = f"{DOING[decision.verb]}: recorded, nothing is sent yet."
    blocks = [
        header(view.snapshot.release.title),
        _headline(view, doing),
        *_noted(decision.note),
        *_said(decision.comment),
        *_facts(view),
        _undo(view),
    ]
    return message(f"{doing} {_named(view)}", blocks)


def undoable(view: CardView, decision: Decision) -> Message:
    """The decision waits out its window."""
    doing = f"{DOING[decision.verb]} as {decision.person_name}"
    until = decision.due_at
    timing = f"It goes to SDP at {when(until, day_too=False)} unless you undo it." if until else ""
    blocks = [
        header(view.snapshot.release.title),
        _headline(view, doing),
        *([says(timing)] if timing and not decision.note else []),
        *_noted(decision.note),
        *_said(decision.comment),
        *_facts(view),
        _undo(view),
    ]
    return message(f"{doing}: {_named(view)}", blocks)


def sending(view: CardView, decision: Decision) -> Message:
    """The decision is on its way, or went and has not shown up in SDP yet."""
    unknown = decision.state is DecisionState.UNKNOWN
    headline = "Sent, not yet confirmed" if unknown else f"{DOING[decision.verb]}…"
    explain = "SDP has not shown this decision yet. I keep looking and will not send it twice."
    blocks = [
        header(view.snapshot.release.title),
        _headline(view, headline),
        *([says(explain)] if unknown else []),
        *_said(decision.comment),
        *_facts(view),
        _open_only(view),
    ]
    return message(f"{headline}: {_named(view)}", blocks)


def decided(view: CardView) -> Message:
    """SDP has a decision."""
    approval = view.approval
    done = f"{DONE[approval.state]} by {approval.approver.name}"
    at = [aside(when(approval.decided_on))] if approval.decided_on else []
    blocks = [
        header(view.snapshot.release.title),
        _headline(view, done),
        *at,
        *_said(approval.comments or ""),
        *_facts(view),
        *_others(view),
        _open_only(view),
    ]
    return message(f"{done}: {_named(view)}", blocks)


def closed(view: CardView, why: str) -> Message:
    """Nobody's decision is wanted any more; `why` is our own sentence."""
    headline = "No decision needed any more"
    blocks = [
        header(view.snapshot.release.title),
        _headline(view, headline),
        says(why),
        *_facts(view),
        *_others(view),
        _open_only(view),
    ]
    return message(f"{headline}: {_named(view)}", blocks)


def gone() -> Message:
    """SDP no longer has the release or the approval."""
    text = "No decision needed any more. SDP no longer has this approval."
    return message(text, [says(text)])


# --- the modal -----------------------------------------------------------------------------------------


def words_modal(verb: Verb, title: str, max_length: int, private_metadata: str) -> Block:
    """Asks for a reason (reject, required) or a comment (approve)."""
    reject = verb is Verb.REJECT
    return {
        "type": "modal",
        "callback_id": ids.DECIDE,
        "private_metadata": private_metadata,
        "title": plain("Reject" if reject else "Approve", 24),
        "submit": plain("Reject" if reject else "Approve", 24),
        "close": plain("Cancel", 24),
        "blocks": [
            literal(strong(clip(title, 200))),
            {
                "type": "input",
                "block_id": ids.WORDS,
                "label": plain("Reason" if reject else "Comment"),
                "hint": plain("One line, as it will stand in SDP. Line breaks become spaces."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": ids.WORDS,
                    "multiline": True,
                    "min_length": 1,
                    "max_length": max_length,
                    "focus_on_load": True,
                },
            },
        ],
    }


# --- the parts -----------------------------------------------------------------------------------------


def _named(view: CardView) -> str:
    return f"{view.snapshot.release.label} {view.snapshot.release.title}"


def _headline(view: CardView, words: str) -> Block:
    return literal(strong(words), word(f"  ·  {view.snapshot.release.label}"))


def _noted(note: str, changes: Sequence[Difference] = ()) -> list[Block]:
    """What a person should know before anything else; notes may carry SDP's words, so they are literal."""
    if not note and not changes:
        return []
    lines = [part for change in changes[:CHANGES_SHOWN] for part in _changed(change)]
    more = [word(f"\nand {len(changes) - CHANGES_SHOWN} more")] if len(changes) > CHANGES_SHOWN else []
    return [literal(strong(clip(note, 600)), *lines, *more)]


def _changed(change: Difference) -> list[Block]:
    before, after = clip(change.before or "nothing", 120), clip(change.after or "nothing", 120)
    return [word(f"\n{change.label}: {before} → "), strong(after)]


def _facts(view: CardView) -> list[Block]:
    release = view.snapshot.release
    named = {"Stage": release.stage, "Priority": release.priority, "Risk": release.risk, "Type": release.release_type}
    pairs = [(label, value.name) for label, value in named.items() if value]
    parts: list[Block] = []
    for label, value in pairs:
        parts += [*([word("  ·  ")] if parts else []), strong(f"{label} "), word(clip(value, 80))]
    if release.requester:
        parts += [*([word("\n")] if parts else []), strong("Requested by "), word(clip(release.requester.name, 80))]
    window = _window(release.planned_start, release.planned_end)
    return [*([says(window)] if window else []), *([literal(*parts)] if parts else []), *_level_line(view)]


def _window(start: datetime | None, end: datetime | None) -> str:
    if start and end:
        return f"*Planned* {when(start)} to {when(end)}"
    if start:
        return f"*Planned* from {when(start)}"
    return f"*Planned* until {when(end)}" if end else ""


def _level_line(view: CardView) -> list[Block]:
    level = view.level
    if level is None:
        return []
    rule = RULE_WORDS.get(level.rule, "")
    if level.rule is Rule.PERCENT and level.percent is not None:
        rule = f"{_trimmed(level.percent)} % must approve"
    words = [f"Level {level.number} of {len(view.snapshot.levels)}", rule, _count(view, level)]
    return [aside(" · ".join(part for part in words if part))]


def _count(view: CardView, level: ApprovalLevel) -> str:
    now = tally(view.snapshot, level)
    if now.people < 2:
        return ""
    needs = f", needs {now.needed}" if now.needed is not None else ""
    return f"{now.approved} of {now.people} approved{needs}"


def _trimmed(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _others(view: CardView) -> list[Block]:
    """What the others on this level and on the levels before have said."""
    said = [one for one in view.snapshot.approvals if one.state.is_decided and one.ref != view.approval.ref]
    if not said:
        return []
    lines: list[Block] = []
    for one in said[:OTHERS_SHOWN]:
        words = f": {clip(one.comments, 120)}" if one.comments else ""
        start = "\n" if lines else ""
        lines += [word(f"{start}{one.approver.name} "), strong(DONE[one.state].lower()), word(words)]
    if len(said) > OTHERS_SHOWN:
        lines.append(word(f"\nand {len(said) - OTHERS_SHOWN} more"))
    return [literal(*lines)]


def _description(view: CardView) -> list[Block]:
    text = view.snapshot.release.description
    return [section(html.clip(text, DESCRIPTION_MAX))] if text.strip() else []


def _said(comment: str) -> list[Block]:
    return [quote(comment, COMMENT_MAX)] if comment else []


def _buttons(view: CardView) -> Block:
    if not view.can_decide:
        return _open_only(view)
    value = str(ids.CardPointer(view.approval.ref, view.shown))
    return actions(
        "decide",
        button("Approve", ids.APPROVE, value, "primary"),
        button("Reject…", ids.REJECT, value, "danger"),
        button("Approve with comment…", ids.APPROVE_WITH_COMMENT, value),
        link_button("Open in SDP", ids.OPEN_IN_SDP, view.link),
    )


def _open_only(view: CardView) -> Block:
    return actions("open", link_button("Open in SDP", ids.OPEN_IN_SDP, view.link))


def _undo(view: CardView) -> Block:
    value = str(ids.CardPointer(view.approval.ref, view.shown))
    return actions("undo", button("Undo", ids.UNDO, value))


def _what_next(view: CardView) -> Block:
    if view.in_channel:
        return aside("No Slack account matches this approver's e-mail address, so the decision has to be made in SDP.")
    if not view.can_decide:
        return aside("Deciding from Slack is not set up here, so the decision has to be made in SDP.")
    if view.undo_seconds:
        return aside(
            f"You can undo for {view.undo_seconds:g} seconds. After that, SDP does not let a decision be revoked."
        )
    return aside("The decision goes to SDP at once, and SDP does not let it be revoked.")
