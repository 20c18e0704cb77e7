"""Who may do what. A check is pure: it looks at what it is given and raises, or returns nothing.

SDP's own rules stay above these: a check here only says no earlier and in plainer words. What SDP cannot decide –
who may use the service account, stop the bot, read what SDP would show anybody who asks as the service account –
is decided by three lists of the administrator: OPERATORS, ADMINS and READERS. All of them start out empty, but for
READERS, which starts out as `members`.

    standing = await rights.of(slack_id)      what the lists say now about somebody
    check_may_operate(standing)               raises NotAllowed

`Rights` keeps what it read for five minutes; `People` tells it when somebody's membership changed before that.
"""

import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.errors import NotAllowed, NotLinked, NotTheApprover
from bot.models import Approval, How, Person, SlackPerson

KEPT_SECONDS = 300.0
MEMBERS = "members"
"""In READERS: everybody of this workspace, but no guests, bots or people of other workspaces."""

NAMES_SHOWN = 5

_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")


# --- what is true about somebody ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What the administrator's lists say about somebody at one moment.

    `own_account` is true while their own SDP account is connected: what they do then is done with their own token,
    and SDP decides. `operators` and `admins` are names, for telling a refused person whom to ask.
    """

    person: SlackPerson
    operator: bool = False
    admin: bool = False
    reader: bool = False
    own_account: bool = False
    operators: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RightsLists:
    """The three settings as written: Slack ids of people (`U…`) and user groups (`S…`), `@handles` of user groups,
    e-mail addresses; in `readers` also `members`."""

    operators: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    readers: tuple[str, ...] = (MEMBERS,)


class Directory(Protocol):
    """Where the lists' words become people; `bot.people.People` is one."""

    async def by_id(self, slack_id: str) -> SlackPerson | None: ...

    async def by_address(self, email: str) -> SlackPerson | None: ...

    @property
    def known_version(self) -> str:
        """Of the people the last answer was told from; another one when people changed."""
        ...


class Groups(Protocol):
    """Where user groups are read; `handlers.messenger` is one."""

    async def group_ids(self) -> dict[str, str]:
        """Handle (without @) → id of every active user group."""
        ...

    async def group_members(self, group: str) -> Sequence[str]:
        """Slack ids of a user group's members; none for a group that is gone or deactivated."""
        ...


@dataclass(frozen=True, slots=True)
class _Holders:
    """Slack id → name of everybody a list names."""

    operators: dict[str, str] = field(default_factory=dict)
    admins: dict[str, str] = field(default_factory=dict)
    readers: dict[str, str] = field(default_factory=dict)


class Rights:
    """Turns the lists into people, at most each five minutes and whenever people changed; safe to share."""

    def __init__(self, lists: RightsLists, people: Directory, groups: Groups) -> None:
        self._lists = lists
        self._people = people
        self._groups = groups
        self._holders = _Holders()
        self._read_at = float("-inf")
        self._version = ""

    async def of(self, slack_id: str) -> Standing:
        """Where somebody stands now; a stranger, a bot or somebody deactivated holds no right, whatever a list says.

        Raises NotAllowed for an id nobody has.
        """
        person = await self._people.by_id(slack_id)
        if person is None:
            raise NotAllowed("Slack does not show this account to the bot, so it can do nothing here.")
        holders = await self._current()
        works_here = is_member(person)
        return Standing(
            person=person,
            operator=works_here and slack_id in holders.operators,
            admin=works_here and slack_id in holders.admins,
            reader=works_here and self._reads(slack_id, holders),
            operators=tuple(holders.operators.values()),
            admins=tuple(holders.admins.values()),
        )

    async def names_nobody(self) -> dict[str, list[str]]:
        """The words of each list that name nobody now, by setting: misspelt, left, or an empty group."""
        lists = {"OPERATORS": self._lists.operators, "ADMINS": self._lists.admins, "READERS": self._lists.readers}
        return {
            setting: [word for word in words if word != MEMBERS and not await self._people_of(word)]
            for setting, words in lists.items()
        }

    def _reads(self, slack_id: str, holders: _Holders) -> bool:
        listed = (holders.readers, holders.operators, holders.admins)
        return MEMBERS in self._lists.readers or any(slack_id in held for held in listed)

    async def _current(self) -> _Holders:
        version = self._people.known_version
        if version != self._version or time.monotonic() - self._read_at > KEPT_SECONDS:
            self._holders = _Holders(
                operators=await self._named(self._lists.operators),
                admins=await self._named(self._lists.admins),
                readers=await self._named(self._lists.readers),
            )
            self._version, self._read_at = version, time.monotonic()
        return self._holders

    async def _named(self, words: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for word in words:
            for person in await self._people_of(word):
                found[person.id] = person.name
        return found

    async def _people_of(self, word: str) -> list[SlackPerson]:
        if word == MEMBERS:
            return []
        if word.startswith("@"):
            group = (await self._groups.group_ids()).get(word[1:])
            return await self._members(group) if group else []
        if _GROUP.fullmatch(word):
            return await self._members(word)
        look: Callable[[str], Awaitable[SlackPerson | None]]
        look = self._people.by_id if _USER.fullmatch(word) else self._people.by_address
        person = await look(word)
        return [person] if person else []

    async def _members(self, group: str) -> list[SlackPerson]:
        people = [await self._people.by_id(member) for member in await self._groups.group_members(group)]
        return [person for person in people if person is not None]


# --- checks ---------------------------------------------------------------------------------------------


def is_member(person: SlackPerson) -> bool:
    """Somebody of this workspace: not a guest, not a bot, not of another workspace, not deactivated."""
    return not (person.deleted or person.is_bot or person.is_guest or person.is_external)


def check_may_operate(standing: Standing) -> None:
    """Whether somebody may change maintenances and projects: an operator, or anybody with their own account, because
    then SDP decides. Raises NotAllowed."""
    if standing.own_account or standing.operator:
        return
    raise NotAllowed(f"Only operators may do this. {_holders(standing.operators, 'OPERATORS')}")


def check_may_administer(standing: Standing) -> None:
    """Whether somebody may stop and start the bot and ask the doctor. Raises NotAllowed."""
    if not standing.admin:
        raise NotAllowed(f"Only administrators of this bot may do this. {_holders(standing.admins, 'ADMINS')}")


def check_may_read(standing: Standing) -> None:
    """Whether somebody may see approvals, maintenances and projects. Raises NotAllowed."""
    if standing.own_account or standing.reader:
        return
    raise NotAllowed("You may not see this here. READERS in the bot's settings says who may.")


def check_may_read_costs(standing: Standing, owner: Person | None = None) -> None:
    """Whether somebody may see charges, costs and timesheets: operators, the project's `owner`, or with their own
    account whoever SDP lets. Raises NotAllowed."""
    check_may_read(standing)
    owns = owner is not None and owner.email is not None and owner.email == standing.person.email
    if standing.own_account or standing.operator or owns:
        return
    whose = f" and {owner.name}, who owns this project," if owner else ""
    raise NotAllowed(f"Only operators{whose} may see charges and hours. {_holders(standing.operators, 'OPERATORS')}")


def check_audience(audience: Iterable[Standing]) -> None:
    """Whether what one may read can be shown to all of these: nobody may get to see it by being in the channel.

    Raises NotAllowed.
    """
    strangers = [one.person.name for one in audience if not (one.reader or one.person.is_bot or one.person.deleted)]
    if strangers:
        more = f" and {len(strangers) - NAMES_SHOWN} more" if len(strangers) > NAMES_SHOWN else ""
        raise NotAllowed(
            f"Not everybody in this channel may see this: {', '.join(strangers[:NAMES_SHOWN])}{more}. "
            "Nothing was shared."
        )


def check_may_audit(standing: Standing) -> None:
    """Whether somebody may read the ledger. Raises NotAllowed."""
    if not (standing.operator or standing.admin):
        raise NotAllowed(f"Only operators may read the ledger. {_holders(standing.operators, 'OPERATORS')}")


def check_may_decide(actor: SlackPerson, approval: Approval, how: How | None, *, is_other: bool = False) -> None:
    """Whether `actor` is the approver; `how` that is known comes from `People.who`, and so does that the approver is
    known to be another account (`is_other`). Raises Refused."""
    approver = approval.approver
    if actor.deleted or actor.is_bot:
        raise NotAllowed("This Slack account cannot decide approvals.")
    if how is not None:
        return
    if not is_member(actor):
        raise NotAllowed(
            f"Guests and people of other workspaces cannot decide here. This decision is {approver.name}'s."
        )
    if is_other:
        raise NotTheApprover(approver.name)
    if approver.email is None:
        raise NotLinked(
            f"This decision is {approver.name}'s, and SDP has no e-mail address for them, so Slack cannot tell who "
            f"that is. {approver.name} can decide in SDP."
        )
    if actor.email == approver.email:
        raise NotLinked(
            f"This decision is {approver.name}'s. More than one account has that e-mail address, so it does not say "
            "who you are. An administrator of this bot can say so (people map)."
        )
    raise NotTheApprover(approver.name)


def _holders(names: Sequence[str], setting: str) -> str:
    """Who can be asked instead."""
    if not names:
        return f"Nobody is one yet: {setting} in the bot's settings names nobody."
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"Ask {', '.join(names[:NAMES_SHOWN])}{more}."
