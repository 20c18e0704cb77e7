"""`/sdp digest …`: when mine comes, one now, one to look at, and a channel's."""

import re

from blocks import digest as cards
from bot.errors import BadInput
from bot.jobs import Jobs
from bot.planner import Planner
from bot.preferences import PreferenceService
from bot.schedule import Rhythm, parse_rhythm
from bot.store import Digests, TeamDigest
from handlers.asking import Call, Reply
from handlers.digesting import DigestWriter
from handlers.messenger import Messenger

CHANNEL = re.compile(r"<?(?:#|(?=C[A-Z0-9]{6,}))(?P<name>[^\s|>]{1,80})(?:\|[^>]*)?>?")
"""A channel as typed (`#ops`), as Slack escapes it (`<#C024BE7LR|ops>`), or by its id."""


async def status(call: Call, preferences: PreferenceService, planner: Planner) -> Reply:
    habits = await preferences.habits(call.ask.person)
    slot = await planner.next_for(call.ask.person)
    return Reply(cards.status(habits.rhythm, slot, call.standing.person.tz))


async def now(call: Call, digester: DigestWriter, jobs: Jobs) -> Reply:
    if not await digester.has_something(call.ask.person):
        return Reply(cards.nothing())
    await jobs.wake("digest_now", f"{call.ask.person}|{call.ask.id}")
    return Reply(cards.coming())


async def preview(call: Call, digester: DigestWriter) -> Reply:
    return Reply(await digester.preview(call.ask.person))


async def on(call: Call, preferences: PreferenceService, planner: Planner) -> Reply:
    return await _changed(call, preferences, planner, digest=True)


async def off(call: Call, preferences: PreferenceService, planner: Planner) -> Reply:
    return await _changed(call, preferences, planner, digest=False)


async def at(call: Call, preferences: PreferenceService, planner: Planner) -> Reply:
    habits = await preferences.habits(call.ask.person)
    wanted = parse_rhythm(call.rest, Rhythm(habits.digest_at, habits.digest_days))
    return await _changed(call, preferences, planner, digest=True, digest_at=wanted.at, digest_days=wanted.days)


async def _changed(call: Call, preferences: PreferenceService, planner: Planner, **chosen: object) -> Reply:
    """Whatever was changed, the answer is what holds now. Days and time stay when they are not said."""
    habits = await preferences.change(call.ask.person, **chosen)
    await planner.replan(call.ask.person)
    slot = await planner.next_for(call.ask.person)
    return Reply(cards.status(habits.rhythm, slot, call.standing.person.tz))


async def channel(call: Call, digests: Digests, planner: Planner, messenger: Messenger) -> Reply:
    """`#ops 08:30 mon-fri`, `#ops off`, or without a channel for the one it is typed in."""
    words = call.rest.strip()
    named = CHANNEL.match(words)
    where = named["name"] if named else call.ask.channel
    rest = words[named.end() :].strip() if named else words
    found = await messenger.channel(where)
    if found is None:
        raise BadInput(f"I do not see a channel {where[:80]}. Invite me there first: /invite @SDP.")
    known = await digests.team(found.id)
    if rest.lower() == "off":
        await digests.forget_team(found.id)
        await planner.replan(found.id)
        return Reply(cards.team_off(found.name, was_on=known is not None))
    if not rest:
        return Reply(cards.team_status(found.name, Rhythm(known.at, known.days) if known else None, None))
    rhythm = parse_rhythm(rest, Rhythm(known.at, known.days) if known else Rhythm())
    person = call.standing.person
    await digests.keep_team(TeamDigest(found.id, found.name, rhythm.at, rhythm.days, person.tz, person.id))
    await planner.replan(found.id)
    return Reply(cards.team_status(found.name, rhythm, await planner.next_for(found.id)))
