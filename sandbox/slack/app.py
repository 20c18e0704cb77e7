"""The stand-in as one ASGI application: Web API, response URLs, uploads and downloads, Socket Mode, control, page."""

import contextlib
import importlib
import importlib.util
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from sandbox.slack.control import Control
from sandbox.slack.fileserver import Downloads, Uploads
from sandbox.slack.people import Slack
from sandbox.slack.responses import ResponseUrls
from sandbox.slack.socketmode import SocketServer
from sandbox.slack.webapi import WebApi
from sandbox.slack.world import SlackWorld


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
        Route("/upload/v1/{ticket}", Uploads(world), methods=["POST", "PUT"]),
        Route("/files/{file}/{name}", Downloads(world)),
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
