"""Messages for later. A scheduled message that carries metadata is accepted and never appears, as on Slack."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.slack.content import Content
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import Channel, Json

FURTHEST_SECONDS = 120 * 24 * 3600


@dataclass(slots=True)
class Scheduled:
    id: str
    channel: Channel
    content: Content
    post_at: int
    thread_ts: str | None

    def as_api(self) -> Json:
        return {
            "id": self.id,
            "channel_id": self.channel.id,
            "post_at": self.post_at,
            "text": self.content.text or "",
        }


@dataclass(slots=True)
class Schedule:
    ids: IdMaker
    now: Callable[[], float]
    scheduled: dict[str, Scheduled] = field(default_factory=dict)

    def add(self, channel: Channel, content: Content, post_at: int, thread_ts: str | None) -> Scheduled:
        """Raises `time_in_past` and `time_too_far` (120 days)."""
        if post_at <= self.now():
            raise SlackError("time_in_past")
        if post_at > self.now() + FURTHEST_SECONDS:
            raise SlackError("time_too_far")
        one = Scheduled(self.ids.make("Q"), channel, content, post_at, thread_ts)
        self.scheduled[one.id] = one
        return one

    def cancel(self, scheduled_id: str) -> None:
        one = self.scheduled.get(scheduled_id)
        if one is None or one.post_at <= self.now():
            raise SlackError("invalid_scheduled_message_id")
        del self.scheduled[scheduled_id]

    def waiting(self) -> list[Scheduled]:
        return [one for one in self.scheduled.values() if one.post_at > self.now()]

    def take_due(self) -> list[Scheduled]:
        """What is to be posted now, oldest first, each once; what carries metadata is lost here."""
        due = sorted((one for one in self.scheduled.values() if one.post_at <= self.now()), key=lambda one: one.post_at)
        for one in due:
            del self.scheduled[one.id]
        return [one for one in due if one.content.metadata is None]
