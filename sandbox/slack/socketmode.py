"""Socket Mode's sockets: a WebSocket server beside the HTTP one, as Slack's is on another host than its Web API.

Bolt's client wants WebSockets with pings; aiohttp, which the app's client brings anyway, serves them.
"""

import asyncio
import contextlib
import json

from aiohttp import WSCloseCode, WSMsgType, web

from sandbox.slack.errors import SlackError
from sandbox.slack.model import Json
from sandbox.slack.sockets import Connection
from sandbox.slack.wire import compact
from sandbox.slack.world import SlackWorld

PING_SECONDS = 10.0
CONNECTION_SECONDS = 18_060


class SocketServer:
    """Serves `ws://…/link/?ticket=…`; start and stop it inside the running loop."""

    def __init__(self, world: SlackWorld, host: str = "127.0.0.1") -> None:
        self._world, self._host = world, host
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/link/", self._link)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self._world.sockets.served_at = f"ws://{self._host}:{port}"

    async def stop(self) -> None:
        self._world.sockets.served_at = ""
        await self._world.sockets.drop_all()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _link(self, request: web.Request) -> web.StreamResponse:
        try:
            self._world.sockets.use_ticket(request.query.get("ticket", ""))
        except SlackError as error:
            return web.json_response(error.as_json(), status=409 if error.code == "too_many_websockets" else 404)
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS)
        await socket.prepare(request)
        connection = self._connect(request, socket)
        entry = self._world.log.add("in", "socket", {"connection": connection.number})
        try:
            await socket.send_str(compact(self._hello()))
            await self._listen(socket, connection)
        finally:
            self._world.sockets.disconnect(connection)
            self._world.log.done(entry, socket.close_code, None, 0, "closed")
        return socket

    def _connect(self, request: web.Request, socket: web.WebSocketResponse) -> Connection:
        async def send(envelope: Json) -> None:
            await socket.send_str(compact(envelope))

        async def cut() -> None:
            if request.transport is not None:
                request.transport.abort()
            await asyncio.sleep(0)

        return self._world.sockets.connect(send, cut)

    async def _listen(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        refresh = self._world.switches.refresh_sockets
        refreshing = asyncio.create_task(self._refresh(socket, connection, refresh)) if refresh else None
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    with contextlib.suppress(ValueError):
                        connection.received(json.loads(frame.data))
        finally:
            if refreshing:
                refreshing.cancel()

    async def _refresh(self, socket: web.WebSocketResponse, connection: Connection, seconds: float) -> None:
        """What Slack does every few hours: warn, ask to reconnect, and then close."""
        await asyncio.sleep(seconds)
        await connection.send({"type": "disconnect", "reason": "warning", "debug_info": {"host": "sandbox"}})
        await connection.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "sandbox"}})
        await asyncio.sleep(1)
        await socket.close(code=WSCloseCode.GOING_AWAY)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._world.sockets.connections),
            "debug_info": {
                "host": "sandbox",
                "build_number": 1,
                "approximate_connection_time": CONNECTION_SECONDS,
            },
            "connection_info": {"app_id": self._world.app_id},
        }
