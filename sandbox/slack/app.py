"""The stand-in as one ASGI application: Web API, response URLs, uploads and downloads, Socket Mode, control, page."""

import contextlib
import importlib
import importlib.util
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack.control import Control
from sandbox.slack.errors import SlackError
from sandbox.slack.people import Slack
from sandbox.slack.responses import ResponseUrls
from sandbox.slack.socketmode import SocketServer
from sandbox.slack.webapi import WebApi
from sandbox.slack.world import SlackWorld

SIGN_IN = (
    "<!DOCTYPE html><html><head><title>Sign in to Slack</title></head><body>Sign in to see this file.</body></html>"
)


def create_app(world: SlackWorld) -> Starlette:
    """Serve it with `sandbox.serve.serve`, then set `world.url`. Its life span runs the Socket Mode server."""
    sockets = SocketServer(world)
    slack = Slack(world)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await sockets.start()
        try:
            yield
        finally:
            await sockets.stop()

    routes: list[BaseRoute] = [
        Route("/api/{method}", WebApi(world)),
        Route("/response/{team}/{token}", ResponseUrls(world), methods=["POST"]),
        Route("/upload/v1/{ticket}", Files(world).receive, methods=["POST", "PUT"]),
        Route("/files/{file}/{name}", Files(world).send),
        *Control(slack).routes(),
        *page_routes(world),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.world, app.state.slack = world, slack
    return app


def page_routes(world: SlackWorld) -> list[BaseRoute]:
    """The page people click on, when it is there."""
    if importlib.util.find_spec("sandbox.slack.page") is None:
        return []
    routes = getattr(importlib.import_module("sandbox.slack.page"), "routes", None)
    return list(routes(world)) if routes else []


class Files:
    """The bytes of files: in by an upload ticket, out for a token with files:read."""

    def __init__(self, world: SlackWorld) -> None:
        self._world = world

    async def receive(self, request: Request) -> Response:
        content = await _uploaded(request)
        try:
            upload = self._world.files.receive(request.path_params["ticket"], content)
        except SlackError as error:
            return PlainTextResponse(error.code, 400)
        return PlainTextResponse(f"OK - {len(upload.file.content)}")

    async def send(self, request: Request) -> Response:
        """Without a good token Slack shows its sign-in page, with status 200."""
        file = self._world.files.files.get(request.path_params["file"])
        grant = self._world.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if grant is None or "files:read" not in grant.scopes:
            return HTMLResponse(SIGN_IN)
        if file is None:
            return PlainTextResponse("file_not_found", 404)
        return Response(file.content, media_type=file.mimetype)


async def _uploaded(request: Request) -> bytes:
    """The body, or the first file of a form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form() as form:
        for value in form.values():
            if not isinstance(value, str):
                return await value.read()
    return b""
