"""Sends calls and decides what may be sent again. What the calls mean is the resources' business.

    read()    repeated with backoff and jitter on connect errors, silence, 429/4015 and 5xx
    act()     sent once; again only when it provably never left; silence afterwards is OutcomeUnknown

Which of the two a call is does not follow from its HTTP method: `_execute_now` is a GET and creates a change.
"""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import stamina
import structlog

from bot.errors import OutcomeUnknown, SdpGarbled, SdpThrottled, SdpUnreachable
from bot.sdp import wire
from bot.sdp.budget import PATIENCE, Queue
from bot.sdp.http import Http, NoAnswer, NotSent
from bot.sdp.lists import ListInfo, has_more, rows_of
from bot.sdp.ports import Priority, TokenSource
from bot.sdp.signing import Denials, Signed
from bot.sdp.wire import Answer, Call, JsonObject

Kind = Literal["read", "act"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one request, for metrics: `outcome` is `ok` or the error's class name, time in seconds."""

    pattern: str
    kind: Kind
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often a call that may be repeated is sent at most, and with what pauses, in seconds."""

    attempts: int = 4
    first_wait: float = 0.2
    longest_wait: float = 5.0
    jitter: float = 0.3
    give_up_after: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Calls to one SDP on one person's behalf; `on_behalf_of` and `in_background` give cheap variants.

    `base` is the service address with `/api/v3`. All variants share the connections, the queue and the denials.
    """

    http: Http
    base: str
    queue: Queue
    tokens: TokenSource
    denials: Denials
    priority: Priority = Priority.INTERACTIVE
    repeats: Repeats = Repeats()
    observe: Callable[[Sent], None] = lambda _: None

    def on_behalf_of(self, tokens: TokenSource) -> "Client":
        return replace(self, tokens=tokens)

    def in_background(self) -> "Client":
        return replace(self, priority=Priority.BACKGROUND)

    async def read(self, call: Call) -> JsonObject:
        """The answer to a call that changes nothing. Raises SdpUnreachable, SdpThrottled, SdpRefused, SdpGarbled.

        The first attempt is nearly always the last, so it goes without what repeats: that costs as much as signing.
        """
        try:
            return await self._read_once(call)
        except (SdpUnreachable, SdpThrottled) as failed:
            await asyncio.sleep(self._first_wait(failed))
        async for attempt in self._attempts(self._is_worth_repeating, made=1):
            with attempt:
                return await self._read_once(call)
        raise AssertionError("the last attempt returns or raises")

    def _first_wait(self, failed: SdpUnreachable | SdpThrottled) -> float:
        """Seconds until the first repetition; raises `failed` when there is to be none."""
        worth = self._is_worth_repeating(failed)
        if worth is False or self.repeats.attempts < 2:
            raise failed
        return self.repeats.first_wait + random.uniform(0, self.repeats.jitter) if worth is True else worth  # noqa: S311

    async def _read_once(self, call: Call) -> JsonObject:
        with self._noted(call, "read") as reference:
            try:
                answer = await self._send(call, careful=False, **_parameters(call))
            except (NotSent, NoAnswer) as failed:
                words = f"ServiceDesk Plus does not answer. Please try again in a moment (ref {reference})."
                raise SdpUnreachable(words, reference=reference) from failed
            return await self._understood(call, answer, reference)

    async def act(self, call: Call, **body: Any) -> JsonObject:
        """The answer to a call that changes something; `body`, in httpx's words, stands in for `input_data`.

        Raises SdpUnreachable, SdpThrottled and SdpRefused when SDP provably did nothing, else OutcomeUnknown.
        """
        async for attempt in self._attempts(_never_left):
            with attempt:
                return await self._act_once(call, **(body or _parameters(call)))
        raise AssertionError("the last attempt returns or raises")

    async def _act_once(self, call: Call, **request: Any) -> JsonObject:
        with self._noted(call, "act") as reference:
            try:
                answer = await self._send(call, careful=True, **request)
            except NotSent as failed:
                words = f"ServiceDesk Plus cannot be reached, so nothing was sent. Please try again (ref {reference})."
                raise SdpUnreachable(words, reference=reference) from failed
            except NoAnswer as failed:
                raise _unknown("its answer never came", reference) from failed
            try:
                return await self._understood(call, answer, reference)
            except (SdpUnreachable, SdpGarbled) as vague:
                raise _unknown("its answer proves nothing", reference, answer.status) from vague

    async def rows(
        self, template: str, ids: tuple[str, ...], key: str, info: ListInfo | None = None
    ) -> AsyncIterator[JsonObject]:
        """The rows of the list below `key`, page by page, each id once even if rows move while we read."""
        page = info or ListInfo()
        seen: set[str] = set()
        while True:
            body = await self.read(Call("GET", template, ids, page.input_data()))
            rows = rows_of(body, key)
            fresh = [row for row in rows if str(row.get("id")) not in seen]
            for row in fresh:
                yield row
            seen.update(str(row["id"]) for row in fresh if row.get("id") is not None)
            if not fresh or not has_more(body, len(rows), page.rows):
                return
            page = page.next()

    async def _send(self, call: Call, *, careful: bool, **request: Any) -> Answer:
        await self.queue.wait(call.pattern, self.priority)
        signed = Signed(self.tokens, call.pattern, self.denials, careful=careful)
        headers = {"Accept": wire.ACCEPT, **request.pop("headers", {})}
        return await self.http.exchange(
            call.method, f"{self.base}/{call.path}", headers=headers, auth=signed, **request
        )

    async def _understood(self, call: Call, answer: Answer, reference: str) -> JsonObject:
        """What the answer says; a plea for patience in it is passed on to everybody."""
        try:
            return wire.read(answer, reference)
        except SdpThrottled as throttled:
            await self.queue.hold(call.pattern, throttled.retry_at or datetime.now(UTC) + wire.RATE_LIMIT_WAIT)
            raise

    @contextlib.contextmanager
    def _noted(self, call: Call, kind: Kind) -> Iterator[str]:
        """Give the request a reference, and note in log and metrics what became of it."""
        reference, started, outcome = secrets.token_hex(4), time.perf_counter(), "ok"
        try:
            yield reference
        except BaseException as failed:
            outcome = type(failed).__name__
            raise
        finally:
            seconds = time.perf_counter() - started
            self.observe(Sent(call.pattern, kind, outcome, seconds))
            note = log.debug if outcome == "ok" else log.warning
            note(
                "sdp.call", call=f"{call.method} {call.path}", outcome=outcome, ref=reference, seconds=round(seconds, 4)
            )

    def _attempts(self, on: Callable[[Exception], bool | float], made: int = 0) -> AsyncIterator[stamina.Attempt]:
        """The attempts that are left when so many were `made`."""
        return stamina.retry_context(
            on=on,
            attempts=self.repeats.attempts - made,
            timeout=self.repeats.give_up_after,
            wait_initial=self.repeats.first_wait * 2**made,
            wait_max=self.repeats.longest_wait,
            wait_jitter=self.repeats.jitter,
        ).__aiter__()

    def _is_worth_repeating(self, failed: Exception) -> bool | float:
        """Whether to repeat a read, or after how many seconds: SDP's own wish counts if it is short."""
        if isinstance(failed, SdpThrottled):
            wait = (failed.retry_at - datetime.now(UTC)).total_seconds() if failed.retry_at else float("inf")
            return max(wait, 0.0) if wait < PATIENCE[self.priority] else False
        return isinstance(failed, SdpUnreachable)


def _never_left(failed: Exception) -> bool:
    return isinstance(failed, SdpUnreachable) and isinstance(failed.__cause__, NotSent)


def _unknown(what: str, reference: str, http_status: int | None = None) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The request went to ServiceDesk Plus, but {what}. It is not sent again; what is true can be read there "
        f"(ref {reference}).",
        http_status=http_status,
        reference=reference,
    )


def _parameters(call: Call) -> dict[str, Any]:
    """Where `input_data` travels: in the address for GET and DELETE, in the form otherwise."""
    if call.method in ("GET", "DELETE"):
        return {"params": call.encoded()}
    return {"data": call.encoded()}
