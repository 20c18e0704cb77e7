"""What lies between the workspace and its app: deliveries held back, events to be sent again, a forger's pen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.model import Json


@dataclass(slots=True)
class FailedEvent:
    """An event the app has not acknowledged yet, and how often it was sent again."""

    body: Json
    reason: str
    retries: int = 0


@dataclass(slots=True)
class Held:
    """Deliveries that wait until somebody lets them go, in the order they want."""

    gates: list[asyncio.Event] = field(default_factory=list)

    async def until(self, count: int, seconds: float = 10) -> None:
        """Wait until so many deliveries are held back."""
        async with asyncio.timeout(seconds):
            while len(self.gates) < count:  # noqa: ASYNC110 (a deadline loop; there is nothing to subscribe to)
                await asyncio.sleep(0.005)

    def release(self, *order: int) -> None:
        """Let deliveries go by their position, all of them in order without one."""
        for position in order or range(len(self.gates)):
            self.gates[position].set()


@dataclass(slots=True)
class Mail:
    """One for a world, whoever delivers. `rewrite`, when set, changes payloads on their way, for tests that tamper."""

    failed: list[FailedEvent] = field(default_factory=list)
    held: Held | None = None
    rewrite: Callable[[Any], Any] | None = None

    def hold(self) -> Held:
        """Hold every delivery back from now on."""
        self.held = self.held or Held()
        return self.held

    def let_go(self) -> None:
        """Deliver what is held, and hold nothing any more."""
        held, self.held = self.held, None
        if held:
            held.release()

    async def passed(self) -> None:
        """Wait at the gate, when there is one."""
        if self.held is not None:
            gate = asyncio.Event()
            self.held.gates.append(gate)
            await gate.wait()
