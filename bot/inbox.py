"""Finds approvals that wait: the poll, the webhook's hint, and one careful look at a release.

The poll is the source of truth. Each one reads the pages of open releases, then looks at those that may have moved:
changed since the last look, never seen or gone; known to wait for somebody; and the `ROTATE` that were looked at
longest ago. Nothing documents that a release's `last_updated_time` moves when its approvals do, so that last group is
what bounds the staleness: with R open releases each is looked at within R / `ROTATE` polls, whatever its stamp says.

A poll looks for as long as lies between two polls and leaves the rest to the next, so that what it found is shown even
where SDP is slow or the call budget small. In each of the three groups those looked at longest ago come first, and the
groups take turns: none of them can keep the others from being looked at. With N looks in that time and W releases that
wait, each of these is looked at every poll as long as W ≤ N / 3 or the other groups leave room, else within 3 W / N.

Where the stamp has not moved one call is enough: the approvals of the level that is asked, or the levels where nobody
is. Only what that shows to be different is read whole.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, zip_longest

import structlog

from bot.approvals import asked, current_level, deadline, is_closed
from bot.errors import SdpNotFound
from bot.jobs import Jobs
from bot.models import Approval, ApprovalLevel, ApprovalRef, ApprovalState, SdpId, Snapshot
from bot.sdp import Sdp
from bot.store import Asked, Books, Known, Releases, Wake, Walk

ROTATE = 100
"""Releases walked per poll although nothing speaks for a change."""
WALKS_AT_ONCE = 4
"""Each has two calls under way at most. Where a call takes 0.2 s that is four times what the call budget allows unless
set otherwise."""
HANDFUL = 50
"""Releases whose records are fetched together, and walks that are noted together."""
LATEST = timedelta(minutes=2)
"""No read of a release takes longer."""
SURELY_SHOWN = timedelta(minutes=1)
"""When a changed card is drawn at the latest, should whoever found the change die before saying so."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Turn:
    """A release that is to be looked at: its stamp in the list, None when it is not there, and what is remembered."""

    release: SdpId
    stamp: str | None
    known: Known


@dataclass(slots=True)
class Round:
    """What a poll has come upon so far: walks not noted yet, and approvals whose cards have to be looked after."""

    walks: dict[SdpId, Walk] = field(default_factory=dict)
    woken: set[ApprovalRef] = field(default_factory=set)


class Inbox:
    """Reads releases with everything a decision needs, remembers them, and wakes the cards that may have changed."""

    def __init__(self, sdp: Sdp, releases: Releases, jobs: Jobs, *, poll_every: timedelta) -> None:
        self._sdp = sdp
        self._releases = releases
        self._jobs = jobs
        self._poll_every = poll_every

    # --- everything open ------------------------------------------------------------------------------------

    async def poll(self, _: str = "") -> datetime:
        """One round over everything open; answers when the next is due. A job.

        New cards are woken at the end, when it is known how many wait for whom.
        """
        started, sdp = datetime.now(UTC), self._sdp.background()
        updates, books = await asyncio.gather(sdp.releases.last_updates(), self._releases.books())
        open_ = {release: _stamp(updated) for release, updated in updates.items()}
        todo = _todo(open_, books)
        walked, woken = await self._walk_all(todo, open_, sdp)
        await self._wake(woken)
        await self._releases.polled(started)
        log.info("inbox.polled", open=len(open_), walked=walked, left=len(todo) - walked, seconds=_since(started))
        return started + self._poll_every

    async def _walk_all(
        self, todo: Sequence[SdpId], open_: Mapping[SdpId, str], sdp: Sdp
    ) -> tuple[int, set[ApprovalRef]]:
        """Look at these in their order while there is time: how many it was, and whose cards to wake."""
        clock, limit = asyncio.get_running_loop().time, asyncio.Semaphore(WALKS_AT_ONCE)
        end, done, walked = clock() + self._poll_every.total_seconds(), Round(), 0
        async with asyncio.TaskGroup() as walks:
            async for turn in self._turns(todo, open_, done):
                await limit.acquire()
                if clock() > end:
                    break
                walks.create_task(self._walk(turn, sdp, done)).add_done_callback(lambda _: limit.release())
                walked += 1
        await self._note(done)
        return walked, done.woken

    async def _turns(self, todo: Sequence[SdpId], open_: Mapping[SdpId, str], done: Round) -> AsyncIterator[Turn]:
        for start in range(0, len(todo), HANDFUL):
            handful = todo[start : start + HANDFUL]
            for release, known in zip(handful, await self._releases.known(handful), strict=True):
                yield Turn(release, open_.get(release), known)
            await self._note(done)

    async def _note(self, done: Round) -> None:
        walks, done.walks = done.walks, {}
        await self._releases.walked(walks)

    async def _walk(self, turn: Turn, sdp: Sdp, done: Round) -> None:
        """One release of a poll; its trouble must not cost the others theirs."""
        try:
            if await _is_quiet(turn, sdp):
                done.walks[turn.release] = Walk(datetime.now(UTC), turn.stamp or "")
                done.woken |= _without_card(turn.known)
            else:
                await self._look(turn.release, sdp, done)
        except Exception as error:
            log.warning("inbox.walk_failed", release=turn.release, error=str(error))

    # --- one release ------------------------------------------------------------------------------------------

    async def look(self, release: SdpId) -> None:
        """Read one release with its levels and approvals, remember it, wake its cards. A job."""
        done = Round()
        await self._look(release, self._sdp, done)
        await self._note(done)
        await self._wake(done.woken)

    async def _look(self, release: SdpId, sdp: Sdp, done: Round) -> None:
        now = datetime.now(UTC)
        try:
            snapshot = await _read_whole(sdp, release)
        except SdpNotFound:
            done.woken |= await self._gone(release)
            return
        done.woken |= await self._remember(snapshot, await self._releases.known_of(release))
        if is_closed(snapshot.release):
            await self._releases.closed(release)
        else:
            done.walks[release] = Walk(now, _stamp(snapshot.release.updated_on))

    async def read(self, ref: ApprovalRef) -> Snapshot | None:
        """What is true now for one approval: its release, its levels, everybody on its level; None when it is gone.

        Three reads at once. The other levels' approvals are as they were last seen.
        """
        began = datetime.now(UTC)
        try:
            release, levels, approvals = await asyncio.gather(
                self._sdp.releases.get(ref.release),
                _listed(self._sdp, ref.release),
                _approvals(self._sdp, ref.release, ref.level),
            )
        except SdpNotFound:
            return None
        known = await self._releases.known_of(ref.release)
        before = known.snapshot.approvals if known.snapshot else ()
        others = tuple(one for one in before if one.ref.level != ref.level)
        snapshot = Snapshot(release, levels, (*others, *approvals), began)
        await self._wake(await self._remember(snapshot, known))
        return snapshot

    async def noticed(self, snapshot: Snapshot) -> None:
        """Keep what is true now, and wake the cards it changes."""
        await self._wake(await self._remember(snapshot, await self._releases.known_of(snapshot.release.id)))

    # --- what is remembered -----------------------------------------------------------------------------------

    async def _remember(self, snapshot: Snapshot, known: Known) -> set[ApprovalRef]:
        """Keep what was read; answers the approvals whose cards may have to change or be posted."""
        before, seen = known.snapshot, Known(snapshot, known.with_card)
        if before is not None and _is_overtaken(snapshot, before):
            return _without_card(known)
        if before is not None and _same(before, snapshot):
            return _without_card(seen)
        await self._releases.keep(snapshot, before, _who_is_asked(snapshot), self._surely(known, snapshot))
        return _without_card(seen) | known.with_card

    def _surely(self, known: Known, snapshot: Snapshot) -> list[Wake]:
        """What has to hear of a change even if nobody is left to say so."""
        at = datetime.now(UTC) + SURELY_SHOWN
        wakes = [self._jobs.entry("show", str(ref), at) for ref in sorted(known.with_card, key=str)]
        if known.with_card and known.snapshot is not None and _standing(known.snapshot) != _standing(snapshot):
            wakes.append(self._jobs.entry("news", snapshot.release.id))
        return wakes

    async def _gone(self, release: SdpId) -> set[ApprovalRef]:
        """SDP has no such release any more: its cards must say so."""
        known, at = await self._releases.known_of(release), datetime.now(UTC) + SURELY_SHOWN
        wakes = [self._jobs.entry("show", str(ref), at) for ref in sorted(known.with_card, key=str)]
        await self._releases.forget(release, known.snapshot, wakes)
        return set(known.with_card)

    async def _wake(self, refs: Collection[ApprovalRef]) -> None:
        await self._jobs.wake_all("show", sorted(map(str, refs)))


# --- which, and in what order -------------------------------------------------------------------------------


def _todo(open_: Mapping[SdpId, str], books: Books) -> list[SdpId]:
    """What a poll should look at, most wanted first."""
    places = {release: place for place, release in enumerate(books.walked)}
    moved = [release for release, stamp in open_.items() if books.stamps.get(release) != stamp]
    gone = [release for release in books.walked if release not in open_]
    waiting = [release for release in books.waiting if release in open_]
    quiet = islice((release for release in books.walked if release in open_), ROTATE)
    groups = [sorted(group, key=lambda one: (places.get(one, -1), one)) for group in ([*moved, *gone], waiting)]
    return list(dict.fromkeys(_in_turns(*groups, quiet)))


def _in_turns(*groups: Iterable[SdpId]) -> Iterable[SdpId]:
    """The first of each group, the second of each, …"""
    return (one for one in chain.from_iterable(zip_longest(*groups)) if one is not None)


async def _is_quiet(turn: Turn, sdp: Sdp) -> bool:
    """The one call that tells whether anything moved; no call where it did, or where the stamp cannot be trusted."""
    known, stamp = turn.known.snapshot, turn.stamp
    if known is None or not stamp or stamp != _stamp(known.release.updated_on):
        return False
    return await _as_known(sdp, known)


def _without_card(known: Known) -> set[ApprovalRef]:
    """Approvals that are asked and have no card yet."""
    refs = {approval.ref for approval in asked(known.snapshot)} if known.snapshot else set()
    return refs - known.with_card


def _who_is_asked(snapshot: Snapshot) -> list[Asked]:
    by = deadline(snapshot.release)
    return [
        Asked(one.approver.id, one.ref, by, (one.sent_on or snapshot.read_at).timestamp()) for one in asked(snapshot)
    ]


# --- reading ------------------------------------------------------------------------------------------------


def _is_overtaken(snapshot: Snapshot, known: Snapshot) -> bool:
    """Whether what is known was read later: an answer that took its time must not undo what a quicker one brought.

    Only within LATEST: a clock that was put back must not make the bot believe its own past.
    """
    return timedelta(0) < known.read_at - snapshot.read_at < LATEST


async def _read_whole(sdp: Sdp, id_: SdpId) -> Snapshot:
    began = datetime.now(UTC)
    release, levels = await asyncio.gather(sdp.releases.get(id_), _listed(sdp, id_))
    begun = [level for level in levels if level.state is not ApprovalState.TO_BE_SENT]
    groups = await asyncio.gather(*(_approvals(sdp, id_, level.id) for level in begun))
    return Snapshot(release, levels, tuple(one for group in groups for one in group), began)


async def _as_known(sdp: Sdp, known: Snapshot) -> bool:
    """Whether the approvals that are asked, or the levels where none is, are as they were."""
    level = current_level(known)
    if level is None:
        return await _listed(sdp, known.release.id) == known.levels
    return await _approvals(sdp, known.release.id, level.id) == known.of_level(level.id)


async def _listed(sdp: Sdp, release: SdpId) -> tuple[ApprovalLevel, ...]:
    levels = [level async for level in sdp.releases.levels(release)]
    return tuple(sorted(levels, key=lambda level: level.number))


async def _approvals(sdp: Sdp, release: SdpId, level: SdpId) -> tuple[Approval, ...]:
    return tuple([approval async for approval in sdp.approvals.list(release, level)])


def _stamp(updated: datetime | None) -> str:
    return updated.isoformat() if updated else ""


def _standing(snapshot: Snapshot) -> list[ApprovalState]:
    return [level.state for level in snapshot.levels]


def _same(one: Snapshot, other: Snapshot) -> bool:
    return (one.release, one.levels, one.approvals) == (other.release, other.levels, other.approvals)


def _since(started: datetime) -> float:
    return round((datetime.now(UTC) - started).total_seconds(), 3)
