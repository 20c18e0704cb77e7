"""The one door to the network: httpx, the hosts that may be asked, and what a failed exchange proves.

No other module names httpx's exceptions. httpx 0.28 has had no release since 2024 and goes on as `httpx2` with the same
interface but other exception classes; moving would mean editing this file and `signing`.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.errors import SdpUnreachable
from bot.sdp.wire import Answer

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
"""How long one answer may take; SDP answers in well under a second when it is well."""

CONNECTIONS = 64
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class NotSent(Exception):
    """Nothing left this machine: no connection came about. Safe to repeat, whatever it was."""


class NoAnswer(Exception):
    """All or part of the request left, and no whole answer came. What it did is not known."""


class Http:
    """One connection pool for SDP, its accounts servers and Slack's files; every other host is refused.

    `hosts` are addresses such as `https://accounts.zoho.eu`; only scheme, host and port count. `proxy` is an address
    too; the environment's proxy variables are not read, so that nothing but the settings decides where tokens go.
    """

    def __init__(
        self, hosts: Iterable[str], *, proxy: str | None = None, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        self._hosts = {origin(host) for host in hosts}
        timeout = httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS)
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._client = httpx.AsyncClient(timeout=timeout, limits=limits, proxy=proxy, trust_env=False)
        self._dates: dict[tuple[str, str, int], tuple[str, datetime]] = {}

    async def aclose(self) -> None:
        await self._client.aclose()

    async def exchange(self, method: str, url: str, **request: Any) -> Answer:
        """Send one request, never twice, and return its answer whatever it says; `request` is httpx's.

        Raises NotSent or NoAnswer; SdpUnreachable for a host that is not configured; what `auth` raises.
        """
        self._check(url)
        with _named():
            response = await self._client.request(method, url, **request)
        self._dates[origin(url)] = (response.headers.get("date", ""), datetime.now(UTC))
        return Answer(response.status_code, response.headers, response.content)

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

    def _check(self, url: str) -> None:
        if origin(url) not in self._hosts:
            raise SdpUnreachable("The bot only talks to the hosts it is configured for, and this is none of them.")


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    with _named():
        async for piece in response.aiter_bytes():
            yield piece


@contextlib.contextmanager
def _named() -> Iterator[None]:
    """httpx's exceptions, sorted by the one thing that matters: whether anything can have arrived."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as failed:
        raise NotSent(type(failed).__name__) from failed
    except (httpx.TransportError, httpx.DecodingError) as failed:
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
