"""Many records at once, for the large scenarios and for measurements; varied by number, so the same every time."""

from datetime import timedelta
from itertools import cycle, islice
from typing import Any

from sandbox.cast import APPROVERS
from sandbox.sdp.approvals import Plan
from sandbox.sdp.maintenances import Maintenance
from sandbox.sdp.people import Person
from sandbox.sdp.projects import Project
from sandbox.sdp.releases import Release
from sandbox.sdp.world import SdpWorld

SYSTEMS = ("Payments", "Email", "Identity", "Core Network", "Warehouse", "Corporate Website")
DEEDS = ("patch", "upgrade", "certificate", "failover test", "clean-up", "migration", "new release")
RISKS = ("Low", "Medium", "High")
PRIORITIES = ("Low", "Normal", "Medium", "High")
APPROVER_KEYS = tuple(character.key for character in APPROVERS)
ZONES = ("Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham", "UTC")


def _name(number: int) -> str:
    return f"{SYSTEMS[number % len(SYSTEMS)]}: {DEEDS[number % len(DEEDS)]} {number:05}"


def crowd(world: SdpWorld, count: int) -> list[Person]:
    """So many more technicians, `member0001` and on, spread over time zones."""
    return [
        world.people.add(
            f"Member {number:04}",
            email=f"member{number:04}@example.com",
            key=f"member{number:04}",
            tz=ZONES[number % len(ZONES)],
            cost_per_hour="45.00",
        )
        for number in range(1, count + 1)
    ]


def releases(
    world: SdpWorld, count: int, *, levels: int = 1, approvers: int = 1, waiting: bool = True
) -> list[Release]:
    """Releases, each with as many levels, each of them with as many of the approvers, who take turns.

    Without `waiting` nobody is asked: they are open releases that have no approval yet.
    """
    start = world.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return [_release(world, number, start + timedelta(hours=number % 720), levels if waiting else 0, approvers)
            for number in range(1, count + 1)]  # fmt: skip


def _release(world: SdpWorld, number: int, start: Any, levels: int, approvers: int) -> Release:
    asked = list(islice(cycle(APPROVER_KEYS), number % len(APPROVER_KEYS), number % len(APPROVER_KEYS) + approvers))
    return world.add_release(
        _name(number),
        "mara",
        [Plan(asked, "everyone") for _ in range(levels)],
        stage="Planning",
        status="Approval Pending" if levels else "In Progress",
        risk=RISKS[number % 3],
        priority=PRIORITIES[number % 4],
        services=[SYSTEMS[number % len(SYSTEMS)]],
        description=f"<p>Number {number} of many.</p>",
        scheduled_start_time=start,
        scheduled_end_time=start + timedelta(hours=2),
    )


def maintenances(world: SdpWorld, count: int) -> list[Maintenance]:
    """Maintenances of all frequencies, every seventh of them suspended."""
    start = world.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
    return [_maintenance(world, number, start + timedelta(minutes=number % 1440)) for number in range(1, count + 1)]


def _maintenance(world: SdpWorld, number: int, start: Any) -> Maintenance:
    owner = ("odile", *APPROVER_KEYS)[number % 4]
    one = world.maintenances.add(
        f"{_name(number)} (routine)",
        "sam",
        owner=owner,
        risk=RISKS[number % 3],
        priority=PRIORITIES[number % 4],
        change_type="Standard",
        services=[SYSTEMS[number % len(SYSTEMS)]],
        roles=[("Implementer", owner)],
        description=f"<div>Routine number {number}.</div>",
        schedule=world.maintenances.every(("Daily", "Weekly", "Monthly")[number % 3], start),
    )
    if number % 7 == 0:
        world.maintenances.suspend(one, by="odile")
    return one


def projects(world: SdpWorld, count: int, owners: list[str]) -> list[Project]:
    """Projects with two people's time on each; owners take turns, every fifth is late."""
    now = world.now().replace(minute=0, second=0, microsecond=0)
    made = []
    for number in range(1, count + 1):
        owner, other = owners[number % len(owners)], owners[(number + 1) % len(owners)]
        one = world.projects.add(
            f"{_name(number)} (project)",
            "sam",
            owner=owner,
            project_requester="mara",
            project_code=f"P-{number:05}",
            project_type="Infrastructure",
            priority=PRIORITIES[number % 4],
            status="In Progress",
            percentage_completion=str(number * 7 % 101),
            estimated_hours=str(20 + number % 80),
            estimated_cost=f"{(20 + number % 80) * 60}.00",
            scheduled_start_time=now - timedelta(days=30),
            scheduled_end_time=now + timedelta(days=-3 if number % 5 == 0 else number % 90),
        )
        world.projects.log_work(one, owner, hours=number % 40 + 0.5, tech_charge=f"{(number % 40) * 60}.00")
        world.projects.log_work(one, other, hours=number % 9, tech_charge="120.00", other_charge="15.25")
        made.append(one)
    return made
