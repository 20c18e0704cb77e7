"""JSON as it travels, and a log of every request both ways with the secrets masked."""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_KEPT_ENTRIES = 5_000
_KEPT_CHARACTERS = 20_000
_SECRET_KEYS = re.compile(r"(?i)token|secret|authorization|signature|ticket|password")
_TOKENS = re.compile(r"x(?:ox[a-z]|app)-[\w.-]+")


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def masked(value: Any) -> Any:
    """A copy without tokens, secrets and signatures, whatever they stand in."""
    if isinstance(value, dict):
        return {k: _mask(v) if _SECRET_KEYS.search(str(k)) else masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item) for item in value]
    if isinstance(value, str):
        return _TOKENS.sub(lambda found: _mask(found[0]), value)
    return value


def _mask(value: Any) -> Any:
    return f"{value[:5]}…" if isinstance(value, str) and value else value and "…"


@dataclass(slots=True, kw_only=True)
class WireEntry:
    """One request and its answer. `direction` is seen from the workspace: `in` from the bot, `out` to the bot."""

    number: int
    at: float
    direction: Literal["in", "out"]
    what: str
    request: Any = None
    status: int | None = None
    answer: Any = None
    ms: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class WireLog:
    """The newest requests, oldest first; long bodies are cut.

    `heard` is what the bot itself said – in its requests, and in its answers to ours – unmasked and uncut, for whoever
    looks for what it should not say. Nobody is shown it.
    """

    now: Callable[[], float]
    entries: deque[WireEntry] = field(default_factory=lambda: deque(maxlen=_KEPT_ENTRIES))
    heard: deque[tuple[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_ENTRIES))
    _count: int = 0

    def add(self, direction: Literal["in", "out"], what: str, request: Any) -> WireEntry:
        """Start an entry; the caller completes `status`, `answer` and `ms` by `done`."""
        self._count += 1
        entry = WireEntry(
            number=self._count, at=self.now(), direction=direction, what=what, request=_cut(masked(request))
        )
        self.entries.append(entry)
        if direction == "in":
            self.hear(what, request)
        return entry

    def hear(self, what: str, said: Any) -> None:
        """Keep what the bot said as it said it."""
        self.heard.append((what, said))

    def done(self, entry: WireEntry, status: int | None, answer: Any, ms: float, note: str = "") -> None:
        entry.status, entry.answer, entry.ms, entry.note = status, _cut(masked(answer)), round(ms, 2), note
        if entry.direction == "out":
            self.hear(entry.what, answer)

    def since(self, number: int) -> list[WireEntry]:
        return [entry for entry in self.entries if entry.number > number]

    def of(self, what: str) -> list[WireEntry]:
        """Entries of one method or kind of delivery, e.g. `chat.postMessage` or `block_actions`."""
        return [entry for entry in self.entries if entry.what == what]


def _cut(value: Any) -> Any:
    written = compact(value) if not isinstance(value, str) else value
    return value if len(written) <= _KEPT_CHARACTERS else written[:_KEPT_CHARACTERS] + "…"
