"""What is in the tenant when the sandbox starts: people, releases in many states, and more, by scenario.

Everything is invented, dates are relative to the tenant's now, and the same seed gives the same ids.
"""

from collections.abc import Callable

from sandbox.cast import CAST, Character
from sandbox.sdp import seed_maintenances, seed_many, seed_projects, seed_releases
from sandbox.sdp.accounts import REFRESH_TOKEN
from sandbox.sdp.releases import Release
from sandbox.sdp.world import SdpWorld

ROLES = {
    "requester": "requester",
    "approver": "technician",
    "operator": "operator",
    "administrator": "administrator",
    "guest": "guest",
}
"""A cast member's part → their role in SDP."""


def seed(world: SdpWorld, scenario: str = "demo") -> SdpWorld:
    """Fill an empty world; raises ValueError for a scenario that does not exist."""
    name = scenario.replace("_", "-")
    if name not in SCENARIOS:
        raise ValueError(f"there is no scenario {scenario!r}; one of {', '.join(SCENARIOS)}")
    with world.journal.through("seed"):
        people(world)
        SCENARIOS[name](world)
    return world


def load(world: SdpWorld, approvals: int) -> list[Release]:
    """So many approvals that wait, all at once."""
    return seed_many.releases(world, approvals)


def people(world: SdpWorld) -> None:
    """The cast, the bot's service account, and an approver whose address SDP does not have."""
    for character in CAST:
        _add(world, character)
    world.people.add("Ines Quillane", key="ines", job_title="Data protection", phone="+49 30 5550 0137")
    service = world.people.add("SDP Bot", email="sdp-bot@example.com", key="service", role="service")
    world.accounts.grant(service, token=REFRESH_TOKEN)


def _add(world: SdpWorld, character: Character) -> None:
    role = ROLES[character.role]
    world.people.add(
        character.name,
        email=character.email,
        key=character.key,
        role=role,
        tz=character.tz,
        job_title=character.title,
        cost_per_hour="0" if role in ("requester", "guest") else "60.00",
        department="Engineering",
    )


def _routines_and_projects(world: SdpWorld) -> None:
    for routine in seed_maintenances.DEMO:
        seed_maintenances.set_up(world, routine)
    seed_projects.changes_and_requests(world)
    for undertaking in seed_projects.DEMO:
        seed_projects.undertake(world, undertaking)


def demo(world: SdpWorld) -> None:
    """A bit of everything."""
    for story in seed_releases.DEMO:
        seed_releases.tell(world, story)
    _routines_and_projects(world)


def quiet_day(world: SdpWorld) -> None:
    """One approval waits, the rest is done."""
    for story in (seed_releases.APPROVED, seed_releases.REJECTED, seed_releases.WAITING):
        seed_releases.tell(world, story)
    _routines_and_projects(world)


def release_day(world: SdpWorld) -> None:
    """Ten releases of three levels, three people asked on each: thirty approvals wait."""
    seed_many.releases(world, 10, levels=3, approvers=3)
    _routines_and_projects(world)


FLAWS = (
    {"kind": "slow", "path": "*/releases", "times": None, "skip": 1, "seconds": 1.5},
    {"kind": "drop_after", "path": "*/_approve", "method": "PUT"},
    {"kind": "error_500", "path": "*/_reject", "method": "PUT", "acts": True},
    {"kind": "rate_limited", "path": "*/approval_levels", "times": 2, "skip": 5, "retry_after": 3},
    {"kind": "throttled", "path": "*/_send_notification", "minutes": 1},
    {"kind": "truncated", "path": "*/change_maintenances", "skip": 1},
    {"kind": "drop_after", "path": "*/_execute_now", "method": "GET"},
)
"""What goes wrong in the flaky scenario, each once unless it says otherwise."""


def flaky_sdp(world: SdpWorld) -> None:
    """The demo on a bad day: slow lists, lost answers, limits."""
    demo(world)
    for flaw in FLAWS:
        world.faults.add(**flaw)


def newcomer(world: SdpWorld) -> None:
    """Nobody has connected an account, and only a person's own token may decide."""
    world.tenant.service_decides = False
    for story in (seed_releases.WAITING, seed_releases.HIGH_RISK_SOON):
        seed_releases.tell(world, story)
    _routines_and_projects(world)


def big_portfolio(world: SdpWorld) -> None:
    """200 projects, 500 maintenances, 200 more people, and the demo's releases."""
    for story in seed_releases.DEMO:
        seed_releases.tell(world, story)
    owners = [person.key for person in seed_many.crowd(world, 200)]
    seed_projects.changes_and_requests(world)
    seed_many.projects(world, 200, [*seed_many.APPROVER_KEYS, "odile", *owners[:20]])
    seed_many.maintenances(world, 500)


SCENARIOS: dict[str, Callable[[SdpWorld], None]] = {
    "demo": demo,
    "quiet-day": quiet_day,
    "release-day": release_day,
    "flaky-sdp": flaky_sdp,
    "newcomer": newcomer,
    "big-portfolio": big_portfolio,
}
