"""One call of the API as an operation sees it, and what an operation is."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from sandbox.sdp.people import Person
from sandbox.sdp.refusals import MANDATORY, WRONG_TYPE, Refusal
from sandbox.sdp.wire.basics import Json
from sandbox.sdp.wire.lists import Listing, Page, R, page
from sandbox.sdp.wire.reading import check_keys
from sandbox.sdp.world import SdpWorld


@dataclass
class Call:
    """Who asks for what: `ids` are the ids of the path in order, `data` the parsed `input_data`."""

    world: SdpWorld
    person: Person
    ids: tuple[str, ...]
    data: Json
    request: Request

    def entity(self, name: str, allowed: frozenset[str] | None = None) -> Json:
        """The object under `name`; raises Refusal 4012 without it, 4001 for keys that do not belong there."""
        check_keys(self.data, frozenset({name}))
        entity = self.data.get(name)
        if entity is None:
            raise Refusal(MANDATORY, "", [name])
        if not isinstance(entity, dict):
            raise Refusal(WRONG_TYPE, f"{name} must be an object", [name])
        if allowed is not None:
            check_keys(entity, allowed)
        return entity

    def page(self, records: Any, listing: Listing[R]) -> Page[R]:
        """The asked-for page of `records`."""
        check_keys(self.data, frozenset({"list_info"}))
        return page(records, listing, self.data.get("list_info"))


Handler = Callable[[Call], Json] | Callable[[Call], Awaitable[Json]]


@dataclass(frozen=True)
class Operation:
    """A row of the API's table: the path below /api/v3 with `{}` for ids, the right and scope it needs."""

    method: str
    path: str
    module: str
    verb: str
    handler: Handler
    upload: bool = False
