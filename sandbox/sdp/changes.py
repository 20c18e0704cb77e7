"""Changes and requests: what maintenances create, and what projects are tied to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.sdp.catalogue import Choice
from sandbox.sdp.ground import Ground
from sandbox.sdp.people import Person
from sandbox.sdp.shelf import Shelf


@dataclass(eq=False)
class Change:
    """A change. `maintenance` is the id of what created it; `choices` are list entries by field name."""

    id: str
    display: int
    title: str
    requester: Person
    created_time: datetime
    choices: dict[str, Choice | None]
    description: str = ""
    services: list[Choice] = field(default_factory=list)
    assets: list[Choice] = field(default_factory=list)
    maintenance: str | None = None
    comment: str | None = None
    scheduled_start_time: datetime | None = None
    scheduled_end_time: datetime | None = None

    @property
    def label(self) -> str:
        return f"CH-{self.display}"


class Changes:
    """All changes of the tenant."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.shelf: Shelf[Change] = Shelf("change", "CH")

    def __iter__(self) -> Iterator[Change]:
        return iter(self.shelf)

    def get(self, which: Change | str) -> Change:
        return self.shelf.get(which)

    def add(
        self,
        title: str,
        requester: Person | str,
        *,
        choices: dict[str, Choice | None] | None = None,
        by: Person | None = None,
        at: datetime | None = None,
        **more: object,
    ) -> Change:
        """A new change in its first stage, created `at` or now; `more` is any other field of Change."""
        catalogue, person = self._ground.catalogue, self._ground.people.get(requester)
        start = {
            "stage": catalogue.get("change_stage", "Submission"),
            "status": catalogue.get("change_status", "Requested"),
        }
        ids, now = self._ground.ids, at or self._ground.now()
        change = Change(ids.next(), ids.number("CH"), title, person, now, {**start, **(choices or {})}, **more)  # type: ignore[arg-type]
        detail = {"label": change.label, "maintenance": change.maintenance}
        self._ground.journal.note("change.added", self.shelf.keep(change).id, (by or person).id, **detail)
        return change


@dataclass(eq=False)
class Request:
    """A service request; SDP calls its title `subject`."""

    id: str
    display: int
    title: str
    requester: Person
    created_time: datetime
    status: Choice

    @property
    def label(self) -> str:
        return str(self.display)


class Requests:
    """All requests of the tenant; their display ids are plain numbers."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.shelf: Shelf[Request] = Shelf("request", "SR")

    def __iter__(self) -> Iterator[Request]:
        return iter(self.shelf)

    def get(self, which: Request | str) -> Request:
        return self.shelf.get(which)

    def add(self, subject: str, requester: Person | str, *, status: str = "Open") -> Request:
        """A new request."""
        ids, catalogue = self._ground.ids, self._ground.catalogue
        person = self._ground.people.get(requester)
        status_choice = catalogue.get("request_status", status)
        request = Request(ids.next(), ids.number("SR"), subject, person, self._ground.now(), status_choice)
        self._ground.journal.note("request.added", self.shelf.keep(request).id, person.id)
        return request
