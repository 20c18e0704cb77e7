"""Everything that reacts: to Slack payloads and to jobs that are due."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from handlers import approvals, commands, failures, people


def register(app: AsyncApp, services: Mapping[str, Any]) -> None:
    """Put every listener on `app`; `services` are handed to them by argument name."""

    @app.middleware
    async def hand_over(context: AsyncBoltContext, next_: Callable[[], Awaitable[Any]]) -> Any:
        context.update(services)
        return await next_()

    approvals.register(app)
    commands.register(app)
    people.register(app)
    failures.register(app)
