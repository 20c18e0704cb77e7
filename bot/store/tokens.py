"""Access tokens all processes share: `bot.sdp.ports.TokenStore` in Redis, encrypted at rest."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from cryptography.fernet import InvalidToken, MultiFernet

from bot.sdp.ports import FETCH_LIMIT, FETCH_WINDOW, LOCK_LIFETIME, AccessToken
from bot.store.connection import Store
from bot.store.scripts import CLAIM_FETCH, DROP_IF, EXTEND_HOLD

LOCK_POLL_SECONDS = 0.05


class RedisTokens:
    """Access tokens by grant; the value is encrypted with the first of TOKEN_KEYS, any of them decrypts."""

    def __init__(self, store: Store, fernet: MultiFernet) -> None:
        self._store = store
        self._fernet = fernet

    async def get(self, grant: str) -> AccessToken | None:
        sealed = await self._store.redis.get(self._store.keys.token(grant))
        return self._open(sealed) if sealed else None

    async def put(self, grant: str, token: AccessToken) -> None:
        left = int((token.expires_at - datetime.now(UTC)).total_seconds())
        if left > 0:
            await self._store.redis.set(self._store.keys.token(grant), self._seal(token), ex=left)

    async def drop(self, grant: str, rejected: AccessToken) -> None:
        key = self._store.keys.token(grant)
        sealed = await self._store.redis.get(key)
        kept = self._open(sealed) if sealed else None
        if sealed and (kept is None or kept.value == rejected.value):
            await self._store.run(DROP_IF, [key], sealed)

    @contextlib.asynccontextmanager
    async def lock(self, grant: str) -> AsyncIterator[None]:
        key, ours = self._store.keys.token(grant, "lock"), secrets.token_hex(8)
        while not await self._store.redis.set(key, ours, nx=True, px=LOCK_LIFETIME):  # noqa: ASYNC110
            # Another process holds it: nothing in this one could set an event.
            await asyncio.sleep(LOCK_POLL_SECONDS)
        try:
            yield
        finally:
            await self._store.run(DROP_IF, [key], ours)

    async def claim_fetch(self, grant: str, limit: int = FETCH_LIMIT) -> datetime | None:
        now = datetime.now(UTC)
        window = int(FETCH_WINDOW.total_seconds() * 1000)
        key = self._store.keys.token(grant, "fetches")
        blocking = await self._store.run(CLAIM_FETCH, [key], _ms(now), window, limit, secrets.token_hex(8))
        return None if blocking is None else _from_ms(float(blocking)) + FETCH_WINDOW

    async def hold(self, grant: str, until: datetime) -> None:
        left = _ms(until) - _ms(datetime.now(UTC))
        if left > 0:
            await self._store.run(EXTEND_HOLD, [self._store.keys.token(grant, "hold")], left)

    async def held_until(self, grant: str) -> datetime | None:
        left = await self._store.redis.pttl(self._store.keys.token(grant, "hold"))
        return _from_ms(_ms(datetime.now(UTC)) + left) if left > 0 else None

    def _seal(self, token: AccessToken) -> str:
        plain = json.dumps([token.value, _ms(token.expires_at), sorted(token.scopes)])
        return self._fernet.encrypt(plain.encode()).decode()

    def _open(self, sealed: str) -> AccessToken | None:
        """None for what no key of ours opens: the next refresh replaces it."""
        try:
            value, expires, *scopes = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            return None
        return AccessToken(value, _from_ms(expires), frozenset(*scopes))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _from_ms(value: float) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)
