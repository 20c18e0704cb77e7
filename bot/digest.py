"""What belongs into somebody's daily digest and onto their Home tab, and in which order. Pure; no I/O.

Everything here is chosen out of an `Index` for one person (`Viewer`) or for a team; drawing is `blocks.digest`'s and
`blocks.home`'s, posting `handlers.digest`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from bot.approvals import is_asked
from bot.models import (
    Approval,
    ApprovalState,
    Decision,
    Maintenance,
    MaintenanceState,
    Person,
    Project,
    SlackPerson,
    Snapshot,
)
from bot.overview import Ask, Index, ReleaseLine
from bot.schedule import zone_of

ENDED = frozenset({"closed", "completed", "complete", "done", "cancelled", "canceled", "rejected"})
"""Project statuses, lower-cased, after which nothing can be late any more."""
WEEK = timedelta(days=7)
DONE = {ApprovalState.APPROVED: "approved", ApprovalState.REJECTED: "rejected"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom something is chosen: their account in Slack, the keys an `Index` knows them by, and whether they may
    operate maintenances."""

    slack: SlackPerson
    known_as: frozenset[str]
    operates: bool = False

    @property
    def zone(self) -> tzinfo:
        return zone_of(self.slack.tz)

    def is_(self, person: Person, index: Index) -> bool:
        """Whether somebody in SDP is this person."""
        return index.key_of(person) in self.known_as


@dataclass(frozen=True, slots=True)
class Waiting:
    """A release that waits for somebody's decision."""

    line: ReleaseLine
    ask: Ask


@dataclass(frozen=True, slots=True)
class Row:
    """An approval in a list, as it is now: `shown` is the fingerprint behind its buttons, `decision` the reader's."""

    snapshot: Snapshot
    approval: Approval
    shown: str
    decision: Decision | None = None
    can_decide: bool = False

    @property
    def is_asked(self) -> bool:
        return is_asked(self.snapshot, self.approval.ref)


@dataclass(frozen=True, slots=True)
class News:
    """What happened to a release since the last digest, in words; outside words are among them."""

    line: ReleaseLine
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A maintenance and when it runs next."""

    maintenance: Maintenance
    at: datetime


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A project that is late or over its hours, and which."""

    project: Project
    late_by: timedelta | None = None
    over_by: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """One day's digest, chosen and in order. `as_of` is when maintenances and projects were read."""

    day: date
    as_of: datetime
    waiting: tuple[Waiting, ...] = ()
    news: tuple[News, ...] = ()
    runs: tuple[Run, ...] = ()
    at_risk: tuple[AtRisk, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.news or self.runs or self.at_risk)


def personal(index: Index, viewer: Viewer, now: datetime, since: datetime) -> Digest:
    """Somebody's own digest: what moved is told from `since` on, what runs for today and tomorrow where they are."""
    today = now.astimezone(viewer.zone).date()
    return Digest(
        day=today,
        as_of=index.overview.read_at,
        waiting=waiting_for(index, viewer),
        news=news_for(index, viewer, since),
        runs=runs_between(maintenances_of(index, viewer), *_span(today, 2, viewer.zone, now)),
        at_risk=at_risk(index.projects(viewer.known_as), now),
    )


def team(index: Index, tz: str, now: datetime) -> Digest:
    """A channel's digest: everything that waits, what runs today where the channel's clock is, projects at risk."""
    zone = zone_of(tz)
    today = now.astimezone(zone).date()
    every = [Waiting(line, ask) for line in index.overview.releases for ask in line.asked]
    return Digest(
        day=today,
        as_of=index.overview.read_at,
        waiting=tuple(sorted(every, key=_urgency)),
        runs=runs_between(index.overview.maintenances, *_span(today, 1, zone, now)),
        at_risk=at_risk(index.overview.projects, now),
    )


# --- the parts -----------------------------------------------------------------------------------------


def waiting_for(index: Index, viewer: Viewer) -> tuple[Waiting, ...]:
    """The decisions somebody owes, the one whose release slips first at the top."""
    found = [Waiting(line, ask) for line, ask in index.waiting(viewer.known_as)]
    return tuple(sorted(found, key=_urgency))


def _urgency(waiting: Waiting) -> tuple[float, float, str]:
    """By the time left before the planned start; those without one after all others, the longest asked first."""
    start, asked = waiting.line.planned_start, waiting.ask.since
    left = start.timestamp() if start else float("inf")
    return left, asked.timestamp() if asked else float("inf"), waiting.line.label


def asked_of_others(index: Index, viewer: Viewer) -> tuple[Waiting, ...]:
    """What somebody is waiting for: their own releases and who has to decide, the most urgent first."""
    mine = index.requested(viewer.known_as)
    found = [Waiting(line, ask) for line in mine for ask in line.asked if not viewer.is_(ask.person, index)]
    return tuple(sorted(found, key=_urgency))


def news_for(index: Index, viewer: Viewer, since: datetime) -> tuple[News, ...]:
    """What moved among the releases somebody asked for or decided on; their own doing is no news to them."""
    found = [
        (_latest(line), News(line, words))
        for line in index.followed(viewer.known_as)
        if (words := _words(line, index, viewer, since))
    ]
    return tuple(news for _, news in sorted(found, key=lambda one: one[0], reverse=True))


def _words(line: ReleaseLine, index: Index, viewer: Viewer, since: datetime) -> tuple[str, ...]:
    others = (one for one in line.said if one.at > since and not viewer.is_(one.person, index))
    said = sorted(others, key=lambda one: one.at)
    moves = [move for move in line.moves if move.at > since]
    return (
        *(f"{DONE.get(one.state, 'answered')} by {one.person.name}" for one in said),
        *(f"now {move.after}" for move in moves[-1:]),
    )


def _latest(line: ReleaseLine) -> datetime:
    moments = [*(one.at for one in line.said), *(one.at for one in line.moves)]
    return max(moments, default=datetime.min.replace(tzinfo=UTC))


def maintenances_of(index: Index, viewer: Viewer) -> Iterable[Maintenance]:
    """Those somebody owns or has a part in; all of them for whoever may operate them."""
    return index.overview.maintenances if viewer.operates else index.maintenances(viewer.known_as)


def runs_between(maintenances: Iterable[Maintenance], start: datetime, end: datetime) -> tuple[Run, ...]:
    """Those that run from `start` on and before `end`, in order; a suspended one does not run."""
    active = (one for one in maintenances if one.state is not MaintenanceState.SUSPENDED)
    runs = [Run(one, at) for one in active if (at := next_run(one)) and start <= at < end]
    return tuple(sorted(runs, key=lambda run: (run.at, run.maintenance.label)))


def next_run(maintenance: Maintenance) -> datetime | None:
    """When it runs next, as far as SDP says: its schedule's next run, else its planned start."""
    return maintenance.next_run or maintenance.planned_start


def at_risk(projects: Iterable[Project], now: datetime) -> tuple[AtRisk, ...]:
    """Those that are late or over their hours, the latest first."""
    found = [
        AtRisk(project, late, over)
        for project in projects
        for late, over in [(late_by(project, now), over_by(project))]
        if late or over
    ]
    return tuple(sorted(found, key=lambda one: (-(one.late_by or timedelta()), -(one.over_by or 0), one.project.label)))


def late_by(project: Project, now: datetime) -> timedelta | None:
    """How long a project that is not finished should have been; None when it is on time, or has no planned end."""
    if is_over(project) or project.scheduled_end is None or project.scheduled_end >= now:
        return None
    return now - project.scheduled_end


def over_by(project: Project) -> Decimal | None:
    """The hours spent beyond the estimate; None without an estimate, or within it."""
    if is_over(project) or not project.estimated_hours or project.actual_hours is None:
        return None
    over = project.actual_hours - project.estimated_hours
    return over if over > 0 else None


def is_over(project: Project) -> bool:
    """A project that has ended, one way or another."""
    ended = project.status is not None and project.status.name.strip().lower() in ENDED
    return ended or project.actual_end is not None or (project.percent_complete or 0) >= 100


def _span(today: date, days: int, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
    """From now to the end of the last of so many local days, the first of which is today."""
    end = datetime.combine(today + timedelta(days=days), time(), tzinfo=zone)
    return now, end.astimezone(UTC)
