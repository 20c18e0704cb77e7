"""The same gestures and switches by JSON under `/sandbox/…`, for other processes, bug reports and the page.

No token is asked: the stand-in is served on the loopback only. A name that is not there is a 404 whose `error` says
what is; a body that does not fit is a 400.

    GET    /sandbox/state?viewer=arjun       people, and what one of them sees: conversations, modals, home, errors
    POST   /sandbox/people/{who}/{gesture}   a gesture of `GESTURES` with its arguments; answers with its outcome.
                                             `in` is {"channel", "ts"}, {"view"}, "home" or a channel's name
    PATCH  /sandbox/people/{who}             change somebody: {"deleted": true}, {"email": …}; the app is told
    PATCH  /sandbox/groups/{which}           {"members": ["odile", "sam"]}; the app is told
    GET    /sandbox/changes                  server-sent events, one a change (`changes.Change`)
    GET    /sandbox/log?since=12             requests both ways with their bodies, secrets masked
    GET, POST, DELETE /sandbox/faults        {"kind": "lost", "method": "chat.*", "times": 1} (`faults.Fault`)
    GET, POST /sandbox/switches              {"strict_rates": true} (`world.Switches`)
    POST   /sandbox/sockets                  {"do": "drop" | "refresh" | "bad_tickets", "count": 1}
    GET, POST /sandbox/deliveries            {"hold": true}, {"release": [1, 0]}, {"hold": false}
    POST   /sandbox/events                   an event as it is, {"retry": true} or {"uninstall": true}
    GET    /sandbox/files/{id}               a shared file
"""

import asyncio
import base64
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.slack.changes import Change, Subscription
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.model import Channel, Json, Message, Person, View
from sandbox.slack.outcome import Outcome
from sandbox.slack.people import Slack
from sandbox.slack.streams import EventStream
from sandbox.slack.wire import compact, masked
from sandbox.slack.world import SlackWorld

KEEP_ALIVE_SECONDS = 15.0
Gesture = Callable[["Hand", Json], Awaitable[Outcome]]


class Hand:
    """An actor together with the things a JSON body can only name."""

    def __init__(self, slack: Slack, who: str) -> None:
        self.world, self.actor = slack.world, slack.as_(who)

    def place(self, named: Any) -> Any:
        """`{"channel", "ts"}`, `{"view"}`, `"home"` or nothing, as the thing itself."""
        if not isinstance(named, dict):
            return named
        if "view" in named:
            view = self.world.views.find(named["view"])
            if view is None:
                raise NoSuchThing(f"no view {named['view']!r} is open")
            return view
        return self.message(named)

    def message(self, named: Any) -> Message:
        channel = self.channel(named["channel"])
        seen = self.world.conversations.all_seen_by(channel, self.actor.person)
        found = next((message for message in seen if message.ts == named["ts"]), None)
        if found is None:
            raise NoSuchThing(f"{self.actor.person.key} sees no message {named['ts']} in {channel.name}")
        return found

    def channel(self, where: str) -> Channel:
        return self.world.channel(where)


def _content(body: Json) -> bytes:
    """A file's bytes: `content` as text, or `base64`."""
    return base64.b64decode(body["base64"], validate=True) if "base64" in body else str(body["content"]).encode()


GESTURES: dict[str, Gesture] = {
    "click": lambda hand, body: hand.actor.click(
        body["button"],
        hand.place(body.get("in")),
        confirm=body.get("confirm", True),
        times=body.get("times", 1),
        choice=body.get("choice", ""),
    ),
    "pick": lambda hand, body: hand.actor.pick(
        body["menu"],
        body.get("option"),
        hand.place(body.get("in")),
        confirm=body.get("confirm", True),
        times=body.get("times", 1),
    ),
    "suggest": lambda hand, body: hand.actor.suggest(body["menu"], body["typed"], hand.place(body.get("in"))),
    "type": lambda hand, body: hand.actor.type(
        body["text"], body.get("in", "bot"), thread=body.get("thread"), times=body.get("times", 1)
    ),
    "fill": lambda hand, body: hand.actor.fill(body["values"], hand.place(body.get("in"))),
    "submit": lambda hand, body: hand.actor.submit(
        body.get("values"), hand.place(body.get("in")), times=body.get("times", 1)
    ),
    "close_modal": lambda hand, body: hand.actor.close_modal(all=body.get("all", False)),
    "open_home": lambda hand, body: hand.actor.open_home(),
    "open_messages": lambda hand, body: hand.actor.open_messages(),
    "shortcut": lambda hand, body: hand.actor.shortcut(
        body["callback_id"], hand.message(body["on"]) if body.get("on") else None, times=body.get("times", 1)
    ),
    "react": lambda hand, body: hand.actor.react(body["name"], hand.message(body["on"])),
    "delete": lambda hand, body: hand.actor.delete(hand.message(body["on"])),
    "upload": lambda hand, body: hand.actor.upload(
        body["name"], _content(body), body.get("in", "bot"), body.get("text", ""), thread=body.get("thread")
    ),
}


class Control:
    def __init__(self, slack: Slack) -> None:
        self._slack, self._world = slack, slack.world

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/state", self._guarded(self._state)),
            Route("/sandbox/changes", self._changes),
            Route("/sandbox/log", self._guarded(self._log)),
            Route("/sandbox/people/{who}/{gesture}", self._guarded(self._gesture), methods=["POST"]),
            Route("/sandbox/people/{who}", self._guarded(self._change_person), methods=["PATCH"]),
            Route("/sandbox/groups/{which}", self._guarded(self._change_group), methods=["PATCH"]),
            Route("/sandbox/faults", self._guarded(self._faults), methods=["GET", "POST", "DELETE"]),
            Route("/sandbox/switches", self._guarded(self._switches), methods=["GET", "POST"]),
            Route("/sandbox/sockets", self._guarded(self._sockets), methods=["POST"]),
            Route("/sandbox/deliveries", self._guarded(self._deliveries), methods=["GET", "POST"]),
            Route("/sandbox/events", self._guarded(self._events), methods=["POST"]),
            Route("/sandbox/files/{file}", self._file),
        ]

    def _guarded(self, handle: Callable[[Request, Json], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                body = await request.json() if await request.body() else {}
                return JSONResponse(await handle(request, body))
            except NoSuchThing as error:
                return JSONResponse({"ok": False, "error": str(error)}, 404)
            except SlackError as error:
                return JSONResponse(error.as_json(), 400)
            except (KeyError, TypeError, ValueError) as error:
                return JSONResponse({"ok": False, "error": f"the body does not fit: {error!r}"}, 400)

        return endpoint

    async def _state(self, request: Request, body: Json) -> Json:
        viewer = request.query_params.get("viewer")
        world = self._world
        state: Json = {
            "team": {"id": world.team_id, "name": world.team_name},
            "app": {"id": world.app_id, "user_id": world.bot.id, "name": world.app.name},
            "people": [_person(world, person) for person in world.people()],
            "sockets": len(world.sockets.connections),
        }
        return state | (state_for(world, world.person(viewer)) if viewer else {})

    async def _changes(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return EventStream(_event_stream(self._world.subscribe()), headers=headers)

    async def _log(self, request: Request, body: Json) -> Json:
        since = int(request.query_params.get("since", 0))
        return {"entries": [entry.as_json() for entry in self._world.log.since(since)]}

    async def _gesture(self, request: Request, body: Json) -> Json:
        name = request.path_params["gesture"]
        if name not in GESTURES:
            raise NoSuchThing(f"no gesture {name!r}; there are {', '.join(GESTURES)}")
        outcome = await GESTURES[name](Hand(self._slack, request.path_params["who"]), body)
        shown: Json = masked(outcome.as_json(self._world.team_id))
        return shown

    async def _change_person(self, request: Request, body: Json) -> Json:
        person = self._world.person(request.path_params["who"])
        unknown = set(body) - set(Person.__dataclass_fields__)
        if unknown:
            raise NoSuchThing(f"a person has no {', '.join(sorted(unknown))}")
        await self._slack.change_person(person, **body)
        return _person(self._world, person)

    async def _change_group(self, request: Request, body: Json) -> Json:
        which = request.path_params["which"]
        await self._slack.change_group(which, body["members"])
        return self._world.directory.group(which).as_api(self._world.team_id, with_users=True)

    async def _faults(self, request: Request, body: Json) -> Json:
        faults = self._world.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            faults.add(**body)
        return {"faults": faults.as_json()}

    async def _switches(self, request: Request, body: Json) -> Json:
        switches = self._world.switches
        known = {field.name for field in dataclasses.fields(switches)}
        if not set(body) <= known:
            raise NoSuchThing(f"switches are {', '.join(sorted(known))}")
        for name, value in body.items():
            setattr(switches, name, value)
        return dataclasses.asdict(switches)

    async def _sockets(self, request: Request, body: Json) -> Json:
        """`{"do": "drop" | "refresh" | "bad_tickets", "count": n}`"""
        sockets = self._world.sockets
        match body["do"]:
            case "drop":
                return {"dropped": await sockets.drop_all()}
            case "refresh":
                return {"asked": await sockets.refresh_all(body.get("reason", "refresh_requested"))}
            case "bad_tickets":
                sockets.bad_tickets = int(body.get("count", 1))
                return {"bad_tickets": sockets.bad_tickets}
        raise NoSuchThing("do is one of drop, refresh, bad_tickets")

    async def _deliveries(self, request: Request, body: Json) -> Json:
        """`{"hold": true}` keeps deliveries back, `{"release": [1, 0]}` lets some go, `{"hold": false}` all of them."""
        mail = self._world.mail
        if body.get("hold"):
            mail.hold()
        elif "release" in body and mail.held:
            mail.held.release(*map(int, body["release"]))
        elif "hold" in body:
            mail.let_go()
        waiting = [not gate.is_set() for gate in mail.held.gates] if mail.held else []
        return {"holding": mail.held is not None, "held": waiting.count(True), "failed_events": len(mail.failed)}

    async def _events(self, request: Request, body: Json) -> Json:
        """An event as given, `{"retry": true}` to send failed ones again, `{"uninstall": true}`."""
        if body.get("retry"):
            return {"answers": [dataclasses.asdict(answer) for answer in await self._slack.courier.retry_events()]}
        if body.get("uninstall"):
            await self._slack.uninstall()
            return {"uninstalled": True}
        answer = await self._slack.send_event(body)
        return {"subscribed": answer is not None, "answer": dataclasses.asdict(answer) if answer else None}

    async def _file(self, request: Request) -> Response:
        """A shared file's bytes, to be kept and never to be shown: what is in it may be a page of its own."""
        file = self._world.files.files.get(request.path_params["file"])
        if file is None:
            return JSONResponse({"ok": False, "error": "file_not_found"}, 404)
        safe = {"X-Content-Type-Options": "nosniff"}
        safe["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(file.content, media_type="application/octet-stream", headers=safe)


def state_for(world: SlackWorld, viewer: Person) -> Json:
    """All that one person sees, as JSON."""
    unread = world.unread(viewer)
    home = world.home(viewer)
    return {
        "viewer": viewer.id,
        "conversations": [
            channel.as_api(viewer.id)
            | {
                "unread": unread.get(channel.id, 0),
                "messages": [_message(world, message) for message in world.messages(channel, viewer)],
            }
            for channel in world.conversations_of(viewer)
        ],
        "modals": [_view(view) for view in world.modals(viewer)],
        "home": _view(home) if home else None,
        "errors": world.errors(viewer),
    }


def _message(world: SlackWorld, message: Message) -> Json:
    shown = message.as_api(world.team_id, with_metadata=True)
    return shown | {"is_ephemeral": message.is_ephemeral, "permalink": world.permalink(message)}


def _view(view: View) -> Json:
    return view.as_api() | {"errors": view.errors, "loading": view.loading}


def _person(world: SlackWorld, person: Person) -> Json:
    return person.as_api(world.now(), with_email=True) | {"key": person.key}


async def _event_stream(subscription: Subscription) -> AsyncIterator[str]:
    """Server-sent events, one a change, and a comment now and then so that dead listeners are noticed."""
    with subscription:
        yield ": listening\n\n"
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                    change = await subscription.next()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            yield as_event(change)


def as_event(change: Change) -> str:
    data: dict[str, Any] = {"where": change.where, "who": change.who, **change.data}
    return f"event: {change.kind}\ndata: {compact(data)}\n\n"
