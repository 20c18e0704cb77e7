"""Socket Mode without the sockets: tickets, connections and which one gets the next envelope.

The transport (`sandbox.slack.socketmode`) registers a `Connection` for each live WebSocket and feeds it what arrives.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.changes import Change, Feed
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import Json

MOST_CONNECTIONS = 10
TICKET_SECONDS = 30.0

Send = Callable[[Json], Awaitable[None]]
Close = Callable[[], Awaitable[None]]


class Unacknowledged(Exception):
    """No acknowledgement came: the time was up, or the connection went away first."""


@dataclass(slots=True, eq=False)
class Connection:
    """One live WebSocket of the app."""

    number: int
    send: Send
    close: Close
    waiting: dict[str, "asyncio.Future[Json | None]"] = field(default_factory=dict)

    async def deliver(self, envelope: Json, seconds: float) -> Json | None:
        """Send an envelope and wait for its acknowledgement; the payload of it, if any. Raises Unacknowledged."""
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self.waiting[envelope["envelope_id"]] = answer
        try:
            async with asyncio.timeout(seconds):
                await self.send(envelope)
                return await answer
        except (TimeoutError, ConnectionError) as error:
            raise Unacknowledged("the app did not acknowledge in time") from error
        finally:
            self.waiting.pop(envelope["envelope_id"], None)

    def received(self, frame: Any) -> None:
        """An acknowledgement arrived; anything else, and one for an unknown envelope, is ignored."""
        if not isinstance(frame, dict):
            return
        answer = self.waiting.get(str(frame.get("envelope_id")))
        if answer is not None and not answer.done():
            answer.set_result(frame.get("payload"))

    def gone(self) -> None:
        for answer in self.waiting.values():
            if not answer.done():
                answer.set_exception(Unacknowledged("the connection closed before the acknowledgement"))


@dataclass(slots=True)
class SocketHub:
    """Tickets and live connections. `bad_tickets` is a switch: so many of the next tickets will be refused."""

    ids: IdMaker
    now: Callable[[], float]
    feed: Feed
    bad_tickets: int = 0
    connections: list[Connection] = field(default_factory=list)
    served_at: str = ""
    _tickets: dict[str, float] = field(default_factory=dict)
    _turn: int = 0
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def connected(self) -> bool:
        return bool(self.connections)

    def new_ticket(self) -> str:
        """A ticket for one connection, good for a short while."""
        ticket = self.ids.word("ticket", 32)
        if self.bad_tickets:
            self.bad_tickets -= 1
        else:
            self._tickets[ticket] = self.now()
        return ticket

    def use_ticket(self, ticket: str) -> None:
        """Use a ticket up; raises SlackError for one that is unknown, used, or too old, and for too many sockets."""
        issued = self._tickets.pop(ticket, None)
        if issued is None or self.now() - issued > TICKET_SECONDS:
            raise SlackError("invalid_ticket")
        if len(self.connections) >= MOST_CONNECTIONS:
            raise SlackError("too_many_websockets")

    def connect(self, send: Send, close: Close) -> Connection:
        connection = Connection(next(self._numbers), send, close)
        self.connections.append(connection)
        self.feed.tell(Change("socket", data={"connected": len(self.connections)}))
        return connection

    def disconnect(self, connection: Connection) -> None:
        if connection not in self.connections:
            return
        self.connections.remove(connection)
        connection.gone()
        self.feed.tell(Change("socket", data={"connected": len(self.connections)}))

    def next_connection(self) -> Connection:
        """Whose turn it is: each envelope goes to exactly one connection, in rotation."""
        self._turn += 1
        return self.connections[self._turn % len(self.connections)]

    async def drop_all(self) -> int:
        """Cut every connection without a word, as a network does; how many there were."""
        dropped = list(self.connections)
        for connection in dropped:
            self.disconnect(connection)
            await connection.close()
        return len(dropped)

    async def refresh_all(self, reason: str = "refresh_requested") -> int:
        """Ask every connection to reconnect (`warning`, `refresh_requested`, `link_disabled`)."""
        asked = list(self.connections)
        for connection in asked:
            await connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        return len(asked)
