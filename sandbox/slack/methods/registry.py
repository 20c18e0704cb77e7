"""What a Web API method is: a name, the scopes it needs, its rate tier, and a function from a call to an answer."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.slack.errors import SlackError
from sandbox.slack.model import Json
from sandbox.slack.rates import TIER_3, Rate
from sandbox.slack.world import Grant, SlackWorld

T = TypeVar("T")

_PREFIX = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}


@dataclass(slots=True)
class Call:
    """One call of a method: who calls and with what. Arguments arrive as JSON values or, from forms, as strings."""

    world: SlackWorld
    method: str
    arguments: Json
    grant: Grant

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def need(self, name: str, error: str = "invalid_arguments") -> str:
        """A mandatory argument; without it Slack answers `error`."""
        value = self.text(name)
        if not value:
            raise SlackError(error, [f"missing required field: {name}"] if error == "invalid_arguments" else ())
        return value

    def whole(self, name: str, default: int) -> int:
        try:
            return int(self.text(name, str(default)))
        except ValueError as error:
            raise SlackError("invalid_arguments", [f"must be an integer: {name}"]) from error

    def flag(self, name: str, *, default: bool = False) -> bool:
        return self.text(name, str(default)).casefold() in ("1", "true")

    def words(self, name: str) -> list[str]:
        """A list that came as a JSON array or as a comma separated string."""
        value = self.json(name) if self.text(name).startswith("[") else self.arguments.get(name)
        items = value if isinstance(value, list) else str(value or "").split(",")
        return [str(item).strip() for item in items if str(item).strip()]

    def json(self, name: str, error: str = "invalid_arguments") -> Any:
        """A structured argument, which forms carry as JSON text."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else None
        except ValueError as wrong:
            raise SlackError(error) from wrong

    def need_scope(self, *scopes: str) -> None:
        """Refuse unless the token has one of these scopes."""
        if not set(scopes) & self.grant.scopes:
            provided = ",".join(sorted(self.grant.scopes))
            raise SlackError("missing_scope", needed=",".join(scopes), provided=provided)

    def need_scope_for(self, kind: str, verb: str) -> None:
        """The scope that depends on what sort of conversation it is, e.g. `im:history`."""
        self.need_scope(f"{_PREFIX[kind]}:{verb}")

    def page(self, items: Sequence[T], *, limit: int, most: int) -> tuple[list[T], str]:
        """One page and the cursor of the next, empty on the last; raises `invalid_cursor` and `invalid_limit`."""
        if limit < 1 or limit > most:
            raise SlackError("invalid_limit")
        start = read_cursor(self.text("cursor"))
        following = start + limit
        return list(items[start:following]), write_cursor(following) if following < len(items) else ""


def write_cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def read_cursor(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError) as error:
        raise SlackError("invalid_cursor") from error


Run = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    run: Run
    scopes: tuple[str, ...]
    rate: tuple[Rate, ...]
    caller: str


METHODS: dict[str, Method] = {}


def method(
    name: str, *, scopes: tuple[str, ...] = (), rate: tuple[Rate, ...] = TIER_3, caller: str = "bot"
) -> Callable[[Run], Run]:
    """Register a method; `caller` is the kind of token it wants (`bot`, `app`, or `anyone` for api.test)."""

    def register(run: Run) -> Run:
        METHODS[name] = Method(name, run, scopes, rate, caller)
        return run

    return register
