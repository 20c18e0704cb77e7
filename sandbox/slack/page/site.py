"""The page over HTTP: whole pages for reading, JSON for gestures, server-sent events for what changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack.changes import Subscription
from sandbox.slack.errors import NoSuchThing, SlackError
from sandbox.slack.model import Json, Person
from sandbox.slack.outcome import Outcome
from sandbox.slack.page.controls import Controls, Hint
from sandbox.slack.page.elements import option_groups
from sandbox.slack.page.gestures import Visitor
from sandbox.slack.page.panel import Panel, log_changes
from sandbox.slack.page.reader import Canvas
from sandbox.slack.page.workspace import NEWEST, Place, face, first_waiting, href, players, reader_for, screen
from sandbox.slack.streams import EventStream
from sandbox.slack.wire import compact
from sandbox.slack.world import SlackWorld

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_KEEP_ALIVE_SECONDS = 15.0
_LARGEST_UPLOAD = 50_000_000

Endpoint = Callable[[Request], Awaitable[Response]]
Deed = Callable[[Visitor, Json], Awaitable[Outcome]]

DEEDS: Mapping[str, Deed] = {
    "click": Visitor.click,
    "pick": Visitor.pick,
    "options": Visitor.options,
    "submit": Visitor.submit,
    "close": Visitor.close,
    "type": Visitor.type,
    "arrive": Visitor.arrive,
    "shortcut": Visitor.shortcut,
    "react": Visitor.react,
    "delete": Visitor.delete,
}


class Site:
    def __init__(self, world: SlackWorld) -> None:
        self._world = world
        self._offered: dict[tuple[str, str, str], dict[str, Json]] = {}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", _guarded(self._workspace)),
            Route("/archives/{channel}/p{ts}", _guarded(self._permalink)),
            Route("/page/static/{name}", self._static),
            Route("/page/files/{file}", self._file),
            Route("/page/events", self._events),
            Route("/page/hints", self._hints),
            Route("/page/upload", _guarded(self._upload), methods=["POST"]),
            Route("/page/do/{deed}", _guarded(self._do), methods=["POST"]),
            Route("/panel", _guarded(self._panel)),
            Route("/panel/log", self._log),
            Route("/panel/do/{verb}", _guarded(self._pull), methods=["POST"]),
        ]

    # Whole pages

    async def _workspace(self, request: Request) -> Response:
        who = request.query_params.get("as")
        person = self._world.person(who) if who else None
        place = self._place(request, person)
        if person is None or (place.channel is None and not place.home):
            return self._start(person)
        if place.channel and not place.home:
            self._world.mark_read(person, place.channel)
        return self._drawn(request, person, place)

    def _place(self, request: Request, person: Person | None) -> Place:
        asked = request.query_params
        channel = asked.get("channel")
        if person and (partner := asked.get("dm")):
            channel = self._world.conversations.open_dm(person.id, self._world.person(partner).id).id
        if channel:
            channel = self._world.channel(channel).id
        back = int(asked["back"]) if asked.get("back", "").isdigit() else NEWEST
        return Place(channel, asked.get("tab") == "home", asked.get("thread"), back)

    def _start(self, person: Person | None) -> Response:
        """Without a place: the app's direct message of that person, or of whoever has something waiting."""
        waiting = None if person else first_waiting(self._world)
        if waiting:
            person, channel, message = waiting
            return RedirectResponse(f"{href(person, channel=channel.id)}#at=main-{message.ts}", 303)
        everybody = players(self._world)
        if not everybody:
            return self._page("waiting.html", {"workspace": self._world.team_name})
        person = person or next((one for one in everybody if self._world.dm(one)), everybody[0])
        channel = self._world.conversations.open_dm(person.id, self._world.bot.id)
        return RedirectResponse(href(person, channel=channel.id), 303)

    def _drawn(self, request: Request, person: Person, place: Place) -> Response:
        world, shown = self._world, screen(self._world, person, place)
        shortcuts = world.app.shortcuts
        dm = world.dm(person)
        controls = controls_of(request)
        return self._page(
            "workspace.html",
            {
                "screen": shown,
                "workspace": world.team_name,
                "theme": _theme(request),
                "app_face": face(world, world.bot),
                "sdp_url": controls.sdp_url,
                "message_shortcuts": [one for one in shortcuts if one.on_messages],
                "global_shortcuts": [one for one in shortcuts if not one.on_messages],
                "home_tab": world.app.home_tab,
                "messages_href": href(person, channel=dm.id) if dm else href(person),
                "home_href": href(person, home=True),
                "earlier_href": f"{href(person, channel=place.channel)}&back={place.back + NEWEST}",
                "command": next(iter(world.app.commands), "/help"),
            },
        )

    def _page(self, template: str, values: Mapping[str, object]) -> Response:
        drawn = self._templates.get_template(template).render({"theme": None, **values})
        return HTMLResponse(drawn, headers=HEADERS)

    async def _permalink(self, request: Request) -> Response:
        """Where a message's permalink leads: to the message, for whoever may see it."""
        channel = self._world.channel(request.path_params["channel"])
        reader = next((one for one in players(self._world) if one.id in channel.members), None)
        if reader is None:
            raise NoSuchThing("nobody on this page is in that conversation")
        ts = request.path_params["ts"]
        thread = request.query_params.get("thread_ts")
        mark = f"#at={'thread' if thread else 'main'}-{ts[:-6]}.{ts[-6:]}"
        return RedirectResponse(href(reader, channel.id, thread=thread) + mark, 303)

    # Small things

    async def _static(self, request: Request) -> Response:
        path = HERE / "static" / Path(request.path_params["name"]).name
        kind = _STATIC_TYPES.get(path.suffix)
        if kind is None or not path.is_file():
            return Response("not found", 404, headers=HEADERS)
        return Response(path.read_bytes(), media_type=kind, headers=HEADERS)

    async def _file(self, request: Request) -> Response:
        """A shared file for the browser, which has no token: pictures are shown, everything else is downloaded."""
        file = self._world.files.files.get(request.path_params["file"])
        if file is None:
            return Response("no such file", 404, headers=HEADERS)
        shown = file.mimetype in _SHOWN_INLINE
        disposition = f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(file.name)}"
        kind = file.mimetype if shown else "application/octet-stream"
        headers = HEADERS | {
            "Content-Disposition": disposition,
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return Response(file.content, media_type=kind, headers=headers)

    async def _hints(self, request: Request) -> Response:
        hints: list[Hint] = list(getattr(request.app.state, "hints", ()))
        names = {hint.text for hint in hints}
        plain = [Hint(f"{name} {usage}".strip(), "") for name, usage in self._world.app.commands.items()]
        hints += [hint for hint in plain if hint.text not in names and not names]
        return JSONResponse([{"text": hint.text, "about": hint.about} for hint in hints], headers=HEADERS)

    async def _events(self, request: Request) -> Response:
        headers = HEADERS | {"Cache-Control": "no-store"}
        return EventStream(_changes(self._world.subscribe()), headers=headers)

    # Gestures

    async def _do(self, request: Request) -> Response:
        deed = DEEDS.get(request.path_params["deed"])
        if deed is None:
            raise NoSuchThing(f"no such gesture; there are {', '.join(DEEDS)}")
        body = await request.json()
        visitor = self._visitor(request, str(body["as"]))
        outcome = await deed(visitor, body)
        answer: dict[str, Any] = {"ok": outcome.ok, "error": outcome.error, "field_errors": outcome.field_errors}
        if deed is Visitor.options:
            canvas = Canvas(reader_for(self._world, visitor.person))
            grouped = isinstance(outcome.body, dict) and "option_groups" in outcome.body and outcome.ok
            answer["html"] = option_groups(outcome.body if grouped else {"options": outcome.options}, canvas)
        return JSONResponse(answer, headers=HEADERS)

    async def _upload(self, request: Request) -> Response:
        """Files for a conversation (`channel`), or for a modal's file input (without one)."""
        async with request.form(max_part_size=_LARGEST_UPLOAD) as form:
            visitor = self._visitor(request, str(form["as"]))
            files = [one for one in form.getlist("file") if isinstance(one, UploadFile)]
            contents = [(one.filename or "file", await one.read()) for one in files]
        channel, thread = form.get("channel"), form.get("thread")
        if not channel:
            kept = [visitor.actor.shares(name, content) for name, content in contents]
            return JSONResponse({"ok": True, "files": [file.id for file in kept]}, headers=HEADERS)
        outcomes = [
            await visitor.actor.upload(name, content, str(channel), thread=str(thread) if thread else None)
            for name, content in contents
        ]
        shared = [file.id for outcome in outcomes for message in outcome.messages[:1] for file in message.files]
        return JSONResponse({"ok": True, "files": shared}, headers=HEADERS)

    # The control panel

    async def _panel(self, request: Request) -> Response:
        shown = Panel(self._world, controls_of(request)).view()
        return self._page("panel.html", {**shown, "workspace": self._world.team_name, "theme": _theme(request)})

    async def _pull(self, request: Request) -> Response:
        """One lever of the panel, by name; what it raises is said on the panel."""
        panel = Panel(self._world, controls_of(request))
        body = await request.json()
        try:
            said = await panel.do(request.path_params["verb"], body)
        except ValueError as error:
            return JSONResponse({"ok": False, "error": str(error)}, 400, headers=HEADERS)
        return JSONResponse({"ok": True, "said": said}, headers=HEADERS)

    async def _log(self, request: Request) -> Response:
        lines = log_changes(self._world, controls_of(request))
        return EventStream(lines, headers=HEADERS | {"Cache-Control": "no-store"})

    def _visitor(self, request: Request, who: str) -> Visitor:
        return Visitor(request.app.state.slack, who, self._offered)


def controls_of(request: Request) -> Controls:
    controls: Controls = getattr(request.app.state, "controls", None) or Controls()
    return controls


def _guarded(handle: Endpoint) -> Endpoint:
    """Refuse what another site's page may have sent, and say in words what was not found."""

    async def endpoint(request: Request) -> Response:
        if request.method == "POST" and request.headers.get("sec-fetch-site", "same-origin") not in _OWN:
            return JSONResponse({"ok": False, "error": "Only this page may do that."}, 403, headers=HEADERS)
        try:
            return await handle(request)
        except NoSuchThing as error:
            return JSONResponse({"ok": False, "error": str(error)}, 404, headers=HEADERS)
        except SlackError as error:
            return JSONResponse({"ok": False, "error": _in_words(error)}, 400, headers=HEADERS)
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse(
                {"ok": False, "error": f"The page sent what does not fit: {error!r}"}, 400, headers=HEADERS
            )

    return endpoint


_OWN = frozenset({"same-origin", "none"})


def _in_words(error: SlackError) -> str:
    known = {"message_not_found": "This message is no longer here."}
    return known.get(error.code, str(error))


def _theme(request: Request) -> str | None:
    theme = request.cookies.get("theme")
    return theme if theme in ("light", "dark") else None


async def _changes(subscription: Subscription) -> AsyncIterator[str]:
    with subscription:
        yield ": listening\n\n"
        while True:
            try:
                async with asyncio.timeout(_KEEP_ALIVE_SECONDS):
                    change = await subscription.next()
            except TimeoutError:
                yield ": still here\n\n"
                continue
            told = {"kind": change.kind, "where": change.where, "who": change.who, "data": change.data}
            yield f"event: change\ndata: {compact(told)}\n\n"
