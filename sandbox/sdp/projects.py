"""Projects: their fields, the time spent on them, what is attached to them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sandbox.sdp.catalogue import Choice
from sandbox.sdp.changes import Change, Changes, Request, Requests
from sandbox.sdp.ground import Ground
from sandbox.sdp.people import Person
from sandbox.sdp.refusals import BAD_KEY, NOT_UNIQUE, Refusal
from sandbox.sdp.shelf import Shelf

CHOICES = {
    "status": "project_status",
    "priority": "priority",
    "project_type": "project_type",
    "project_template": "project_template",
    "department": "department",
    "site": "site",
}
TIMES = ("scheduled_start_time", "scheduled_end_time", "actual_start_time", "actual_end_time", "projected_end")
NUMBERS = ("percentage_completion", "estimated_hours", "actual_hours", "estimated_cost", "actual_cost")
PEOPLE = ("owner", "project_requester")
TEXTS = ("title", "description", "project_code")

Kind = Literal["changes", "requests"]


@dataclass(frozen=True)
class WorkLog:
    """Time somebody spent, and what it cost."""

    owner: Person
    minutes: int
    tech_charge: Decimal
    other_charge: Decimal
    at: datetime


@dataclass(frozen=True)
class Attachment:
    """A file as it was received; its content is not kept, its length and SHA-256 are."""

    file_id: str
    name: str
    content_type: str
    size: int
    sha256: str
    attached: bool
    by: Person


@dataclass(eq=False)
class Project:
    """A project. `numbers` are kept as the text they came in, as SDP answers them."""

    id: str
    display: int
    title: str
    created_by: Person
    created_time: datetime
    choices: dict[str, Choice | None]
    description: str | None = None
    project_code: str | None = None
    owner: Person | None = None
    project_requester: Person | None = None
    numbers: dict[str, str | None] = field(default_factory=dict)
    times: dict[str, datetime | None] = field(default_factory=dict)
    udf_fields: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, None] = field(default_factory=dict)
    requests: dict[str, None] = field(default_factory=dict)
    work: list[WorkLog] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"PJT-{self.display}"

    def attached(self, kind: Kind) -> dict[str, None]:
        """The ids of the attached changes or requests, in the order they were attached."""
        return self.changes if kind == "changes" else self.requests


@dataclass
class Spent:
    """A line of the timesheet: what one person spent in total."""

    owner: Person
    minutes: int = 0
    tech_charge: Decimal = Decimal()
    other_charge: Decimal = Decimal()

    def add(self, log: WorkLog) -> None:
        self.minutes += log.minutes
        self.tech_charge += log.tech_charge
        self.other_charge += log.other_charge


class Projects:
    """All projects of the tenant."""

    def __init__(self, ground: Ground, changes: Changes, requests: Requests) -> None:
        self._ground = ground
        self.shelf: Shelf[Project] = Shelf("project", "PJT")
        self._others: dict[Kind, Shelf[Change] | Shelf[Request]] = {
            "changes": changes.shelf,
            "requests": requests.shelf,
        }

    def __iter__(self) -> Iterator[Project]:
        return iter(self.shelf)

    def get(self, which: Project | str) -> Project:
        """The project meant; raises Refusal 4007."""
        return self.shelf.get(which)

    # --- keeping ------------------------------------------------------------------------------------

    def add(self, title: str, by: Person | str, **fields: Any) -> Project:
        """A new project; `fields` are those of the five tables above, list entries and people by id or name."""
        ids, catalogue = self._ground.ids, self._ground.catalogue
        start: dict[str, Choice | None] = {
            "status": catalogue.get("project_status", "Open"),
            "project_template": catalogue.get("project_template", "Default"),
        }
        person = self._ground.people.get(by)
        project = Project(ids.next(), ids.number("PJT"), title, person, self._ground.now(), start)
        self._set(project, fields)
        self._note("added", self.shelf.keep(project), person)
        return project

    def edit(self, which: Project | str, *, by: Person | str, **fields: Any) -> Project:
        """Change fields of a project."""
        project = self.get(which)
        self._set(project, fields)
        self.shelf.keep(project)
        self._note("edited", project, self._ground.people.get(by), fields=sorted(fields))
        return project

    def delete(self, which: Project | str, *, by: Person | str) -> None:
        project = self.get(which)
        self.shelf.remove(project)
        self._note("deleted", project, self._ground.people.get(by))

    def _set(self, project: Project, fields: Mapping[str, Any]) -> None:
        self._check_code(project, fields.get("project_code"))
        for name, value in fields.items():
            if name in CHOICES:
                project.choices[name] = self._ground.catalogue.maybe(CHOICES[name], value, name)
            elif name in NUMBERS:
                project.numbers[name] = None if value is None else str(value)
            elif name in TIMES:
                project.times[name] = value
            elif name in PEOPLE:
                setattr(project, name, None if value is None else self._ground.people.get(value))
            elif name in TEXTS or name == "udf_fields":
                setattr(project, name, value)
            else:
                raise Refusal(BAD_KEY, f"a project has no field {name}", [name])

    def _check_code(self, project: Project, code: str | None) -> None:
        if code and any(other.project_code == code for other in self.shelf if other is not project):
            raise Refusal(NOT_UNIQUE, "The project code is in use", ["project_code"])

    # --- time -----------------------------------------------------------------------------------------

    def log_work(
        self, which: Project | str, who: Person | str, *, hours: float, tech_charge: str = "0", other_charge: str = "0"
    ) -> WorkLog:
        """Somebody spent time; the project's actual hours and cost go up by it."""
        project, owner = self.get(which), self._ground.people.get(who)
        log = WorkLog(owner, round(hours * 60), Decimal(tech_charge), Decimal(other_charge), self._ground.now())
        project.work.append(log)
        _raise(project.numbers, "actual_hours", Decimal(log.minutes) / 60, "0.01")
        _raise(project.numbers, "actual_cost", log.tech_charge + log.other_charge, "0.01")
        self._note("work_logged", project, owner, minutes=log.minutes)
        return log

    def timesheet(self, which: Project | str) -> list[Spent]:
        """What each person spent, in the order of their first entry."""
        lines: dict[Person, Spent] = {}
        for log in self.get(which).work:
            lines.setdefault(log.owner, Spent(log.owner)).add(log)
        return list(lines.values())

    # --- attaching --------------------------------------------------------------------------------------

    def attach(self, which: Project | str, kind: Kind, ids: Iterable[str], *, by: Person | str) -> list[str]:
        """Attach changes or requests by long id; all or, with Refusal 4001 for an unknown one, none of them.

        Returns the ids that were not attached before.
        """
        project, wanted = self.get(which), list(ids)
        self._check_known(kind, wanted)
        there = project.attached(kind)
        new = [id_ for id_ in dict.fromkeys(wanted) if id_ not in there]
        there.update(dict.fromkeys(new))
        if new:
            self._note(f"{kind}_attached", project, self._ground.people.get(by), ids=new)
        return new

    def detach(self, which: Project | str, kind: Kind, ids: Iterable[str], *, by: Person | str) -> list[str]:
        """Detach by long id; returns those that were attached. Unknown ids are Refusal 4001."""
        project, wanted = self.get(which), list(ids)
        self._check_known(kind, wanted)
        there = project.attached(kind)
        gone = [id_ for id_ in wanted if id_ in there]
        for id_ in gone:
            there.pop(id_, None)
        if gone:
            self._note(f"{kind}_detached", project, self._ground.people.get(by), ids=gone)
        return gone

    def _check_known(self, kind: Kind, ids: Iterable[str]) -> None:
        if unknown := [id_ for id_ in ids if id_ not in self._others[kind]]:
            raise Refusal(BAD_KEY, f"Invalid reference {unknown[0]}", [kind])

    def keep_file(self, which: Project | str, file: Attachment) -> Attachment:
        """Remember an uploaded file."""
        project = self.get(which)
        project.attachments.append(file)
        self._note("uploaded", project, file.by, file=file.file_id, name=file.name, size=file.size)
        return file

    def _note(self, what: str, project: Project, by: Person | None, **detail: Any) -> None:
        self._ground.journal.note(f"project.{what}", project.id, by.id if by else None, **detail)


def _raise(numbers: dict[str, str | None], name: str, by: Decimal, step: str) -> None:
    numbers[name] = str((Decimal(numbers.get(name) or "0") + by).quantize(Decimal(step)))
