"""Signing in at Zoho: access tokens shared by all processes, and the way a person connects their account.

Zoho gives out ten access tokens per refresh token in ten minutes and keeps fifteen alive, so one token is fetched for
everybody: under a lock, some minutes before the old one ends, and counted. Its answers are judged by their body: some
permanent failures come with HTTP 200, and throttling comes with 200 or 400.
"""

import asyncio
import contextlib
import hashlib
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog

from bot.errors import BadInput, SdpError, SdpSignInFailed, SdpThrottled, SdpUnreachable
from bot.sdp.datacentres import DATA_CENTRES, is_accounts_server
from bot.sdp.http import Http, NoAnswer, NotSent
from bot.sdp.ports import FETCH_LIMIT, FETCH_WINDOW, REPLACE_LIMIT, AccessToken, TokenSource, TokenStore
from bot.sdp.wire import BAD_CREDENTIALS, Answer, Envelope, in_words, parsed

EARLY = timedelta(minutes=5)
"""How long before its end a token is renewed; until then a failed renewal harms nobody."""

LAST_CALL = timedelta(seconds=45)
"""A token with less than this left is not used any more: the call could outlive it."""

LIFETIME = 3600
"""Seconds an access token lives, `expires_in` of every documented answer; more than that is never believed."""

THROTTLE_WAIT = timedelta(minutes=10)
FAILED_WAITS = (5, 15, 30, 60)
"""Seconds to leave the accounts server alone after the first, second, … fetch in a row that got no answer."""

FETCH_SECONDS = 15.0
SULK = timedelta(minutes=1)
"""How long a permanent refusal is repeated from memory: asking again would only use up fetches."""

log = structlog.get_logger(__name__)

# --- the accounts server ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person gave the bot by connecting: keep `refresh_token` encrypted and `accounts_url` beside it."""

    refresh_token: str = field(repr=False)
    access_token: AccessToken
    accounts_url: str
    scopes: tuple[str, ...] = ()


class SignIn:
    """Zoho's accounts server, spoken to for one client id.

    `accounts_url` is the server of the service account's data centre; people of other data centres bring their own,
    which is believed only when `table` has it.
    """

    def __init__(
        self,
        http: Http,
        accounts_url: str,
        client_id: str,
        client_secret: str,
        table: Mapping[str, str] = DATA_CENTRES,
    ) -> None:
        self._http = http
        self.accounts_url = accounts_url.rstrip("/")
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._table = table

    def authorization_url(self, scopes: Sequence[str], redirect_uri: str, state: str) -> str:
        """Where to send a person who connects their account; Zoho comes back to `redirect_uri` with `state`.

        `access_type=offline` asks for a refresh token, `prompt=consent` for a new one even if there was one before.
        """
        query = {
            "response_type": "code",
            "client_id": self._client["client_id"],
            "scope": ",".join(scopes),
            "redirect_uri": redirect_uri,
            "access_type": "offline",
            "prompt": "consent",
            "state": state,
        }
        return f"{self.accounts_url}/oauth/v2/auth?{urlencode(query)}"

    async def exchange(self, code: str, redirect_uri: str, accounts_server: str | None = None) -> Grant:
        """A connected account for the `code` of the callback; `accounts_server` is the callback's own parameter.

        Raises BadInput, before anything is sent, for a server that is not allowed; SdpSignInFailed when Zoho does not
        accept the code (they work once, for a minute or two); SdpThrottled; SdpUnreachable.
        """
        server = self.allowed(accounts_server or self.accounts_url)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        body = await self._token(server, form)
        refresh_token = body.get("refresh_token")
        if not isinstance(refresh_token, str) or not refresh_token:
            raise SdpSignInFailed("Zoho connected the account only for an hour. Please connect again.")
        scopes = str(body.get("scope") or "").replace(",", " ").split()
        return Grant(refresh_token, _access_token(body), server, tuple(scopes))

    async def fetch(self, refresh_token: str, accounts_server: str | None = None) -> AccessToken:
        """A new access token; raises like `exchange`. `SharedTokens` counts these, nothing else may call it."""
        server = self.allowed(accounts_server or self.accounts_url)
        return _access_token(await self._token(server, {"grant_type": "refresh_token", "refresh_token": refresh_token}))

    async def revoke(self, refresh_token: str, accounts_server: str | None = None) -> None:
        """Make Zoho forget a refresh token and all its access tokens; one that it does not know is as good.

        Raises SdpUnreachable when that could not be made sure of.
        """
        server = self.allowed(accounts_server or self.accounts_url)
        answer = await self._post(f"{server}/oauth/v2/token/revoke", {"token": refresh_token})
        if answer.status >= 500 or answer.status == 429:
            raise SdpUnreachable("Zoho could not disconnect the account. Please try again.", http_status=answer.status)

    def allowed(self, accounts_server: str) -> str:
        """`accounts_server` without a slash at its end; raises BadInput unless secrets may be posted to it."""
        if not is_accounts_server(accounts_server, self._table, self.accounts_url):
            raise BadInput("This sign-in came back from a server that is not Zoho's. Nothing was connected.")
        return accounts_server.rstrip("/")

    async def _token(self, server: str, form: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._post(f"{server}/oauth/v2/token", {**self._client, **form})
        return judge(answer)

    async def _post(self, url: str, form: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._http.exchange("POST", url, data=dict(form))
        except (NotSent, NoAnswer, TimeoutError) as failed:
            raise SdpUnreachable("Zoho's sign-in service does not answer. Please try again in a moment.") from failed


_ERROR_CODE = re.compile(r"[a-z][a-z_]{2,40}", re.IGNORECASE)
_PASSING = {"general_error", "internal_error", "server_error", "temporarily_unavailable"}


def judge(answer: Answer) -> dict[str, Any]:
    """The body of a token answer that has a token; raises for every other.

    Seen: 200 `{"error":"invalid_code"}` (permanent), 400 or 200 `{"error":"Access Denied","status":"failure", …}` in
    the language of the account (throttled: all is well again after some minutes).
    """
    body = parsed(answer) or {}
    if isinstance(body.get("access_token"), str) and body["access_token"]:
        return body
    error = str(body.get("error") or "")
    if _is_throttle(answer, body):
        until = datetime.now(UTC) + THROTTLE_WAIT
        raise SdpThrottled(_wait_words(until), retry_at=until, http_status=answer.status)
    if answer.status >= 500 or error in _PASSING or not _ERROR_CODE.fullmatch(error):
        raise SdpUnreachable("Zoho's sign-in service is in trouble. Please try again.", http_status=answer.status)
    raise SdpSignInFailed(
        f"Zoho does not accept this connection to ServiceDesk Plus ({error}). Please connect the account again.",
        http_status=answer.status,
    )


def _is_throttle(answer: Answer, body: Mapping[str, Any]) -> bool:
    failure = str(body.get("status", "")).lower() == "failure"
    words = f"{body.get('error')} {body.get('error_description')}".lower()
    return answer.status == 429 or failure or "too many" in words


def _wait_words(until: datetime) -> str:
    return f"Signing in to ServiceDesk Plus has to wait. Please try again {in_words(until)}."


def _access_token(body: Mapping[str, Any]) -> AccessToken:
    try:
        seconds = min(float(body.get("expires_in") or LIFETIME), LIFETIME)
    except (TypeError, ValueError):
        seconds = LIFETIME
    return AccessToken(body["access_token"], datetime.now(UTC) + timedelta(seconds=seconds))


# --- tokens shared by processes --------------------------------------------------------------


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
            raise SdpThrottled(_wait_words(until), retry_at=until)

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


# --- signing a request -----------------------------------------------------------------------


class Denials:
    """Patterns that answered 401 even to a fresh token: a missing scope can look so, and no token cures it.

    Remembered for ten minutes, so that a poll does not have a token replaced for it on every round.
    """

    def __init__(self, memory: timedelta = timedelta(minutes=10)) -> None:
        self._memory = memory
        self._until: dict[tuple[str, str], datetime] = {}

    def has(self, grant: str, pattern: str) -> bool:
        return self._until.get((grant, pattern), datetime.min.replace(tzinfo=UTC)) > datetime.now(UTC)

    def add(self, grant: str, pattern: str) -> None:
        now = datetime.now(UTC)
        self._until = {key: until for key, until in self._until.items() if until > now}
        self._until[grant, pattern] = now + self._memory


class Signed(httpx.Auth):
    """Signs one call with its owner's access token; "not signed in" has the token replaced, at most once.

    `careful` is for writes: they are sent again only when SDP's own JSON says so, which proves that nothing was done;
    a 401 from something in between proves nothing. A streamed upload cannot be sent again at all.
    """

    def __init__(self, tokens: TokenSource, pattern: str, denials: Denials, *, careful: bool) -> None:
        self._tokens = tokens
        self._pattern = pattern
        self._denials = denials
        self._careful = careful

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._tokens.current()
        request.headers["Authorization"] = f"Zoho-oauthtoken {token.value}"
        response = yield request
        if not await self._may_repeat(request, response):
            return
        fresh = await self._tokens.replace(token)
        if fresh.value == token.value:
            return
        request.headers["Authorization"] = f"Zoho-oauthtoken {fresh.value}"
        response = yield request
        if await _refused(response) is not None:
            self._denials.add(self._tokens.grant, self._pattern)

    async def _may_repeat(self, request: httpx.Request, response: httpx.Response) -> bool:
        if self._denials.has(self._tokens.grant, self._pattern) or not isinstance(request.stream, httpx.ByteStream):
            return False
        by_sdp = await _refused(response)
        return by_sdp is not None and (by_sdp or not self._careful)


_SMALL = 4096
"""A refusal is short: longer answers of HTTP 200 are not searched for one."""


async def _refused(response: httpx.Response) -> bool | None:
    """Whether the token was refused: True by SDP's own words (also inside HTTP 200), False by something, None not."""
    if response.status_code != 401 and int(response.headers.get("content-length") or _SMALL) >= _SMALL:
        return None
    body = parsed(Answer(response.status_code, response.headers, await response.aread()))
    if body is not None and Envelope.of(body).code == BAD_CREDENTIALS:
        return True
    return (body is not None) if response.status_code == 401 else None
