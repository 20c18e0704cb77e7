"""The tenant: everything that is true in the stand-in's SDP, and the verbs that change it. No HTTP in here."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.sdp import snapshot
from sandbox.sdp.accounts import Accounts
from sandbox.sdp.approvals import Approval, Approvals, Plan, Verdict
from sandbox.sdp.catalogue import Catalogue
from sandbox.sdp.changes import Change, Changes, Request, Requests
from sandbox.sdp.faults import Fault, Faults
from sandbox.sdp.ground import Ground
from sandbox.sdp.ids import Ids
from sandbox.sdp.journal import Effect, Exchange, Journal
from sandbox.sdp.maintenances import Maintenance, Maintenances
from sandbox.sdp.people import People, Person
from sandbox.sdp.projects import Project, Projects
from sandbox.sdp.releases import Release, Releases
from sandbox.sdp.tenant import Tenant


@dataclass(frozen=True)
class Hook:
    """Whom the tenant's trigger calls about releases, and with what secret."""

    url: str
    secret: str


def utc_now() -> datetime:
    """The machine's time; looked up at every call, so that a frozen clock is seen."""
    return datetime.now(UTC)


class SdpWorld:
    """A tenant of SDP. The same seed and the same verbs give the same ids.

    `now` gives the time (aware, UTC); `advance` moves the tenant ahead of it.
    """

    def __init__(self, seed: int = 1, now: Callable[[], datetime] = utc_now, portal: str = "itdesk") -> None:
        self.seed, self.portal, self.url = seed, portal, ""
        self._clock = now
        self.ahead = timedelta()
        self.hook: Hook | None = None
        self.tenant = Tenant()
        self.faults = Faults()
        self.ids = Ids(seed)
        self.people = People(self.ids)
        self.catalogue = Catalogue(self.ids)
        self.journal = Journal(self.now)
        ground = Ground(self.now, self.ids, self.people, self.catalogue, self.journal, self.tenant)
        self.accounts = Accounts(ground)
        self.releases = Releases(ground)
        self.approvals = Approvals(ground)
        self.changes = Changes(ground)
        self.requests = Requests(ground)
        self.maintenances = Maintenances(ground, self.changes)
        self.projects = Projects(ground, self.changes, self.requests)

    def snapshot(self) -> dict[str, Any]:
        """Everything that is true, as JSON; not the faults, not the log, not the hook."""
        return snapshot.take(self)

    @classmethod
    def restore(cls, taken: dict[str, Any], now: Callable[[], datetime] = utc_now) -> "SdpWorld":
        """The world a snapshot was taken of; raises ValueError for one it cannot read."""
        world = cls(taken["seed"], now, taken["portal"])
        snapshot.put_back(world, taken)
        return world

    # --- time -------------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self._clock() + self.ahead

    def advance(self, by: timedelta) -> None:
        """Let time pass; what becomes due on the way happens."""
        self.ahead += by
        self.maintenances.run_due()

    def advance_to(self, when: datetime) -> None:
        """Let time pass until `when`; raises ValueError for a moment that has gone by."""
        if when < self.now():
            raise ValueError(f"the tenant's clock is already at {self.now():%Y-%m-%d %H:%M} UTC; it cannot go back")
        self.advance(when - self.now())

    # --- finding ----------------------------------------------------------------------------------

    def person(self, who: Person | str) -> Person:
        return self.people.get(who)

    def release(self, which: Release | str) -> Release:
        return self.releases.get(which)

    def approval(self, which: Approval | str) -> Approval:
        return self.approvals.get(which)

    def maintenance(self, which: Maintenance | str) -> Maintenance:
        return self.maintenances.get(which)

    def project(self, which: Project | str) -> Project:
        return self.projects.get(which)

    def change(self, which: Change | str) -> Change:
        return self.changes.get(which)

    def request(self, which: Request | str) -> Request:
        return self.requests.get(which)

    def waiting(self, who: Person | str | None = None) -> list[Approval]:
        """The approvals that can be decided now, of that person or of everybody."""
        return self.approvals.waiting(None if who is None else self.person(who))

    def effects(
        self, kind: str | None = None, record: str | None = None, by: Person | str | None = None
    ) -> list[Effect]:
        """What really changed, oldest first; `kind` may end in a dot to mean all of its sort."""
        return self.journal.find(kind, record, None if by is None else self.person(by).id)

    @property
    def log(self) -> deque[Exchange]:
        """Every request and its answer, oldest first."""
        return self.journal.log

    # --- doing ------------------------------------------------------------------------------------

    def add_release(self, title: str, requester: Person | str, levels: Sequence[Plan] = (), **fields: Any) -> Release:
        """A new release with its approval levels set up and its first level asked; see `Releases.add` for `fields`."""
        release = self.releases.add(title, requester, **fields)
        self.approvals.open(release, levels, release.requester)
        return release

    def decide(
        self, approval: Approval | str, verdict: Verdict, *, by: Person | str, comments: str | None = None
    ) -> Approval:
        """A decision made in SDP itself, see `Approvals.decide`."""
        return self.approvals.decide(approval, verdict, by=self.person(by), comments=comments)

    def break_with(self, kind: str, path: str = "*", method: str = "*", *, times: int | None = 1, **how: Any) -> Fault:
        """Break the next `times` requests that match (None: all of them until `mend`), see `faults.KINDS`."""
        return self.faults.add(kind, path=path, method=method, times=times, **how)

    def mend(self, fault: Fault | None = None) -> None:
        """Switch a fault off, or all of them."""
        self.faults.mend(fault)
