"""The projects of the demo with the time spent on them, and the changes and requests they are tied to."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.sdp.projects import Project
from sandbox.sdp.world import SdpWorld


@dataclass(frozen=True)
class Undertaking:
    """A project. It is planned from `starts` to `ends` days from now; `work` is who, hours, charge, other charge."""

    title: str
    owner: str
    starts: int
    ends: int
    fields: dict[str, Any]
    work: tuple[tuple[str, float, str, str], ...] = ()
    changes: tuple[str, ...] = field(default=())
    requests: tuple[str, ...] = field(default=())


CHANGES = (("Replace the fan of core-sw-02", "tess"), ("Open port 8443 for the scanners", "mara"))
REQUESTS = (
    ("Scanner 14 does not sign in", "mara"),
    ("Access to the archive for the auditors", "gil"),
    ("New badge reader at gate 3", "mara"),
)

DEMO = (
    Undertaking(
        "Warehouse on one sign-in",
        "arjun",
        -40,
        12,
        {
            "project_code": "WH-SSO",
            "priority": "High",
            "project_type": "Infrastructure",
            "status": "In Progress",
            "percentage_completion": "65",
            "estimated_hours": "120",
            "estimated_cost": "9000.00",
            "description": "Scanners, gates and desks sign in with the company account.",
        },
        (
            ("arjun", 22.5, "1350.00", "0.00"),
            ("tess", 31, "1860.00", "240.00"),
            ("odile", 18.25, "1095.00", "0.00"),
            ("arjun", 6, "360.00", "35.50"),
        ),
        ("Open port 8443 for the scanners",),
        ("Scanner 14 does not sign in", "New badge reader at gate 3"),
    ),
    Undertaking(
        "Leave the old mail archive",
        "wiremu",
        -90,
        -4,
        {
            "project_code": "ARCH-9",
            "priority": "Medium",
            "project_type": "Business",
            "status": "In Progress",
            "percentage_completion": "80",
            "estimated_hours": "60",
            "estimated_cost": "4200.50",
            "description": "Late: the legal hold came in between.",
        },
        (("wiremu", 48.5, "2910.00", "0.00"), ("odile", 25.75, "1545.00", "410.00")),
        (),
        ("Access to the archive for the auditors",),
    ),
    Undertaking(
        "Second data centre",
        "tess",
        20,
        200,
        {
            "project_code": "DC-2",
            "priority": "Normal",
            "project_type": "Infrastructure",
            "percentage_completion": "0",
            "estimated_hours": "900",
            "estimated_cost": "185000.00",
            "description": "Not begun.",
        },
    ),
)


def changes_and_requests(world: SdpWorld) -> None:
    for title, who in CHANGES:
        world.changes.add(title, who)
    for subject, who in REQUESTS:
        world.requests.add(subject, who)


def undertake(world: SdpWorld, one: Undertaking) -> Project:
    """Make the project, log its work, attach what belongs to it."""
    now = world.now().replace(minute=0, second=0, microsecond=0)
    times = {
        "scheduled_start_time": now + timedelta(days=one.starts),
        "scheduled_end_time": now + timedelta(days=one.ends),
        "actual_start_time": now + timedelta(days=one.starts) if one.starts < 0 else None,
    }
    project = world.projects.add(
        one.title, "sam", owner=one.owner, project_requester="mara", department="Engineering", site="Base Site",
        **times, **one.fields,
    )  # fmt: skip
    for who, hours, tech_charge, other_charge in one.work:
        world.projects.log_work(project, who, hours=hours, tech_charge=tech_charge, other_charge=other_charge)
    if one.changes:
        world.projects.attach(project, "changes", [world.change(title).id for title in one.changes], by="sam")
    if one.requests:
        world.projects.attach(project, "requests", [world.request(title).id for title in one.requests], by="sam")
    return project
