"""What is going on in SDP at one moment, for everybody's digests and Home tabs: read once for all of them.

Releases and approvals come from the snapshots the poll keeps, which costs SDP nothing; maintenances and projects are
one walk over their lists. All processes share the last overview; whoever finds it too old reads the next.

SDP does not say when a release's stage or status changed, so each overview is compared with the one before, and what
moved is kept with the time it was noticed.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog
from pydantic import TypeAdapter

from bot.approvals import asked, is_closed
from bot.errors import SdpError, SdpForbidden
from bot.models import ApprovalRef, ApprovalState, Maintenance, Mrkdwn, Person, Project, SdpId, Snapshot
from bot.sdp import Sdp
from bot.store import Links, OverviewText, Releases

MOVES_KEPT = timedelta(days=5)
"""A long weekend and a day."""
RECORDS_A_MINUTE = 1000
"""Maintenances and projects that may be read again each minute: ten calls of a budget of hundreds."""
STALE_MAX = timedelta(hours=12)
"""While SDP cannot be asked, an overview up to this old is better than none; whoever shows it says from when it is."""

LEFT_ALONE = timedelta(minutes=1)
"""How long SDP is not asked again by those who come next: each would wait for its silence as long as the first."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody whose decision a release waits for now."""

    ref: ApprovalRef
    person: Person
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A decision on a release."""

    person: Person
    state: ApprovalState
    at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A release that went from one stage or status to another, noticed at `at`."""

    before: str
    after: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """A release in one line: whom it waits for, who said what, and where it moved lately."""

    id: SdpId
    label: str
    title: str
    place: str
    closed: bool
    planned_start: datetime | None = None
    requester: Person | None = None
    asked: tuple[Ask, ...] = ()
    said: tuple[Said, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at one moment: `read_at` is when maintenances and projects were read, `polled_at` when the releases
    were gathered from what the poll had stored."""

    read_at: datetime
    releases: tuple[ReleaseLine, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    projects: tuple[Project, ...] = ()
    polled_at: datetime | None = None


_codec = TypeAdapter(Overview)


def line_of(snapshot: Snapshot, before: ReleaseLine | None, now: datetime) -> ReleaseLine:
    """A release in one line, with what moved since `before`."""
    release = snapshot.release
    line = ReleaseLine(
        id=release.id,
        label=release.label,
        title=release.title,
        place=" · ".join(named.name for named in (release.stage, release.status) if named),
        closed=is_closed(release),
        planned_start=release.planned_start,
        requester=release.requester,
        asked=tuple(Ask(one.ref, one.approver, one.sent_on) for one in asked(snapshot)),
        said=tuple(
            Said(one.approver, one.state, one.decided_on)
            for one in snapshot.approvals
            if one.state.is_decided and one.decided_on
        ),
    )
    if before is None:
        return line
    recent = tuple(move for move in before.moves if now - move.at < MOVES_KEPT)
    moved = (Move(before.place, line.place, now),) if before.place != line.place else ()
    return replace(line, moves=(*recent, *moved))


def _is_worth_keeping(line: ReleaseLine, now: datetime) -> bool:
    """Closed releases leave once nobody can have missed their last move."""
    lately = [*(move.at for move in line.moves), *(said.at for said in line.said)]
    return not line.closed or any(now - at < MOVES_KEPT for at in lately)


class Index:
    """An overview by people: what is whose.

    A person of SDP goes by the Slack person they are connected with or mapped to (`claimed`: SDP id → Slack id), else
    by their e-mail address, unless two people in SDP have it: then nobody can tell whose it is, and it is left out.
    """

    def __init__(self, overview: Overview, claimed: Mapping[SdpId, str]) -> None:
        self.overview = overview
        self._claimed = claimed
        self._shared = _shared_addresses(overview)
        self._waiting: defaultdict[str, list[tuple[ReleaseLine, Ask]]] = defaultdict(list)
        self._followed: defaultdict[str, dict[SdpId, ReleaseLine]] = defaultdict(dict)
        self._requested: defaultdict[str, dict[SdpId, ReleaseLine]] = defaultdict(dict)
        self._maintenances: defaultdict[str, dict[SdpId, Maintenance]] = defaultdict(dict)
        self._projects: defaultdict[str, dict[SdpId, Project]] = defaultdict(dict)
        for line in overview.releases:
            self._add(line)
        for maintenance in overview.maintenances:
            for key in self._keys(_holders(maintenance)):
                self._maintenances[key][maintenance.id] = maintenance
        for project in overview.projects:
            for key in self._keys([project.owner]):
                self._projects[key][project.id] = project

    def _add(self, line: ReleaseLine) -> None:
        for ask in line.asked:
            for key in self._keys([ask.person]):
                self._waiting[key].append((line, ask))
        for key in self._keys([line.requester]):
            self._requested[key][line.id] = line
        for key in self._keys([line.requester, *(one.person for one in line.said)]):
            self._followed[key][line.id] = line

    def key_of(self, person: Person) -> str | None:
        """By what somebody in SDP is known here: a Slack id, an address, or nothing."""
        if (slack := self._claimed.get(person.id)) is not None:
            return slack
        return person.email if person.email not in self._shared else None

    def _keys(self, people: Iterable[Person | None]) -> set[str]:
        return {key for person in people if person and (key := self.key_of(person))}

    def waiting(self, who: Iterable[str]) -> list[tuple[ReleaseLine, Ask]]:
        """The approvals that wait for somebody known by these keys."""
        return [found for key in who for found in self._waiting.get(key, ())]

    def followed(self, who: Iterable[str]) -> list[ReleaseLine]:
        """The releases they asked for or decided on."""
        return _together(self._followed, who)

    def requested(self, who: Iterable[str]) -> list[ReleaseLine]:
        """The releases they asked for."""
        return _together(self._requested, who)

    def maintenances(self, who: Iterable[str]) -> list[Maintenance]:
        """Those they own, manage or hold a role in."""
        return _together(self._maintenances, who)

    def projects(self, who: Iterable[str]) -> list[Project]:
        """Those they own."""
        return _together(self._projects, who)


T = TypeVar("T")


def _together(by_key: Mapping[str, Mapping[SdpId, T]], who: Iterable[str]) -> list[T]:
    return list({id_: one for key in who for id_, one in by_key.get(key, {}).items()}.values())


def _holders(maintenance: Maintenance) -> list[Person | None]:
    return [maintenance.owner, maintenance.manager, *(role.person for role in maintenance.roles)]


def _shared_addresses(overview: Overview) -> set[str]:
    """Addresses that more than one person in SDP has."""
    owners: defaultdict[str, set[SdpId]] = defaultdict(set)
    for person in _everybody(overview):
        if person is not None and person.email:
            owners[person.email].add(person.id)
    return {email for email, ids in owners.items() if len(ids) > 1}


def _everybody(overview: Overview) -> Iterator[Person | None]:
    for line in overview.releases:
        yield line.requester
        yield from (ask.person for ask in line.asked)
        yield from (said.person for said in line.said)
    for maintenance in overview.maintenances:
        yield from _holders(maintenance)
    yield from (project.owner for project in overview.projects)


@dataclass(slots=True)
class _Kept:
    stamp: str = ""
    index: Index | None = None


class Overviews:
    """The last overview, and the next. One per process; safe to share."""

    def __init__(self, sdp: Sdp, releases: Releases, kept: OverviewText, links: Links) -> None:
        self._sdp = sdp
        self._releases = releases
        self._store = kept
        self._links = links
        self._kept = _Kept()
        self._reading = asyncio.Lock()
        self._left_alone_until = datetime.min.replace(tzinfo=UTC)

    async def knows_what_waits(self) -> bool:
        """False between the bot's very first start and the end of its first poll."""
        return await self._releases.was_polled()

    async def known(self) -> Index | None:
        """The last overview, however old; read from the store only when it is another one."""
        if (stamp := await self._store.stamp()) != self._kept.stamp:
            found = await self._store.get()
            index = await self._indexed(_codec.validate_json(found[1])) if found else None
            self._kept = _Kept(found[0] if found else stamp, index)
        return self._kept.index

    async def fresh(self, max_age: timedelta, lists: timedelta = timedelta()) -> Index:
        """An overview no older than `max_age`, or, while SDP cannot be asked, the last one. Raises SdpError.

        Maintenances and projects may be as old as `lists`, and of a large portfolio older still, so that looking does
        not eat the call budget.
        """
        async with self._reading:
            known = await self.known()
            now = datetime.now(UTC)
            if known is None or now - known.overview.read_at > max(max_age, lists, _worth(known.overview)):
                return await self._read(known, now)
            if now - (known.overview.polled_at or known.overview.read_at) > max_age:
                return await self._keep(known, replace(known.overview, polled_at=now))
            return known

    async def _read(self, known: Index | None, now: datetime) -> Index:
        """All of it anew."""
        if known is not None and now < self._left_alone_until:
            return known
        try:
            maintenances, projects = await asyncio.gather(self._maintenances(), self._projects())
        except SdpError as error:
            if known is None or now - known.overview.read_at > STALE_MAX:
                raise
            self._left_alone_until = datetime.now(UTC) + LEFT_ALONE
            log.warning("overview.stale", error=str(error), read_at=known.overview.read_at.isoformat())
            return known
        log.info("overview.read", maintenances=len(maintenances), projects=len(projects))
        return await self._keep(known, Overview(now, maintenances=maintenances, projects=projects, polled_at=now))

    async def _keep(self, known: Index | None, overview: Overview) -> Index:
        """Put the releases in, and share it."""
        now = overview.polled_at or overview.read_at
        before = {line.id: line for line in known.overview.releases} if known else {}
        overview = replace(overview, releases=await self._lines(before, now))
        stamp = now.isoformat()
        await self._store.keep(stamp, _codec.dump_json(overview).decode())
        index = await self._indexed(overview)
        self._kept = _Kept(stamp, index)
        return index

    async def _indexed(self, overview: Overview) -> Index:
        """A connection beats the administrator's map, as everywhere."""
        mapped = {one.sdp: one.slack for one in await self._links.mappings()}
        linked = {one.sdp: one.slack async for one in self._links.every()}
        return Index(overview, mapped | linked)

    async def _lines(self, before: Mapping[SdpId, ReleaseLine], now: datetime) -> tuple[ReleaseLine, ...]:
        lines = [line_of(one, before.get(one.release.id), now) async for one in self._releases.every()]
        return tuple(line for line in lines if _is_worth_keeping(line, now))

    async def _maintenances(self) -> tuple[Maintenance, ...]:
        """Without their descriptions: nothing here shows them, and all processes keep the rest."""
        return await _if_allowed(self._sdp.background().maintenances.list(), "maintenances")

    async def _projects(self) -> tuple[Project, ...]:
        return await _if_allowed(self._sdp.background().projects.list(), "projects")


def _worth(overview: Overview) -> timedelta:
    """How long maintenances and projects are good for, by how many there are."""
    return timedelta(minutes=(len(overview.maintenances) + len(overview.projects)) / RECORDS_A_MINUTE)


M = TypeVar("M", Maintenance, Project)


async def _if_allowed(records: AsyncIterator[M], what: str) -> tuple[M, ...]:
    """All of them; none where the service account may not read them, so that the rest can still be told."""
    try:
        return tuple([replace(one, description=Mrkdwn("")) async for one in records])
    except SdpForbidden as error:
        log.warning("overview.not_allowed", what=what, error=str(error))
        return ()
