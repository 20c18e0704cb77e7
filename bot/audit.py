"""Reading the ledger, keeping it small, and holding it against SDP.

Once a day the chain's end is anchored outside Redis, old entries move to files, and what SDP has decided is compared
with what the ledger says was sent: a decision made elsewhere is noted, and one that SDP does not have raises its voice.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from bot.archive import Anchor, Archive
from bot.errors import SdpError
from bot.ledger import Entry, Ledger, Verdict, mentions
from bot.models import Approval, ApprovalRef, ApprovalState, LedgerEvent, SdpId, Verb
from bot.sdp import Sdp
from bot.store import Releases

KEEP_ENTRIES = 10_000
"""Entries that stay in Redis, about 8 MB; the rest is in files."""
LOOK_BACK = timedelta(days=3)
"""Decisions of ours older than this have been compared before."""
KNOWN = timedelta(days=35)
SHOWN = 20

CONFIRMED, ELSEWHERE, MISSING = "confirmed", "made elsewhere", "missing in SDP"
WANTED = {Verb.APPROVE.value: ApprovalState.APPROVED, Verb.REJECT.value: ApprovalState.REJECTED}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Question:
    """Which entries are wanted; None means any. `known_as`: those that speak of somebody (`bot.ledger.mentions`)."""

    release: SdpId | None = None
    person: str | None = None
    known_as: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, entry: Entry) -> bool:
        details = entry.details or {}
        return (
            (self.release is None or details.get("approval", "").partition(".")[0] == self.release)
            and (self.person is None or self.person in details.values())
            and (self.known_as is None or mentions(details, self.known_as))
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


class Audit:
    """What administrators ask of the ledger, and what is done for it daily."""

    def __init__(self, ledger: Ledger, archive: Archive, releases: Releases, sdp: Sdp) -> None:
        self._ledger = ledger
        self._archive = archive
        self._releases = releases
        self._sdp = sdp

    async def find(self, question: Question) -> AsyncIterator[Entry]:
        """The entries asked for, oldest first."""
        async for entry in self._ledger.entries():
            if question.fits(entry):
                yield entry

    async def newest(self, question: Question, count: int = SHOWN) -> list[Entry]:
        """The newest of them, newest first."""
        found = [entry async for entry in self.find(question)]
        return found[: -count - 1 : -1]

    async def verify(self) -> Verdict:
        return await self._ledger.verify()

    async def erase(self, known_as: Collection[str], by: str) -> int:
        """Take the data of whoever has these ids, addresses and names out; answers of how many entries."""
        now = datetime.now(UTC)
        return await self._ledger.erase(known_as, LedgerEvent(f"erase:{now.isoformat()}", now, "erased", {"by": by}))

    async def expire(self, before: datetime, by: str) -> int:
        """Take the details of everything older than a moment out; the chain stands. Answers of how many entries."""
        now = datetime.now(UTC)
        return await self._ledger.expire(before, LedgerEvent(f"expire:{now.isoformat()}", now, "erased", {"by": by}))

    async def anchor(self) -> Anchor:
        """Note the chain's end on disk."""
        head = await self._ledger.head()
        anchor = Anchor(at=datetime.now(UTC), number=head.number, hash=head.hash)
        if head.number:
            self._archive.anchor(anchor)
        return anchor

    async def move_old(self) -> int:
        return await self._ledger.move_old(KEEP_ENTRIES)

    # --- against SDP ---------------------------------------------------------------------------------------

    async def reconcile(self) -> tuple[int, int]:
        """Compare with SDP: how many decisions were made elsewhere, and how many of ours SDP does not have."""
        now = datetime.now(UTC)
        ours = [e async for e in self.find(Question(since=now - KNOWN)) if e.what in (CONFIRMED, ELSEWHERE)]
        known = {entry.details["approval"] for entry in ours if entry.details and "approval" in entry.details}
        recent = [e for e in ours if e.what == CONFIRMED and e.at > now - LOOK_BACK and e.details]
        elsewhere = await self._note_others(known, now)
        missing = [entry for entry in recent if not await self._stands(entry)]
        for entry in missing:
            assert entry.details is not None  # noqa: S101  # filtered above
            log.error("audit.missing_in_sdp", entry=entry.number, approval=entry.details["approval"])
            details = {"approval": entry.details["approval"], "entry": str(entry.number)}
            await self._ledger.write(LedgerEvent(f"missing:{entry.number}", now, MISSING, details))
        return elsewhere, len(missing)

    async def _note_others(self, known: set[str], now: datetime) -> int:
        count = 0
        async for snapshot in self._releases.every():
            for approval in snapshot.approvals:
                if approval.state.is_decided and str(approval.ref) not in known and _is_recent(approval, now):
                    await self._ledger.write(_elsewhere(approval, now))
                    count += 1
        return count

    async def _stands(self, entry: Entry) -> bool:
        """SDP still has this decision of ours; what cannot be asked, or is gone with its release, is not accused."""
        assert entry.details is not None  # noqa: S101  # the caller has looked
        try:
            approval = await self._sdp.background().approvals.get(ApprovalRef.parse(entry.details["approval"]))
        except SdpError:
            return True
        return approval.state is WANTED.get(entry.details.get("verb", ""))


def _is_recent(approval: Approval, now: datetime) -> bool:
    return approval.decided_on is None or approval.decided_on > now - KNOWN


def _elsewhere(approval: Approval, now: datetime) -> LedgerEvent:
    details = {
        "approval": str(approval.ref),
        "sdp": approval.status_name,
        "approver": approval.approver.name,
        "decided": approval.decided_on.isoformat() if approval.decided_on else "",
    }
    return LedgerEvent(
        f"elsewhere:{approval.ref}:{approval.status_name}", approval.decided_on or now, ELSEWHERE, details
    )
