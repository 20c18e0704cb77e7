"""Access tokens shared by all processes: one is fetched for everybody, and never more often than Zoho allows.

Zoho gives out ten access tokens per refresh token in ten minutes and keeps fifteen alive. So a fetch happens under a
lock, some minutes before the old token ends, and is counted; a failed one is not tried again at once.
"""

import asyncio
import contextlib
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import structlog

from bot.errors import SdpError, SdpSignInFailed, SdpThrottled, SdpUnreachable
from bot.sdp.oauth import THROTTLE_WAIT, SignIn, wait_words
from bot.sdp.ports import FETCH_LIMIT, FETCH_WINDOW, REPLACE_LIMIT, AccessToken, TokenStore

EARLY = timedelta(minutes=5)
"""How long before its end a token is renewed; until then a failed renewal harms nobody."""

LAST_CALL = timedelta(seconds=45)
"""A token with less than this left is not used any more: the call could outlive it."""

FAILED_WAITS = (5, 15, 30, 60)
"""Seconds to leave the accounts server alone after the first, second, … fetch in a row that got no answer."""

SULK = timedelta(minutes=1)
"""How long a permanent refusal is repeated from memory: asking again would only use up fetches."""

log = structlog.get_logger(__name__)


class SharedTokens:
    """A `TokenSource`: the access tokens of one refresh token, fetched once for all processes."""

    def __init__(self, sign_in: SignIn, store: TokenStore, refresh_token: str, accounts_url: str | None = None) -> None:
        self._sign_in = sign_in
        self._store = store
        self._refresh_token = refresh_token
        self._accounts_url = accounts_url
        self._grant = hashlib.sha256(refresh_token.encode()).hexdigest()[:16]
        self._known: AccessToken | None = None
        self._renewing = asyncio.Lock()
        self._failures = 0
        self._refused: tuple[datetime, SdpSignInFailed] | None = None

    @property
    def grant(self) -> str:
        return self._grant

    async def current(self) -> AccessToken:
        token = self._known if _lasts(self._known, EARLY) else await self._store.get(self._grant)
        if token and _lasts(token, EARLY):
            self._known = token
            return token
        try:
            return await self._renew(rejected=token, limit=FETCH_LIMIT)
        except (SdpThrottled, SdpUnreachable) as failed:
            if token and _lasts(token, LAST_CALL):
                log.warning("sdp.renewal_failed", grant=self._grant, error=str(failed))
                return token
            raise

    async def replace(self, rejected: AccessToken) -> AccessToken:
        """Another token after a 401; `rejected` itself when no more may be fetched for this reason."""
        self._known = None
        await self._store.drop(self._grant, rejected)
        try:
            return await self._renew(rejected, limit=REPLACE_LIMIT)
        except SdpThrottled as throttled:
            log.warning("sdp.token_not_replaced", grant=self._grant, until=throttled.retry_at)
            return rejected

    async def _renew(self, rejected: AccessToken | None, limit: int) -> AccessToken:
        """One at a time in this process and, by the store's lock, in all; who waited takes what the first one got."""
        async with self._renewing, self._store.lock(self._grant):
            kept = await self._store.get(self._grant)
            if kept and _lasts(kept, EARLY) and (rejected is None or kept.value != rejected.value):
                self._known = kept
                return kept
            self._known = await self._fetch(limit)
            await self._store.put(self._grant, self._known)
            return self._known

    async def _fetch(self, limit: int) -> AccessToken:
        await self._check_may_fetch(limit)
        try:
            token = await self._sign_in.fetch(self._refresh_token, self._accounts_url)
        except SdpError as failed:
            await self._remember(failed)
            raise
        self._failures = 0
        log.info("sdp.token_fetched", grant=self._grant, until=token.expires_at)
        return token

    async def _check_may_fetch(self, limit: int) -> None:
        now = datetime.now(UTC)
        if self._refused and self._refused[0] > now:
            raise self._refused[1]
        until = await self._store.held_until(self._grant) or await self._store.claim_fetch(self._grant, limit)
        if until and until > now:
            raise SdpThrottled(wait_words(until), retry_at=until)

    async def _remember(self, failed: SdpError) -> None:
        """What a failed fetch means for the next one, here and (but for the refusal) in all processes."""
        now = datetime.now(UTC)
        if isinstance(failed, SdpThrottled):
            await self._store.hold(self._grant, failed.retry_at or now + THROTTLE_WAIT)
        elif isinstance(failed, SdpSignInFailed):
            self._refused = (now + SULK, failed)
        else:
            wait = FAILED_WAITS[min(self._failures, len(FAILED_WAITS) - 1)]
            self._failures += 1
            await self._store.hold(self._grant, now + timedelta(seconds=wait))


def _lasts(token: AccessToken | None, at_least: timedelta) -> bool:
    return token is not None and token.expires_at - datetime.now(UTC) > at_least


class MemoryTokenStore:
    """A `TokenStore` for one process."""

    def __init__(self) -> None:
        self._tokens: dict[str, AccessToken] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._fetches: defaultdict[str, list[datetime]] = defaultdict(list)
        self._held: dict[str, datetime] = {}

    async def get(self, grant: str) -> AccessToken | None:
        token = self._tokens.get(grant)
        return token if _lasts(token, timedelta()) else None

    async def put(self, grant: str, token: AccessToken) -> None:
        self._tokens[grant] = token

    async def drop(self, grant: str, rejected: AccessToken) -> None:
        kept = self._tokens.get(grant)
        if kept and kept.value == rejected.value:
            del self._tokens[grant]

    @contextlib.asynccontextmanager
    async def lock(self, grant: str) -> AsyncIterator[None]:
        async with self._locks[grant]:
            yield

    async def claim_fetch(self, grant: str, limit: int = FETCH_LIMIT) -> datetime | None:
        now = datetime.now(UTC)
        recent = self._fetches[grant] = [at for at in self._fetches[grant] if at + FETCH_WINDOW > now]
        if len(recent) >= limit:
            return recent[-limit] + FETCH_WINDOW
        recent.append(now)
        return None

    async def hold(self, grant: str, until: datetime) -> None:
        self._held[grant] = max(until, self._held.get(grant, until))

    async def held_until(self, grant: str) -> datetime | None:
        until = self._held.get(grant)
        return until if until and until > datetime.now(UTC) else None
