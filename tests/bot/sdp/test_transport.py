"""What carries the requests: once each, nothing added, and every failure told by what it proves."""

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.sdp.http import Http, NoAnswer, NotSent
from tests.certificates import self_signed

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EVERY_METHOD = ("GET", "PUT", "DELETE", "POST")


class Server:
    """Speaks raw HTTP: gives the answers it was told in turn, and hangs up on a request for which there is none left,
    or right after the last one."""

    def __init__(self, answers: Sequence[bytes], *, hangs_up: bool = False) -> None:
        self._answers = list(answers)
        self._hangs_up = hangs_up
        self.heads: list[str] = []
        self.connections = 0
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while self._answers or not self._hangs_up or not self.heads:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                if not self._answers:
                    break
                writer.write(self._answers.pop(0))
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def _http(
    *answers: bytes, tls: ssl.SSLContext | None = None, hangs_up: bool = False
) -> AsyncIterator[tuple[Http, Server]]:
    server = Server(answers, hangs_up=hangs_up)
    async with await asyncio.start_server(server, "localhost", 0, ssl=tls) as listening:
        server.url = f"http{'s' if tls else ''}://localhost:{listening.sockets[0].getsockname()[1]}"
        http = Http([server.url], answer_seconds=5)
        try:
            yield http, server
        finally:
            await http.aclose()


@pytest.mark.parametrize("method", EVERY_METHOD)
async def test_what_goes_out_on_a_kept_connection_that_breaks_goes_out_once(method: str) -> None:
    """The library below would send all but POST again by itself, and an approval is a PUT."""
    async with _http(OK) as (http, server):
        await http.exchange("GET", server.url)
        with pytest.raises(NoAnswer):
            await http.exchange(method, f"{server.url}/again")
    assert [head.split(" ")[1] for head in server.heads] == ["/", "/again"]
    assert server.connections == 1


async def test_connections_are_kept() -> None:
    async with _http(OK, OK, OK) as (http, server):
        for _ in range(3):
            assert (await http.exchange("GET", server.url)).body == b"ok"
    assert server.connections == 1


async def test_a_request_is_what_was_asked_for_and_no_cookie_comes_back() -> None:
    """A session that SDP opened for one person must not go along with another's token."""
    greeting = OK.replace(b"\r\n", b"\r\nSet-Cookie: session=somebody\r\n", 1)
    async with _http(greeting, OK) as (http, server):
        for _ in range(2):
            await http.exchange("GET", f"{server.url}/a%2Fb", params={"q": "ü/?&+ {"}, headers={"X-Ours": "1"})
    line, *headers = server.heads[1].strip().split("\r\n")
    assert line == "GET /a%2Fb?q=%C3%BC%2F%3F%26%2B+%7B HTTP/1.1"
    names = {header.partition(":")[0].lower() for header in headers}
    assert names == {"host", "accept", "accept-encoding", "user-agent", "x-ours"}


async def test_a_redirect_is_an_answer() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example.com/\r\nContent-Length: 0\r\n\r\n"
    async with _http(away) as (http, server):
        assert (await http.exchange("GET", server.url)).status == 302


async def test_long_heads_and_packed_bodies_are_read() -> None:
    packed = gzip.compress(b"packed")
    head = (
        f"HTTP/1.1 200 OK\r\nX-Long: {'x' * 30_000}\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    )
    async with _http(head.encode() + packed) as (http, server):
        assert (await http.exchange("GET", server.url)).body == b"packed"


BROKEN = {
    "silence": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": OK.replace(b": 2", b": 20"),
    "no HTTP": b"220 mail.example.com ESMTP\r\n\r\n",
    "not what was packed": OK.replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_what_breaks_after_it_left_proves_nothing(method: str, answer: bytes) -> None:
    async with _http(*filter(None, [answer]), hangs_up=True) as (http, server):
        with pytest.raises(NoAnswer):
            await http.exchange(method, server.url)
    assert len(server.heads) == 1


async def test_a_certificate_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    async with _http(OK, tls=context) as (http, server):
        with pytest.raises(NotSent):
            await http.exchange("PUT", server.url)
    assert server.heads == []


async def test_nobody_there_gets_nothing() -> None:
    async with _http() as (http, server):
        pass
    http = Http([server.url])
    with pytest.raises(NotSent):
        await http.exchange("PUT", server.url)
    await http.aclose()


async def test_a_server_that_stops_reading_is_not_waited_for() -> None:
    """What is sent in pieces could be a hundred megabytes, and the connection is one of few."""

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 20)

    async def stand_still(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await done.wait()
        writer.close()

    done = asyncio.Event()
    async with await asyncio.start_server(stand_still, "127.0.0.1", 0) as server:
        http = Http([url := f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"], answer_seconds=0.3)
        async with asyncio.timeout(5):
            with pytest.raises(NoAnswer):
                await http.exchange("POST", url, content=pieces(), headers={"Content-Length": str(1 << 40)})
        await http.aclose()
        done.set()


async def test_an_answer_before_all_was_sent_is_the_answer() -> None:
    """A refusal comes early: too large, or not signed in."""
    sent = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        await sent.wait()
        for _ in range(20):
            yield b"later"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"first")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\n")
        await asyncio.sleep(0.05)
        sent.set()
        await reader.readuntil(b"later" * 20)
        writer.write(b"large")
        await writer.drain()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        http = Http([url := f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"], answer_seconds=5)
        answer = await http.exchange("POST", url, content=pieces(), headers={"Content-Length": str(5 + 20 * 5)})
        assert (answer.status, answer.body) == (413, b"large")
        await http.aclose()


async def test_a_head_that_trickles_is_not_waited_for() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with contextlib.suppress(OSError):
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)

    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as server:
        http = Http([url := f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"], answer_seconds=0.3)
        async with asyncio.timeout(5):
            with pytest.raises(NoAnswer):
                await http.exchange("PUT", url)
        await http.aclose()


async def test_a_body_that_breaks_on_the_way_says_why_and_is_not_taken_for_whole() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"first"
        raise LookupError("the rest is gone")

    async with _http(OK) as (http, server):
        with pytest.raises(LookupError, match="the rest is gone"):
            await http.exchange("POST", server.url, content=pieces(), headers={"Content-Length": "100"})
    assert len(server.heads) <= 1
