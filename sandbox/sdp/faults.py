"""Ways to break the tenant, each for a path pattern, a method and a number of requests."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
_THROTTLED = (
    '{"response_status":{"status_code":4000,"messages":[{"status_code":4000,"type":"failed",'
    '"title":"URL_ROLLING_THROTTLES_LIMIT_EXCEEDED","message":"You have exceeded the limit for this URL. '
    'Try again after MINUTES minutes"}],"status":"failed"}}'
)


def _failure(code: int, words: str) -> str:
    message = {"status_code": code, "type": "failed", "message": words}
    return json.dumps({"response_status": {"status_code": 4000, "messages": [message], "status": "failed"}})


@dataclass(frozen=True)
class Kind:
    """How a fault answers: status 0 closes the connection, None lets the true answer pass after `seconds`.

    `acts` says whether the request takes effect first; `spoil` makes the body out of the true one,
    and `hangs_up` closes the connection in the middle of it.
    """

    status: int | None
    acts: bool
    spoil: Callable[[str], str] = lambda _true: ""
    media: str = "application/json"
    hangs_up: bool = False


KINDS: dict[str, Kind] = {
    "slow": Kind(None, acts=False),
    "late": Kind(None, acts=True),
    "drop_before": Kind(0, acts=False),
    "drop_after": Kind(0, acts=True),
    "error_500": Kind(500, acts=False, spoil=lambda _: _failure(4004, "Internal Error")),
    "error_503": Kind(503, acts=False, spoil=lambda _: "upstream unavailable", media="text/plain"),
    "rate_limited": Kind(429, acts=False, spoil=lambda _: _failure(4015, "API rate limit reached")),
    "throttled": Kind(400, acts=False, spoil=lambda _: _THROTTLED),
    "html": Kind(400, acts=False, spoil=lambda _: HTML, media="text/html"),
    "garbage": Kind(200, acts=True, spoil=lambda _: "\x00\x1f{]not json at all\u20ac"),
    "truncated": Kind(200, acts=True, spoil=lambda true: true[: max(1, len(true) // 2)]),
    "empty": Kind(200, acts=True),
    "cut": Kind(200, acts=True, spoil=lambda true: true, hangs_up=True),
}


@dataclass(eq=False)
class Fault:
    """A switched-on fault. `times` requests are hit after the first `skip` that match; None: until mended."""

    kind: str
    path: str = "*"
    method: str = "*"
    times: int | None = 1
    skip: int = 0
    acts: bool = True
    seconds: float = 1.0
    minutes: int = 22
    retry_after: int | None = None
    hits: int = 0

    @property
    def how(self) -> Kind:
        return KINDS[self.kind]

    @property
    def spent(self) -> bool:
        return self.times is not None and self.hits >= self.times

    def body(self, true_body: str) -> str:
        return self.how.spoil(true_body).replace("MINUTES", str(self.minutes))

    def hit(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts."""
        if self.spent or self.method not in ("*", method.upper()) or not fnmatchcase(path, self.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.hits += 1
        return True


class Faults:
    """The faults that are on, first match wins; several for the same path follow one another."""

    def __init__(self) -> None:
        self.on: list[Fault] = []

    def add(self, kind: str, *, acts: bool | None = None, **how: object) -> Fault:
        """Switch a fault on; raises ValueError for a kind that does not exist, and names those that do."""
        if kind not in KINDS:
            raise ValueError(f"there is no fault {kind!r}; one of {', '.join(KINDS)}")
        fault = Fault(kind, acts=KINDS[kind].acts if acts is None else acts, **how)  # type: ignore[arg-type]
        fault.method = fault.method.upper()
        self.on.append(fault)
        return fault

    def mend(self, fault: Fault | None = None) -> None:
        """Switch one fault off, or all."""
        self.on = [] if fault is None else [other for other in self.on if other is not fault]

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, if any."""
        self.on = [fault for fault in self.on if not fault.spent]
        return next((fault for fault in self.on if fault.hit(method, path)), None)
