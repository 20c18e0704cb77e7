"""Projects, as people of Slack see and change them: what is shown to whom, and what belongs to it.

Reading only: what changes a project in SDP is an operation, see `bot.project_changes`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from bot.accounts import Accounts
from bot.errors import BadInput, SdpError
from bot.models import Named as Choice
from bot.models import Project, SdpId, Ticket
from bot.project_form import BY_NAME, FIELDS, Field
from bot.sdp import Matches, Sdp
from bot.timesheets import Timesheet

Kind = Literal["changes", "requests"]
KINDS: tuple[Kind, ...] = ("changes", "requests")

PAGE = 10
PAGES_MAX = 50
MOST_TICKETS = 50
"""Changes or requests named at once; each is looked up."""

MENU = 25
"""Choices in a menu: nobody picks from a longer one."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attached:
    """What a project has attached; None where SDP does not list it."""

    changes: tuple[SdpId, ...] | None
    requests: tuple[SdpId, ...] | None


@dataclass(frozen=True, slots=True)
class Named:
    """Changes or requests as somebody named them: those found, and the words that name none, or more than one."""

    found: tuple[Ticket, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some projects of a longer list."""

    projects: tuple[Project, ...]
    more: bool


class ProjectService:
    """Reads projects for people. `link` is the address of a project in SDP, with `{project}` for its long id."""

    def __init__(self, accounts: Accounts, link: str) -> None:
        self._accounts = accounts
        self._link = link

    def link(self, project: SdpId) -> str:
        """Where people open it in SDP."""
        return self._link.format(project=project)

    async def _reading(self, person: str) -> Sdp:
        """SDP as this person may read it. Raises Refused, SdpError."""
        return (await self._accounts.reader_for(person)).sdp

    async def get(self, person: str, id_: SdpId) -> Project:
        """The project as SDP has it now. Raises SdpNotFound."""
        return await (await self._reading(person)).projects.get(id_)

    async def page(self, person: str, words: str, number: int) -> Page:
        """Page `number` (from 1) of all projects, or of those `words` may mean. Raises BadInput for a far one."""
        if not 1 <= number <= PAGES_MAX:
            raise BadInput(f"The list ends at page {PAGES_MAX}. Add words of the title to find a project.")
        sdp, first = await self._reading(person), (number - 1) * PAGE
        if words:
            matches: Matches[Project] = await sdp.projects.find(words)
            rest = matches.candidates[first:]
            return Page(rest[:PAGE], more=len(rest) > PAGE)
        rest = await _slice(sdp.projects.list(), first, PAGE + 1)
        return Page(rest[:PAGE], more=len(rest) > PAGE)

    async def attached(self, person: str, project: SdpId) -> Attached:
        """The changes and requests of a project. SDP's documents do not list them, so a tenant may not tell."""
        projects = (await self._reading(person)).projects
        changes, requests = await asyncio.gather(_told(projects.changes(project)), _told(projects.requests(project)))
        return Attached(changes, requests)

    async def timesheet(self, person: str, project: Project) -> Timesheet:
        """The time spent on a project and what it cost."""
        return Timesheet.of(project, await (await self._reading(person)).projects.timesheet(project.id))

    async def offered(self, person: str) -> frozenset[str]:
        """The names of the form's choices for which this tenant offers a list."""
        sdp = await self._reading(person)
        fields = [field for field in FIELDS if field.lookup]
        lists = await asyncio.gather(*(_told(self._choices(sdp, field, "")) for field in fields))
        return frozenset(field.name for field, found in zip(fields, lists, strict=True) if found)

    async def choices(self, person: str, name: str, typed: str) -> tuple[Choice, ...]:
        """What SDP offers for a field of the form, as far as it has these letters in it."""
        sdp = await self._reading(person)
        return await self._choices(sdp, BY_NAME[name], typed) or ()

    async def _choices(self, sdp: Sdp, field: Field, typed: str) -> tuple[Choice, ...] | None:
        return await sdp.lookups.choices(field.lookup, typed) if field.lookup else None

    async def tickets(self, person: str, kind: Kind, words: Sequence[str]) -> Named:
        """The changes or requests called so, by display id or long id. Raises BadInput for none or too many."""
        if not words:
            raise BadInput(f"Which {kind}? Put their ids at the end, like CH-2 or 2.")
        if len(words) > MOST_TICKETS:
            raise BadInput(f"That is {len(words)} {kind}; at most {MOST_TICKETS} go at once.")
        sdp = await self._reading(person)
        records = sdp.changes if kind == "changes" else sdp.requests
        matches = [(await records.find(word)).one for word in words]
        found = {one.id: one for one in matches if one is not None}
        lost = tuple(word for word, one in zip(words, matches, strict=True) if one is None)
        return Named(tuple(found.values()), lost)

    async def offered_tickets(
        self, person: str, kind: Kind, project: SdpId, typed: str, *, attached: bool
    ) -> tuple[Ticket, ...]:
        """Changes or requests for a menu: any that `typed` may mean, or those of them that are attached already."""
        sdp = await self._reading(person)
        records = sdp.changes if kind == "changes" else sdp.requests
        if attached:
            there = await (sdp.projects.changes if kind == "changes" else sdp.projects.requests)(project)
            known = await asyncio.gather(*(records.get(one) for one in there[:MENU]))
            return tuple(one for one in known if typed.casefold() in f"{one.label} {one.title} {one.id}".casefold())
        if typed.strip():
            return (await records.find(typed)).candidates
        return await _slice(records.list(), 0, MENU)


async def _told(asking: Awaitable[T]) -> T | None:
    try:
        return await asking
    except SdpError:
        return None


async def _slice(records: AsyncIterator[T], skip: int, count: int) -> tuple[T, ...]:
    taken: list[T] = []
    async for record in records:
        if skip:
            skip -= 1
            continue
        taken.append(record)
        if len(taken) == count:
            break
    return tuple(taken)
