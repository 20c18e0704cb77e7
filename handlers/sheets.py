"""Draws digests: who reads, what is chosen for them, what each row shows now. Posts nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from blocks import digest as cards
from blocks.digest import DigestView
from blocks.kit import Message
from blocks.rows import Addresses
from bot.digest import Digest, Row, Viewer, personal, team
from bot.errors import NotAllowed
from bot.models import ApprovalRef, Person
from bot.overview import Index
from bot.people import People
from bot.permissions import Rights, Standing
from bot.planner import Timetable, is_channel
from bot.preferences import PreferenceService
from bot.schedule import Slot, previous_slot
from bot.store import Digests, TeamDigest
from handlers.rows import RowReader

DAY = timedelta(days=1)
ABOUT_TO_SLIP = timedelta(days=1)


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
        preferences: PreferenceService,
        addresses: Callable[[], Awaitable[Addresses]],
    ) -> None:
        self._digests = digests
        self._rows = rows
        self._people = people
        self._rights = rights
        self._preferences = preferences
        self._addresses = addresses

    async def of_slot(self, who: str, slot: Slot, timetable: Timetable, index: Index) -> Draw | None:
        """The digest of a person or channel for one slot; what moved is told from the slot before on."""
        if is_channel(who):
            channel = await self._digests.team(who)
            return await self._team(channel, index) if channel else None
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
        try:
            standing = await self._rights.of(who)
        except NotAllowed:  # Slack shows nobody by this id any more
            return None
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
        addresses, mentions = await self._addresses(), await self._mentions(digest, index)
        return lambda charts: Sheet(cards.team(DigestView(digest, addresses, charts=charts, mentions=mentions)), ())

    async def _mentions(self, digest: Digest, index: Index) -> dict[str, str]:
        """Whom a team's digest mentions: those who can still save a release that is about to slip, and do not mind."""
        found: dict[str, str] = {}
        for waiting in digest.waiting:
            start, person = waiting.line.planned_start, waiting.ask.person
            if (
                start is not None
                and abs(start - digest.as_of) < ABOUT_TO_SLIP
                and (slack := await self._slack_of(person, index))
            ):
                found[str(waiting.ask.ref)] = slack
        return found

    async def _slack_of(self, person: Person, index: Index) -> str | None:
        """The Slack id of somebody in SDP who likes to be mentioned."""
        key = index.key_of(person)
        account = await self._people.by_address(key) if key and "@" in key else None
        slack_id = account.id if account else key
        if slack_id is None or "@" in slack_id:
            return None
        return slack_id if (await self._preferences.habits(slack_id)).mentions else None

    async def viewer(self, standing: Standing) -> Viewer:
        """By what an index knows this person: their id, and their address if it names nobody else in Slack."""
        person, known_as = standing.person, {standing.person.id}
        named = await self._people.by_address(person.email) if person.email else None
        if person.email and named is not None and named.id == person.id:
            known_as.add(person.email)
        return Viewer(person, frozenset(known_as), standing.operator)


def _says_nothing(digest: Digest, rows: Sequence[Row]) -> bool:
    return not (rows or digest.news or digest.runs or digest.at_risk)
