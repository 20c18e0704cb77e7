"""What carries httpx's requests: aiohttp's connections.

Requests, answers and sign-ins are httpx's; with its own transport, httpcore 1.0.9 on h11, a call takes twice the
processor time (`docs/decisions/0003-httpx.md`). aiohttp is here for Slack anyway. What it raises is told in httpx's
words, so that one place sorts them (`bot.sdp.http`).
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator

import aiohttp
import httpx
from yarl import URL

HEADERS_MAX = 65_536
"""Bytes a line of an answer's head may have; aiohttp's own 8,190 are fewer than some gateways' cookies."""
IDLE_SECONDS = 5.0
"""How long a connection is kept that nobody needs; servers and what stands before them close theirs later."""


class Transport(httpx.AsyncBaseTransport):
    """At most so many connections at once; each request goes out once, whatever becomes of it."""

    def __init__(self, connections: int) -> None:
        _check_the_library()
        self._connections = connections
        self._ssl = httpx.create_ssl_context(trust_env=False)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head, its body still to be read. Raises httpx.TransportError, and what the body's pieces raise:
        ConnectError and ConnectTimeout while there is no connection, then others.
        """
        session = self._session = self._session or self._opened()
        with _in_words_of_httpx():
            async with asyncio.timeout(_until_the_head(request)) as patience:
                body = _Body(request, patience)
                try:
                    answer = await session.request(
                        request.method,
                        URL(str(request.url), encoded=True),
                        headers=request.headers.multi_items(),
                        data=body.to_send,
                        allow_redirects=False,
                        timeout=_timeout(request),
                    )
                except aiohttp.ClientError:
                    body.raise_what_broke_it()
                    raise
                finally:
                    body.patience = None  # what is still sent after an early answer is bound by that answer's time
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Answer(answer))

    def _opened(self) -> aiohttp.ClientSession:
        """A session that adds nothing of its own: no cookies, no headers, no unpacking."""
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._ssl, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            max_line_size=HEADERS_MAX,
            max_field_size=HEADERS_MAX,
        )
        session._retry_connection = False  # see _check_the_library
        return session

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


def _check_the_library() -> None:
    """aiohttp 3.14 sends a PUT again by itself when the server drops a kept connection, and an approval is a PUT. What
    switches that off has no public name (https://github.com/aio-libs/aiohttp/issues/10790), so an aiohttp that has
    another is refused: RuntimeError.
    """
    if "_retry_connection" not in aiohttp.ClientSession.ATTRS:
        raise RuntimeError(f"aiohttp {aiohttp.__version__} may send a decision twice; use 3.14")


def _timeout(request: httpx.Request) -> aiohttp.ClientTimeout:
    """Three of httpx's four times; to wait for a free connection is part of what aiohttp calls `connect`."""
    given = request.extensions["timeout"]
    return aiohttp.ClientTimeout(connect=given["pool"], sock_connect=given["connect"], sock_read=given["read"])


def _until_the_head(request: httpx.Request) -> float:
    """Seconds until the head of the answer is there.

    `sock_read` of aiohttp is for its next byte, and waits until all is sent, which a server that stops reading puts off
    for ever.
    """
    given = request.extensions["timeout"]
    seconds: float = given["pool"] + given["read"]
    return seconds


class _Body:
    """What a request says, and `patience`, which begins anew with each piece that is sent.

    Pieces that come from elsewhere can break, and aiohttp calls that a lost connection.
    """

    def __init__(self, request: httpx.Request, patience: asyncio.Timeout) -> None:
        self._broken: Exception | None = None
        self.patience: asyncio.Timeout | None = patience
        whole = isinstance(request.stream, httpx.ByteStream)
        self.to_send = (request.content or None) if whole else self._pieces(request)

    async def _pieces(self, request: httpx.Request) -> AsyncIterator[bytes]:
        assert isinstance(request.stream, httpx.AsyncByteStream)  # noqa: S101  # an async client's request
        try:
            async for piece in request.stream:
                yield piece
                if self.patience is not None:
                    now = asyncio.get_running_loop().time()
                    self.patience.reschedule(now + request.extensions["timeout"]["write"])
        except Exception as broken:
            self._broken = broken
            raise

    def raise_what_broke_it(self) -> None:
        if self._broken is not None:
            raise self._broken


class _Answer(httpx.AsyncByteStream):
    """An answer's body as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _in_words_of_httpx():
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        """A connection whose answer was read to its end is kept for the next request, any other is given up."""
        self._answer.close()


@contextlib.contextmanager
def _in_words_of_httpx() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as failed:
        raise httpx.ConnectTimeout(str(failed)) from failed
    except (aiohttp.ClientConnectorError, ssl.CertificateError) as failed:
        raise httpx.ConnectError(str(failed)) from failed
    except (TimeoutError, aiohttp.ServerTimeoutError) as failed:
        raise httpx.ReadTimeout(str(failed)) from failed
    except (aiohttp.ClientError, OSError) as failed:
        raise httpx.ReadError(str(failed)) from failed
