"""The daily digest as a message: a person's own, and a channel's. At most 45 blocks and 12,000 characters.

Every list has a cap and every title a length, so that the longest digest there can be still fits; what a list leaves
out is counted and waits on the Home tab. The numbers a chart shows are always in `text` as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from blocks import rows
from blocks.commands import run_button
from blocks.kit import Block, Message, actions, aside, clip, header, literal, message, says, strong, when, word
from blocks.rows import Addresses, count
from bot.digest import AtRisk, Digest, Row, Waiting
from bot.schedule import Rhythm, Slot, days_in_words

BLOCKS_MAX = 45
CHARACTERS_MAX = 12_000

ROWS_MAX = 12
NEWS_MAX = 8
RUNS_MAX = 8
RISKS_MAX = 6
TEAM_MAX = 20
CHART_MAX = 6
CHART_LABEL_MAX = 20
"""Slack's limit for the label of a chart's category."""
TEXT_LINES_MAX = 12


@dataclass(frozen=True, slots=True)
class DigestView:
    """A digest and what its rows show now; `rows` are the first of `digest.waiting`, `more_waiting` come after them.

    `charts`: whether this workspace's Slack draws charts. `preview` says so on top.
    `mentions`: approval → Slack id of those whom a team's digest may mention, because their release is about to slip.
    """

    digest: Digest
    addresses: Addresses
    rows: Sequence[Row] = ()
    more_waiting: int = 0
    charts: bool = True
    preview: bool = False
    mentions: Mapping[str, str] = field(default_factory=dict)


def personal(view: DigestView) -> Message:
    """Somebody's own digest."""
    digest = view.digest
    open_ = sum(row.is_asked for row in view.rows) + view.more_waiting
    title = f"{digest.day:%a %-d %b}: {_first_words(digest, open_, ' of yours')}"
    decide = [block for row in view.rows[:ROWS_MAX] for block in rows.approval(row, view.addresses, digest.as_of)]
    blocks = [
        header(title),
        *([aside("A preview: nothing was sent, and the next digest comes as planned.")] if view.preview else []),
        *decide,
        *_news(view),
        *_runs(view, "Maintenances today and tomorrow"),
        *_risks(view, "Your projects that need a look"),
        *_foot(view, view.more_waiting + _hidden(digest), "/sdp digest"),
    ]
    return message(_text(title, view), blocks)


def team(view: DigestView) -> Message:
    """A channel's digest. Without buttons that decide: a channel's members are not its releases' approvers."""
    digest = view.digest
    groups = by_release(digest.waiting)
    title = f"{digest.day:%a %-d %b}: {_first_words(digest, len(groups))}"
    shown = groups[:TEAM_MAX]
    lines = [rows.waiting_line(group, view.addresses, digest.as_of, view.mentions) for group in shown]
    waiting = [rows.listed("Waiting for a decision, the first to slip on top", lines, len(groups) - len(shown))]
    blocks = [
        header(title),
        *(waiting if groups else []),
        *_runs(view, "Maintenances today"),
        *_risks(view, "Projects that need a look"),
        *_foot(view, _hidden(digest), "/sdp digest channel"),
    ]
    return message(_text(title, view), blocks)


def nothing() -> Message:
    """What `/sdp digest preview` says on a quiet day."""
    return message("Nothing waits for you today, so no digest would come.", [aside("Nothing waits for you today.")])


# --- what `/sdp digest` says -------------------------------------------------------------------------------


def status(rhythm: Rhythm, slot: Slot | None, tz: str) -> Message:
    """When somebody's digest comes."""
    if slot is None:
        text = "Your daily digest is off. `/sdp digest on` brings it back."
        return message(text, [says(text)])
    text = f"Your daily digest comes at {rhythm.at:%H:%M}, {days_in_words(rhythm.days)}, where you are ({tz})."
    more = aside(f"The next one comes {when(slot.due)}. It stays away when there is nothing to say.")
    return message(text, [literal(strong(text)), more])


def coming() -> Message:
    """What `/sdp digest now` says when there is something to send."""
    text = "Your digest is on its way to your messages with me."
    return message(text, [says(text)])


def team_status(channel: str, rhythm: Rhythm | None, slot: Slot | None) -> Message:
    """When a channel's digest comes."""
    if rhythm is None:
        text = f"#{channel} gets no digest. Say when: /sdp digest channel #{channel} 08:30 mon-fri"
        return message(text, [literal(word(text))])
    text = f"#{channel} gets its digest at {rhythm.at:%H:%M}, {days_in_words(rhythm.days)}."
    more = [aside(f"The next one comes {when(slot.due)}.")] if slot else []
    return message(text, [literal(strong(text)), *more])


def team_off(channel: str, *, was_on: bool) -> Message:
    """A channel's digest was switched off."""
    text = f"#{channel} gets no digest any more." if was_on else f"#{channel} had no digest."
    return message(text, [literal(word(text))])


def by_release(waiting: Sequence[Waiting]) -> list[list[Waiting]]:
    """One group a release, in the order of the first of each."""
    first = {one.line.id: place for place, one in reversed([*enumerate(waiting)])}
    ordered = sorted(waiting, key=lambda one: first[one.line.id])
    return [[*group] for _, group in groupby(ordered, key=lambda one: one.line.id)]


# --- the parts -------------------------------------------------------------------------------------------


def _first_words(digest: Digest, waiting: int, whose: str = "") -> str:
    """What matters most, in a few words."""
    if waiting:
        return f"{count(waiting, 'release waits', 'releases wait')} for a decision{whose}"
    if digest.runs:
        return count(len(digest.runs), "maintenance runs", "maintenances run")
    if digest.at_risk:
        return count(len(digest.at_risk), "project needs a look", "projects need a look")
    if digest.news:
        return count(len(digest.news), "release moved", "releases moved")
    return "nothing waits"


def _news(view: DigestView) -> list[Block]:
    news = view.digest.news
    lines = [rows.news_line(one, view.addresses) for one in news[:NEWS_MAX]]
    return [rows.listed("Moved since the last digest", lines, len(news) - len(lines))] if lines else []


def _runs(view: DigestView, title: str) -> list[Block]:
    runs = view.digest.runs
    lines = [rows.run_line(run, view.addresses) for run in runs[:RUNS_MAX]]
    return [rows.listed(title, lines, len(runs) - len(lines))] if lines else []


def _risks(view: DigestView, title: str) -> list[Block]:
    risks = view.digest.at_risk
    lines = [rows.risk_line(risk, view.addresses) for risk in risks[:RISKS_MAX]]
    listed = [rows.listed(title, lines, len(risks) - len(lines))] if lines else []
    return [*listed, *(_chart(risks[:CHART_MAX]) if view.charts else [])]


def _chart(risks: Sequence[AtRisk]) -> list[Block]:
    """Hours against estimate, where at least one project has gone over; its numbers stand in the list above it.

    https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
    """
    over = [risk.project for risk in risks if risk.over_by]
    labels = [clip(project.label, CHART_LABEL_MAX) for project in over]
    if not over or len(set(labels)) < len(labels):
        return []
    spent = [project.actual_hours or Decimal(0) for project in over]
    planned = [project.estimated_hours or Decimal(0) for project in over]
    chart = {
        "type": "bar",
        "series": [_series("Estimated", labels, planned), _series("Spent", labels, spent)],
        "axis_config": {"categories": labels, "y_label": "Hours"},
    }
    return [{"type": "data_visualization", "title": "Hours against estimate", "chart": chart}]


def _series(name: str, labels: Sequence[str], values: Sequence[Decimal]) -> Block:
    data = [{"label": label, "value": float(value)} for label, value in zip(labels, values, strict=True)]
    return {"name": name, "data": data}


def _hidden(digest: Digest) -> int:
    caps = ((digest.news, NEWS_MAX), (digest.runs, RUNS_MAX), (digest.at_risk, RISKS_MAX))
    return sum(max(0, len(listed) - cap) for listed, cap in caps)


def _foot(view: DigestView, hidden: int, command: str) -> list[Block]:
    """The way to everything, and from when this is."""
    label = f"{hidden} more on the Home tab" if hidden else "Open the Home tab"
    buttons = rows.home_button(view.addresses, label)
    fallback = [run_button(f"{hidden} more", "approvals")] if hidden and not buttons else []
    small = aside(f"As of {when(view.digest.as_of)} · When this comes: `{command}`")
    return [*([actions("more", *buttons, *fallback)] if buttons or fallback else []), small]


def _text(title: str, view: DigestView) -> str:
    """The whole in plain words: for notifications, screen readers, and where no chart is drawn."""
    digest = view.digest
    named = (row.snapshot.release for row in view.rows if row.is_asked)
    mine = [f"{release.label} {clip(release.title, 60)}" for release in named]
    waiting = mine or [f"{one.line.label} {clip(one.line.title, 60)}" for one in digest.waiting if not view.rows]
    risks = [f"{one.project.label} {clip(one.project.title, 60)}: {rows.risk_words(one)}" for one in digest.at_risk]
    runs = [f"{one.maintenance.label} {clip(one.maintenance.title, 60)}" for one in digest.runs]
    news = [f"{one.line.label} {clip(', '.join(one.words), 80)}" for one in digest.news]
    lines = [title, *list(dict.fromkeys(waiting))[:TEXT_LINES_MAX], *risks[:RISKS_MAX], *runs[:5], *news[:5]]
    return "\n".join(lines)


def characters(value: object) -> int:
    """The visible characters of a message or any part of it, which is what Slack counts."""
    if isinstance(value, list):
        return sum(characters(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = sum(len(value[name]) for name in ("text", "label", "title", "name") if isinstance(value.get(name), str))
    return own + sum(characters(item) for item in value.values() if isinstance(item, dict | list))
