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


def register(app: RememberingApp, services: Mapping[str, Any], *, memory: Memory, gestures_per_minute: int) -> None:
    """Put every listener on `app`; `services` are handed to them by argument name."""
    app.services = services
    deliveries.register(app, memory, deliveries.Pace(gestures_per_minute))
    approvals.register(app)
    following.register(app)
    commands.register(app)
    maintenances.register(app)
    operations.register(app)
    people.register(app)
    project_windows.register(app)
    home.register(app)
    failures.register(app)
