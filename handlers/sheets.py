"""Draws digests: who reads, what is chosen for them, what each row shows now. Posts nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blocks import digest as cards
from blocks.digest import DigestView
from blocks.kit import Message
from blocks.rows import Addresses
from bot.digest import Digest, Row, Viewer, personal, team
from bot.models import ApprovalRef
from bot.overview import Index
from bot.people import People
from bot.permissions import Rights, Standing
from bot.planner import Timetable
from bot.schedule import Slot, previous_slot
from bot.store import Digests, TeamDigest
from handlers.rows import RowReader

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawn digest: the message and the approvals it lists."""

    message: Message
    refs: tuple[ApprovalRef, ...]


Draw = Callable[[bool], Sheet]
"""Draws with charts or without."""


class Sheets:
    """Draws for people and for teams; None stands for a digest that has nothing to say."""

    def __init__(
        self,
        *,
        digests: Digests,
        rows: RowReader,
        people: People,
        rights: Rights,
        addresses: Callable[[], Awaitable[Addresses]],
    ) -> None:
        self._digests = digests
        self._rows = rows
        self._people = people
        self._rights = rights
        self._addresses = addresses

    async def of_slot(self, who: str, slot: Slot, timetable: Timetable, index: Index) -> Draw | None:
        """The digest of a person or channel for one slot; what moved is told from the slot before on."""
        if (channel := await self._digests.team(who)) is not None:
            return await self._team(channel, index)
        before = previous_slot(timetable.rhythm, timetable.zone, slot)
        since = before.due if before else slot.due - DAY
        return await self.of_person(who, index, datetime.now(UTC), since)

    async def of_person(
        self,
        who: str,
        index: Index,
        now: datetime,
        since: datetime,
        *,
        pinned: Sequence[ApprovalRef] = (),
        preview: bool = False,
    ) -> Draw | None:
        """Somebody's digest. `pinned`: what a message lists already stays in it, whatever became of it."""
        standing = await self._rights.of(who)
        if not (standing.reader or standing.own_account):
            return None
        digest = personal(index, await self.viewer(standing), now, since)
        first = [waiting.ask.ref for waiting in digest.waiting[: cards.ROWS_MAX]]
        rows = await self._rows.of(who, pinned or first)
        rows = rows if pinned else [row for row in rows if row.is_asked]
        if _says_nothing(digest, rows):
            return None
        addresses, more = await self._addresses(), max(0, len(digest.waiting) - cards.ROWS_MAX)
        refs = tuple(row.approval.ref for row in rows)
        return lambda charts: Sheet(
            cards.personal(DigestView(digest, addresses, rows, more_waiting=more, charts=charts, preview=preview)), refs
        )

    async def _team(self, channel: TeamDigest, index: Index) -> Draw | None:
        digest = team(index, channel.tz, datetime.now(UTC))
        if digest.is_empty:
            return None
        addresses = await self._addresses()
        return lambda charts: Sheet(cards.team(DigestView(digest, addresses, charts=charts)), ())

    async def viewer(self, standing: Standing) -> Viewer:
        """By what an index knows this person: their id, and their address if it names nobody else in Slack."""
        person, known_as = standing.person, {standing.person.id}
        named = await self._people.by_address(person.email) if person.email else None
        if person.email and named is not None and named.id == person.id:
            known_as.add(person.email)
        return Viewer(person, frozenset(known_as), standing.operator)


def _says_nothing(digest: Digest, rows: Sequence[Row]) -> bool:
    return not (rows or digest.news or digest.runs or digest.at_risk)
