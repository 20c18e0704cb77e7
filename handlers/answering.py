"""Answers sub-commands: one job a question, one way out for its answer.

    /sdp …  ──▶ Desk.take: understood, stored, woken ──▶ job `answer`: right, record, the row's function ──▶ delivered

A quick answer is handed over to the web role, which acknowledges the command with it; a slow one finds a line on the
screen and comes by itself. (The acknowledgement of a slash command cannot be replaced later: its response URL only
adds messages, https://github.com/slackapi/bolt-js/issues/2287.) Answers to buttons and menus replace their message.
"""

import asyncio
import inspect
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from json import dumps, loads
from typing import Any

import structlog
from pydantic import TypeAdapter
from redis.exceptions import RedisError

from blocks import commands as cards
from blocks.kit import Block, Message, clip
from bot.accounts import Accounts
from bot.commands import TITLE_MAX, Meant, Read, Understood, Unknown, parse, searchable
from bot.errors import BadInput, BotError, NotAllowed, NotConnected, Refused
from bot.jobs import Jobs, TryAgain
from bot.ledger import Ledger
from bot.models import LedgerEvent, SdpId
from bot.permissions import Rights, Standing, check_audience
from bot.sdp import Matches
from bot.store import AnswerLost, Asks
from handlers.asking import OURS_ALONE, Ask, Call, Reply, Row
from handlers.messenger import BlocksRefused, MessageGone, Messenger
from handlers.people import Welcome

PATIENCE_SECONDS = 1.5
"""How long a press in a message waits for its answer before a line says that it runs."""
TYPED_SECONDS = 1.2
"""The same for a typed command; there Slack waits, and Redis may need some of its three seconds to be told of it."""
SOON_SECONDS, PAUSE, LONG_PAUSE = 0.3, 0.02, 0.06
"""Looks for the answer are this far apart: often while it is likely, then seldom."""

PART_OF_SDP: Mapping[str, str] = {"maintenance": "maintenances", "project": "projects", "release": "releases"}
"""Kind of record → the part of the SDP client that finds it."""

_codec = TypeAdapter(Ask)
log = structlog.get_logger()


class Desk:
    """Takes questions and answers them. `services` are what the rows' functions may ask for, by argument name.

    Raises ValueError for a table that asks for something there is not.
    """

    def __init__(
        self,
        *,
        table: Sequence[Row],
        messenger: Messenger,
        rights: Rights,
        accounts: Accounts,
        welcome: Welcome,
        asks: Asks,
        jobs: Jobs,
        ledger: Ledger,
        services: Mapping[str, Any],
    ) -> None:
        self._messenger = messenger
        self._rights = rights
        self._accounts = accounts
        self._welcome = welcome
        self._asks = asks
        self._jobs = jobs
        self._ledger = ledger
        self._shapes = [row.shape for row in table]
        self._rows = {row.shape.path: row for row in table}
        self._needs = {row.path: services_for(row, {**services, "desk": self}) for row in table}

    @property
    def rows(self) -> tuple[Row, ...]:
        """The table, for help."""
        return tuple(self._rows.values())

    async def standing(self, person: str) -> Standing:
        """What the lists say about somebody, also while their own account is not connected. Raises NotAllowed."""
        try:
            return (await self._accounts.reader_for(person)).standing
        except Refused:
            return await self._rights.of(person)

    # --- taking a question -------------------------------------------------------------------------------

    async def take(self, ask: Ask, trigger: str) -> Message:
        """Store a typed question and wake its job; the answer if it is quick, else the line that says it runs."""
        began = time.monotonic()
        await self._start(ask, trigger)
        if not ask.typed or self._opens(ask):
            return {}
        try:
            answer = await self._quick_answer(ask.id, began)
        except RedisError as away:  # the question is stored, and its answer may still come
            raise AnswerLost("the answer to a command cannot be waited for") from away
        return _loaded(answer) if answer else cards.working(ask.text)

    async def _quick_answer(self, id_: str, began: float) -> str | None:
        """What comes in time; after None it finds its own way."""
        while (waited := time.monotonic() - began) < TYPED_SECONDS:
            if answer := await self._asks.answer(id_):
                return answer
            await asyncio.sleep(PAUSE if waited < SOON_SECONDS else LONG_PAUSE)
        return await self._asks.give_up(id_)

    async def choose(self, id_: str, chosen: SdpId, answer_to: Ask, trigger: str) -> None:
        """Go on with a question whose record was picked in its menu. Raises BadInput when it is too old."""
        asked = await self._known(id_)
        place = {name: getattr(answer_to, name) for name in ("response_url", "on_message", "typed", "view", "channel")}
        await self._start(replace(asked, id=f"{id_}.{chosen}", chosen=chosen, **place), trigger)

    async def options(self, id_: str, typed: str) -> list[Block]:
        """Records for the menu of a question that named none."""
        asked = await self._known(id_)
        row = self._row(asked)
        if row is None or row.record is None:
            return []
        actor = await self._accounts.reader_for(asked.person)
        row.may(actor.standing)
        records = getattr(actor.sdp, PART_OF_SDP[row.record])
        if typed.strip():
            return cards.record_options((await records.find(typed[:TITLE_MAX])).candidates)
        return cards.record_options([record async for record in _first(records.list(), cards.OPTIONS_MAX)])

    async def _start(self, ask: Ask, trigger: str) -> None:
        nowhere = not (ask.typed or ask.on_message)  # pressed on the Home tab: the answer gets a window
        if not ask.view and (nowhere or self._opens(ask)):
            ask = replace(ask, view=await self._messenger.open_view(trigger, cards.loading()))
        await self._asks.keep(ask.id, _codec.dump_json(ask).decode())
        await self._jobs.wake("answer", ask.id)

    async def _known(self, id_: str) -> Ask:
        known = await self._asks.get(id_)
        if known is None:
            raise BadInput("This menu is too old to be used. Please type the command again.")
        return _codec.validate_json(known)

    def _row(self, ask: Ask) -> Row | None:
        try:
            read = parse(ask.text, self._shapes)
        except BadInput:
            return None
        return self._rows.get(read.path) if isinstance(read, Understood) else None

    def _opens(self, ask: Ask) -> bool:
        row = self._row(ask)
        return row is not None and row.opens

    # --- the job --------------------------------------------------------------------------------------------

    async def answer(self, key: str) -> None:
        """Find the answer to one question and bring it to whoever asked. A job."""
        stored = await self._asks.get(key)
        if stored is None:
            return
        ask = _codec.validate_json(stored)
        working = asyncio.ensure_future(self._reply(ask))
        try:
            if ask.on_message and not ask.view and not await _soon(working):
                await self._messenger.respond(ask.response_url, cards.working(ask.text), replace=True)
            await self._deliver(ask, await working)
        finally:
            working.cancel()

    async def _reply(self, ask: Ask) -> Reply:
        try:
            return await self._found(ask, parse(ask.text, self._shapes))
        except (RedisError, TryAgain):
            raise
        except NotConnected as no:
            if self._shares(ask):  # a link is for one person's eyes
                return Reply(cards.trouble(f"{no} /sdp link connects it."))
            return Reply(await self._welcome.invitation(ask.person, str(no)))
        except Refused as no:
            await self._note_refusal(ask, no)
            return Reply(cards.trouble(str(no)))
        except BotError as error:
            return Reply(cards.trouble(str(error)))
        except Exception:
            reference = secrets.token_hex(3)
            log.exception("command.failed", reference=reference)
            return Reply(cards.trouble(f"Something went wrong here, and nothing was changed. Reference {reference}."))

    async def _found(self, ask: Ask, read: Read) -> Reply:
        if isinstance(read, Meant):
            return Reply(cards.did_you_mean(read.text))
        if isinstance(read, Unknown):
            return Reply(cards.unknown(read.word, read.topic))
        row = self._rows[read.path]
        if row.may in OURS_ALONE:
            standing = await self.standing(ask.person)
        else:
            standing = (await self._accounts.reader_for(ask.person)).standing
        row.may(standing)
        if read.share and not _is_private(ask.channel):
            await self._check_audience(ask.channel)
        record = None
        if row.record is not None:
            record = await self._record(ask, row.record, read.which)
            if isinstance(record, Reply):
                return record
        call = Call(ask, standing, record, read.keyword, read.rest, read.share)
        return await row.run(call, **self._needs[row.path])

    async def _check_audience(self, channel: str) -> None:
        """That everybody in the channel may see what is shared there. Raises NotAllowed."""
        members = await self._messenger.members(channel)
        if members is None:
            raise NotAllowed(
                "Not shared: I am not in this channel, so I cannot tell who would read it. Invite me first."
            )
        check_audience([await self._rights.of(member) for member in members])

    async def _record(self, ask: Ask, kind: str, which: str) -> Any:
        """The record meant, as SDP has it now, or the menu that asks for it."""
        records = getattr((await self._accounts.reader_for(ask.person)).sdp, PART_OF_SDP[kind])
        if ask.chosen is not None:
            return await records.get(ask.chosen)
        if not which:
            return Reply(cards.pick(kind, ask.id))
        found: Matches[Any] = await records.find(searchable(which))
        if found.one is not None:
            return await records.get(found.one.id)
        if found.is_ambiguous:
            return Reply(cards.which_one(kind, which, found.candidates, ask.id, more=found.more))
        return Reply(cards.nothing_found(kind, which, ask.id))

    async def _note_refusal(self, ask: Ask, no: Refused) -> None:
        if isinstance(no, BadInput):
            return
        details = {"person": ask.person, "command": clip(ask.text, 200), "rule": no.rule, "note": str(no)}
        await self._ledger.write(LedgerEvent(f"{ask.id}:refused", datetime.now(UTC), "refused", details))

    # --- the way out ------------------------------------------------------------------------------------------

    async def _deliver(self, ask: Ask, reply: Reply) -> None:
        """One way or another; harmless to repeat, but for a second copy after a crash in the very moment."""
        if ask.view:
            await self._into_view(ask, reply)
            return
        for form in (reply.message, *reply.otherwise, cards.text_only(reply.message)):
            try:
                await self._show(ask, replace(reply, message=form))
            except BlocksRefused as refused:
                log.warning("command.blocks_refused", command=ask.text, said=str(refused))
            else:
                if reply.sent is not None and form in (reply.message, *reply.otherwise):
                    await reply.sent(form)
                return

    async def _show(self, ask: Ask, reply: Reply) -> None:
        """Raises BlocksRefused. An answer with plainer forms never goes out as the acknowledgement of the command:
        what Slack thinks of that one's blocks, nobody hears."""
        share = bool(reply.command) and self._shares(ask)  # refusals and menus stay private
        message = cards.dressed(
            reply.message, "" if share or _is_private(ask.channel) else reply.command, ask.person if share else ""
        )
        if ask.typed:
            answer = {**message, "response_type": "in_channel" if share else "ephemeral"}
            handed_over = await self._asks.hand_over(ask.id, dumps({} if reply.otherwise else answer))
            if handed_over and not reply.otherwise:
                return
        replaces = ask.on_message and not share
        if not await self._messenger.respond(ask.response_url, message, replace=replaces, share=share):
            await self._messenger.tell(ask.person, ask.channel, message)

    async def _into_view(self, ask: Ask, reply: Reply) -> None:
        try:
            await self._messenger.update_view(ask.view, reply.modal or cards.as_modal(reply.message))
        except MessageGone:
            log.info("command.window_closed", command=ask.text)

    def _shares(self, ask: Ask) -> bool:
        try:
            read = parse(ask.text, self._shapes)
        except BadInput:
            return False
        return isinstance(read, Understood) and read.share


def _is_private(channel: str) -> bool:
    """A direct message: nobody is there to share with."""
    return channel.startswith("D")


async def _soon(working: asyncio.Future[Reply]) -> bool:
    done, _ = await asyncio.wait([working], timeout=PATIENCE_SECONDS)
    return bool(done)


async def _first(records: Any, count: int) -> Any:
    async for record in records:
        yield record
        count -= 1
        if not count:
            return


def services_for(row: Row, services: Mapping[str, Any]) -> dict[str, Any]:
    """The services a row's function asks for by its argument names, all but the first. Raises ValueError."""
    names = list(inspect.signature(row.run).parameters)[1:]
    if missing := [name for name in names if name not in services]:
        raise ValueError(f"`/sdp {row.path}` asks for {', '.join(missing)}, which nobody wired")
    return {name: services[name] for name in names}


def _loaded(answer: str) -> Message:
    message: Message = loads(answer)
    return message
