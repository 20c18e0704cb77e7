"""The control panel: what goes over the wire, live, and switches that break either side.

Everything here is also plain HTTP for scripts: POST `/panel/do/{verb}` with a JSON body, and the `/sandbox/…` addresses
of `sandbox.slack.control` for Slack's side.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from sandbox.slack.errors import NoSuchThing
from sandbox.slack.page.controls import Controls, Exchange
from sandbox.slack.page.markup import el
from sandbox.slack.wire import WireEntry, compact
from sandbox.slack.world import SlackWorld

_LOOK_SECONDS = 0.25
_LATEST = 200  # requests shown when the panel opens
_LONGEST_BODY = 20_000


@dataclass(frozen=True, slots=True)
class Preset:
    """A fault of Slack's side that one press adds."""

    key: str
    label: str
    about: str
    fault: Mapping[str, Any]


PRESETS = (
    Preset("slow", "Slow answers", "every call takes 5 s", {"kind": "slow", "method": "*", "seconds": 5.0, "times": 0}),
    Preset(
        "lost", "Lost answer", "the next message is posted, its answer is lost", {"kind": "lost", "method": "chat.*"}
    ),
    Preset("limited", "Rate limit", "the next 3 calls get 429", {"kind": "ratelimited", "method": "*", "times": 3}),
    Preset("broken", "Server error", "the next 3 calls get 500", {"kind": "status", "method": "*", "times": 3}),
    Preset("garbage", "Garbage", "the next answer is no JSON", {"kind": "garbage", "method": "*"}),
    Preset("refused", "Refused", "the next 3 connections drop", {"kind": "refused", "method": "*", "times": 3}),
)
SWITCHES = {
    "strict_rates": ("Strict rates", "answer 429 where Slack would"),
    "retry_events": ("Repeat failed events", "at once, after 1 and 5 minutes"),
}


class Panel:
    """The verbs of the panel for one workspace. Each gives a sentence that says what happened."""

    def __init__(self, world: SlackWorld, controls: Controls) -> None:
        self._world, self._controls = world, controls

    async def do(self, verb: str, body: Mapping[str, Any]) -> str:
        """Raises NoSuchThing for a verb that is not there or whose part of the demo is absent."""
        deeds = self._deeds()
        if verb not in deeds:
            raise NoSuchThing(f"the panel has no {verb!r}; it has {', '.join(sorted(deeds))}")
        return await deeds[verb](body)

    def view(self) -> dict[str, Any]:
        """What the panel's template shows."""
        world, controls = self._world, self._controls
        return {
            "controls": controls,
            "verbs": frozenset(self._deeds()),
            "presets": PRESETS,
            "active": [(fault.kind, fault.method, _left(fault.times, fault.struck)) for fault in world.faults.faults],
            "switches": [(key, *words, getattr(world.switches, key)) for key, words in SWITCHES.items()],
            "sockets": len(world.sockets.connections),
            "bad_tickets": world.sockets.bad_tickets,
            "sdp_faults": list(controls.faults()) if controls.faults else [],
            "clock": controls.clock() if controls.clock else _clock(world.now()),
            "bot_at": world.request_url,
            "errors": [(person.real_name, words) for person in world.people() for words in world.errors(person)[-3:]],
        }

    def _deeds(self) -> dict[str, Callable[[Mapping[str, Any]], Awaitable[str]]]:
        """Every verb that can be done here and now."""
        own = {
            "slack_fault": self._add_fault,
            "clear_slack_faults": self._clear_faults,
            "switch": self._switch,
            "drop_sockets": self._drop_sockets,
            "refresh_sockets": self._refresh_sockets,
            "bad_ticket": self._bad_ticket,
        }
        return own | dict(self._given())

    def _given(self) -> Iterator[tuple[str, Callable[[Mapping[str, Any]], Awaitable[str]]]]:
        controls = self._controls
        if set_fault := controls.set_fault:
            yield "sdp_fault", lambda body: set_fault(str(body["key"]), bool(body["on"]))
        if jump_time := controls.jump_time:
            yield "jump_time", lambda body: jump_time(str(body["to"]))
        if load := controls.load:
            yield "load", lambda body: load(int(body["count"]))
        for name in ("restart_worker", "kill_worker", "stop_redis", "start_redis"):
            if plain := getattr(controls, name):
                yield name, _without_body(plain)

    async def _add_fault(self, body: Mapping[str, Any]) -> str:
        preset = next((one for one in PRESETS if one.key == body.get("preset")), None)
        self._world.faults.add(**(preset.fault if preset else _own_fault(body)))
        return f"Slack: {preset.about}." if preset else "The fault is set."

    async def _clear_faults(self, body: Mapping[str, Any]) -> str:
        self._world.faults.clear()
        return "Slack is well again."

    async def _switch(self, body: Mapping[str, Any]) -> str:
        key, on = str(body["key"]), bool(body["on"])
        if key not in SWITCHES:
            raise NoSuchThing(f"no switch {key!r}; there are {', '.join(SWITCHES)}")
        setattr(self._world.switches, key, on)
        return f"{SWITCHES[key][0]}: {'on' if on else 'off'}."

    async def _drop_sockets(self, body: Mapping[str, Any]) -> str:
        return f"{await self._world.sockets.drop_all()} connections cut."

    async def _refresh_sockets(self, body: Mapping[str, Any]) -> str:
        return f"{await self._world.sockets.refresh_all()} connections asked to reconnect."

    async def _bad_ticket(self, body: Mapping[str, Any]) -> str:
        self._world.sockets.bad_tickets += 1
        return "The next socket's ticket will be refused."


def log_changes(world: SlackWorld, controls: Controls) -> AsyncIterator[str]:
    """Server-sent events: the log's lines as HTML, new ones and those whose answer has come since."""
    return _LogWatch(world, controls).events()


class _LogWatch:
    """Remembers what one open panel has been sent."""

    def __init__(self, world: SlackWorld, controls: Controls) -> None:
        self._world, self._controls = world, controls
        self._seen = max((entry.number for entry in world.log.entries), default=0) - _LATEST
        self._seen_there = 0
        self._open: dict[int, WireEntry] = {}
        self._open_there: set[int] = set()

    async def events(self) -> AsyncIterator[str]:
        yield ": listening\n\n"
        while True:
            for _, key, row in sorted((*self._news(), *self._news_there()), key=lambda line: line[0]):
                yield f"event: line\ndata: {compact({'key': key, 'html': row})}\n\n"
            # The log has no feed of its own, and a page that looks four times a second looks live.
            await asyncio.sleep(_LOOK_SECONDS)

    def _news(self) -> Iterator[tuple[float, str, Markup]]:
        fresh = self._world.log.since(self._seen)
        answered = [entry for entry in self._open.values() if entry.ms is not None]
        for entry in (*answered, *fresh):
            self._seen = max(self._seen, entry.number)
            self._open.pop(entry.number, None)
            if entry.ms is None:
                self._open[entry.number] = entry
            yield entry.at, f"slack-{entry.number}", _slack_line(entry)

    def _news_there(self) -> Iterator[tuple[float, str, Markup]]:
        """The same of the other side, which gives its requests anew each time it is asked."""
        since = min(self._open_there, default=self._seen_there + 1) - 1
        for exchange in self._controls.exchanges(since) if self._controls.exchanges else ():
            fresh, answered = exchange.number > self._seen_there, exchange.ms is not None
            if fresh or (answered and exchange.number in self._open_there):
                yield exchange.at, f"sdp-{exchange.number}", _sdp_line(exchange)
            self._open_there.discard(exchange.number)
            if not answered:
                self._open_there.add(exchange.number)
            self._seen_there = max(self._seen_there, exchange.number)


def _slack_line(entry: WireEntry) -> Markup:
    way = "Bot → Slack" if entry.direction == "in" else "Slack → bot"
    return _line(f"slack-{entry.number}", way, entry)


def _sdp_line(exchange: Exchange) -> Markup:
    return _line(f"sdp-{exchange.number}", "Bot → SDP", exchange)


def _line(key: str, way: str, entry: WireEntry | Exchange) -> Markup:
    status, wrong = _verdict(entry)
    head = el(
        "summary",
        el("span", _clock(entry.at), class_="at"),
        el("span", way, class_="way"),
        el("span", entry.what, class_="what"),
        el("span", status, class_="status wrong" if wrong else "status"),
        el("span", "" if entry.ms is None else f"{entry.ms:.0f} ms", class_="ms"),
    )
    bodies = (_body("Request", entry.request), _body("Answer", entry.answer))
    css = {"Bot → Slack": "in", "Slack → bot": "out"}.get(way, "sdp")
    return el("details", head, *bodies, id=f"log-{key}", class_=f"line {css}", data_words=f"{way} {entry.what}".lower())


def _verdict(entry: WireEntry | Exchange) -> tuple[str, bool]:
    """How a request ended, and whether that is trouble; Slack says no inside an answer of status 200."""
    if entry.ms is None:
        return "…", False
    refused = isinstance(entry.answer, dict) and entry.answer.get("ok") is False
    words = entry.note or (str(entry.answer.get("error")) if refused else str(entry.status or "no answer"))
    return words, bool(refused or entry.note or not entry.status or entry.status >= 400)


def _body(title: str, value: Any) -> Markup | None:
    if value is None:
        return None
    written = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return el("div", el("h3", title), el("pre", written[:_LONGEST_BODY], tabindex="0"))


def _own_fault(body: Mapping[str, Any]) -> dict[str, Any]:
    """A fault as somebody filled it in; only fields that a fault has."""
    known: Iterable[str] = ("kind", "method", "times", "skip", "seconds", "status", "code")
    return {name: body[name] for name in known if body.get(name) not in (None, "")}


def _left(times: int, struck: int) -> str:
    return f"{struck} so far" if not times else f"{max(times - struck, 0)} of {times} left"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def _without_body(deed: Callable[[], Awaitable[str]]) -> Callable[[Mapping[str, Any]], Awaitable[str]]:
    return lambda body: deed()
