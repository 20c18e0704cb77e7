"""What every call of the API goes through: Accept, token, scope, right, input; and how refusals are answered."""

import inspect
import json
import re
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.sdp.accounts import Grant, scope_allows
from sandbox.sdp.api import approvals, lookups, maintenances, people, projects
from sandbox.sdp.api.call import Call, Operation
from sandbox.sdp.faults import HTML
from sandbox.sdp.journal import Exchange
from sandbox.sdp.refusals import BAD_CREDENTIALS, BAD_KEY, NO_SUCH_RECORD, TOO_MANY, WRONG_TYPE, Refusal
from sandbox.sdp.wire.basics import Json
from sandbox.sdp.wire.envelope import failure
from sandbox.sdp.world import SdpWorld

ACCEPT = "application/vnd.manageengine.sdp.v3+json"
OPERATIONS: tuple[Operation, ...] = (
    *approvals.OPERATIONS,
    *maintenances.OPERATIONS,
    *projects.OPERATIONS,
    *people.OPERATIONS,
    *lookups.OPERATIONS,
)


def routes(world: SdpWorld) -> list[Route]:
    """The routes of all operations below the portal, and a 4007 for whatever else is asked there."""
    base = f"/app/{world.portal}/api/v3"
    return [
        *(_route(world, base, operation) for operation in OPERATIONS),
        Route(f"{base}/{{rest:path}}", _no_such_url(world), methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/app/{rest:path}", _wrong_portal, methods=["GET", "POST", "PUT", "DELETE"]),
    ]


def _route(world: SdpWorld, base: str, operation: Operation) -> Route:
    names = iter(("a", "b", "c"))
    path = re.sub(r"\{\}", lambda _: f"{{{next(names)}}}", operation.path)

    async def endpoint(request: Request) -> Response:
        return await _answer(world, request, operation)

    route = Route(f"{base}{path}", endpoint, methods=[operation.method])
    route.methods = {operation.method}  # Starlette adds HEAD to GET; a HEAD of _execute_now must not run it
    return route


async def _answer(world: SdpWorld, request: Request, operation: Operation) -> Response:
    exchange = cast(Exchange, request.scope["sdp.exchange"])
    try:
        body = await _call(world, request, operation, exchange)
    except Refusal as refusal:
        exchange.code = refusal.code
        status = 200 if world.tenant.refusals_as_200 else refusal.http_status
        return JSONResponse(failure(refusal), status)
    exchange.code = 2000
    return JSONResponse(body)


async def _call(world: SdpWorld, request: Request, operation: Operation, exchange: Exchange) -> Json:
    _check_accept(world, request)
    grant = _holder(world, request)
    exchange.who = grant.person.name
    _check_scope(world, grant, operation)
    grant.person.check_may(operation.verb, operation.module)
    data = {} if operation.upload else await _input(request, exchange)
    ids = tuple(request.path_params[name] for name in ("a", "b", "c") if name in request.path_params)
    call = Call(world, grant.person, ids, data, request)
    with world.journal.through("api"):
        answer = operation.handler(call)
        return await answer if inspect.isawaitable(answer) else answer


def _check_accept(world: SdpWorld, request: Request) -> None:
    if world.tenant.demands_accept and ACCEPT not in request.headers.get("accept", ""):
        raise Refusal(BAD_KEY, f"The Accept header must be {ACCEPT}", ["Accept"])


def _holder(world: SdpWorld, request: Request) -> Grant:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Zoho-oauthtoken" or not token:
        raise Refusal(BAD_CREDENTIALS, "Authentication failed: no OAuth token")
    grant = world.accounts.holder(token)
    if not world.accounts.count_call(grant):
        raise Refusal(TOO_MANY, "API rate limit reached")
    return grant


class MissingScope(Refusal):
    """The token lacks the scope; tenants answer it differently."""

    def __init__(self, answer: str) -> None:
        bare, _, status = answer.rpartition(" ")
        super().__init__(BAD_CREDENTIALS, "Invalid OAuth token" if bare else "OAUTH_SCOPE_MISMATCH")
        self._status = int(status)

    @property
    def http_status(self) -> int:
        return self._status


def _check_scope(world: SdpWorld, grant: Grant, operation: Operation) -> None:
    if not scope_allows(grant.scopes, operation.module, operation.verb):
        raise MissingScope(world.tenant.scope_answer)


async def _input(request: Request, exchange: Exchange) -> Json:
    """`input_data` out of the query (GET, DELETE) or the form (POST, PUT)."""
    if request.method in ("GET", "DELETE"):
        raw: Any = request.query_params.get("input_data")
    else:
        raw = (await request.form()).get("input_data")
    if raw is None or raw == "":
        return {}
    try:
        data = json.loads(raw)
    except (TypeError, ValueError):
        raise Refusal(BAD_KEY, "input_data is not JSON", ["input_data"]) from None
    exchange.input = data
    if not isinstance(data, dict):
        raise Refusal(WRONG_TYPE, "input_data must be an object", ["input_data"])
    return data


def _no_such_url(world: SdpWorld) -> Any:
    async def endpoint(request: Request) -> Response:
        refusal = Refusal(NO_SUCH_RECORD, "Invalid URL")
        request.scope["sdp.exchange"].code = refusal.code
        return JSONResponse(failure(refusal), 200 if world.tenant.refusals_as_200 else refusal.http_status)

    return endpoint


async def _wrong_portal(_request: Request) -> Response:
    """A path outside the portal's API is answered with a page, as was seen on real tenants."""
    return HTMLResponse(HTML, 400)
