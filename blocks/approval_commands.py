"""Approvals asked for by command: what waits, one release and where it stands, deciding, the mail SDP would send."""

from collections.abc import Mapping, Sequence

from blocks import ids
from blocks.commands import run_button
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
from blocks.operations import Words, confirm_buttons, outcome
from bot.approvals import asked, current_level, deciders, tally
from bot.models import (
    Approval,
    ApprovalLevel,
    ApprovalState,
    NotificationPreview,
    Operation,
    Release,
    Snapshot,
    Verb,
)
from bot.sdp import html

ROWS = 15
NAMES = 8
NAME_MAX = 60
LEVELS = 10
BODY_MAX = 2000
REMIND = Words("Reminding", "Reminded")
STATES = {
    ApprovalState.APPROVED: "approved",
    ApprovalState.REJECTED: "rejected",
    ApprovalState.PENDING: "asked now",
    ApprovalState.CLARIFICATION: "clarification wanted",
    ApprovalState.TO_BE_SENT: "not asked yet",
    ApprovalState.UNKNOWN: "unknown",
}

INSTEAD: Mapping[str, str] = {
    ids.APPROVE: ids.COMMAND_APPROVE,
    ids.REJECT: ids.COMMAND_REJECT,
    ids.APPROVE_WITH_COMMENT: ids.COMMAND_COMMENT,
}
"""A card's buttons in an answer to a command: pressed there, the answer follows the decision."""


# --- what waits -----------------------------------------------------------------------------------------


def waiting(mine: Sequence[Snapshot], others: Sequence[Snapshot] | None) -> Message:
    """What waits for the asker, soonest first; with `others` what waits for anybody."""
    text = _count(len(mine), "you") if others is None else f"{_count(len(mine), 'you')} {_count(len(others), 'others')}"
    blocks: list[Block] = [literal(strong(text))]
    blocks += [block for snapshot in mine[:ROWS] for block in _row(snapshot, "Decide…")]
    for snapshot in (others or ())[: max(0, ROWS - len(mine))]:
        blocks += _row(snapshot, "Show")
    left = len(mine) + len(others or ()) - ROWS
    if left > 0:
        blocks.append(aside(f"and {left} more, the later ones"))
    if others is None:
        blocks.append(actions("approvals", run_button("What waits for everyone", "approvals all")))
    return message(text, blocks)


def overview(mine: Sequence[Snapshot], commands: Sequence[tuple[str, str]]) -> Message:
    """`/sdp` alone: what waits for me, and what I can do."""
    text = _count(len(mine), "you")
    rows = [block for snapshot in mine[:5] for block in _row(snapshot, "Decide…")]
    more = [aside(f"and {len(mine) - 5} more")] if len(mine) > 5 else []
    buttons = [run_button(label, command) for label, command in commands]
    return message(text, [literal(strong(text)), *rows, *more, actions("commands", *buttons)])


def _count(number: int, whom: str) -> str:
    if not number:
        return f"Nothing waits for {whom}."
    return f"{number} {'approval waits' if number == 1 else 'approvals wait'} for {whom}."


def _row(snapshot: Snapshot, label: str) -> list[Block]:
    release = snapshot.release
    title = plain(f"{release.label}  {release.title}", 300)
    button_ = run_button(label, f"approval {release.id}")
    by = f"Decide by {when(release.planned_start)}" if release.planned_start else "No planned start"
    return [{"type": "section", "text": title, "accessory": button_}, aside(f"{by} · {_standing(snapshot)}")]


def _standing(snapshot: Snapshot) -> str:
    level = current_level(snapshot)
    if level is None:
        return "nobody is asked now"
    now = tally(snapshot, level)
    return f"level {level.number} of {len(snapshot.levels)}, {now.approved} of {now.people} approved"


# --- one release ----------------------------------------------------------------------------------------


def about(snapshot: Snapshot, link: str, *, may_remind: bool) -> Message:
    """Where a release stands, for whoever is not asked to decide it."""
    release = snapshot.release
    blocks = [
        header(f"{release.label} {release.title}"),
        *_window(release),
        *_facts(release),
        *(_level(snapshot, level) for level in snapshot.levels[:LEVELS]),
        *_more(len(snapshot.levels) - LEVELS, "levels"),
        *([section(html.clip(release.description, 600))] if release.description.strip() else []),
        _buttons(snapshot, link, may_remind=may_remind),
    ]
    return message(f"{release.label} {release.title}: {_standing(snapshot)}", blocks)


def _window(release: Release) -> list[Block]:
    if release.planned_start is None:
        return []
    until = f" to {when(release.planned_end)}" if release.planned_end else ""
    return [says(f"*Planned* {when(release.planned_start)}{until}")]


def _facts(release: Release) -> list[Block]:
    named = {"Stage": release.stage, "Status": release.status, "Priority": release.priority, "Risk": release.risk}
    pairs = [(label, value.name) for label, value in named.items() if value]
    if release.requester:
        pairs.append(("Requested by", release.requester.name))
    parts: list[Block] = []
    for label, value in pairs:
        parts += [word("  ·  " if parts else ""), strong(f"{label} "), word(clip(value, 80))]
    return [literal(*parts)] if parts else []


def _more(left: int, of_what: str) -> list[Block]:
    return [aside(f"and {left} more {of_what}")] if left > 0 else []


def _level(snapshot: Snapshot, level: ApprovalLevel) -> Block:
    decided = deciders(snapshot, level)
    open_ = [one for one in snapshot.of_level(level.id) if not one.state.is_decided]
    lines = [f"{clip(one.approver.name, NAME_MAX)} {STATES[one.state]}" for one in (*decided, *open_)[:NAMES]]
    if (left := len(decided) + len(open_) - NAMES) > 0:
        lines.append(f"and {left} more")
    parts = [strong(f"Level {level.number}  "), word(STATES[level.state]), *(word(f"\n{line}") for line in lines)]
    return literal(*parts)


def _buttons(snapshot: Snapshot, link: str, *, may_remind: bool) -> Block:
    id_ = snapshot.release.id
    open_ = link_button("Open in SDP", ids.OPEN_IN_SDP, link)
    if not asked(snapshot):
        return actions("approval", open_)
    buttons = [run_button("Preview SDP's mail", f"approval {id_} preview")]
    if may_remind:
        buttons.append(run_button("Remind…", f"approval {id_} remind"))
    return actions("approval", *buttons, open_)


# --- deciding -------------------------------------------------------------------------------------------


def to_decide(card: Message) -> Message:
    """A card as an answer: its buttons do the same, and this answer then follows the decision."""
    return {**card, "blocks": [_with_own_ids(block) for block in card["blocks"]]}


def to_confirm(card: Message, verb: Verb, label: str, comment: str, value: str) -> Message:
    """The card with one button that decides as was typed."""
    said = [literal(strong("Reason" if verb is Verb.REJECT else "Comment")), quote(comment, 300)] if comment else []
    words = f"{verb.value.capitalize()} {label}"
    press = button(words, f"{ids.COMMAND_DECIDE}:{verb}", value, "danger" if verb is Verb.REJECT else "primary")
    facts = [block for block in card["blocks"] if block["type"] != "actions"]
    return {**card, "blocks": [*facts, *said, actions("decide", press, run_button("Cancel", "approvals"))]}


def _with_own_ids(block: Block) -> Block:
    if block["type"] != "actions":
        return block
    return {**block, "elements": [_with_own_id(element) for element in block["elements"]]}


def _with_own_id(element: Block) -> Block:
    action = element.get("action_id", "")
    return {**element, "action_id": INSTEAD.get(action, action)}


# --- SDP's mail -----------------------------------------------------------------------------------------


def mail(approval: Approval, preview: NotificationPreview, *, more: int) -> Message:
    """The mail SDP would send to an approver; `more` of them are asked besides."""
    to = clip(approval.approver.name, NAME_MAX)
    rest = [aside(f"{more} more people are asked; theirs differ in the name only.")] if more else []
    body = html.clip(preview.body, BODY_MAX)
    blocks = [
        literal(strong(f"SDP would write to {to}")),
        literal(strong("Subject "), word(clip(preview.subject, 300))),
        *([section(body)] if body.strip() else []),
        *rest,
    ]
    return message(f"SDP would write to {to}: {preview.subject}", blocks)


def reminders(release: Release, offers: Sequence[tuple[Operation, Approval]]) -> Message:
    """Whom SDP would remind, with a button each."""
    text = f"Remind whom of {release.label} {clip(release.title, 300)}?"
    blocks: list[Block] = [literal(strong(text))]
    for operation, approval in offers[:NAMES]:
        blocks.append(confirm_buttons(operation, f"Remind {approval.approver.name}"))
    blocks.append(aside("SDP sends its mail, at most once an hour for each of them."))
    return message(text, blocks)


def reminded(operation: Operation) -> Message:
    """What became of a reminder."""
    return outcome(operation, REMIND)
