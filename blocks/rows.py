"""Lines of lists, shared by digests and the Home tab: an approval with its buttons, a maintenance, a project.

Outside words stand in rich text only, where Slack formats and pings nothing; dates are rich text's own, so that
everybody reads them in their own time zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from blocks import ids, kit
from blocks.kit import Block, actions, button, clip, link_button, literal, moment, strong, word
from bot.digest import AtRisk, News, Row, Run, Waiting
from bot.models import ApprovalState, DecisionState, Project, Verb
from bot.overview import Ask

TITLE_MAX = 100
NAME_MAX = 60
NOTE_MAX = 160
NAMES_MAX = 3
BAR_CELLS = 10

DONE = {ApprovalState.APPROVED: "Approved", ApprovalState.REJECTED: "Rejected"}
DOING = {Verb.APPROVE: "Approving", Verb.REJECT: "Rejecting"}
UNDOABLE = frozenset({DecisionState.RECORDED, DecisionState.WAITING})
"""States of a decision that the person can still take back."""
NOTED = frozenset(
    {DecisionState.UNDONE, DecisionState.CHANGED, DecisionState.STALE, DecisionState.DENIED, DecisionState.NOT_TAKEN}
)
"""Ends of a decision after which the approval still waits, and says why."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses in SDP, with `{id}` where the record's id belongs, and the one of the app's Home tab."""

    release: str
    maintenance: str
    project: str
    home: str = ""

    def to_release(self, id_: str) -> str:
        return self.release.format(id=id_)

    def to_maintenance(self, id_: str) -> str:
        return self.maintenance.format(id=id_)

    def to_project(self, id_: str) -> str:
        return self.project.format(id=id_)


# --- pieces ----------------------------------------------------------------------------------------------


def link(text: str, url: str) -> Block:
    """A record's name that leads to its page."""
    return kit.link(clip(text, TITLE_MAX), url, bold=True)


def listed(title: str, lines: Iterable[Sequence[Block]], hidden: int = 0) -> Block:
    """A heading with a bulleted list below it, and how many more there are."""
    rows = [[*line] for line in lines]
    if hidden:
        rows.append([word(f"and {hidden} more")])
    points = [{"type": "rich_text_section", "elements": row} for row in rows]
    heading = {"type": "rich_text_section", "elements": [strong(title)]}
    return {
        "type": "rich_text",
        "elements": [heading, {"type": "rich_text_list", "style": "bullet", "elements": points}],
    }


def hours(number: Decimal) -> str:
    """`112 h`, `7.5 h`: no more digits than it has."""
    return f"{number.quantize(Decimal('0.1'), ROUND_HALF_UP).normalize():f} h"


def days(span: timedelta) -> str:
    """`3 days`, `1 day`, `5 hours`: a delay in words."""
    if span.days:
        return f"{span.days} day{'s' if span.days > 1 else ''}"
    whole = max(1, span.seconds // 3600)
    return f"{whole} hour{'s' if whole > 1 else ''}"


def count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


# --- an approval that is mine to decide ------------------------------------------------------------------


def approval(row: Row, addresses: Addresses, now: datetime) -> list[Block]:
    """One approval of a list, with the buttons that fit what is true now."""
    release = row.snapshot.release
    parts = [link(f"{release.label} {release.title}", addresses.to_release(release.id)), word("\n"), *_state(row, now)]
    return [literal(*parts), *_buttons(row)]


def _state(row: Row, now: datetime) -> list[Block]:
    """What a reader should know first: decided, under way, over, or until when it waits."""
    approval_, decision = row.approval, row.decision
    if approval_.state.is_decided:
        return [strong(f"{DONE[approval_.state]} by {clip(approval_.approver.name, NAME_MAX)}")]
    if decision is not None and not decision.final:
        return _under_way(row)
    if not row.is_asked:
        return [word("No decision needed any more")]
    note = [strong(clip(decision.note, NOTE_MAX)), word("\n")] if decision and decision.state in NOTED else []
    return [*note, *_deadline(row, now), *_facts(row)]


def _under_way(row: Row) -> list[Block]:
    decision = row.decision
    if decision is None or decision.state not in UNDOABLE:
        return [strong("Sent, not yet confirmed")]
    doing = strong(f"{DOING[decision.verb]}…")
    if decision.note or decision.due_at is None:
        return [doing, word(f" {clip(decision.note, NOTE_MAX)}")]
    return [doing, word(" goes to SDP at "), moment(decision.due_at, "{time_secs}"), word(" unless you undo it")]


def _deadline(row: Row, now: datetime) -> list[Block]:
    start = row.snapshot.release.planned_start
    if start is None:
        return [word("No planned start")]
    return [word("Starts ") if start > now else strong("Should have started "), moment(start)]


def _facts(row: Row) -> list[Block]:
    release = row.snapshot.release
    named = [
        f"{label} {value.name}" for label, value in (("risk", release.risk), ("priority", release.priority)) if value
    ]
    asked_by = [f"from {release.requester.name}"] if release.requester else []
    return [word(clip("".join(f" · {fact}" for fact in (*named, *asked_by)), NOTE_MAX))]


def _buttons(row: Row) -> list[Block]:
    value, block_id = str(ids.CardPointer(row.approval.ref, row.shown)), f"row:{row.approval.ref}"
    if row.approval.state.is_decided:
        return []
    if row.decision is not None and not row.decision.final:
        return [actions(block_id, button("Undo", ids.UNDO, value))] if row.decision.state in UNDOABLE else []
    if not row.is_asked or not row.can_decide:
        return []
    return [
        actions(
            block_id,
            button("Approve", ids.APPROVE, value, "primary"),
            button("Reject…", ids.REJECT, value, "danger"),
            button("Approve with comment…", ids.APPROVE_WITH_COMMENT, value),
        )
    ]


# --- everything else ---------------------------------------------------------------------------------------


def waiting_line(
    group: Sequence[Waiting], addresses: Addresses, now: datetime, mentions: Mapping[str, str] = MappingProxyType({})
) -> list[Block]:
    """A release and everybody it waits for; those in `mentions` (approval → Slack id) are mentioned."""
    line = group[0].line
    asks = list({one.ask.person.name: one.ask for one in group}.values())
    late = line.planned_start is not None and line.planned_start <= now
    when = word(" · should have started " if late else " · starts ")
    starts = [when, moment(line.planned_start)] if line.planned_start else []
    more = [word(f" and {len(asks) - NAMES_MAX} more")] if len(asks) > NAMES_MAX else []
    names = [part for ask in asks[:NAMES_MAX] for part in (word(", "), _who(ask, mentions))]
    return [
        link(f"{line.label} {line.title}", addresses.to_release(line.id)),
        word(" waits for "),
        *names[1:],
        *more,
        *starts,
    ]


def _who(ask: Ask, mentions: Mapping[str, str]) -> Block:
    slack_id = mentions.get(str(ask.ref))
    return {"type": "user", "user_id": slack_id} if slack_id else word(clip(ask.person.name, NAME_MAX))


def news_line(news: News, addresses: Addresses) -> list[Block]:
    line = news.line
    words = clip("; ".join(news.words), NOTE_MAX)
    return [link(f"{line.label} {line.title}", addresses.to_release(line.id)), word(f" {words}")]


def run_line(run: Run, addresses: Addresses) -> list[Block]:
    """A maintenance and when it runs."""
    one = run.maintenance
    services = ", ".join(named.name for named in one.services)
    where = [word(f" · {clip(services, NAME_MAX)}")] if services else []
    return [
        moment(run.at),
        word("  "),
        link(f"{one.label} {one.title}", addresses.to_maintenance(one.id)),
        *where,
    ]


def risk_line(risk: AtRisk, addresses: Addresses) -> list[Block]:
    """A project and what is wrong with it, with the numbers."""
    project = risk.project
    return [
        link(f"{project.label} {project.title}", addresses.to_project(project.id)),
        word(f" {risk_words(risk)}"),
    ]


def risk_words(risk: AtRisk) -> str:
    """`4 days late, 14.5 h over (74.5 h of 60 h)`."""
    project = risk.project
    late = f"{days(risk.late_by)} late" if risk.late_by else ""
    spent = f"{hours(risk.over_by)} over ({spent_words(project)})" if risk.over_by else ""
    return ", ".join(part for part in (late, spent) if part)


def spent_words(project: Project) -> str:
    """`74.5 h of 60 h`; "" when SDP knows neither."""
    if project.actual_hours is None:
        return ""
    estimate = f" of {hours(project.estimated_hours)}" if project.estimated_hours else ""
    return f"{hours(project.actual_hours)}{estimate}"


def bar(percent: Decimal | None) -> str:
    """`▓▓▓▓▓▓▓░░░ 65 %`."""
    done = min(max(percent or Decimal(0), Decimal(0)), Decimal(100))
    full = int(done * BAR_CELLS / 100)
    return f"{'▓' * full}{'░' * (BAR_CELLS - full)} {done.normalize():f} %"


def home_button(addresses: Addresses, label: str) -> list[Block]:
    """Leads to the Home tab, where its address is known."""
    return [link_button(label, ids.OPEN_HOME, addresses.home)] if addresses.home else []
