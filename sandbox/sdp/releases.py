"""Releases: what is asked approval for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.sdp.catalogue import Choice
from sandbox.sdp.ground import Ground
from sandbox.sdp.people import Person
from sandbox.sdp.refusals import BAD_KEY, Refusal, no_such
from sandbox.sdp.shelf import Shelf

if TYPE_CHECKING:
    from sandbox.sdp.approvals import Level

PLANS = ("roll_out_plan", "back_out_plan", "impact_details", "checklist")
"""Descriptive fields, each an object with `<name>_description` in HTML."""

CHOICES = {
    "stage": "release_stage",
    "status": "release_status",
    "priority": "priority",
    "risk": "risk",
    "impact": "impact",
    "urgency": "urgency",
    "release_type": "change_type",
    "category": "category",
    "template": "release_template",
    "site": "site",
}
"""Fields that are an entry of a list, and which list."""


@dataclass(eq=False)
class Release:
    """A release. `plans` holds HTML by the names in PLANS; `display` is the number people use."""

    id: str
    display: int
    title: str
    requester: Person
    stage: Choice
    status: Choice
    template: Choice
    created_time: datetime
    last_updated_time: datetime | None
    description: str = ""
    priority: Choice | None = None
    risk: Choice | None = None
    impact: Choice | None = None
    urgency: Choice | None = None
    release_type: Choice | None = None
    category: Choice | None = None
    site: Choice | None = None
    approval_status: Choice | None = None
    engineer: Person | None = None
    manager: Person | None = None
    scheduled_start_time: datetime | None = None
    scheduled_end_time: datetime | None = None
    completed_time: datetime | None = None
    services: list[Choice] = field(default_factory=list)
    assets: list[Choice] = field(default_factory=list)
    plans: dict[str, str] = field(default_factory=dict)
    emergency: bool = False
    deleted: bool = False
    levels: "list[Level]" = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"RLS-{self.display}"

    def people(self) -> set[Person]:
        """Who has to do with it."""
        asked = {approval.approver for level in self.levels for approval in level.approvals}
        return asked | {person for person in (self.requester, self.engineer, self.manager) if person}

    def is_seen_by(self, person: Person) -> bool:
        """Technicians see every release; requesters those they have to do with; guests none."""
        if not person.may("READ", "releases"):
            return False
        return person.is_technician or person in self.people()


class Releases:
    """All releases of the tenant."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.shelf: Shelf[Release] = Shelf("release", "RLS")

    def __iter__(self) -> Iterator[Release]:
        return iter(self.shelf)

    def seen_by(self, person: Person) -> Iterator[Release]:
        """Every release that is there for this person, in the order they came."""
        if person.is_technician and person.may("READ", "releases"):
            return (one for one in self.shelf if not one.deleted)
        return (one for one in self.shelf if not one.deleted and one.is_seen_by(person))

    def get(self, which: Release | str) -> Release:
        """The release meant; raises Refusal 4007 for none, and for a deleted one."""
        release = self.shelf.get(which)
        if release.deleted:
            raise no_such("release")
        return release

    def add(
        self,
        title: str,
        requester: Person | str,
        *,
        stage: str = "Submission",
        status: str = "Requested",
        template: str = "General Release",
        services: Iterable[str] = (),
        assets: Iterable[str] = (),
        plans: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Release:
        """A new release without levels; `fields` are any others of Release, choices by name."""
        catalogue, now = self._ground.catalogue, self._ground.now()
        person = self._ground.people.get(requester)
        release = Release(
            self._ground.ids.next(),
            self._ground.ids.number("RLS"),
            title,
            person,
            catalogue.get("release_stage", stage),
            catalogue.get("release_status", status),
            catalogue.get("release_template", template),
            now,
            now,
            services=catalogue.some("service", services),
            assets=catalogue.some("asset", assets),
            plans=dict(plans or {}),
        )
        self._set(release, fields)
        self._ground.journal.note("release.added", self.shelf.keep(release).id, person.id)
        return release

    def edit(self, which: Release | str, **fields: Any) -> Release:
        """Change fields of a release, choices by name; moves last_updated_time."""
        release = self.get(which)
        self._set(release, fields)
        self._touch(release, "release.edited", fields=sorted(fields))
        return release

    def cancel(self, which: Release | str) -> Release:
        """Cancelled in SDP: its approvals can no longer be decided."""
        release = self.get(which)
        release.status = self._ground.catalogue.get("release_status", "Cancelled")
        self._touch(release, "release.cancelled")
        return release

    def delete(self, which: Release | str) -> None:
        """Gone for every reader."""
        release = self.get(which)
        release.deleted = True
        self._touch(release, "release.deleted")

    def _touch(self, release: Release, kind: str, **detail: Any) -> None:
        release.last_updated_time = self._ground.now()
        self._ground.journal.note(kind, release.id, **detail)

    def _set(self, release: Release, fields: Mapping[str, Any]) -> None:
        for name, value in fields.items():
            if name not in Release.__dataclass_fields__ or name in ("id", "display", "levels"):
                raise Refusal(BAD_KEY, f"a release has no field {name}", [name])
            setattr(release, name, self._read(name, value))
        if "title" in fields:
            self.shelf.keep(release)

    def _read(self, name: str, value: Any) -> Any:
        catalogue = self._ground.catalogue
        if name in CHOICES:
            return catalogue.maybe(CHOICES[name], value, name)
        if name in ("services", "assets"):
            return catalogue.some(name.removesuffix("s"), value, name)
        if name in ("requester", "engineer", "manager") and value is not None:
            return self._ground.people.get(value)
        return value
