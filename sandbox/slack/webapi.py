"""`/api/<method>`: from an HTTP request to a method and back – arguments, tokens, scopes, rates."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.door import Door, too_many
from sandbox.slack.errors import RateLimited, SlackError
from sandbox.slack.methods import METHODS, Call, Method
from sandbox.slack.model import Json
from sandbox.slack.world import Grant

LARGEST_BODY = 10_000_000


class Given(NamedTuple):
    """The arguments that could be read, and why the rest could not."""

    arguments: Json
    trouble: SlackError | None = None


class WebApi(Door):
    """All methods. A refusal is a 200 with `ok: false`, but for 429 and faults."""

    def name(self, request: Request) -> str:
        return str(request.path_params["method"])

    async def read(self, request: Request) -> Given:
        arguments: Json = dict(request.query_params)
        try:
            return Given(arguments | await _body_arguments(request))
        except SlackError as error:
            return Given(arguments, error)

    def logged(self, given: Given) -> Json:
        return given.arguments

    def answer(self, request: Request, given: Given) -> Response:
        try:
            if given.trouble:
                raise given.trouble
            return self._run(self.name(request), request.headers, given.arguments)
        except RateLimited as limited:
            return too_many(limited.retry_after)
        except SlackError as error:
            return JSONResponse(error.as_json())

    def _run(self, name: str, headers: Mapping[str, str], arguments: Json) -> Response:
        wanted = METHODS.get(name)
        if wanted is None:
            raise SlackError("unknown_method", req_method=name)
        grant = self._grant(wanted, headers, arguments)
        call = Call(self._world, name, arguments, grant)
        for scope in wanted.scopes:
            call.need_scope(scope)
        wait = self._world.rates.wait_for(name, name, wanted.rate)
        if wait and self._world.switches.strict_rates:
            raise RateLimited(wait)
        answer = {"ok": True, **wanted.run(call)}
        return JSONResponse(answer, headers={"x-oauth-scopes": ",".join(sorted(grant.scopes))})

    def _grant(self, wanted: Method, headers: Mapping[str, str], arguments: Json) -> Grant:
        """What the caller's token may; raises `not_authed`, `invalid_auth`, `token_revoked` and the like."""
        if wanted.caller == "anyone":
            return Grant("anyone")
        token = bearer(headers) or str(arguments.get("token") or "")
        if not token:
            raise SlackError("not_authed")
        grant = self._world.tokens.get(token)
        if grant is None:
            raise SlackError("invalid_auth")
        if grant.kind == "revoked":
            raise SlackError("token_revoked")
        if grant.kind != wanted.caller:
            raise SlackError("not_allowed_token_type")
        return grant


def bearer(headers: Mapping[str, str]) -> str:
    """The token of an Authorization header, empty without one."""
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""


async def _body_arguments(request: Request) -> Json:
    """Arguments of the body, whichever of the three ways they came."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        raise SlackError("request_too_large")
    if kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    body = await request.body()
    if not body.strip():
        return {}
    if kind != "application/json":
        raise SlackError("invalid_post_type")
    return json_object(body, "invalid_json", "json_not_object")


def json_object(body: bytes, unreadable: str, no_object: str) -> Json:
    """A body as a JSON object, or one of two refusals."""
    try:
        given = json.loads(body)
    except ValueError as error:
        raise SlackError(unreadable) from error
    if not isinstance(given, dict):
        raise SlackError(no_object)
    return given
