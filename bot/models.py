"""Our types: what approvals, releases, maintenances and projects are inside this program.

Everything here is immutable and already clean: ids are digit strings (SDP's are longer than 2^53),
times are aware and in UTC, durations are timedelta, money and hours are Decimal. Text is raw (`blocks.kit` escapes it),
except what was HTML in SDP: that is `Mrkdwn`, escaped already. The JSON of SDP is turned into these in `bot.sdp` and
nowhere else. None means SDP did not say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType

Mrkdwn = NewType("Mrkdwn", str)
"""Slack's mrkdwn made from SDP's HTML by `bot.sdp.html`: `&`, `<`, `>` are escaped and only our own markup is in it.
Never escape it again; shorten it with `bot.sdp.html.clip`, which leaves no half link behind."""

SdpId = NewType("SdpId", str)
"""The long id of any SDP record: digits only, always a string."""

_DIGITS = re.compile(r"[0-9]{1,30}")


def sdp_id(text: str) -> SdpId:
    """`text` as an id that may go into a path; raises ValueError for anything but 1 to 30 digits."""
    if not _DIGITS.fullmatch(text):
        raise ValueError("an SDP id is digits only")
    return SdpId(text)


# --- people and named things -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in SDP: a technician or a requester. `email` is lower-cased, None when SDP has none.

    An approver about whom SDP says no id has the id "0", which nobody else has.
    """

    id: SdpId
    name: str
    email: str | None = None
    is_technician: bool | None = None
    job_title: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A choice out of one of SDP's lists: a status, stage, risk, service, template, …"""

    id: SdpId | None
    name: str


@dataclass(frozen=True, slots=True)
class DisplayId:
    """What people call a record: `text` as SDP shows it (`CHM-17`), `number` its digits (`17`)."""

    text: str
    number: str


# --- approvals -------------------------------------------------------------------------------


class Verb(StrEnum):
    """What an approver can decide."""

    APPROVE = "approve"
    REJECT = "reject"


class ApprovalState(StrEnum):
    """An approval's or a level's status, classified; what we do not know is UNKNOWN, never approved."""

    TO_BE_SENT = "to_be_sent"
    PENDING = "pending"
    CLARIFICATION = "clarification"
    APPROVED = "approved"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    @property
    def is_decided(self) -> bool:
        return self in (ApprovalState.APPROVED, ApprovalState.REJECTED)

    @property
    def waits(self) -> bool:
        """A person's decision is what it waits for."""
        return self in (ApprovalState.PENDING, ApprovalState.CLARIFICATION)


class Rule(StrEnum):
    """When an approval level counts as approved."""

    ANYONE = "anyone"
    EVERYONE = "everyone"
    FIRST_RESPONSE = "first_response"
    PERCENT = "percent"
    MAJORITY = "majority"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ApprovalRef:
    """Where an approval lives: the three ids of its path in SDP. Travels in buttons and keys as `r.l.a`."""

    release: SdpId
    level: SdpId
    approval: SdpId

    def __str__(self) -> str:
        return f"{self.release}.{self.level}.{self.approval}"

    @classmethod
    def parse(cls, text: str) -> "ApprovalRef":
        """The inverse of `str()`; raises ValueError for anything else (button values come from outside)."""
        parts = text.split(".")
        if len(parts) != 3:
            raise ValueError("an approval reference is three ids")
        return cls(*(sdp_id(part) for part in parts))


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's say on one level of a release.

    `approver` acts; `original_approver` is set when the approval was delegated by them.
    """

    ref: ApprovalRef
    approver: Person
    state: ApprovalState
    status_name: str
    original_approver: Person | None = None
    comments: str | None = None
    sent_on: datetime | None = None
    decided_on: datetime | None = None
    level_number: int | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalLevel:
    """A step of a release's approval: levels run in order of `number`. `percent` belongs to Rule.PERCENT."""

    id: SdpId
    release: SdpId
    number: int
    state: ApprovalState
    status_name: str
    rule: Rule = Rule.UNKNOWN
    percent: Decimal | None = None
    name: str | None = None
    created_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A release as far as a decision needs it. `plans` maps a plan's label to its text."""

    id: SdpId
    title: str
    display_id: DisplayId | None = None
    stage: Named | None = None
    status: Named | None = None
    priority: Named | None = None
    risk: Named | None = None
    impact: Named | None = None
    release_type: Named | None = None
    requester: Person | None = None
    owner: Person | None = None
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    description: Mrkdwn = Mrkdwn("")
    plans: Mapping[str, Mrkdwn] = field(default_factory=dict)
    services: tuple[Named, ...] = ()
    assets: tuple[Named, ...] = ()
    created_on: datetime | None = None
    updated_on: datetime | None = None

    @property
    def label(self) -> str:
        """What people call it: `RLS-42`, or the long id when SDP gave no display id."""
        return self.display_id.text if self.display_id else str(self.id)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A release with its approval levels (in order) and everybody's approvals; reading began at `read_at`."""

    release: Release
    levels: tuple[ApprovalLevel, ...]
    approvals: tuple[Approval, ...]
    read_at: datetime

    def level(self, id_: SdpId) -> ApprovalLevel | None:
        return next((level for level in self.levels if level.id == id_), None)

    def of_level(self, id_: SdpId) -> tuple[Approval, ...]:
        return tuple(approval for approval in self.approvals if approval.ref.level == id_)

    def approval(self, ref: ApprovalRef) -> Approval | None:
        return next((approval for approval in self.approvals if approval.ref == ref), None)


@dataclass(frozen=True, slots=True)
class NotificationPreview:
    """The mail SDP would send for an approval (A5)."""

    subject: str
    body: Mrkdwn


# --- changes and requests --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ticket:
    """A change or a request, as far as attaching it to a project and looking for evidence need it."""

    id: SdpId
    title: str
    display_id: DisplayId | None = None
    status: Named | None = None
    stage: Named | None = None
    requester: Person | None = None
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    created_on: datetime | None = None

    @property
    def label(self) -> str:
        """What people call it: `CH-2`, or the long id."""
        return self.display_id.text if self.display_id else str(self.id)


# --- change maintenances ---------------------------------------------------------------------


class MaintenanceState(StrEnum):
    """Whether a maintenance's schedule runs (`maintenance_details.maintenancestate`: 1 runs, 2 is suspended)."""

    ENABLED = "enabled"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


class Frequency(StrEnum):
    """How often a maintenance creates its change."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A maintenance's schedule, the words of SDP's `repetitive_schedule` and `one_time_schedule`.

    `days_of_week`: 1 is Sunday as in SDP; `skip`: every (skip+1)th day, week or month.
    """

    frequency: Frequency
    start: datetime | None = None
    skip: int = 0
    exclude_weekends: bool = False
    days_of_week: tuple[int, ...] = ()
    days_of_month: tuple[int, ...] = ()
    weeks_of_month: tuple[int, ...] = ()
    months_of_year: tuple[int, ...] = ()
    first_day_of_month: bool = False
    day_config_of_month: str | None = None
    ends_on: datetime | None = None
    end_after: int | None = None
    last_execution: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoleHolder:
    """Who holds a change role (Change Approver, Implementer, …)."""

    role: str
    person: Person
    role_id: SdpId | None = None


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A change maintenance: a schedule that creates changes (M1 to M4)."""

    id: SdpId
    title: str
    display_id: DisplayId | None = None
    state: MaintenanceState = MaintenanceState.UNKNOWN
    stage: Named | None = None
    status: Named | None = None
    template: Named | None = None
    workflow: Named | None = None
    change_type: Named | None = None
    impact: Named | None = None
    risk: Named | None = None
    priority: Named | None = None
    urgency: Named | None = None
    category: Named | None = None
    services: tuple[Named, ...] = ()
    assets: tuple[Named, ...] = ()
    roles: tuple[RoleHolder, ...] = ()
    requester: Person | None = None
    owner: Person | None = None
    manager: Person | None = None
    emergency: bool | None = None
    description: Mrkdwn = Mrkdwn("")
    schedule: Schedule | None = None
    next_run: datetime | None = None
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    created_on: datetime | None = None
    comment: str | None = None

    @property
    def label(self) -> str:
        """What people call it: `CHM-17`, or the long id."""
        return self.display_id.text if self.display_id else str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDraft:
    """What to write into a maintenance (M1, M2); None leaves a field alone, () empties a list.

    Adding needs title, stage and status. `description` is plain text; a `Named` without id is found by its name.
    `comment` becomes the status comment of the changes it creates.
    """

    title: str | None = None
    stage: Named | None = None
    status: Named | None = None
    template: Named | None = None
    workflow: Named | None = None
    change_type: Named | None = None
    impact: Named | None = None
    risk: Named | None = None
    priority: Named | None = None
    urgency: Named | None = None
    category: Named | None = None
    services: tuple[Named, ...] | None = None
    assets: tuple[Named, ...] | None = None
    roles: tuple[RoleHolder, ...] | None = None
    requester: Person | None = None
    description: str | None = None
    comment: str | None = None
    retrospective: bool | None = None
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True)
class Executed:
    """What `_execute_now` says it created: the change's display id (`CH-2`) and SDP's words."""

    change: DisplayId | None
    message: str


# --- projects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Project:
    """A project (P1 to P4); money has no currency in SDP's answers, hours are hours."""

    id: SdpId
    title: str
    display_id: DisplayId | None = None
    code: str | None = None
    status: Named | None = None
    priority: Named | None = None
    project_type: Named | None = None
    template: Named | None = None
    owner: Person | None = None
    requester: Person | None = None
    percent_complete: Decimal | None = None
    description: Mrkdwn = Mrkdwn("")
    estimated_hours: Decimal | None = None
    actual_hours: Decimal | None = None
    estimated_cost: Decimal | None = None
    actual_cost: Decimal | None = None
    scheduled_start: datetime | None = None
    scheduled_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None
    projected_end: datetime | None = None
    created_on: datetime | None = None

    @property
    def label(self) -> str:
        """What people call it: `PJT-173`, or the long id."""
        return self.display_id.text if self.display_id else str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDraft:
    """What to write into a project (P1, P2); None leaves a field alone. Adding needs a title.

    `description` is plain text; a `Named` without id is found by its name.
    """

    title: str | None = None
    code: str | None = None
    status: Named | None = None
    priority: Named | None = None
    project_type: Named | None = None
    template: Named | None = None
    owner: Person | None = None
    requester: Person | None = None
    percent_complete: Decimal | None = None
    description: str | None = None
    estimated_hours: Decimal | None = None
    actual_hours: Decimal | None = None
    estimated_cost: Decimal | None = None
    actual_cost: Decimal | None = None
    scheduled_start: datetime | None = None
    scheduled_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None
    projected_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimesheetRow:
    """One person's time and charges on a project (P10); no currency is given."""

    owner: Person | None
    owner_name: str
    spent: timedelta | None
    tech_charge: Decimal | None
    other_charge: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file SDP keeps (P11); `size` in bytes."""

    id: SdpId | None
    name: str
    size: int | None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Associations:
    """What attaching or detaching really did, told by reading back (P6 to P9).

    `asked` is what was wanted, `before` and `there` what the project had and has; None when that could not be read.
    """

    asked: tuple[SdpId, ...]
    there: tuple[SdpId, ...] | None
    before: tuple[SdpId, ...] | None = None

    @property
    def attached(self) -> tuple[SdpId, ...]:
        """Those asked for that the project has now."""
        return tuple(one for one in self.asked if one in (self.there or ()))

    @property
    def not_attached(self) -> tuple[SdpId, ...]:
        """Those asked for that the project does not have now; empty when nobody knows."""
        return tuple(one for one in self.asked if self.there is not None and one not in self.there)

    @property
    def also_gone(self) -> tuple[SdpId, ...]:
        """Those that vanished without having been asked for: SDP's document leaves open what a detach takes along."""
        lost = set(self.before or ()) - set(self.there if self.there is not None else self.before or ())
        return tuple(one for one in self.before or () if one in lost and one not in self.asked)


# --- decisions -------------------------------------------------------------------------------


class DecisionState(StrEnum):
    """Where a person's decision stands between the click and the truth. `bot.decisions` has the arrows."""

    RECORDED = "recorded"
    """The intent is stored; nothing was checked yet."""
    WAITING = "waiting"
    """Checked; the undo window runs, or SDP cannot be reached before anything was sent."""
    SENDING = "sending"
    """Marked before the one write. Whoever finds this without an owner reads, and never sends."""
    UNKNOWN = "unknown"
    """Sent, and SDP has not shown it yet."""
    CONFIRMED = "confirmed"
    """SDP shows the decision."""
    UNDONE = "undone"
    """Taken back by the person within the window."""
    REFUSED = "refused"
    """A rule of ours said no; nothing was sent."""
    ALREADY = "already"
    """SDP had a decision before ours; nothing was sent, or SDP took the other one."""
    CHANGED = "changed"
    """What the card showed was no longer true; nothing was sent."""
    STALE = "stale"
    """The window ran out too long ago to send without asking again."""
    DENIED = "denied"
    """SDP said no, in its words; the approval still waits."""
    NOT_TAKEN = "not_taken"
    """Sent, and SDP never showed it; the approval still waits."""

    @property
    def final(self) -> bool:
        """Nothing more happens by itself; a new click starts a new decision."""
        return self not in (
            DecisionState.RECORDED,
            DecisionState.WAITING,
            DecisionState.SENDING,
            DecisionState.UNKNOWN,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A message in Slack: where a click came from."""

    channel: str
    ts: str


class How(StrEnum):
    """How it is known that a Slack person is an SDP person; a link beats the map, the map beats an address."""

    LINK = "link"
    """They connected their account."""
    MAP = "map"
    """An administrator says so."""
    EMAIL = "email"
    """Both have the same e-mail address, and nobody else has it on either side."""


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """Somebody in Slack. `tz` is an IANA name; `email` lower-cased, None when Slack shows none or has not confirmed it.

    `is_external`: of another workspace, met in a shared channel.
    """

    id: str
    name: str
    email: str | None = None
    tz: str = "UTC"
    is_bot: bool = False
    is_guest: bool = False
    deleted: bool = False
    is_external: bool = False


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """Something that happened to a decision and belongs into the ledger; `id` makes writing it twice harmless."""

    id: str
    at: datetime
    what: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's click on one approval, from the intent to the truth.

    `shown` is the fingerprint of what the card showed; `due_at` ends the undo window; `retry_at` is set while SDP
    could not be asked; `note` is what the person should read about it, `rule` the rule of ours that refused it; `how`
    it was known who they are (a `How`); `was_unknown` that SDP was silent about it for a while; `unwritten` are events
    on their way to the ledger; `version` counts the changes.
    """

    id: str
    ref: ApprovalRef
    person: str
    person_name: str
    verb: Verb
    comment: str
    shown: str
    state: DecisionState
    asked_at: datetime
    place: Place | None = None
    due_at: datetime | None = None
    retry_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    note: str = ""
    rule: str = ""
    how: str = ""
    was_unknown: bool = False
    version: int = 1
    final: bool = False
    unwritten: tuple[LedgerEvent, ...] = ()

    @property
    def key(self) -> str:
        """`<ref>|<Slack person>`: at most one decision of a person on an approval is under way."""
        return f"{self.ref}|{self.person}"


# --- operations ------------------------------------------------------------------------------


class OperationState(StrEnum):
    """Where an operation stands between its preview and the truth. `bot.operations` has the arrows."""

    OFFERED = "offered"
    """A preview with a confirm button was shown; nobody has pressed it."""
    RECORDED = "recorded"
    """Confirmed; nothing was sent."""
    SENDING = "sending"
    """Marked before the one write. Whoever finds this without an owner reads, and never sends."""
    UNKNOWN = "unknown"
    """Sent, and nobody knows yet what came of it."""
    DONE = "done"
    """SDP said so, or shows it."""
    NOT_DONE = "not_done"
    """SDP shows that it did not happen, or it was too late to be sent."""
    UNSETTLED = "unsettled"
    """Sent, and nothing ever told what came of it; it is not repeated."""
    REFUSED = "refused"
    """A rule of ours said no; nothing was sent."""
    DENIED = "denied"
    """SDP said no, in its words."""
    CANCELLED = "cancelled"
    """The person did not want it after all."""

    @property
    def final(self) -> bool:
        """Nothing more happens."""
        return self not in (
            OperationState.OFFERED,
            OperationState.RECORDED,
            OperationState.SENDING,
            OperationState.UNKNOWN,
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody waits for an outcome: an answer's response URL and channel, or an open window."""

    channel: str = ""
    response_url: str = ""
    view: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that changes SDP outside approvals, from its preview to the truth.

    `id` travels in the confirm button. `verb` is `topic.verb` (`maintenance.execute`), `record` the long id of what it
    is about ("" for something new), `name` what people call that. `arguments` are the verb's own (a comment, a form as
    JSON); `before` is what was true right before sending, for telling afterwards whether it happened; `result` what
    came of it. `fields` are the inputs SDP refused. The rest is as in `Decision`.
    """

    id: str
    verb: str
    record: str
    name: str
    person: str
    person_name: str
    state: OperationState
    offered_at: datetime
    arguments: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)
    confirmed_at: datetime | None = None
    retry_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    note: str = ""
    fields: tuple[str, ...] = ()
    version: int = 1
    final: bool = False
    unwritten: tuple[LedgerEvent, ...] = ()

    @property
    def topic(self) -> str:
        return self.verb.partition(".")[0]
