"""What Slack hands out for a while: trigger ids (once, three seconds), response URLs (five times, 30 minutes)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import IdMaker

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5
KEPT = 20_000
"""How many of each are remembered: enough for any test, and a long soak does not grow."""


@dataclass(slots=True)
class Trigger:
    """The right to open one modal for one person."""

    person: str
    issued: float
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Where answers to one interaction go. `message_ts` is the message it belongs to, None for a slash command."""

    token: str
    channel: str
    person: str
    issued: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


@dataclass(slots=True)
class Tickets:
    ids: IdMaker
    now: Callable[[], float]
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)

    def new_trigger(self, person: str) -> str:
        trigger_id = f"{int(self.now())}.{self.ids.word('trigger', 12)}.{self.ids.word('trigger', 32)}"
        self.triggers[trigger_id] = Trigger(person, self.now())
        _forget_oldest(self.triggers)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger up; raises `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.now() - trigger.issued > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(
        self, channel: str, person: str, *, message_ts: str | None = None, thread_ts: str | None = None
    ) -> ResponseUrl:
        url = ResponseUrl(self.ids.word("response_url"), channel, person, self.now(), message_ts, thread_ts)
        self.response_urls[url.token] = url
        _forget_oldest(self.response_urls)
        return url

    def use_response_url(self, token: str) -> ResponseUrl:
        """Count a use; raises `no_such_url` (unknown), `expired_url` or `used_url`."""
        url = self.response_urls.get(token)
        if url is None:
            raise SlackError("no_such_url")
        if self.now() - url.issued > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url


def _forget_oldest(tickets: dict[str, Any]) -> None:
    while len(tickets) > KEPT:
        del tickets[next(iter(tickets))]
