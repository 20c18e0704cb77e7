"""Workspaces to start from: the shared cast, three channels, one user group.

What waits in SDP, and so what the bot says here, is SDP's side of a scenario; Slack's side is the same people every
time, with a few more of them where a scenario is about size or strangers.
"""

from sandbox.cast import ADMINISTRATOR, APPROVERS, CAST, GUEST, OPERATOR
from sandbox.slack.errors import NoSuchThing
from sandbox.slack.model import Person
from sandbox.slack.world import SlackWorld

SCENARIOS = ("quiet-day", "release-day", "flaky-sdp", "newcomer", "big-portfolio")
MANY = 200


def seed(world: SlackWorld, scenario: str = "quiet-day") -> None:
    """Fill a new world; raises NoSuchThing for a scenario that is not in `SCENARIOS`."""
    if scenario not in SCENARIOS:
        raise NoSuchThing(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    people = [_join(world, character.key) for character in CAST]
    by_key = {person.key: person for person in people}
    staff = [person for person in people if not person.is_restricted]
    conversations = world.conversations
    conversations.add_channel("release-approvals", [*people, world.bot])
    conversations.add_channel("ops", [by_key[OPERATOR.key], by_key[ADMINISTRATOR.key], world.bot])
    conversations.add_channel("general", staff)
    world.directory.add_group("operators", "Operators", [by_key[OPERATOR.key]])
    world.directory.add_group("approvers", "Approvers", [by_key[approver.key] for approver in APPROVERS])
    for person in people:  # everybody has opened the app once, so that there is a place to type to it
        conversations.open_dm(person.id, world.bot.id)
    if scenario == "big-portfolio":
        add_crowd(world, MANY)


def _join(world: SlackWorld, key: str) -> Person:
    character = next(one for one in CAST if one.key == key)
    return world.directory.add(
        character.key,
        character.name,
        character.email,
        tz=character.tz,
        title=character.title,
        is_admin=character == ADMINISTRATOR,
        is_restricted=character == GUEST,
    )


def add_crowd(world: SlackWorld, count: int) -> list[Person]:
    """So many more members, `member0001` and on, spread over time zones."""
    zones = ("Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham", "UTC")
    return [
        world.directory.add(
            f"member{number:04}",
            f"Member {number:04}",
            f"member{number:04}@example.com",
            tz=zones[number % len(zones)],
        )
        for number in range(1, count + 1)
    ]
