"""Change maintenances: schedules that create changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.sdp.catalogue import Choice
from sandbox.sdp.changes import Change, Changes
from sandbox.sdp.ground import Ground
from sandbox.sdp.people import Person
from sandbox.sdp.refusals import BAD_KEY, NOT_EDITABLE, Refusal
from sandbox.sdp.schedules import OneTime, Repetitive, Schedule, next_after
from sandbox.sdp.shelf import Shelf

CHOICES = {
    "stage": "change_stage",
    "status": "change_status",
    "template": "change_template",
    "workflow": "workflow",
    "change_type": "change_type",
    "impact": "impact",
    "urgency": "urgency",
    "priority": "priority",
    "risk": "risk",
    "category": "category",
    "subcategory": "subcategory",
    "item": "item",
    "reason_for_change": "reason_for_change",
    "group": "group",
    "site": "site",
}
"""Fields that are an entry of a list, and which list."""

DETAILS = (
    "roll_out_plan",
    "back_out_plan",
    "impact_details",
    "checklist",
    "release_details",
    "uat_details",
    "review_details",
    "close_details",
)
"""Descriptive fields, each an object with `<name>_description` in HTML."""


@dataclass(eq=False)
class RoleHolder:
    """Somebody who holds a change role."""

    id: str
    role: Choice
    user: Person


@dataclass(eq=False)
class Maintenance:
    """A change maintenance. `choices` are list entries by the names in CHOICES, `details` HTML by those in DETAILS.

    `inner_id` is the id of its `maintenance_details`; `next_run` is when it is due.
    """

    id: str
    inner_id: str
    display: int
    title: str
    created_by: Person
    created_time: datetime
    choices: dict[str, Choice | None]
    requester: Person | None = None
    owner: Person | None = None
    manager: Person | None = None
    description: str | None = None
    comment: str | None = None
    details: dict[str, str] = field(default_factory=dict)
    services: list[Choice] = field(default_factory=list)
    assets: list[Choice] = field(default_factory=list)
    roles: list[RoleHolder] = field(default_factory=list)
    udf_fields: dict[str, Any] = field(default_factory=dict)
    emergency: bool = False
    retrospective: bool = False
    scheduled_start_time: datetime | None = None
    scheduled_end_time: datetime | None = None
    schedule: Schedule | None = None
    next_run: datetime | None = None
    suspended: bool = False

    @property
    def label(self) -> str:
        return f"CHM-{self.display}"


class Maintenances:
    """All change maintenances of the tenant."""

    def __init__(self, ground: Ground, changes: Changes) -> None:
        self._ground, self._changes = ground, changes
        self.shelf: Shelf[Maintenance] = Shelf("change maintenance", "CHM")

    def __iter__(self) -> Iterator[Maintenance]:
        return iter(self.shelf)

    def get(self, which: Maintenance | str) -> Maintenance:
        """The maintenance meant; raises Refusal 4007."""
        return self.shelf.get(which)

    # --- keeping ------------------------------------------------------------------------------------

    def add(self, title: str, by: Person | str, **fields: Any) -> Maintenance:
        """A new maintenance; `fields` as `edit` takes them, `schedule` from `every` or `once`."""
        ids, now, catalogue = self._ground.ids, self._ground.now(), self._ground.catalogue
        start: dict[str, Choice | None] = {
            "stage": catalogue.get("change_stage", "Submission"),
            "status": catalogue.get("change_status", "Requested"),
            "workflow": catalogue.get("workflow", "General Change Workflow"),
            "template": catalogue.get("change_template", "General Template"),
            "site": catalogue.get("site", "Base Site"),
        }
        person = self._ground.people.get(by)
        maintenance = Maintenance(ids.next(), ids.next(), ids.number("CHM"), title, person, now, start)
        self._set(maintenance, fields)
        self._reschedule(maintenance)
        self._note("added", self.shelf.keep(maintenance), person)
        return maintenance

    def edit(self, which: Maintenance | str, *, by: Person | str, **fields: Any) -> Maintenance:
        """Change fields: list entries, services, assets and people by id or name, `schedule` as a Schedule."""
        maintenance = self.get(which)
        self._set(maintenance, fields)
        if "schedule" in fields:
            self._reschedule(maintenance)
        self.shelf.keep(maintenance)
        self._note("edited", maintenance, self._ground.people.get(by), fields=sorted(fields))
        return maintenance

    def delete(self, which: Maintenance | str, *, by: Person | str) -> None:
        maintenance = self.get(which)
        self.shelf.remove(maintenance)
        self._note("deleted", maintenance, self._ground.people.get(by))

    def every(self, frequency: str, start: datetime, **advanced: Any) -> Repetitive:
        """A repeating schedule for `add` and `edit`; with any of its further fields it is an advanced one."""
        return Repetitive(self._ground.ids.next(), frequency, start, is_advanced=bool(advanced), **advanced)

    def once(self, start: datetime) -> OneTime:
        """A schedule that runs once."""
        return OneTime(self._ground.ids.next(), start)

    def _set(self, maintenance: Maintenance, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            if name in CHOICES:
                maintenance.choices[name] = self._ground.catalogue.maybe(CHOICES[name], value, name)
            elif name in DETAILS:
                maintenance.details[name] = value
            elif name in Maintenance.__dataclass_fields__ and name not in ("id", "inner_id", "display", "choices"):
                setattr(maintenance, name, self._read(name, value))
            else:
                raise Refusal(BAD_KEY, f"a change maintenance has no field {name}", [name])

    def _read(self, name: str, value: Any) -> Any:
        ground = self._ground
        if name in ("services", "assets"):
            return ground.catalogue.some(name.removesuffix("s"), value, name)
        if name in ("requester", "owner", "manager") and value is not None:
            return ground.people.get(value)
        if name == "roles":
            return [self._role(role, user) for role, user in value]
        return value

    def _role(self, role: str, user: Person | str) -> RoleHolder:
        ground = self._ground
        return RoleHolder(ground.ids.next(), ground.catalogue.get("change_role", role), ground.people.get(user))

    # --- running --------------------------------------------------------------------------------------

    def execute(self, which: Maintenance | str, *, by: Person | str) -> Change:
        """Create the change now, beside the schedule."""
        maintenance, person = self.get(which), self._ground.people.get(by)
        change = self._create(maintenance, person, self._ground.now())
        self._note("executed", maintenance, person, change=change.id, label=change.label)
        return change

    def suspend(self, which: Maintenance | str, *, by: Person | str, comments: str | None = None) -> Maintenance:
        """Stop the schedule; raises Refusal 4009 when it is stopped already."""
        return self._switch(which, by, suspended=True, comments=comments)

    def enable(self, which: Maintenance | str, *, by: Person | str, comments: str | None = None) -> Maintenance:
        """Let the schedule run again, from now on; raises Refusal 4009 when it runs."""
        return self._switch(which, by, suspended=False, comments=comments)

    def _switch(
        self, which: Maintenance | str, by: Person | str, *, suspended: bool, comments: str | None
    ) -> Maintenance:
        maintenance, word = self.get(which), "suspended" if suspended else "enabled"
        if maintenance.suspended is suspended:
            raise Refusal(NOT_EDITABLE, f"Maintenance is already {word}")
        maintenance.suspended = suspended
        self._reschedule(maintenance)
        self._note(word, maintenance, self._ground.people.get(by), comments=comments)
        return maintenance

    def run_due(self) -> list[Change]:
        """Create the changes that have become due, in the order they were due."""
        with self._ground.journal.through("schedule"):
            due = sorted(self._due(self._ground.now()), key=lambda pair: pair[0])
            return [self._run(maintenance, at) for at, maintenance in due]

    def _due(self, now: datetime) -> Iterable[tuple[datetime, Maintenance]]:
        for maintenance in self.shelf:
            at = maintenance.next_run
            while at and at <= now:
                yield at, maintenance
                at = next_after(maintenance.schedule, at, self._ground.tenant.tz)

    def _run(self, maintenance: Maintenance, at: datetime) -> Change:
        change = self._create(maintenance, maintenance.created_by, at)
        maintenance.next_run = next_after(maintenance.schedule, at, self._ground.tenant.tz)
        self._note("ran", maintenance, None, change=change.id, label=change.label)
        return change

    def _create(self, maintenance: Maintenance, by: Person, at: datetime) -> Change:
        if maintenance.schedule:
            maintenance.schedule.last_execution_time = at
        return self._changes.add(
            maintenance.title,
            maintenance.requester or maintenance.created_by,
            by=by,
            choices=dict(maintenance.choices),
            description=maintenance.description or "",
            services=list(maintenance.services),
            assets=list(maintenance.assets),
            maintenance=maintenance.id,
            comment=maintenance.comment,
            at=at,
        )

    def _reschedule(self, maintenance: Maintenance) -> None:
        now, tz = self._ground.now(), self._ground.tenant.tz
        maintenance.next_run = None if maintenance.suspended else next_after(maintenance.schedule, now, tz)

    def _note(self, what: str, maintenance: Maintenance, by: Person | None, **detail: Any) -> None:
        self._ground.journal.note(f"maintenance.{what}", maintenance.id, by.id if by else None, **detail)
