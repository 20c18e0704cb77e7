"""Workspaces to start from: the shared cast, the same in every run."""

from zoneinfo import ZoneInfo

import pytest

from sandbox.cast import CAST
from sandbox.slack.errors import NoSuchThing
from sandbox.slack.seeds import SCENARIOS, seed
from sandbox.slack.world import SlackWorld


def seeded(number: int, scenario: str = "quiet-day") -> SlackWorld:
    world = SlackWorld(seed=number, now=lambda: 1_772_442_000.0)
    seed(world, scenario)
    return world


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whole_cast_is_there_in_every_scenario(scenario: str) -> None:
    world = seeded(1, scenario)
    for character in CAST:
        person = world.person(character.email.upper())
        assert (person.key, person.real_name, person.tz) == (character.key, character.name, character.tz)
        assert world.dm(person) is not None
    assert world.person("gil").is_restricted
    assert [group.handle for group in world.directory.groups.values()] == ["operators", "approvers"]


def test_same_seed_gives_the_same_ids_and_tokens() -> None:
    one, same, other = seeded(1), seeded(1), seeded(2)
    assert [person.id for person in one.people()] == [person.id for person in same.people()]
    assert (one.bot_token, one.signing_secret) == (same.bot_token, same.signing_secret)
    assert one.bot_token != other.bot_token
    assert not {person.id for person in one.people()} & {person.id for person in other.people()}


def test_guest_sees_only_the_channel_they_were_asked_into() -> None:
    world = seeded(1)
    assert [channel.name for channel in world.conversations_of("gil") if not channel.is_im] == ["release-approvals"]


def test_tokens_are_seen_to_be_fake() -> None:
    world = seeded(1)
    for secret in (world.bot_token, world.app_token, world.signing_secret, world.verification_token):
        assert "fake" in secret


def test_unknown_scenario_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NoSuchThing, match="there are quiet-day, release-day"):
        seeded(1, "chaos")


def test_big_portfolio_has_many_people() -> None:
    assert len(seeded(1, "big-portfolio").people()) > 200


@pytest.mark.parametrize("character", CAST, ids=lambda character: character.key)
def test_time_zone_of_everybody_exists(character: object) -> None:
    assert ZoneInfo(getattr(character, "tz", "")).key
