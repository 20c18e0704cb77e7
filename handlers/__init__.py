"""Everything that reacts: to Slack payloads and to jobs that are due."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.context.async_context import AsyncBoltContext

from bot.store import Memory
from handlers import (
    approvals,
    commands,
    deliveries,
    failures,
    following,
    home,
    maintenances,
    operations,
    people,
    project_windows,
)
from handlers.deliveries import RememberingApp


def register(app: RememberingApp, services: Mapping[str, Any], *, memory: Memory, gestures_per_minute: int) -> None:
    """Put every listener on `app`; `services` are handed to them by argument name."""
    pace = deliveries.Pace(gestures_per_minute)

    @app.middleware
    async def hand_over(context: AsyncBoltContext, next_: Callable[[], Awaitable[Any]]) -> Any:
        context.update(services)
        return await next_()

    deliveries.register(app, memory, pace)
    approvals.register(app)
    following.register(app)
    commands.register(app)
    maintenances.register(app)
    operations.register(app)
    people.register(app)
    project_windows.register(app)
    home.register(app)
    failures.register(app)
