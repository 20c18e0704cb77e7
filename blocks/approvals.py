"""An approval's card, one function a state. Every copy of a card shows the same state at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    link,
    link_button,
    literal,
    literal_aside,
    message,
    moment,
    option,
    overflow,
    plain,
    quote,
    says,
    section,
    select,
    strong,
    when,
    word,
)
from bot.approvals import Difference, deciders, next_level, still_needed_after, tally
from bot.models import (
    Approval,
    ApprovalLevel,
    ApprovalRef,
    ApprovalState,
    Decision,
    DecisionState,
    Rule,
    Snapshot,
    Verb,
)
from bot.sdp import html

DESCRIPTION_MAX = 600
COMMENT_MAX = 300
OTHERS_SHOWN = 8
CHANGES_SHOWN = 8
COLLISIONS_SHOWN = 5
SUMMARY_SHOWN = 20
SELECT_MAX = 100
TRAIL_PARTS = 120

RULE_WORDS = {
    Rule.ANYONE: "one approval is enough",
    Rule.EVERYONE: "everyone must approve, one rejection rejects",
    Rule.FIRST_RESPONSE: "the first answer decides",
    Rule.MAJORITY: "more than half must approve",
}
BOLD: Block = {"style": {"bold": True}}
DONE = {ApprovalState.APPROVED: "Approved", ApprovalState.REJECTED: "Rejected"}
DOING = {Verb.APPROVE: "Approving", Verb.REJECT: "Rejecting"}


@dataclass(frozen=True, slots=True)
class Overlap:
    """Something else in the planned window: what it is, the services and assets both use, its page in SDP."""

    name: str
    shared: str
    url: str


@dataclass(frozen=True, slots=True)
class CardView:
    """What every state of a card is drawn from.

    `shown` is the fingerprint of `snapshot`; `link` opens the release in SDP; `can_decide` is false where a button
    could not work; `in_channel` marks a copy in the approvals channel, `in_person` that its approver is known in Slack.
    `own`: the approver asked for the release. `collisions` is what overlaps the planned window.
    `comment_demanded`: this tenant takes no decision without a comment.
    """

    snapshot: Snapshot
    approval: Approval
    shown: str
    link: str
    can_decide: bool
    undo_seconds: float = 0
    in_channel: bool = False
    in_person: bool = True
    own: bool = False
    own_refused: bool = False
    collisions: tuple[Overlap, ...] = ()
    comment_demanded: bool = False

    @property
    def level(self) -> ApprovalLevel | None:
        return self.snapshot.level(self.approval.ref.level)


def seen_in_channel(view: CardView, *, in_person: bool) -> CardView:
    """The same card in the approvals channel; only an approver known in Slack can decide on it there."""
    return replace(view, in_channel=True, in_person=in_person, can_decide=view.can_decide and in_person)


# --- the states ------------------------------------------------------------------------------------


def waiting(view: CardView, note: str = "", changes: Sequence[Difference] = ()) -> Message:
    """The decision is wanted. `note` says what came of the last try, `changes` what is different since then."""
    whose = f"{view.approval.approver.name}'s approval is needed" if view.in_channel else "Your approval is needed"
    blocks = [
        header(view.snapshot.release.title),
        *_noted(note, changes),
        _headline(view, whose),
        *_decide_by(view),
        *_facts(view),
        *_own(view),
        *_collisions(view),
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


# --- beside the card -----------------------------------------------------------------------------------


def trail(view: CardView) -> Message | None:
    """Who said what when, level by level; stands in the thread under the card. None while nobody has."""
    lines: list[Block] = []
    for level in view.snapshot.levels:
        said = deciders(view.snapshot, level)
        if said:
            lines += [*([word("\n")] if lines else []), strong(f"Level {level.number}"), word(_own_name(level))]
            lines += [part for one in said for part in _told(one)]
    return message("What was decided so far", [literal(*lines[:TRAIL_PARTS])]) if lines else None


def reminder(view: CardView, card_link: str) -> Message:
    """The decision is still wanted."""
    text = f"Still waiting for you: {_named(view)}"
    blocks = [
        literal(strong("Still waiting for you"), word(f"  ·  {_named(view)}")),
        *_decide_by(view),
        actions(
            "reminder",
            link_button("Open the card", ids.OPEN_CARD, card_link),
            _snooze(view),
        ),
    ]
    return message(text, blocks)


def reminder_over(view: CardView) -> Message:
    """A reminder whose question has been answered."""
    text = f"No longer waiting: {_named(view)}"
    return message(text, [literal_aside(text)])


def settled_late(view: CardView, decision: Decision) -> Message:
    """Told once, after SDP had been silent: what became of the decision."""
    if decision.state is DecisionState.CONFIRMED:
        text = f"SDP has confirmed it: {DONE[view.approval.state].lower()}." if view.approval.state in DONE else ""
        return message(text or "SDP has confirmed it.", [says(text or "SDP has confirmed it.")])
    return message(decision.note, [literal(word(decision.note))])


def news(view_of: Snapshot, level: ApprovalLevel, link: str) -> Message:
    """To the requester: a level of their release is decided, and with the last or a rejection the whole."""
    release, done = view_of.release, DONE[level.state].lower()
    whole = level.state is ApprovalState.REJECTED or next_level(view_of, level) is None
    subject = f"{release.label} is {done}" if whole else f"Level {level.number} of {len(view_of.levels)} is {done}"
    lines = [part for one in deciders(view_of, level) for part in _told(one)]
    following = next_level(view_of, level)
    then = [] if whole or following is None else [aside(f"Level {following.number} is asked next.")]
    blocks = [
        literal(strong(subject), word(f"  ·  {release.title}"), *lines),
        *then,
        actions("open", link_button("Open in SDP", ids.OPEN_IN_SDP, link)),
    ]
    return message(f"{subject}: {release.title}", blocks)


def summary(waiting_: Sequence[Snapshot], refs: Sequence[ApprovalRef]) -> Message:
    """Many approvals at once: one message with a menu instead of a flood of cards, the soonest first."""
    if not refs:
        text = "Nothing waits for your decision any more."
        return message(text, [says(text)])
    text = f"{len(refs)} approvals wait for your decision"
    rows = [_row(snapshot) for snapshot in waiting_[:SUMMARY_SHOWN]]
    more = [aside(f"and {len(refs) - SUMMARY_SHOWN} more, the later ones")] if len(refs) > SUMMARY_SHOWN else []
    options = [
        option(f"{snapshot.release.label} {snapshot.release.title}", str(ref))
        for snapshot, ref in zip(waiting_, refs, strict=True)
    ]
    menu = select("Show the card of…", ids.SHOW_CARD, options[:SELECT_MAX])
    return message(text, [literal(strong(text)), *rows, *more, actions("summary", menu)])


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
    show = _time if change.label.startswith("Planned") else _text
    return [word(f"\n{change.label}: "), show(change.before), word(" → "), {**show(change.after), **BOLD}]


def _text(value: str) -> Block:
    return word(clip(value or "nothing", 120))


def _time(value: str) -> Block:
    return moment(datetime.fromisoformat(value)) if value else _text(value)


def _decide_by(view: CardView) -> list[Block]:
    start = view.snapshot.release.planned_start
    if start is None or start <= view.snapshot.read_at:
        return []
    return [says(f"Decide by {when(start)}, or it misses its planned window.")]


def _own(view: CardView) -> list[Block]:
    if not view.own:
        return []
    if view.own_refused:
        return [says("This is your own release. Approving your own is switched off here; reject it, or decide in SDP.")]
    return [says("This is your own release: you asked for it, and you are asked to approve it.")]


def _collisions(view: CardView) -> list[Block]:
    if not view.collisions:
        return []
    lines = [part for one in view.collisions[:COLLISIONS_SHOWN] for part in _overlapping(one)]
    return [literal(strong("Overlaps the planned window"), *lines)]


def _overlapping(one: Overlap) -> list[Block]:
    return [word("\n"), link(clip(one.name, 120), one.url), word(f" ({clip(one.shared, 80)})")]


def _told(one: Approval) -> list[Block]:
    """One decision as a line of literal parts."""
    at = [word(", "), moment(one.decided_on)] if one.decided_on else []
    words = [word(f": {clip(one.comments, 160)}")] if one.comments else []
    return [word(f"\n{one.approver.name} "), strong(DONE[one.state].lower()), *at, *words]


def _row(snapshot: Snapshot) -> Block:
    release = snapshot.release
    start = [word("  ·  decide by "), moment(release.planned_start)] if release.planned_start else []
    return literal(strong(release.label), word(f"  {clip(release.title, 100)}"), *start)


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
    """Which level, by which rule, on whose behalf: why this person is asked."""
    level = view.level
    if level is None:
        return []
    rule = RULE_WORDS.get(level.rule, "")
    if level.rule is Rule.PERCENT and level.percent is not None:
        rule = f"{_trimmed(level.percent)} % must approve"
    behalf = view.approval.original_approver
    words = [
        f"Level {level.number} of {len(view.snapshot.levels)}{_own_name(level)}",
        rule,
        _count(view, level),
        f"on behalf of {clip(behalf.name, 60)}" if behalf else "",
    ]
    return [literal_aside(" · ".join(part for part in words if part))]


def _own_name(level: ApprovalLevel) -> str:
    """A level's name in brackets, where it says more than its number."""
    says_more = level.name and level.name.strip().lower() != f"level {level.number}"
    return f" ({clip(level.name or '', 60)})" if says_more else ""


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
    with_words = "Add comment…" if view.comment_demanded else "Approve with comment…"
    approve = [
        button("Approve", ids.APPROVE, value, "primary"),
        button(with_words, ids.APPROVE_WITH_COMMENT, value),
    ]
    if view.own and view.own_refused:
        approve = []
    elif view.comment_demanded:
        approve = [button("Approve…", ids.APPROVE_WITH_COMMENT, value, "primary")]
    return actions(
        "decide",
        *approve[:1],
        button("Reject…", ids.REJECT, value, "danger"),
        *approve[1:],
        link_button("Open in SDP", ids.OPEN_IN_SDP, view.link),
        _snooze(view),
    )


def _snooze(view: CardView) -> Block:
    ref = view.approval.ref
    choices = {"1h": "Remind me in an hour", "tomorrow": "Remind me tomorrow"}
    if view.snapshot.release.planned_start is not None:
        choices["start"] = "Remind me an hour before the start"
    return overflow(ids.SNOOZE, [option(label, f"{ref}:{span}") for span, label in choices.items()])


def _open_only(view: CardView) -> Block:
    return actions("open", link_button("Open in SDP", ids.OPEN_IN_SDP, view.link))


def _undo(view: CardView) -> Block:
    value = str(ids.CardPointer(view.approval.ref, view.shown))
    return actions("undo", button("Undo", ids.UNDO, value))


def _what_next(view: CardView) -> Block:
    if not view.in_person:
        return aside("No Slack account matches this approver's e-mail address, so the decision has to be made in SDP.")
    if not view.can_decide:
        return aside("Deciding from Slack is not set up here, so the decision has to be made in SDP.")
    undo = f"You can undo for {view.undo_seconds:g} seconds; after that" if view.undo_seconds else "After the click"
    return aside(f"{_after_approval(view)}{_after_rejection(view)} {undo} SDP lets nobody revoke it.")


def _after_rejection(view: CardView) -> str:
    """What pressing Reject leads to, where one rejection is known to end it."""
    level = view.level
    alone = level is not None and tally(view.snapshot, level).people == 1
    ends = level is not None and (alone or level.rule in (Rule.EVERYONE, Rule.FIRST_RESPONSE))
    return " A rejection ends the approval." if ends else ""


def _after_approval(view: CardView) -> str:
    """What pressing Approve leads to."""
    level = view.level
    if level is None:
        return ""
    more = still_needed_after(view.snapshot, level)
    following = next_level(view.snapshot, level)
    if more:
        return f"After your approval this level needs {more} more."
    if following is not None:
        return f"After your approval level {following.number} is asked."
    return "Your approval is the last one needed." if more == 0 else ""
