"""What came of a gesture."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.courier import Answer
from sandbox.slack.model import Json, Message, View


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a gesture, as the person saw it.

    `error` is what they read when it went wrong; `modal` is the modal on top afterwards; `messages` are the messages
    and ephemeral notes that appeared for them meanwhile; `options` is what an external menu offered; `confirm` is the
    dialog they were asked to confirm; `url` what a link button opened; `answers` are all deliveries of a repetition.
    """

    ok: bool = True
    error: str = ""
    status: int | None = None
    ms: float = 0.0
    body: Any = None
    modal: View | None = None
    messages: list[Message] = field(default_factory=list)
    options: list[Json] = field(default_factory=list)
    field_errors: dict[str, str] = field(default_factory=dict)
    confirm: Json | None = None
    url: str = ""
    answers: list[Answer] = field(default_factory=list)

    def as_json(self, team_id: str) -> Json:
        return {
            "ok": self.ok,
            "error": self.error,
            "status": self.status,
            "ms": round(self.ms, 2),
            "body": self.body,
            "modal": self.modal.as_api() if self.modal else None,
            "messages": [message.as_api(team_id) for message in self.messages],
            "options": self.options,
            "field_errors": self.field_errors,
            "confirm": self.confirm,
            "url": self.url,
            "deliveries": len(self.answers),
        }
