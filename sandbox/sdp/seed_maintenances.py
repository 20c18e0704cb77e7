"""The maintenances of the demo: daily, weekly, monthly, once, one suspended, one that collides with a release."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.sdp.maintenances import Maintenance
from sandbox.sdp.schedules import Schedule
from sandbox.sdp.world import SdpWorld

Plan = Callable[[SdpWorld, datetime], Schedule]


@dataclass(frozen=True)
class Routine:
    """A maintenance. `plan` makes its schedule out of today's midnight UTC."""

    title: str
    plan: Plan
    fields: dict[str, Any]
    suspended: bool = False
    roles: tuple[tuple[str, str], ...] = field(default=(("Implementer", "odile"), ("Reviewer", "sam")))


def set_up(world: SdpWorld, routine: Routine) -> Maintenance:
    """Make the maintenance, and suspend it when it is."""
    midnight = world.now().replace(hour=0, minute=0, second=0, microsecond=0)
    maintenance = world.maintenances.add(
        routine.title, "sam", schedule=routine.plan(world, midnight), roles=routine.roles, **routine.fields
    )
    if routine.suspended:
        world.maintenances.suspend(maintenance, by="odile", comments="Until the new storage is in.")
    return maintenance


def _each(frequency: str, hour: int, **advanced: Any) -> Plan:
    return lambda world, midnight: world.maintenances.every(frequency, midnight + timedelta(hours=hour), **advanced)


def _once(days: int, hour: int) -> Plan:
    return lambda world, midnight: world.maintenances.once(midnight + timedelta(days=days, hours=hour))


DEMO = (
    Routine(
        "Rotate the logs of the payment servers",
        _each("Daily", 14),
        {
            "owner": "odile",
            "change_type": "Standard",
            "risk": "Low",
            "priority": "Low",
            "impact": "Affects Group",
            "category": "Software",
            "services": ["Payments"],
            "assets": ["pay-app-01", "pay-app-02"],
            "description": "<div>Rotate, compress, keep 30 days.</div>",
            "comment": "Made by the schedule.",
        },
    ),
    Routine(
        "Patch the web servers",
        _each("Weekly", 18, days_of_week=[3, 5], skip_frequency=0),
        {
            "owner": "odile",
            "manager": "sam",
            "change_type": "Minor",
            "risk": "Medium",
            "priority": "Normal",
            "urgency": "Normal",
            "impact": "Affects Business",
            "category": "Software",
            "template": "Patch Template",
            "services": ["Corporate Website", "Payments"],
            "assets": ["web-01", "pay-app-01"],
            "description": "<div>One after the other, <b>no downtime</b>.</div>",
            "roll_out_plan": "<div>Drain, patch, restart, put back.</div>",
            "back_out_plan": "<div>Snapshot from before.</div>",
        },
    ),
    Routine(
        "Test the failover of the core switches",
        _each("Monthly", 22, weeks_of_month=[1], days_of_week=[1], months_of_year=[1, 3, 5, 7, 9, 11]),
        {
            "owner": "tess",
            "change_type": "Significant",
            "risk": "High",
            "priority": "High",
            "urgency": "High",
            "impact": "1. Urgent",
            "category": "Network",
            "template": "Network Template",
            "services": ["Core Network"],
            "assets": ["core-sw-01", "core-sw-02"],
            "description": "<p>First Sunday of every other month.</p>",
        },
        roles=(("Implementer", "tess"), ("Change Approver", "sam")),
    ),
    Routine(
        "Replace the certificate of the mail server",
        _once(6, 20),
        {
            "owner": "odile",
            "requester": "mara",
            "change_type": "Minor",
            "risk": "Low",
            "priority": "Medium",
            "category": "Software",
            "services": ["Email"],
            "assets": ["mail-01"],
            "description": "<p>Runs out at the end of the month.</p>",
        },
    ),
    Routine(
        "Compact the warehouse database",
        _each("Daily", 2, exclude_weekends=True),
        {
            "owner": "odile",
            "change_type": "Standard",
            "risk": "Medium",
            "priority": "Low",
            "category": "Software",
            "services": ["Warehouse"],
            "description": "<p>Twenty minutes of slow answers.</p>",
        },
        suspended=True,
    ),
)
