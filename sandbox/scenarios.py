"""The worlds to start from, by one list of names for both sides and for the bot between them.

`sandbox.slack.seeds` and `sandbox.sdp.seeds` make what is in them; the same seed gives the same ids every time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.errors import BadInput


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world to start from. `settings` are what the bot needs there beyond the sandbox's own settings."""

    name: str
    about: str
    slack: str = "quiet-day"
    settings: Mapping[str, str] = field(default_factory=dict)


SCENARIOS = (
    Scenario("demo", "a bit of everything: releases in many states, maintenances, projects"),
    Scenario("quiet-day", "one approval waits"),
    Scenario("release-day", "ten releases of three levels, thirty approvals wait", slack="release-day"),
    Scenario("flaky-sdp", "SDP is slow, loses answers and sets limits", slack="flaky-sdp"),
    Scenario(
        "newcomer",
        "nobody has connected an account, and only people's own accounts may decide",
        slack="newcomer",
        settings={"SDP_ACT_AS": "person"},
    ),
    Scenario("big-portfolio", "200 projects, 500 maintenances, 200 more people", slack="big-portfolio"),
)
"""The first is the default."""


class NoSuchScenario(BadInput):
    """A name that is none of `SCENARIOS`; the text has the list."""


def scenario_called(name: str) -> Scenario:
    """By name, with blanks or underscores for the hyphens too. Raises NoSuchScenario."""
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
    found = next((one for one in SCENARIOS if one.name == wanted), None)
    if found is None:
        known = "\n".join(f"  {one.name:14} {one.about}" for one in SCENARIOS)
        raise NoSuchScenario(f"There is no scenario {name!r}. There are:\n{known}")
    return found
