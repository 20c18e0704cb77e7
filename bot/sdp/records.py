"""What releases, maintenances, projects, changes and requests have in common: get, list, find.

People call a record `CHM-17`, `17`, by its long id, or by words of its title; `find` understands all four.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Generic, Protocol, TypeVar

from bot.errors import OutcomeUnknown, SdpError, SdpGarbled, SdpNotFound, SdpRefused
from bot.models import DisplayId, SdpId
from bot.sdp.client import Client
from bot.sdp.lists import Criteria, ListInfo, record_of, where
from bot.sdp.shapes import log
from bot.sdp.wire import Call, JsonObject


class Record(Protocol):
    """What every record of ours has."""

    @property
    def id(self) -> SdpId: ...
    @property
    def title(self) -> str: ...
    @property
    def display_id(self) -> DisplayId | None: ...


R = TypeVar("R", bound=Record)

UNTITLED = "(untitled)"

MOST = 25
"""Candidates that are worth showing: nobody picks from a longer menu."""

SCANNED = 1_000
"""Rows that are looked through for a title or display id when SDP does not search for us."""

NOT_SEARCHABLE = 4001
"""What SDP answers for a path it does not search by, or a key it does not know."""

_DISPLAY_PATHS = ("display_id.value", "display_id.display_value", "display_id")
"""Where a display id can be searched; which of them a tenant accepts is not documented."""

_DISPLAY_ID = re.compile(r"(?:([a-z]{1,10})[-\s]?)?#?([0-9]{1,9})", re.IGNORECASE)
_LONG_ID = re.compile(r"[0-9]{10,30}")
"""Display ids count from 1; long ids have 13 digits and more."""


@dataclass(frozen=True, slots=True)
class Module(Generic[R]):
    """A module of SDP: `path` is also the key of its lists, `singular` that of one record, `prefix` that of its display
    ids; `read` makes our type of a row, or None when the row has no id; `title` is the field with the title.
    """

    path: str
    singular: str
    prefix: str
    read: Callable[[JsonObject], R | None]
    title: str = "title"


@dataclass(frozen=True, slots=True)
class Matches(Generic[R]):
    """Who is meant by a text: nobody, `one`, or several to ask "which one?" of; `more` when others were left out."""

    candidates: tuple[R, ...] = ()
    more: bool = False

    @property
    def one(self) -> R | None:
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def is_ambiguous(self) -> bool:
        return len(self.candidates) > 1


class Records(Generic[R]):
    """The part that every module has of `sdp.releases`, `sdp.maintenances`, `sdp.projects`, …"""

    def __init__(self, client: Client, module: Module[R]) -> None:
        self._client = client
        self._module = module

    async def get(self, id_: SdpId) -> R:
        """The record with this long id. Raises SdpNotFound."""
        body = await self._client.read(Call("GET", f"{self._module.path}/{{}}", (id_,)))
        return self._known(record_of(body, self._module.singular), id_)

    async def list(
        self, criteria: Criteria | None = None, *, sort: str | None = None, descending: bool = False
    ) -> AsyncIterator[R]:
        """All records that meet `criteria`, page by page; a row without an id is left out with a warning.

        Raises SdpRefused with code 4001 when SDP does not search or sort by one of the fields.
        """
        info = ListInfo(criteria, sort=sort, descending=descending)
        async for row in self._client.rows(self._module.path, (), self._module.path, info):
            record = self._module.read(row)
            if record is None:
                log.warning("sdp.record_without_id", module=self._module.path)
            else:
                yield record

    async def matching(
        self, criteria: Criteria, also: Callable[[R], bool], *, scan: int | None = SCANNED
    ) -> AsyncIterator[R]:
        """The records that meet both `criteria` (SDP's side) and `also` (ours, saying the same).

        When SDP does not search by one of the fields, the first `scan` records (None: all) are looked through instead.
        """
        try:
            async for record in self.list(criteria):
                if also(record):
                    yield record
        except SdpRefused as refused:
            if refused.code != NOT_SEARCHABLE:
                raise
            log.info("sdp.not_searchable", module=self._module.path, said=str(refused))
            async for record in _first(self.list(), scan):
                if also(record):
                    yield record

    async def find(self, text: str) -> Matches[R]:
        """The records a person may mean by `text`: `CHM-17`, `17`, a long id, or words of the title in any order.

        An exact title is meant alone, even if it is also part of other titles.
        """
        words = text.split()
        if not words:
            return Matches()
        if found := await self._by_number(" ".join(words)):
            return Matches((found,))
        return await self._by_title(words)

    async def _by_number(self, text: str) -> R | None:
        if _LONG_ID.fullmatch(text):
            return await self._if_there(text)
        display = _DISPLAY_ID.fullmatch(text)
        if not display or (display[1] or self._module.prefix).upper() != self._module.prefix:
            return None
        number = display[2].lstrip("0") or "0"
        return await self._by_display_number(number) or (None if display[1] else await self._if_there(number))

    async def _if_there(self, id_: str) -> R | None:
        try:
            return await self.get(SdpId(id_))
        except SdpNotFound:
            return None

    async def _by_display_number(self, number: str) -> R | None:
        for path in _DISPLAY_PATHS:
            value = f"{self._module.prefix}-{number}" if path.endswith("display_value") else number
            try:
                return await _called(number, self.list(where(path).is_(value)))
            except SdpRefused as refused:
                if refused.code != NOT_SEARCHABLE:
                    raise
        return await _called(number, _first(self.list(), SCANNED))

    async def _by_title(self, words: Sequence[str]) -> Matches[R]:
        criteria = reduce(and_, (where(self._module.title).contains(word) for word in words))
        wanted = tuple(word.casefold() for word in words)
        fitting = self.matching(criteria, lambda one: all(word in one.title.casefold() for word in wanted))
        found = [record async for record in _first(fitting, 4 * MOST)]
        exact = [record for record in found if tuple(record.title.casefold().split()) == wanted]
        best = exact or found
        return Matches(tuple(best[:MOST]), more=len(best) > MOST)

    def _known(self, row: JsonObject, id_: str) -> R:
        """A record whose id we know, whatever the row says of it."""
        record = self._module.read({**row, "id": id_})
        assert record is not None  # noqa: S101  # it has its id
        return record


class Editable(Records[R]):
    """Records that can be added, edited and deleted."""

    async def delete(self, id_: SdpId) -> None:
        """Delete the record; SDP answers with success alone."""
        await self._client.act(Call("DELETE", f"{self._module.path}/{{}}", (id_,)))

    async def _add(self, fields: JsonObject) -> R:
        """The record as SDP has added it. Raises OutcomeUnknown when the answer does not say as what it was added."""
        body = await self._client.act(Call("POST", self._module.path, (), {self._module.singular: fields}))
        with contextlib.suppress(SdpGarbled):
            if record := self._module.read(record_of(body, self._module.singular)):
                return record
        raise OutcomeUnknown(
            "ServiceDesk Plus says that it was added, but not as what. Look for it there by its title."
        )

    async def _edit(self, id_: SdpId, fields: JsonObject) -> R:
        """The record as it is after the edit, read again if the answer does not show it."""
        body = await self._client.act(Call("PUT", f"{self._module.path}/{{}}", (id_,), {self._module.singular: fields}))
        with contextlib.suppress(SdpGarbled):
            return self._known(record_of(body, self._module.singular), id_)
        try:
            return await self.get(id_)
        except SdpError as failed:
            raise OutcomeUnknown("ServiceDesk Plus accepted the edit, but cannot be read to see it.") from failed


async def _called(number: str, records: AsyncIterator[R]) -> R | None:
    """The record with this display number, leading zeros aside: tenants may search more loosely than asked to."""
    async for record in records:
        if record.display_id is not None and record.display_id.number.lstrip("0") == number:
            return record
    return None


async def _first(records: AsyncIterator[R], count: int | None) -> AsyncIterator[R]:
    taken = 0
    async for record in records:
        yield record
        taken += 1
        if taken == count:
            return
