"""`/api/<method>`: from an HTTP request to a method and back – arguments, tokens, scopes, rates, faults, the log."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.slack.errors import RateLimited, SlackError
from sandbox.slack.faults import Fault
from sandbox.slack.methods import METHODS, Call, Method
from sandbox.slack.model import Json
from sandbox.slack.world import Grant, SlackWorld

LARGEST_BODY = 10_000_000


class WebApi:
    """The ASGI endpoint of all methods. A refusal is a 200 with `ok: false`, but for 429 and faults."""

    def __init__(self, world: SlackWorld) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        name = request.path_params["method"]
        started = time.perf_counter()
        arguments, trouble = await _arguments_or_error(request)
        entry = self._world.log.add("in", name, arguments)
        faults = list(self._world.faults.striking(name))
        response: Response | None = None
        if any(fault.kind == "refused" for fault in faults):
            entry.note = "dropped before acting"
        else:
            response = await self._answer(name, request, arguments, trouble, faults)
        ms = (time.perf_counter() - started) * 1000
        if response is None or any(fault.kind == "lost" for fault in faults):
            self._world.log.done(entry, None, response and _body(response), ms, entry.note or "answer lost")
            await hang_up(receive, send)
            return
        self._world.log.done(entry, response.status_code, _body(response), ms)
        await response(scope, receive, send)

    async def _answer(
        self, name: str, request: Request, arguments: Json, trouble: SlackError | None, faults: list[Fault]
    ) -> Response:
        for fault in faults:
            broken = await _broken(fault)
            if broken is not None:
                return broken
        try:
            if trouble:
                raise trouble
            return self._run(name, request.headers, arguments)
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
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        token = bearer.strip() if kind.casefold() == "bearer" else str(arguments.get("token") or "")
        if wanted.caller == "anyone":
            return Grant("anyone")
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


async def hang_up(receive: Receive, send: Send) -> None:
    """Cut the TCP connection without an answer.

    ASGI has no word for that; uvicorn's request cycle, to which `receive` is bound, has the transport. Under another
    server the answer is begun and never finished, which clients also see as a broken connection.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0)  # lets uvicorn notice before it would complain about the missing answer
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


def too_many(seconds: int) -> Response:
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers={"Retry-After": str(seconds)})


async def _broken(fault: Fault) -> Response | None:
    """The answer a fault gives instead of acting; None when the method is to run (perhaps later)."""
    match fault.kind:
        case "slow":
            await asyncio.sleep(fault.seconds)
        case "ratelimited":
            return too_many(max(1, round(fault.seconds)))
        case "status":
            return HTMLResponse("<html><body><h1>Server Error</h1></body></html>", fault.status)
        case "error":
            return JSONResponse(SlackError(fault.code).as_json())
        case "garbage":
            return PlainTextResponse('{"ok": true, "chan')
    return None


async def _arguments_or_error(request: Request) -> tuple[Json, SlackError | None]:
    arguments: Json = dict(request.query_params)
    try:
        return arguments | await _body_arguments(request), None
    except SlackError as error:
        return arguments, error


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
    try:
        arguments = json.loads(body)
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(arguments, dict):
        raise SlackError("json_not_object")
    return arguments


def _body(response: Response) -> Any:
    try:
        return json.loads(bytes(response.body))
    except ValueError:
        return bytes(response.body).decode(errors="replace")
