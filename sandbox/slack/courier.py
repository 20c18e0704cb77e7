"""Brings payloads to the app: through a connected socket when there is one, else as a signed HTTP request.

Slack waits three seconds. Interactions and commands are tried once; events are sent again at once, after one minute
and after five, with the headers `x-slack-retry-num` and `x-slack-retry-reason`.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.mail import FailedEvent, Held
from sandbox.slack.model import Json
from sandbox.slack.sockets import Unacknowledged
from sandbox.slack.wire import compact
from sandbox.slack.world import SlackWorld

Kind = Literal["interactive", "slash_commands", "events_api"]

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_REASONS = {"timeout": "http_timeout", "unreachable": "connection_failed"}


@dataclass(slots=True, kw_only=True)
class Answer:
    """What the app said to one delivery.

    `trouble` is empty when it was acknowledged, else timeout, unreachable or http_error; `body` is the JSON or text
    of the acknowledgement, None when it was empty; `ms` is how long the person waited.
    """

    status: int | None = None
    body: Any = None
    ms: float = 0.0
    trouble: str = ""

    @property
    def ok(self) -> bool:
        return not self.trouble


def signature_headers(secret: str, body: str, at: float) -> dict[str, str]:
    """Slack's request signature, version 0: HMAC-SHA256 over `v0:<timestamp>:<body>`."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


class Courier:
    """Delivers for one world; all couriers of a world share its `mail`."""

    def __init__(self, world: SlackWorld) -> None:
        self._world, self.mail = world, world.mail
        self._retrying: set[asyncio.Task[None]] = set()

    async def interaction(self, payload: Json) -> Answer:
        return await self._deliver("interactive", payload["type"], payload)

    async def command(self, form: dict[str, str]) -> Answer:
        return await self._deliver("slash_commands", form["command"], form)

    async def event(self, body: Json) -> Answer:
        """Send an event; what fails is kept for `retry_events`, or sent again by itself with that switch on."""
        answer = await self._deliver("events_api", body["event"]["type"], body)
        if not answer.ok:
            failed = FailedEvent(body, _REASONS.get(answer.trouble, "http_error"))
            self.mail.failed.append(failed)
            if self._world.switches.retry_events:
                task = asyncio.create_task(self._retry_by_itself(failed))
                self._retrying.add(task)
                task.add_done_callback(self._retrying.discard)
        return answer

    async def retry_events(self) -> list[Answer]:
        """Send every failed event once more, as Slack does after its pauses; at most three times each."""
        return [await self._retry(failed) for failed in list(self.mail.failed)]

    async def _retry(self, failed: FailedEvent) -> Answer:
        failed.retries += 1
        answer = await self._deliver("events_api", failed.body["event"]["type"], failed.body, failed)
        spent = failed.retries >= len(self._world.switches.retry_after)
        if (answer.ok or spent) and failed in self.mail.failed:
            self.mail.failed.remove(failed)
        return answer

    async def _retry_by_itself(self, failed: FailedEvent) -> None:
        for pause in self._world.switches.retry_after:
            await asyncio.sleep(pause)
            if (await self._retry(failed)).ok:
                return

    async def settled(self) -> None:
        """Wait until no event is being sent again by itself."""
        await asyncio.gather(*self._retrying)

    @contextlib.asynccontextmanager
    async def holding(self) -> AsyncIterator[Held]:
        """Hold deliveries back, to let them go late or out of order; the rest goes at the end of the block."""
        try:
            yield self.mail.hold()
        finally:
            self.mail.let_go()

    async def _deliver(self, kind: Kind, what: str, body: Any, failed: FailedEvent | None = None) -> Answer:
        await self.mail.passed()
        body = self.mail.rewrite(body) if self.mail.rewrite else body
        entry = self._world.log.add("out", what, body)
        started = time.perf_counter()
        send = self._by_socket if self._world.sockets.connected else self._by_http
        answer = await send(kind, body, failed)
        answer.ms = (time.perf_counter() - started) * 1000
        self._world.log.done(entry, answer.status, answer.body, answer.ms, answer.trouble)
        return answer

    async def _by_socket(self, kind: Kind, body: Any, failed: FailedEvent | None) -> Answer:
        envelope = {
            "envelope_id": self._world.ids.word("envelope", 36),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": body,
        }
        if kind == "events_api":
            envelope |= {
                "retry_attempt": failed.retries if failed else 0,
                "retry_reason": failed.reason if failed else "",
            }
        try:
            connection = self._world.sockets.next_connection()
            payload = await connection.deliver(envelope, self._world.switches.ack_seconds)
        except Unacknowledged:
            return Answer(trouble="timeout")
        return Answer(status=200, body=payload or None)

    async def _by_http(self, kind: Kind, body: Any, failed: FailedEvent | None) -> Answer:
        if self._world.request_url is None:
            return Answer(trouble="unreachable")
        written, content_type = _written(kind, body)
        headers = signature_headers(self._world.signing_secret, written, self._world.now())
        headers |= {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        if failed:
            headers |= {"X-Slack-Retry-Num": str(failed.retries), "X-Slack-Retry-Reason": failed.reason}
        return await self.post_raw(written, headers)

    async def post_raw(self, body: str, headers: dict[str, str]) -> Answer:
        """POST exactly this to the request URL; tests forge signatures and bodies with it."""
        timeout = aiohttp.ClientTimeout(total=self._world.switches.ack_seconds)
        url = str(self._world.request_url)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=True) as session,
                session.post(url, data=body.encode(), headers=headers, allow_redirects=False) as response,
            ):
                text = await response.text()
                trouble = "" if response.status == 200 else "http_error"
                return Answer(status=response.status, body=_read(text), trouble=trouble)
        except TimeoutError:
            return Answer(trouble="timeout")
        except aiohttp.ClientError:
            return Answer(trouble="unreachable")


def _written(kind: Kind, body: Any) -> tuple[str, str]:
    if kind == "events_api":
        return compact(body), _JSON
    if kind == "slash_commands":
        return urlencode(body), _FORM
    return urlencode({"payload": compact(body)}), _FORM


def _read(text: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
