"""Approvals in lists: what each row of a digest or a Home tab shows and offers at this moment."""

from collections.abc import Iterable

from bot.decisions import DecisionService
from bot.digest import Row
from bot.models import ApprovalRef
from bot.store import Decisions, Releases


class RowReader:
    """Reads rows from what the poll has stored; asks SDP nothing. `can_decide`: whether decisions are taken here."""

    def __init__(self, releases: Releases, records: Decisions, decisions: DecisionService, *, can_decide: bool) -> None:
        self._releases = releases
        self._records = records
        self._decisions = decisions
        self._can_decide = can_decide

    async def of(self, person: str, refs: Iterable[ApprovalRef]) -> list[Row]:
        """The rows of these approvals for somebody (Slack id); those SDP no longer has are left out."""
        rows = [await self._row(person, ref) for ref in refs]
        return [row for row in rows if row is not None]

    async def _row(self, person: str, ref: ApprovalRef) -> Row | None:
        snapshot = await self._releases.get(ref.release)
        approval = snapshot.approval(ref) if snapshot else None
        if snapshot is None or approval is None:
            return None
        shown = await self._decisions.remember_shown(snapshot, ref)
        decision = await self._records.get(ref, person)
        return Row(snapshot, approval, shown, decision, self._can_decide)
