"""What the control panel may do besides Slack's own side: whoever starts the demo passes it in.

Each verb that is None is not shown. The verbs act and say in a sentence what happened; what they raise is shown.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FaultSwitch:
    """One way the other side can break: `key` names it to `set_fault`, `label` and `about` to people."""

    key: str
    label: str
    about: str = ""
    on: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer at the other side, bodies without secrets; `number` grows."""

    number: int
    at: float
    what: str
    request: Any = None
    status: int | None = None
    answer: Any = None
    ms: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Controls:
    """The rest of the demo, as far as it is there.

    `sdp_url` is SDP's own web view; `faults` and `set_fault` are the switches of that side, `exchanges` its requests
    after a number. `jump_time` takes words such as "tomorrow 09:00" or an ISO time, `clock` says what time it is now.
    `restart_worker` and `kill_worker` act on the bot's worker, `stop_redis` and `start_redis` on its memory; `load`
    makes that many approvals at once.
    """

    sdp_url: str | None = None
    faults: Callable[[], Sequence[FaultSwitch]] | None = None
    set_fault: Callable[[str, bool], Awaitable[str]] | None = None
    clock: Callable[[], str] | None = None
    jump_time: Callable[[str], Awaitable[str]] | None = None
    restart_worker: Callable[[], Awaitable[str]] | None = None
    kill_worker: Callable[[], Awaitable[str]] | None = None
    stop_redis: Callable[[], Awaitable[str]] | None = None
    start_redis: Callable[[], Awaitable[str]] | None = None
    load: Callable[[int], Awaitable[str]] | None = None
    exchanges: Callable[[int], Iterable[Exchange]] | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """One line the composer offers after the slash: what to type, and what it does."""

    text: str
    about: str = ""
