"""What Slack answers when it refuses."""

from collections.abc import Sequence
from typing import Any


class SlackError(Exception):
    """A refusal with Slack's error code; `messages` is the fine print of `invalid_blocks` and `invalid_arguments`.

    `more` holds further keys of the answer, e.g. `needed` and `provided` of `missing_scope`.
    """

    def __init__(self, code: str, messages: Sequence[str] = (), **more: Any) -> None:
        super().__init__(code if not messages else f"{code}: {'; '.join(messages)}")
        self.code = code
        self.messages = list(messages)
        self.more = more

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error": self.code, **self.more}
        if self.messages:
            answer["errors"] = self.messages
            answer["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return answer


class RateLimited(SlackError):
    """Too many calls; `retry_after` are whole seconds, sent as the `Retry-After` header of a 429."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


class NoSuchThing(LookupError):
    """A test or the page named a person, place or element that is not there; the text says what is."""
