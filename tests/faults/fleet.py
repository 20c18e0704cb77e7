"""The bot as it runs in earnest: two web processes, two workers, one Valkey, and somebody who starts what died."""

import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import re
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.valkey import embedded, socket_path

Role = Literal["web", "worker"]
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["bot.app", "bot.logs", "handlers"])
"""Processes start from one that has imported everything already: each is as real, and as mortal, as any other."""

UNKNOWN_MINUTES = 0.1
"""How long an outcome may stay unknown here: shorter than an administrator may set, because the suite waits it out."""


def work(role: Role, environment: Mapping[str, str], folder: str) -> None:
    """What a process of the fleet does: the same as `sdp-bot web` or `sdp-bot worker`."""
    from bot import app, logs, settings

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    log = os.open(Path(folder) / "log.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    loaded = settings.load().model_copy(update={"unknown_minutes": UNKNOWN_MINUTES})
    logs.configure("json")
    asyncio.run(app.run(loaded, [role]))


@dataclass(slots=True)
class Member:
    """One process: what it is, where it listens, and who it is at the moment."""

    name: str
    role: Role
    folder: Path
    environment: dict[str, str]
    port: int = 0
    process: Any = None
    started: float = 0.0
    deaths: int = 0

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def age(self) -> float:
        return time.monotonic() - self.started

    @property
    def log(self) -> str:
        file = self.folder / "log.jsonl"
        return file.read_text() if file.exists() else ""

    @property
    def errors(self) -> Counter[str]:
        """What its log calls errors: the event, and the last line of the exception."""
        lines = (json.loads(line) for line in self.log.splitlines() if line.startswith('{"'))
        bad = (line for line in lines if line.get("level") == "error")
        return Counter(
            f"{line['event']} {line.get('exception', '').strip().rpartition(chr(10))[2][:100]}" for line in bad
        )

    def start(self) -> None:
        """Let it run (again)."""
        self.started = time.monotonic()
        self.process = _processes.Process(
            target=work, args=(self.role, self.environment, str(self.folder)), daemon=True
        )
        self.process.start()

    def send(self, what: signal.Signals) -> None:
        """A signal, if there is somebody to take it."""
        if self.runs:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, what)

    async def ended(self) -> None:
        """Wait until it is gone."""
        while self.runs:
            await asyncio.sleep(0.01)

    async def answers(self) -> bool:
        """Whether it could take work, as far as can be seen from outside."""
        return self.runs and (self.role == "worker" or await _is_ready(self.port))


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
        return b" 200 " in await asyncio.wait_for(reader.readline(), 3)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


@dataclass
class Fleet:
    """All members and Valkey. While it is `minded`, whatever died is started again after a moment."""

    folder: Path
    valkey: str
    members: list[Member] = field(default_factory=list)
    minded: bool = True

    def add(self, name: str, role: Role, environment: Mapping[str, str]) -> Member:
        """One more process; it starts when the fleet is minded next."""
        folder = self.folder / name
        folder.mkdir()
        port = _free_port() if role == "web" else 0
        more = {"PORT": str(port), "LOG_FORMAT": "json", "PYTHONPATH": ":".join(sys.path)}
        member = Member(name, role, folder, {**environment, **more}, port)
        self.members.append(member)
        return member

    def of(self, *roles: Role) -> list[Member]:
        return [one for one in self.members if one.role in roles]

    def kill(self, member: Member) -> bool:
        """kill -9; False when there was nothing to kill."""
        if not member.runs:
            return False
        member.send(signal.SIGKILL)
        member.deaths += 1
        return True

    async def kill_valkey(self) -> bool:
        """kill -9 of the server; its keeper starts it again."""
        pid = await self.valkey_pid()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    async def valkey_pid(self) -> int | None:
        """The server's process id, None while it does not answer."""
        try:
            reader, writer = await asyncio.open_unix_connection(self.valkey)
        except OSError:
            return None
        try:
            writer.write(b"INFO server\r\n")
            found = re.search(rb"process_id:(\d+)", await asyncio.wait_for(reader.read(4096), 1))
            return int(found[1]) if found else None
        except (OSError, TimeoutError):
            return None
        finally:
            writer.close()

    async def mind(self, chance: random.Random) -> None:
        """Start what does not run, each after a moment, as a service manager does; until cancelled."""
        while True:
            for member in self.members:
                if self.minded and not member.runs:
                    await asyncio.sleep(chance.uniform(0, 0.2))
                    member.start()
            await asyncio.sleep(0.02)

    async def stop(self, members: Sequence[Member]) -> None:
        """End these as a service manager does: asked once, then made to."""
        for member in members:
            member.send(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.gather(*(member.ended() for member in members))
        for member in members:
            member.send(signal.SIGKILL)


@contextlib.asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    """An empty fleet with its Valkey; everything ends with the block."""
    async with embedded(folder / "state"):
        made = Fleet(folder, str(socket_path((folder / "state").absolute())))
        try:
            yield made
        finally:
            made.minded = False
            for member in made.members:
                member.send(signal.SIGKILL)
            await asyncio.gather(*(member.ended() for member in made.members))


def _free_port() -> int:
    """Below the range outgoing connections take theirs from, so that it is still free at the next start."""
    for _ in range(200):
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 32000")
