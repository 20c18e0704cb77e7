"""What is in the tenant when the sandbox starts: people, releases in many states, and more, by scenario.

Everything is invented, dates are relative to the tenant's now, and the same seed gives the same ids.
"""

from collections.abc import Callable

from sandbox.cast import CAST, Character
from sandbox.sdp import seed_maintenances, seed_projects, seed_releases
from sandbox.sdp.accounts import REFRESH_TOKEN
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
    if scenario not in SCENARIOS:
        raise ValueError(f"there is no scenario {scenario!r}; one of {', '.join(SCENARIOS)}")
    with world.journal.through("seed"):
        people(world)
        SCENARIOS[scenario](world)
    return world


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


def demo(world: SdpWorld) -> None:
    """A bit of everything."""
    for story in seed_releases.DEMO:
        seed_releases.tell(world, story)
    for routine in seed_maintenances.DEMO:
        seed_maintenances.set_up(world, routine)
    seed_projects.changes_and_requests(world)
    for undertaking in seed_projects.DEMO:
        seed_projects.undertake(world, undertaking)


SCENARIOS: dict[str, Callable[[SdpWorld], None]] = {"demo": demo}
