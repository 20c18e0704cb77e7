"""Everything that reacts: to Slack payloads and to jobs that are due."""

from collections.abc import Mapping
from typing import Any

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
from handlers.listeners import Listeners


def register(app: RememberingApp, services: Mapping[str, Any], *, memory: Memory, gestures_per_minute: int) -> None:
    """Put every listener on `app`; `services` are handed to them by argument name."""
    listen = Listeners(app, services)
    deliveries.register(app, memory, deliveries.PersonsPace(gestures_per_minute))
    approvals.register(listen)
    following.register(listen)
    commands.register(listen)
    maintenances.register(listen)
    operations.register(listen)
    people.register(listen)
    project_windows.register(listen)
    home.register(listen)
    failures.register(listen)
