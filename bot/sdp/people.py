"""The people of SDP: requesters and technicians, to find who is who in Slack."""

from collections.abc import AsyncIterator

from bot.models import Person
from bot.sdp.client import Client
from bot.sdp.lists import ListInfo, where
from bot.sdp.shapes import person, with_ids


class People:
    """`sdp.people`. The paths are known from real tenants only; a person can be in either list, or in both."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def requesters(self) -> AsyncIterator[Person]:
        return self._list("requesters", is_technician=False)

    def technicians(self) -> AsyncIterator[Person]:
        return self._list("technicians", is_technician=True)

    async def everyone(self) -> AsyncIterator[Person]:
        """Both lists, each person once; technicians first, because who is both decides as one."""
        seen = set()
        for people in (self.technicians(), self.requesters()):
            async for somebody in people:
                if somebody.id not in seen:
                    seen.add(somebody.id)
                    yield somebody

    async def by_email(self, email: str) -> tuple[Person, ...]:
        """Everybody with this address, in any case: nobody, one, or a mix-up that an administrator has to sort out."""
        wanted = email.strip().lower()
        info = ListInfo(where("email_id").is_(wanted))
        found: dict[str, Person] = {}
        for path, is_technician in (("technicians", True), ("requesters", False)):
            async for somebody in self._list(path, is_technician=is_technician, info=info):
                if somebody.email == wanted:
                    found.setdefault(somebody.id, somebody)
        return tuple(found.values())

    async def _list(self, path: str, *, is_technician: bool, info: ListInfo | None = None) -> AsyncIterator[Person]:
        """A list says by its path what its people are, whether or not their rows do."""
        rows = self._client.rows(path, (), path, info)
        async for somebody in with_ids(rows, lambda row: person(row, is_technician)):
            yield somebody
