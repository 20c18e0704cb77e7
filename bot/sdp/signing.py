"""Signing a call with its owner's access token, and what a "not signed in" is answered with."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx

from bot.sdp.ports import TokenSource
from bot.sdp.wire import BAD_CREDENTIALS, Answer, Envelope, parsed


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
    if response.status_code != 401 and str(BAD_CREDENTIALS).encode() not in await response.aread():
        return None
    body = parsed(Answer(response.status_code, response.headers, await response.aread()))
    if body is not None and Envelope.of(body).code == BAD_CREDENTIALS:
        return True
    return (body is not None) if response.status_code == 401 else None
