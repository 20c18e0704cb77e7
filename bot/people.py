"""Who is who: people of Slack by id and by e-mail address.

An address joins the two systems only when exactly one Slack account has it, in any case of letters. The directory
is read as a whole and kept for ten minutes: one `users.list` serves everybody, where a look-up a person would
run into Slack's 50 calls a minute.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Protocol

from bot.models import Person, SlackPerson

KEPT_SECONDS = 600.0
MISS_SECONDS = 60.0
"""An address nobody has makes the directory be read again, but not more often than this."""


class Directory(Protocol):
    """Where people of Slack are listed; `handlers.messenger` is one."""

    def everyone(self) -> AsyncIterator[SlackPerson]:
        """All accounts of the workspace, deactivated ones and bots included."""
        ...


class People:
    """Finds people; safe to share."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._by_id: dict[str, SlackPerson] = {}
        self._by_email: dict[str, list[SlackPerson]] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def by_id(self, slack_id: str) -> SlackPerson | None:
        """Somebody by their Slack id."""
        await self._refresh(MISS_SECONDS if slack_id not in self._by_id else KEPT_SECONDS)
        return self._by_id.get(slack_id)

    async def slack_of(self, person: Person) -> SlackPerson | None:
        """The Slack account of somebody in SDP; None when there is none, or more than one it could be."""
        if person.email is None:
            return None
        await self._refresh(MISS_SECONDS if person.email not in self._by_email else KEPT_SECONDS)
        matches = self._by_email.get(person.email, [])
        return matches[0] if len(matches) == 1 else None

    def forget(self) -> None:
        """Something about people changed: read the directory again at the next question."""
        self._read_at = float("-inf")

    async def _refresh(self, max_age: float) -> None:
        async with self._reading:
            if time.monotonic() - self._read_at < max_age:
                return
            by_id: dict[str, SlackPerson] = {}
            by_email: defaultdict[str, list[SlackPerson]] = defaultdict(list)
            async for person in self._directory.everyone():
                by_id[person.id] = person
                if person.email and not (person.deleted or person.is_bot or person.is_guest):
                    by_email[person.email].append(person)
            self._by_id, self._by_email, self._read_at = by_id, dict(by_email), time.monotonic()
