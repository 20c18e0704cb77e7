"""What happened: effects (what really changed, by whom) and exchanges (every request and its answer).

Tests count effects to prove that nothing was done twice; the log is for people and for bug reports.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_via: ContextVar[str] = ContextVar("via", default="page")
"""How the change at hand comes about; a context variable, because requests run side by side."""

LOG_LENGTH = 20_000
"""Exchanges kept; older ones fall out so that a long benchmark does not grow without bound."""


ANSWERS_KEPT = 500
"""Exchanges whose answer is kept as well."""


@dataclass(frozen=True)
class Effect:
    """One change of the tenant's state. `via` is "api", "page", "schedule" or "seed"."""

    at: datetime
    kind: str
    record: str
    by: str | None
    via: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass
class Exchange:
    """One request and its answer. `status` 0 means the connection was closed without one; `code` is SDP's own."""

    at: datetime
    method: str
    path: str
    who: str | None = None
    input: Any = None
    status: int = 0
    code: int | None = None
    fault: str | None = None
    ms: float = 0.0
    answer: str | None = None
    number: int = 0


class Journal:
    """The tenant's memory of what was done to it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.effects: list[Effect] = []
        self.log: deque[Exchange] = deque(maxlen=LOG_LENGTH)
        self._listeners: list[Callable[[Effect], None]] = []

    def note(self, kind: str, record: str, by: str | None = None, **detail: Any) -> Effect:
        """Remember that `kind` happened to the record with that id, and tell whoever listens."""
        effect = Effect(self._now(), kind, record, by, _via.get(), detail)
        self.effects.append(effect)
        for listener in self._listeners:
            listener(effect)
        return effect

    def record(self, exchange: Exchange) -> None:
        """Put a request into the log as it begins; numbers count from 1."""
        exchange.number = self.log[-1].number + 1 if self.log else 1
        self.log.append(exchange)
        if len(self.log) > ANSWERS_KEPT:
            self.log[-ANSWERS_KEPT].answer = None

    @contextmanager
    def through(self, via: str) -> Iterator[None]:
        """Effects noted inside the block came this way."""
        before = _via.set(via)
        try:
            yield
        finally:
            _via.reset(before)

    def listen(self, listener: Callable[[Effect], None]) -> Callable[[], None]:
        """Call `listener` with every effect from now on; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def find(self, kind: str | None = None, record: str | None = None, by: str | None = None) -> list[Effect]:
        """The effects that match, oldest first; `kind` may be a prefix such as "approval."."""
        return [
            effect
            for effect in self.effects
            if (kind is None or effect.kind == kind or (kind.endswith(".") and effect.kind.startswith(kind)))
            and record in (None, effect.record)
            and by in (None, effect.by)
        ]
