"""What an administrator's commands do, each with the whole bot wired and none of its roles running.

Beside a running bot they attach to the same state. What they print is for people, or JSON lines for programs.
"""

import json
import secrets
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime

from bot import app, logs, settings
from bot.app import House
from bot.approvals import asked
from bot.audit import Question
from bot.errors import BadInput
from bot.findings import Severity, exit_status
from bot.jobs import TryAgain
from bot.ledger import Entry
from bot.models import LedgerEvent, Person, SlackPerson

Chore = Callable[[House], Awaitable[int]]
"""Does something and answers the exit status."""

MARKS = {Severity.OK: "ok", Severity.HINT: "hint", Severity.WARNING: "WARNING", Severity.PROBLEM: "PROBLEM"}


async def do(chore: Chore) -> int:
    """Run a chore with the settings of this place. Raises BotError."""
    loaded = settings.load()
    logs.configure(loaded.log_format)
    async with app.state(loaded) as url, app.build(loaded, url) as house:
        return await chore(house)


# --- stop and start, the doctor -----------------------------------------------------------------------------


def stop(why: str) -> Chore:
    async def chore(house: House) -> int:
        new = await house.brake.stop("An administrator", why)
        await _note(house, "stopped", why) if new else None
        _say("Stopped: nothing is changed in SDP until `sdp-bot start`." if new else "It was stopped already.")
        return 0

    return chore


async def start(house: House) -> int:
    mark = await house.brake.start()
    await _note(house, "started", "") if mark else None
    _say(f"Started again; {mark.by} had stopped it." if mark else "It was not stopped.")
    return 0


def doctor(*, as_json: bool, close_strays: bool = False) -> Chore:
    async def chore(house: House) -> int:
        if close_strays:
            return await _close_strays(house)
        findings = await house.doctor.examine()
        for finding in findings:
            if as_json:
                _say(json.dumps({**asdict(finding), "severity": finding.severity.name.lower()}, ensure_ascii=False))
            else:
                fix = f"\n         {finding.fix}" if finding.fix else ""
                _say(f"{MARKS[finding.severity]:8} {finding.text}{fix}")
        return exit_status(findings)

    return chore


async def _close_strays(house: House) -> int:
    try:
        count = await house.doctor.close_strays()
    except TryAgain:
        _say("Slack asks for patience. Try again in a minute.")
        return 1
    _say(f"{count} cards without a record were closed.")
    return 0


# --- the ledger -----------------------------------------------------------------------------------------------


def audit(question: Question, *, as_json: bool) -> Chore:
    async def chore(house: House) -> int:
        async for entry in house.audit.find(question):
            _say(entry.model_dump_json() if as_json else _line(entry))
        return 0

    return chore


async def verify(house: House) -> int:
    verdict = await house.audit.verify()
    if verdict.trouble is None:
        _say(f"The ledger holds: {verdict.sound} entries, none changed, removed, inserted or cut off.")
        return 0
    _say(f"The ledger does not hold: {verdict.trouble}. {verdict.sound} entries before it are sound.")
    return 1


# --- digests ---------------------------------------------------------------------------------------------------


def digest(person: str | None, *, now: bool) -> Chore:
    """How the digests stand; what one person's would say; or that digest, sent at once."""

    async def chore(house: House) -> int:
        if person is None:
            run = await house.digests.progress()
            _say(json.dumps(asdict(run), default=str) if run else "No digest has been due yet.")
            return 0
        someone = await _in_slack(house, person)
        if not now:
            _say((await house.digester.preview(someone.id))["text"])
            return 0
        if not await house.digester.has_something(someone.id):
            _say(f"There is nothing to tell {someone.name} today.")
            return 1
        try:
            underway = await house.digester.now(f"{someone.id}|{secrets.token_hex(8)}")
        except TryAgain:
            _say("Slack asks for patience. Try again in a minute.")
            return 1
        _say(f"A worker is sending it to {someone.name} now." if underway else f"{someone.name} has the digest.")
        return 0

    return chore


def expire(before: datetime) -> Chore:
    async def chore(house: House) -> int:
        count = await house.audit.expire(before, "sdp-bot audit expire")
        _say(f"Erased: the details of {count} entries from before {before:%Y-%m-%d}. The chain stands.")
        return 0

    return chore


# --- people ---------------------------------------------------------------------------------------------------


def map_person(slack: str, sdp: str) -> Chore:
    async def chore(house: House) -> int:
        person, there = await _in_slack(house, slack), await _in_sdp(house, sdp)
        await house.people.say_who(person.id, there.id, there.name)
        await _note(house, "mapped", "", person=person.id, sdp=there.id)
        await house.jobs.wake("rematch", there.id)
        _say(f"{there.name} in SDP ({there.id}) is {person.name} in Slack ({person.id}).")
        return 0

    return chore


def unmap_person(who: str) -> Chore:
    async def chore(house: House) -> int:
        gone = [one for one in await house.links.mappings() if who in (one.slack, one.sdp)]
        await house.links.unmap(who)
        for one in gone:
            await _note(house, "unmapped", "", person=one.slack, sdp=one.sdp)
            await house.jobs.wake("rematch", one.sdp)
        _say(f"{len(gone)} taken out of the map.")
        return 0

    return chore


async def list_people(house: House) -> int:
    for mapping in await house.links.mappings():
        _say(f"map   {mapping.name} ({mapping.sdp}) is {mapping.slack}")
    async for link in house.links.every():
        _say(f"link  {link.name} ({link.sdp}) is {link.slack}{', no longer accepted by Zoho' if link.broken else ''}")
    return 0


async def unmapped_people(house: House) -> int:
    seen: dict[str, Person] = {}
    async for snapshot in house.releases.every():
        for approval in asked(snapshot):
            seen.setdefault(approval.approver.id, approval.approver)
    for person in seen.values():
        if await house.people.slack_of(person) is None:
            _say(
                f"{person.name} <{person.email or 'no address'}>: sdp-bot people map <Slack id or address> {person.id}"
            )
    return 0


def export_person(slack_id: str) -> Chore:
    async def chore(house: House) -> int:
        link = await house.links.of(slack_id)
        about = {"link": {"sdp": link.sdp, "name": link.name, "email": link.email} if link else None}
        about["settings"] = json.loads((await house.preferences.of(slack_id)).model_dump_json())
        _say(json.dumps(about, ensure_ascii=False))
        async for entry in house.audit.find(Question(known_as=await _known_as(house, slack_id))):
            _say(entry.model_dump_json())
        return 0

    return chore


def erase_person(slack_id: str) -> Chore:
    async def chore(house: House) -> int:
        known_as = await _known_as(house, slack_id)
        await house.linking.unlink(slack_id)
        await house.links.unmap(slack_id)
        await house.preferences.forget(slack_id)
        count = await house.audit.erase(known_as, "sdp-bot people erase")
        _say(f"Erased: the connection, the settings, and the details of {count} entries of the ledger.")
        return 0

    return chore


async def rotate_keys(house: House) -> int:
    done, lost = await house.links.rotate()
    _say(f"{done} connections are sealed with the first of TOKEN_KEYS now.")
    if lost:
        _say(f"{lost} could not be opened by any key: these people have to /sdp link again.")
    return 1 if lost else 0


async def _known_as(house: House, slack_id: str) -> frozenset[str]:
    """Every id, address and name by which the ledger can speak of somebody."""
    person, link = await house.people.by_id(slack_id), await house.links.of(slack_id)
    words = {slack_id}
    if person is not None:
        words |= {person.name, person.email or ""}
        for found in await house.sdp.people.by_email(person.email) if person.email else ():
            words |= {found.id, found.name}
    if link is not None:
        words |= {link.sdp, link.name, link.email}
    for mapping in await house.links.mappings():
        words |= {mapping.sdp, mapping.name} if mapping.slack == slack_id else set()
    return frozenset(words - {""})


# --- small helpers ----------------------------------------------------------------------------------------------


async def _in_slack(house: House, word: str) -> SlackPerson:
    person = await (house.people.by_address(word) if "@" in word else house.people.by_id(word))
    if person is None:
        raise BadInput(f"Slack has no one account for {word}. Its id (U…) is in the person's profile.")
    return person


async def _in_sdp(house: House, word: str) -> Person:
    people = [one async for one in house.sdp.people.everyone() if word.lower() in (one.id, one.email)]
    if len(people) == 1:
        return people[0]
    raise BadInput(f"SDP has {len(people)} people for {word}; their long id is in `sdp-bot people unmapped`.")


async def _note(house: House, what: str, why: str, **details: str) -> None:
    now = datetime.now(UTC)
    words = {"why": why} if why else {}
    event = LedgerEvent(f"cli:{what}:{now.isoformat()}", now, what, {"by": "sdp-bot", **details, **words})
    await house.ledger.write(event)


def _line(entry: Entry) -> str:
    shown = "details erased" if entry.details is None else " ".join(f"{k}={v}" for k, v in entry.details.items())
    return f"{entry.number:>6} {entry.at:%Y-%m-%d %H:%M:%S} {entry.what:14} {shown}"


def _say(line: str) -> None:
    """One line: what came from outside must not move the cursor or start a line of its own."""
    sys.stdout.write(
        "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in line)
    )
    sys.stdout.write("\n")
