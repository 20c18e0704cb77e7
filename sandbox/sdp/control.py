"""Look at the tenant and change it by JSON, for other processes and bug reports; the pages and tests do the same.

    GET    /sandbox/state?who=arjun    what that person sees: clock, people, what waits, newest records
    GET    /sandbox/effects?kind=approval.&record=&by=       what really changed, oldest first
    GET    /sandbox/log?after=0        requests and answers after that number, tokens masked
    GET    /sandbox/snapshot           the whole state, for `SdpWorld.restore`
    GET    /sandbox/faults             what is broken now
    POST   /sandbox/faults             {"kind": "drop_after", "path": "*/_approve", "method": "PUT", "times": 1, …}
    DELETE /sandbox/faults             mend everything
    POST   /sandbox/do/{verb}          one of VERBS with its arguments, e.g. decide {"approval": id,
                                       "verdict": "approve", "by": "tess"}; the answer has `ok` and what it `made`

No token is asked: the stand-in is served on the loopback only. A refusal is 400 with `ok: false`, `code`, `error`.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.sdp.approvals import Approval, Level, Plan
from sandbox.sdp.changes import Change
from sandbox.sdp.journal import Effect, Exchange
from sandbox.sdp.maintenances import Maintenance
from sandbox.sdp.people import Person
from sandbox.sdp.projects import Project
from sandbox.sdp.refusals import Refusal
from sandbox.sdp.releases import Release
from sandbox.sdp.seeds import load
from sandbox.sdp.world import Hook, SdpWorld

Json = dict[str, Any]

ROWS = 200
"""Records of a kind in `state`, the newest; the API lists more."""


# --- looking --------------------------------------------------------------------------------------


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _person(one: Person) -> Json:
    return {"id": one.id, "key": one.key, "name": one.name, "email": one.email, "role": one.role, "tz": one.tz}


def _approval(one: Approval) -> Json:
    return {
        "id": one.id,
        "approver": one.approver.name,
        "original_approver": one.original_approver.name if one.original_approver else None,
        "status": one.status.name,
        "comments": one.comments,
        "decided_by": one.decided_by.name if one.decided_by else None,
        "action_taken_on": _time(one.action_taken_on),
    }


def _level(one: Level) -> Json:
    approvals = [_approval(approval) for approval in one.approvals]
    return {"id": one.id, "number": one.number, "name": one.name, "rule": one.rule, "status": one.status.name} | {
        "approvals": approvals
    }


def _release(one: Release) -> Json:
    return {
        "id": one.id,
        "label": one.label,
        "title": one.title,
        "stage": one.stage.name,
        "status": one.status.name,
        "scheduled_start_time": _time(one.scheduled_start_time),
        "levels": [_level(level) for level in one.levels],
    }


def _maintenance(one: Maintenance) -> Json:
    state = "suspended" if one.suspended else "enabled"
    return {"id": one.id, "label": one.label, "title": one.title, "state": state, "next_run": _time(one.next_run)}


def _project(one: Project) -> Json:
    attached = {"changes": list(one.changes), "requests": list(one.requests)}
    return {"id": one.id, "label": one.label, "title": one.title, **attached} | {
        "files": [file.name for file in one.attachments]
    }


def _change(one: Change) -> Json:
    return {"id": one.id, "label": one.label, "title": one.title, "maintenance": one.maintenance}


def _newest(records: Iterable[Any]) -> list[Any]:
    return list(islice(reversed(list(records)), ROWS))


def state(world: SdpWorld, who: str) -> Json:
    """The tenant as that person sees it, and what waits for them; nobody in particular sees everything."""
    person = world.person(who) if who else None

    def seen(records: Iterable[Any], module: str) -> list[Any]:
        return _newest(records) if person is None or person.may("READ", module) else []

    releases = [one for one in world.releases if not one.deleted and (person is None or one.is_seen_by(person))]
    return {
        "now": _time(world.now()),
        "url": world.url,
        "tenant": dataclasses.asdict(world.tenant),
        "people": [_person(person) for person in world.people],
        "waiting": [_approval(one) | {"release": one.level.release.id} for one in world.waiting(person)],
        "releases": [_release(one) for one in _newest(releases)],
        "maintenances": [_maintenance(one) for one in seen(world.maintenances, "changes")],
        "projects": [_project(one) for one in seen(world.projects, "projects")],
        "changes": [_change(one) for one in seen(world.changes, "changes")],
    }


def effect_json(one: Effect) -> Json:
    return {**vars(one), "at": _time(one.at)}


def exchange_json(one: Exchange) -> Json:
    return {**vars(one), "at": _time(one.at)}


# --- doing ------------------------------------------------------------------------------------------


def _decide(world: SdpWorld, approval: str, verdict: Any, by: str = "", comments: str | None = None) -> Json:
    """Without `by` it is the approver who decides."""
    one = world.approval(approval)
    return _approval(world.decide(one, verdict, by=by or one.approver, comments=comments))


def _add_release(world: SdpWorld, title: str, requester: str, levels: list[Json], **fields: Any) -> Json:
    return _release(world.add_release(title, requester, [Plan(**level) for level in levels], **fields))


def _add_project(world: SdpWorld, title: str, by: str, **fields: Any) -> Json:
    return _project(world.projects.add(title, by, **fields))


def _advance(world: SdpWorld, seconds: float = 0, to: str | None = None) -> Json:
    """By so many seconds, or to a moment in ISO 8601."""
    if to:
        world.advance_to(datetime.fromisoformat(to))
    else:
        world.advance(timedelta(seconds=seconds))
    return {"now": _time(world.now())}


def _tenant(world: SdpWorld, **switches: Any) -> Json:
    for name, value in switches.items():
        if name not in vars(world.tenant):
            raise ValueError(f"there is no switch {name!r}; there are {', '.join(vars(world.tenant))}")
        setattr(world.tenant, name, value)
    return dataclasses.asdict(world.tenant)


def _hook(world: SdpWorld, url: str = "", secret: str = "") -> Json:
    """Call this address about releases; without one, call nobody."""
    world.hook = Hook(url, secret) if url else None
    return {"url": url}


def _tokens(world: SdpWorld, who: str) -> Json:
    refresh = world.accounts.grant(who)
    return {"refresh_token": refresh, "access_token": world.accounts.access_token(who)}


VERBS: dict[str, Callable[..., Json | None]] = {
    "decide": _decide,
    "delegate": lambda world, approval, to: _approval(world.approvals.delegate(approval, to=to)),
    "replace_approver": lambda world, approval, to: _approval(world.approvals.replace_approver(approval, to=to)),
    "clarify": lambda world, approval: _approval(world.approvals.clarify(approval)),
    "supersede": lambda world, level, approvers=None: _level(world.approvals.supersede(level, approvers)),
    "add_release": _add_release,
    "edit_release": lambda world, release, **fields: _release(world.releases.edit(release, **fields)),
    "cancel_release": lambda world, release: _release(world.releases.cancel(release)),
    "delete_release": lambda world, release: world.releases.delete(release),
    "execute": lambda world, maintenance, by: {"label": world.maintenances.execute(maintenance, by=by).label},
    "suspend": lambda world, maintenance, by: _maintenance(world.maintenances.suspend(maintenance, by=by)),
    "enable": lambda world, maintenance, by: _maintenance(world.maintenances.enable(maintenance, by=by)),
    "add_project": _add_project,
    "load": lambda world, approvals: {"releases": [one.id for one in load(world, approvals)]},
    "advance": _advance,
    "tenant": _tenant,
    "hook": _hook,
    "tokens": _tokens,
    "revoke": lambda world, who: {"revoked": world.accounts.revoke_all(who)},
    "expire": lambda world, who: world.accounts.expire(who),
}
"""Verb → what it does; the keys of the body are its arguments."""


class Control:
    """The routes of one world."""

    def __init__(self, world: SdpWorld) -> None:
        self._world = world

    async def state(self, request: Request) -> Response:
        return JSONResponse(state(self._world, request.query_params.get("who", "")))

    async def effects(self, request: Request) -> Response:
        asked = {name: request.query_params.get(name) for name in ("kind", "record", "by")}
        return JSONResponse([effect_json(one) for one in self._world.effects(**asked)])

    async def log(self, request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        return JSONResponse([exchange_json(one) for one in self._world.log if one.number > after])

    async def snapshot(self, _request: Request) -> Response:
        return JSONResponse(self._world.snapshot())

    async def faults(self, request: Request) -> Response:
        if request.method == "POST":
            self._world.faults.add(**await request.json())
        elif request.method == "DELETE":
            self._world.mend()
        return JSONResponse([vars(fault) for fault in self._world.faults.on])

    async def do(self, request: Request) -> Response:
        verb = VERBS.get(request.path_params["verb"])
        if not verb:
            raise ValueError(f"there is no verb {request.path_params['verb']!r}; there are {', '.join(VERBS)}")
        body = await request.body()
        return JSONResponse({"ok": True, "made": verb(self._world, **(await request.json() if body else {}))})


def _guarded(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """What cannot be done is answered in words."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handle(request)
        except Refusal as refusal:
            return JSONResponse({"ok": False, "code": refusal.code, "error": str(refusal)}, 400)
        except (TypeError, ValueError) as error:
            return JSONResponse({"ok": False, "code": None, "error": str(error)}, 400)

    return endpoint


def routes(world: SdpWorld) -> list[Route]:
    control = Control(world)
    return [
        Route("/sandbox/state", _guarded(control.state)),
        Route("/sandbox/effects", _guarded(control.effects)),
        Route("/sandbox/log", _guarded(control.log)),
        Route("/sandbox/snapshot", _guarded(control.snapshot)),
        Route("/sandbox/faults", _guarded(control.faults), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/do/{verb}", _guarded(control.do), methods=["POST"]),
    ]
