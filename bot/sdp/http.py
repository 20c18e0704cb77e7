"""The one door to the network: httpx, the hosts that may be asked, and what a failed exchange proves.

`transport` raises httpx's exceptions, and no other module names them. httpx 0.28 has had no release since 2024 and goes
on as `httpx2` with the same interface but other exception classes; moving would mean editing this file, `transport` and
`signing`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.errors import SdpUnreachable
from bot.sdp.transport import Transport
from bot.sdp.wire import Answer

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""How long one answer may take; SDP answers in well under a second when it is well."""

CONNECTIONS = 64
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": f"python-httpx/{httpx.__version__}"}


class NotSent(Exception):
    """Nothing left this machine: no connection came about. Safe to repeat, whatever it was."""


class NoAnswer(Exception):
    """All or part of the request left, and no whole answer came. What it did is not known."""


class Http:
    """One connection pool for SDP, its accounts servers and Slack's files; every other host is refused.

    `hosts` are addresses such as `https://accounts.zoho.eu`; only scheme, host and port count. The environment's proxy
    variables are not read, so that nothing but the settings decides where tokens go.
    """

    def __init__(self, hosts: Iterable[str], *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._hosts = {origin(host) for host in hosts}
        timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        self._extensions = {"timeout": timeout.as_dict()}
        self._answer_seconds = answer_seconds
        self._transport = Transport(CONNECTIONS)
        self._client = httpx.AsyncClient(timeout=timeout, transport=self._transport, trust_env=False)
        self._dates: dict[tuple[str, str, int], tuple[str, datetime]] = {}

    async def aclose(self) -> None:
        await self._client.aclose()

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        **content: Any,
    ) -> Answer:
        """Send one request, never twice, and return its answer whatever it says; `content` is httpx's.

        Raises NotSent or NoAnswer; SdpUnreachable for a host that is not configured; what `auth` raises.

        Below httpx's client, and so without a cookie jar: a session that SDP opened for one person would go along
        with the next one's token. Redirects are answers like any other. It also costs a sixth less.
        """
        host = self._check(url)
        request = httpx.Request(
            method, url, headers={**_HEADERS, **(headers or {})}, extensions=self._extensions, **content
        )
        with _named():
            response = await (self._signed(request, auth) if auth else self._send(request))
        self._dates[host] = (response.headers.get("date", ""), datetime.now(UTC))
        return Answer(response.status_code, response.headers, response.content)

    async def _signed(self, request: httpx.Request, auth: httpx.Auth) -> httpx.Response:
        """Send what `auth` makes of the request, and again if it wants to after the answer."""
        async with contextlib.aclosing(auth.async_auth_flow(request)) as flow:
            signed = await anext(flow)
            while True:
                response = await self._send(signed)
                try:
                    signed = await flow.asend(response)
                except StopAsyncIteration:
                    return response

    async def _send(self, request: httpx.Request) -> httpx.Response:
        response = await self._transport.handle_async_request(request)
        response.request = request
        try:
            async with asyncio.timeout(self._answer_seconds):  # httpx's own is for the next byte of it
                await response.aread()
        finally:
            await response.aclose()
        return response

    def clock_skew(self, url: str) -> timedelta | None:
        """How far the clock of this host was ahead of ours at its latest answer, to a second; None when unknown."""
        said, heard = self._dates.get(origin(url), ("", datetime.now(UTC)))
        try:
            return parsedate_to_datetime(said) - heard.replace(microsecond=0)
        except (TypeError, ValueError):
            return None

    @contextlib.asynccontextmanager
    async def download(
        self, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[tuple[Answer, AsyncIterator[bytes]]]:
        """A GET whose body is read piece by piece: `(answer without body, pieces)`. Raises like `exchange`."""
        self._check(url)
        with _named():
            async with self._client.stream("GET", url, headers=dict(headers)) as response:
                yield Answer(response.status_code, response.headers, b""), _pieces(response)

    def _check(self, url: str) -> tuple[str, str, int]:
        """The origin of an address that may be asked."""
        host = origin(url)
        if host not in self._hosts:
            raise SdpUnreachable("The bot only talks to the hosts it is configured for, and this is none of them.")
        return host


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    with _named():
        async for piece in response.aiter_bytes():
            yield piece


@contextlib.contextmanager
def _named() -> Iterator[None]:
    """httpx's exceptions, sorted by the one thing that matters: whether anything can have arrived."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
        raise NotSent(type(failed).__name__) from failed
    except (httpx.TransportError, httpx.DecodingError, TimeoutError) as failed:
        raise NoAnswer(type(failed).__name__) from failed


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises ValueError for one that is neither https nor this machine's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme == "https" and host:
        return ("https", host, parts.port or 443)
    if parts.scheme == "http" and host in LOOPBACK:
        return ("http", host, parts.port or 80)
    raise ValueError(f"{host or 'this address'} must be reached by https://")
