"""Connected accounts, the administrator's map, and the short-lived tickets with which people connect."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken, MultiFernet
from pydantic import TypeAdapter

from bot.models import SdpId
from bot.store.connection import Store
from bot.store.scripts import BIND_LINK, MAP_PERSON, UNBIND_LINK, UNMAP_PERSON

TICKET_KEPT = timedelta(minutes=10)
WAITING_KEPT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Link:
    """A person's own SDP account. `sealed` is the encrypted refresh token; `broken` when Zoho takes it no more.

    `name` and `email` are the account's as Zoho gave them at the time, `accounts_url` the server that did.
    """

    slack: str
    sdp: SdpId
    name: str
    email: str
    accounts_url: str
    linked_at: datetime
    sealed: str = field(repr=False)
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """An administrator's word that this SDP person is that Slack person."""

    slack: str
    sdp: SdpId
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link or a sign-in under way stands for: one Slack person, and the browser that went on with it.

    `browser` is a digest of that browser's cookie, empty while the link has not been confirmed.
    """

    slack: str
    team: str
    browser: str = ""


_links, _mappings, _tickets = TypeAdapter(Link), TypeAdapter(Mapping), TypeAdapter(Ticket)


class Links:
    """Who is connected; every Slack person and every SDP person at most once."""

    def __init__(self, store: Store, fernet: MultiFernet) -> None:
        self._store = store
        self._fernet = fernet

    # --- accounts ------------------------------------------------------------------------------------

    def seal(self, refresh_token: str) -> str:
        return self._fernet.encrypt(refresh_token.encode()).decode()

    def open(self, link: Link) -> str | None:
        """The refresh token, None when no key of ours opens it any more."""
        try:
            return self._fernet.decrypt(link.sealed.encode()).decode()
        except InvalidToken:
            return None

    async def bind(self, link: Link) -> str | None:
        """Keep a link in place of the person's old one. Answers the Slack person who has this account instead."""
        keys = self._store.keys
        owner: str | None = await self._store.run(
            BIND_LINK, [keys.links, keys.linked_sdp], link.slack, link.sdp, _dump(_links, link)
        )
        return owner

    async def unbind(self, slack: str) -> Link | None:
        """Forget somebody's link; answers it, None when there was none."""
        keys = self._store.keys
        raw = await self._store.run(UNBIND_LINK, [keys.links, keys.linked_sdp], slack)
        return _links.validate_json(raw) if raw else None

    async def of(self, slack: str) -> Link | None:
        raw = await self._store.redis.hget(self._store.keys.links, slack)
        return _links.validate_json(raw) if raw else None

    async def known_as(self, sdp: SdpId) -> tuple[str | None, str | None]:
        """The Slack person this SDP person is connected with, and the one the map says they are; one round trip."""
        keys = self._store.keys
        async with self._store.redis.pipeline(transaction=False) as step:
            step.hget(keys.linked_sdp, sdp)
            step.hget(keys.people_map, sdp)
            linked, mapped = await step.execute()
        return linked, _mappings.validate_json(mapped).slack if mapped else None

    async def in_sdp(self, slack: str) -> set[SdpId]:
        """Who a Slack person is in SDP by their link and by the map; one round trip."""
        keys = self._store.keys
        async with self._store.redis.pipeline(transaction=False) as step:
            step.hget(keys.links, slack)
            step.hvals(keys.people_map)
            link, mapped = await step.execute()
        mappings = (_mappings.validate_json(one) for one in mapped if f'"{slack}"' in one)
        linked = {_links.validate_json(link).sdp} if link else set()
        return linked | {mapping.sdp for mapping in mappings if mapping.slack == slack}

    async def mark_broken(self, link: Link) -> None:
        """Remember that Zoho takes this token no more, unless the person has connected anew meanwhile."""
        if (kept := await self.of(link.slack)) is not None and kept.sealed == link.sealed:
            await self.bind(replace(kept, broken=True))

    async def every(self) -> AsyncIterator[Link]:
        for raw in (await self._store.redis.hgetall(self._store.keys.links)).values():
            yield _links.validate_json(raw)

    async def rotate(self) -> tuple[int, int]:
        """Seal every token anew with the first key; answers how many, and how many no key could open."""
        done = lost = 0
        async for link in self.every():
            if self.open(link) is None:
                lost += 1
                continue
            fresh = self._fernet.rotate(link.sealed.encode()).decode()
            if await self.bind(replace(link, sealed=fresh)) is None:
                done += 1
        return done, lost

    # --- the administrator's map -----------------------------------------------------------------------

    async def map(self, mapping: Mapping) -> None:
        """Each of the two can be in the map once: a new word takes the place of the old ones."""
        keys = self._store.keys
        await self._store.run(MAP_PERSON, [keys.people_map], mapping.sdp, mapping.slack, _dump(_mappings, mapping))

    async def unmap(self, slack_or_sdp: str) -> int:
        """Take somebody out of the map; how many words that were."""
        return int(await self._store.run(UNMAP_PERSON, [self._store.keys.people_map], slack_or_sdp))

    async def mapped(self, sdp: SdpId) -> Mapping | None:
        raw = await self._store.redis.hget(self._store.keys.people_map, sdp)
        return _mappings.validate_json(raw) if raw else None

    async def mapped_name(self, slack: str) -> str | None:
        """Who in SDP the map says this Slack person is."""
        return next((one.name for one in await self.mappings() if one.slack == slack), None)

    async def mappings(self) -> list[Mapping]:
        raw = (await self._store.redis.hgetall(self._store.keys.people_map)).values()
        return sorted((_mappings.validate_json(one) for one in raw), key=lambda one: one.name)

    # --- tickets: each is taken once ---------------------------------------------------------------------

    async def issue(self, kind: str, id_: str, ticket: Ticket) -> None:
        """Keep a ticket of a kind (`offer`, `state`) for ten minutes."""
        await self._store.redis.set(self._store.keys.ticket(kind, id_), _dump(_tickets, ticket), ex=TICKET_KEPT)

    async def see(self, kind: str, id_: str) -> Ticket | None:
        raw = await self._store.redis.get(self._store.keys.ticket(kind, id_))
        return _tickets.validate_json(raw) if raw else None

    async def take(self, kind: str, id_: str) -> Ticket | None:
        """The ticket, once: whoever comes second gets None."""
        raw = await self._store.redis.getdel(self._store.keys.ticket(kind, id_))
        return _tickets.validate_json(raw) if raw else None

    # --- what waits until somebody is connected ------------------------------------------------------------

    async def hold(self, slack: str, decision: str) -> None:
        """Remember for fifteen minutes that this decision of theirs could not be taken yet."""
        key = self._store.keys.held(slack)
        async with self._store.redis.pipeline(transaction=True) as step:
            step.sadd(key, decision)
            step.expire(key, WAITING_KEPT)
            await step.execute()

    async def held(self, slack: str) -> list[str]:
        """What waits for somebody to be connected."""
        return sorted(await self._store.redis.smembers(self._store.keys.held(slack)))

    async def let_go(self, slack: str) -> None:
        """Nothing waits for them any more."""
        await self._store.redis.delete(self._store.keys.held(slack))


def _dump(codec: "TypeAdapter[Link] | TypeAdapter[Mapping] | TypeAdapter[Ticket]", value: object) -> str:
    return json.dumps(codec.dump_python(value, mode="json"), ensure_ascii=False)  # type: ignore[arg-type]
