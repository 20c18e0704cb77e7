"""Finds approvals that wait: the poll, the webhook's hint, and one careful look at a release.

The poll is the source of truth. Each one reads the pages of open releases, then looks at those that may have moved:
changed since the last look, known to wait for somebody, never seen, and the `ROTATE` that were looked at longest ago.
Nothing documents that a release's `last_updated_time` moves when its approvals do, so that last group is what bounds
the staleness: with R open releases each is looked at within R / `ROTATE` polls, whatever its stamp says.

Where the stamp has not moved one call is enough: the approvals of the level that is asked, or the levels where nobody
is. Only what that shows to be different is read whole.
"""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import structlog

from bot.approvals import asked, current_level, deadline, is_closed
from bot.errors import SdpNotFound
from bot.jobs import Jobs
from bot.models import Approval, ApprovalLevel, ApprovalRef, ApprovalState, Release, SdpId, Snapshot
from bot.sdp import Sdp
from bot.store import Cards, Releases

ROTATE = 100
"""Releases walked per poll although nothing speaks for a change."""
WALKS_AT_ONCE = 8

log = structlog.get_logger()


class Inbox:
    """Reads releases with everything a decision needs, remembers them, and wakes the cards that may have changed."""

    def __init__(self, sdp: Sdp, releases: Releases, cards: Cards, jobs: Jobs, *, poll_every: timedelta) -> None:
        self._sdp = sdp
        self._releases = releases
        self._cards = cards
        self._jobs = jobs
        self._poll_every = poll_every

    async def poll(self, _: str = "") -> datetime:
        """One round over everything open; answers when the next is due. A job.

        Cards are woken at the end, when it is known how many wait for whom.
        """
        started = datetime.now(UTC)
        open_ = {release.id: release async for release in self._sdp.background().releases.open()}
        todo = await self._to_walk(open_)
        limit = asyncio.Semaphore(WALKS_AT_ONCE)
        found = await asyncio.gather(*(self._walk(id_, open_.get(id_), limit) for id_ in todo))
        for refs in found:
            await self._wake(refs)
        log.info("inbox.polled", open=len(open_), walked=len(todo), seconds=_since(started))
        return started + self._poll_every

    async def _to_walk(self, open_: dict[SdpId, Release]) -> list[SdpId]:
        walks, stamps = await self._releases.walks(), await self._releases.stamps()
        moved = [id_ for id_, release in open_.items() if stamps.get(id_) != _stamp(release)]
        gone = [id_ for id_ in walks if id_ not in open_]
        waiting = [id_ for id_ in sorted(await self._releases.waiting()) if id_ in open_]
        quiet = [id_ for id_ in walks if id_ in open_][:ROTATE]
        return list(dict.fromkeys([*moved, *gone, *waiting, *quiet]))

    async def _walk(self, id_: SdpId, listed: Release | None, limit: asyncio.Semaphore) -> set[ApprovalRef]:
        """One release of a poll, its cards to wake; its trouble must not cost the others theirs."""
        sdp = self._sdp.background()
        async with limit:
            try:
                return await self._glance(id_, listed, sdp) if listed else await self._look(id_, sdp)
            except Exception as error:
                log.warning("inbox.walk_failed", release=id_, error=str(error))
                return set()

    async def _glance(self, id_: SdpId, listed: Release, sdp: Sdp) -> set[ApprovalRef]:
        """The one call that tells whether anything moved; a whole look if so, or if the stamp cannot be trusted."""
        known, stamp = await self._releases.get(id_), _stamp(listed)
        if known is None or not stamp or stamp != _stamp(known.release) or not await _as_known(sdp, known):
            return await self._look(id_, sdp)
        await self._releases.walked(id_, datetime.now(UTC), stamp)
        return {approval.ref for approval in asked(known)} - await self._cards.asked(id_)

    async def look(self, release: SdpId) -> None:
        """Read one release with its levels and approvals, remember it, wake its cards. A job."""
        await self._wake(await self._look(release, self._sdp))

    async def _look(self, release: SdpId, sdp: Sdp) -> set[ApprovalRef]:
        now = datetime.now(UTC)
        try:
            snapshot = await _read_whole(sdp, release)
        except SdpNotFound:
            return await self._gone(release)
        woken = await self.remember(snapshot)
        if is_closed(snapshot.release):
            await self._releases.closed(release)
        else:
            await self._releases.walked(release, now, _stamp(snapshot.release))
        return woken

    async def read(self, ref: ApprovalRef) -> Snapshot | None:
        """What is true now for one approval: its release, its levels, everybody on its level; None when it is gone.

        Three reads at once. The other levels' approvals are as they were last seen.
        """
        try:
            release, levels, approvals = await asyncio.gather(
                self._sdp.releases.get(ref.release),
                _listed(self._sdp, ref.release),
                _approvals(self._sdp, ref.release, ref.level),
            )
        except SdpNotFound:
            return None
        known = await self._releases.get(ref.release)
        others = tuple(one for one in known.approvals if one.ref.level != ref.level) if known else ()
        snapshot = Snapshot(release, levels, (*others, *approvals), datetime.now(UTC))
        await self.noticed(snapshot)
        return snapshot

    async def noticed(self, snapshot: Snapshot) -> None:
        """Keep what is true now, and wake the cards it changes."""
        await self._wake(await self.remember(snapshot))

    async def remember(self, snapshot: Snapshot) -> set[ApprovalRef]:
        """Keep what was read; answers the approvals whose cards may have to change or be posted."""
        asks = asked(snapshot)
        refs = {approval.ref for approval in asks}
        with_card = await self._cards.asked(snapshot.release.id)
        known = await self._releases.get(snapshot.release.id)
        if known is not None and _same(known, snapshot):
            return refs - with_card
        await self._releases.keep(snapshot, waits=bool(refs))
        await self._note_who_is_asked(snapshot, refs)
        if with_card and known is not None and _standing(known) != _standing(snapshot):
            await self._jobs.wake("news", snapshot.release.id)
        return refs | with_card

    async def _note_who_is_asked(self, snapshot: Snapshot, refs: set[ApprovalRef]) -> None:
        for approval in snapshot.approvals:
            if approval.ref in refs:
                since = (approval.sent_on or snapshot.read_at).timestamp()
                await self._cards.waits_for(approval.approver.id, approval.ref, deadline(snapshot.release), since)
            else:
                await self._cards.waits_no_more([approval.approver.id], approval.ref)

    async def _gone(self, release: SdpId) -> set[ApprovalRef]:
        """SDP has no such release any more: its cards must say so."""
        known = await self._releases.get(release)
        for approval in known.approvals if known else ():
            await self._cards.waits_no_more([approval.approver.id], approval.ref)
        await self._releases.closed(release)
        await self._releases.forget(release)
        return await self._cards.asked(release)

    async def _wake(self, refs: Collection[ApprovalRef]) -> None:
        for ref in sorted(refs, key=str):
            await self._jobs.wake("show", str(ref))


async def _read_whole(sdp: Sdp, id_: SdpId) -> Snapshot:
    release, levels = await asyncio.gather(sdp.releases.get(id_), _listed(sdp, id_))
    begun = [level for level in levels if level.state is not ApprovalState.TO_BE_SENT]
    groups = await asyncio.gather(*(_approvals(sdp, id_, level.id) for level in begun))
    return Snapshot(release, levels, tuple(one for group in groups for one in group), datetime.now(UTC))


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


def _stamp(release: Release) -> str:
    return release.updated_on.isoformat() if release.updated_on else ""


def _standing(snapshot: Snapshot) -> list[ApprovalState]:
    return [level.state for level in snapshot.levels]


def _same(one: Snapshot, other: Snapshot) -> bool:
    return (one.release, one.levels, one.approvals) == (other.release, other.levels, other.approvals)


def _since(started: datetime) -> float:
    return round((datetime.now(UTC) - started).total_seconds(), 3)
