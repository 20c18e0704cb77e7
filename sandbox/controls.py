"""What the control panel may do to the other side, to the bot and to time: the levers of a running demo."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.box import Box
from sandbox.cast import APPROVERS
from sandbox.child import time_can_move
from sandbox.moments import moment
from sandbox.processes import BotProcesses
from sandbox.sdp.faults import Fault
from sandbox.sdp.journal import Exchange as SdpExchange
from sandbox.sdp.seeds import load
from sandbox.slack.model import Person
from sandbox.slack.page.controls import Controls, Exchange, FaultSwitch
from sandbox.slack.wire import masked

MOST_LOAD = 5000
MOST_EXCHANGES = 200  # as many as an open panel has lines to begin with
_API = "/api/v3"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One way SDP misbehaves while its switch is on: the faults behind it, as `SdpWorld.break_with` takes them."""

    key: str
    label: str
    about: str
    faults: tuple[Mapping[str, Any], ...]


WRITES = ("POST", "PUT", "DELETE")
SILENT = (
    *({"kind": "drop_after", "path": f"*{_API}/*", "method": method} for method in WRITES),
    {"kind": "drop_after", "path": "*/_execute_now", "method": "GET"},
)
TROUBLES = (
    Trouble("slow", "Slow", "every answer takes 5 s", ({"kind": "slow", "path": f"*{_API}/*", "seconds": 5.0},)),
    Trouble("silent", "Silent after acting", "does what it is told, and drops the answer", SILENT),
    Trouble("dropped", "Connection drops", "hangs up before acting", ({"kind": "drop_before"},)),
    Trouble("broken", "Server error", "answers 500", ({"kind": "error_500", "path": f"*{_API}/*"},)),
    Trouble("limited", "Rate limit", "answers 429", ({"kind": "rate_limited", "path": f"*{_API}/*"},)),
    Trouble("throttled", "Throttled", '"try again after 22 minutes"', ({"kind": "throttled", "path": f"*{_API}/*"},)),
    Trouble("garbage", "Garbage", "answers what is no JSON", ({"kind": "garbage", "path": f"*{_API}/*"},)),
    Trouble("signin", "Sign-in fails", "the accounts server answers 503", ({"kind": "error_503", "path": "/oauth/*"},)),
)


class Levers:
    """The verbs behind `Controls` for one box and the bot on it. Each says in a sentence what happened."""

    def __init__(self, box: Box, bot: BotProcesses) -> None:
        self._box, self._bot = box, bot
        self._set: dict[str, list[Fault]] = {}

    def controls(self) -> Controls:
        """Everything of the panel that this demo can do."""
        return Controls(
            sdp_url=f"{self._box.sdp.url}/",
            faults=self.faults,
            set_fault=self.set_fault,
            clock=self.clock,
            jump_time=self.jump_time if time_can_move() else None,
            restart_worker=self.restart_worker,
            kill_worker=self.kill_worker,
            stop_redis=self.stop_redis,
            start_redis=self.start_redis,
            load=self.load,
            exchanges=self.exchanges,
        )

    # --- SDP -----------------------------------------------------------------------------------------

    def faults(self) -> Sequence[FaultSwitch]:
        on = self._box.sdp.faults.on
        return [
            FaultSwitch(one.key, one.label, one.about, any(fault in on for fault in self._set.get(one.key, ())))
            for one in TROUBLES
        ]

    async def set_fault(self, key: str, on: bool) -> str:
        """Raises ValueError for a key that is not there."""
        trouble = next((one for one in TROUBLES if one.key == key), None)
        if trouble is None:
            raise ValueError(f"There is no switch {key!r}; there are {', '.join(one.key for one in TROUBLES)}.")
        for fault in self._set.pop(key, ()):
            self._box.sdp.mend(fault)
        if on:
            self._set[key] = [self._box.sdp.break_with(times=None, **fault) for fault in trouble.faults]
        return f"SDP, {trouble.label.lower()}: {'on' if on else 'off'}."

    async def load(self, count: int) -> str:
        """Raises ValueError for a number out of reason."""
        if not 1 <= count <= MOST_LOAD:
            raise ValueError(f"Between 1 and {MOST_LOAD} approvals can be made at once.")
        load(self._box.sdp, count)
        return f"{count} more approvals wait."

    def exchanges(self, after: int) -> Iterator[Exchange]:
        """What the bot and SDP said to each other, oldest first; people's pages are none of it."""
        log = self._box.sdp.log
        newest_first = (one for one in takewhile(lambda one: one.number > after, reversed(log)) if _is_spoken(one))
        for one in reversed(list(islice(newest_first, MOST_EXCHANGES))):
            yield Exchange(
                number=one.number,
                at=one.at.timestamp(),
                what=f"{one.method} {one.path.partition(_API)[2] or one.path}",
                request=masked(one.input),
                status=one.status or None,
                answer=masked(_read(one.answer)),
                ms=one.ms or None,
                note=one.fault or "",
            )

    # --- time ------------------------------------------------------------------------------------------

    def clock(self) -> str:
        now = self._box.sdp.now()
        reader = self._reader("")
        return f"{now:%a %d %b %H:%M} UTC, {now.astimezone(ZoneInfo(reader.tz)):%a %H:%M} for {reader.first_name}"

    async def jump_time(self, words: str) -> str:
        """`words` as `sandbox.moments` reads them, for the first approver or for whoever is named at the end."""
        words, _, who = words.rpartition(" for ") if " for " in words else (words, "", "")
        reader, sdp = self._reader(who), self._box.sdp
        sdp.advance_to(moment(words, sdp.now(), ZoneInfo(reader.tz)))
        await self._bot.move(sdp.ahead)
        here = sdp.now().astimezone(ZoneInfo(reader.tz))
        weekend = " Digests come from Monday to Friday." if here.weekday() > 4 else ""
        return f"It is {here:%A %d %B, %H:%M} for {reader.first_name}, and the bot was started anew.{weekend}"

    def _reader(self, who: str) -> "Reader":
        return Reader(self._box.slack.person(who.strip() or APPROVERS[0].key))

    # --- the bot -----------------------------------------------------------------------------------------

    async def restart_worker(self) -> str:
        await self._bot.restart("worker")
        return "The worker was stopped and started."

    async def kill_worker(self) -> str:
        await self._bot.kill("worker")
        return "The worker was killed and started again."

    async def stop_redis(self) -> str:
        return "Redis is away." if await self._bot.stop_redis() else "Redis was away already."

    async def start_redis(self) -> str:
        return "Redis is back." if await self._bot.start_redis() else "Redis is there."


class Reader:
    """Whose time of day is meant."""

    def __init__(self, person: Person) -> None:
        self.tz, self.first_name = person.tz, person.real_name.split()[0]


def _is_spoken(exchange: SdpExchange) -> bool:
    """By the API or the accounts server, not by the pages for people."""
    return _API in exchange.path or exchange.path.startswith("/oauth/") or exchange.path.endswith("/webhook")


def _read(answer: str | None) -> Any:
    """A body as JSON when it is that."""
    with contextlib.suppress(ValueError, TypeError):
        return json.loads(answer or "")
    return answer
