"""Faults on demand: what the Web API does wrong, for which methods, how often."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

Kind = Literal["ratelimited", "status", "error", "slow", "lost", "refused", "garbage"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong.

    `kind`: ratelimited (429 with Retry-After `seconds`), status (an HTTP `status` and an HTML page), error (Slack's
    `code`), slow (`seconds` before acting), lost (the method acts, then the connection drops without an answer),
    refused (the connection drops before acting), garbage (200 with a body that is no JSON).
    `method` is a pattern such as `chat.*` or `*`; `times` how often it strikes, 0 without end; `skip` how many
    matching calls pass unharmed before.
    """

    kind: Kind
    method: str = "*"
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    status: int = 500
    code: str = "internal_error"
    struck: int = 0

    def strikes(self, method: str) -> bool:
        """Whether this call is hit; counts down `skip` and up to `times`."""
        if not fnmatchcase(method, self.method) or (self.times and self.struck >= self.times):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.struck += 1
        return True


@dataclass(slots=True)
class Faults:
    faults: list[Fault] = field(default_factory=list)

    def add(self, kind: Kind, method: str = "*", **more: Any) -> Fault:
        """E.g. `faults.add("lost", "chat.postMessage")`, `faults.add("slow", "*", seconds=5, times=0)`."""
        fault = Fault(kind=kind, method=method, **more)
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        self.faults.clear()

    def striking(self, method: str) -> Iterator[Fault]:
        """The faults that hit this call, in the order they were added."""
        return (fault for fault in self.faults if fault.strikes(method))

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.faults]
