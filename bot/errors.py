"""The one tree of errors. An error's text is for the person who sees it and says what to do next.

    BotError
    ├── Refused                     a rule of ours says no; nothing was sent to SDP
    │   ├── NotTheApprover          the decision is somebody else's
    │   ├── OwnRelease              approvers may not approve what they asked for themselves
    │   ├── NotAllowed              a right is missing (operators, admins, readers)
    │   ├── NotLinked               it is not known who the person is in SDP
    │   │   └── NotConnected        their own SDP account is wanted, and connecting it would do
    │   ├── TooFast                 more clicks than a person can make
    │   ├── Stopped                 an administrator has stopped all changes
    │   └── BadInput                what was typed cannot be used
    ├── AlreadyDecided              SDP has a decision; nothing was sent
    ├── Changed                     what the card showed is no longer what SDP has
    ├── NothingRecorded             the intent could not be stored: press again
    ├── MaybeRecorded               whether it was stored is not known: look again
    └── SdpError                    SDP, or the way to it
        ├── SdpUnreachable          provably not sent, or a read that found nobody: safe to repeat
        ├── SdpThrottled            SDP asks for patience, `retry_at` says until when
        ├── SdpRefused              SDP's own no, in SDP's words
        │   ├── SdpNotFound         no such record (4007)
        │   ├── SdpForbidden        the token's owner may not (4002)
        │   │   └── SdpScopeMissing the token may not, whoever owns it
        │   ├── SdpFieldsMissing    mandatory fields (4012), `fields` names them
        │   └── SdpSignInFailed     the token or the client is not accepted
        ├── SdpGarbled              an answer that is no answer (HTML, cut off, empty)
        └── OutcomeUnknown          a write was sent and nothing came back: never repeated, read instead

`bot.sdp` raises the SdpError branch, services the others; handlers/failures.py alone turns any of
them into what a person reads. Secrets and request bodies never travel in an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


class BotError(Exception):
    """Base of everything this bot raises on purpose; `str(error)` may be shown to a person."""


class Refused(BotError):
    """A rule of ours says no. `rule` is its name in the ledger, e.g. `not_the_approver`."""

    rule = "refused"


class NotTheApprover(Refused):
    """The decision belongs to somebody else; `whose` is their name."""

    rule = "not_the_approver"

    def __init__(self, whose: str) -> None:
        super().__init__(f"This decision is {whose}'s, so nothing was sent. Only they can approve or reject it.")
        self.whose = whose


class OwnRelease(Refused):
    """The approver asked for this release, and the administrator does not want that."""

    rule = "own_release"

    def __init__(self) -> None:
        super().__init__(
            "This is your own release, and approving your own is switched off here, so nothing was sent. "
            "Somebody else on this level can approve it, or you in SDP."
        )


class NotAllowed(Refused):
    """A right is missing; the text says which and who has it."""

    rule = "not_allowed"


class NotLinked(Refused):
    """It is not known who this Slack person is in SDP."""

    rule = "not_linked"


class NotConnected(NotLinked):
    """The person's own SDP account has to be connected first, which they can do themselves now."""

    rule = "not_connected"


class TooFast(Refused):
    """More came from one person than a person can press or type."""

    rule = "too_fast"

    def __init__(self) -> None:
        super().__init__("That was faster than anybody can press, so it was not taken. Please wait a few seconds.")


class Stopped(Refused):
    """An administrator has put the bot into read-only."""

    rule = "stopped"


class BadInput(Refused):
    """What was typed cannot be used; the text says what can. `field` names the modal's input, if one."""

    rule = "bad_input"

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class AlreadyDecided(BotError):
    """SDP already has a decision for this approval; nothing was sent."""


class Changed(BotError):
    """What the card showed is no longer what SDP has; nothing was sent."""


class NothingRecorded(BotError):
    """The intent could not be stored durably, so nothing will happen until the person presses again."""

    def __init__(self) -> None:
        super().__init__("Nothing was recorded: the bot cannot reach its memory. Please press again in a moment.")


class MaybeRecorded(BotError):
    """The intent was handed over to be stored, and nobody said whether it was. What the person sees later is true."""

    def __init__(self) -> None:
        super().__init__(
            "It is not certain whether this was recorded: the bot's memory did not answer in time. Please look here "
            "again in a moment: if it was recorded, you will see it; if nothing has changed, press again."
        )


@dataclass(frozen=True, slots=True)
class SdpMessage:
    """One entry of SDP's `response_status.messages`: its code, its words, the fields it names."""

    code: int
    text: str = ""
    fields: tuple[str, ...] = ()


class SdpError(BotError):
    """SDP, or the way to it, failed.

    `code` is SDP's own (4012, …) or None, `http_status` the transport's or None, `messages` SDP's entries,
    `reference` a short id that is also in the log beside the request.
    """

    def __init__(
        self,
        text: str,
        *,
        code: int | None = None,
        http_status: int | None = None,
        messages: Sequence[SdpMessage] = (),
        reference: str = "",
    ) -> None:
        super().__init__(text)
        self.code = code
        self.http_status = http_status
        self.messages = tuple(messages)
        self.reference = reference

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field name SDP mentioned, in its order, without repeats."""
        return tuple(dict.fromkeys(field for message in self.messages for field in message.fields))


class SdpUnreachable(SdpError):
    """Nothing reached SDP, or a read got no answer: nothing was changed, it may be tried again."""


class SdpThrottled(SdpError):
    """SDP or its accounts server asks for patience; nothing was done. `retry_at` (UTC) says until when."""

    def __init__(self, text: str, *, retry_at: datetime | None = None, **details: object) -> None:
        super().__init__(text, **details)  # type: ignore[arg-type]
        self.retry_at = retry_at


class SdpRefused(SdpError):
    """SDP said no, in its words."""


class SdpNotFound(SdpRefused):
    """SDP has no such record or address (4007)."""


class SdpForbidden(SdpRefused):
    """The owner of the token may not do this (4002, or a missing scope)."""


class SdpScopeMissing(SdpForbidden):
    """The token may not do this whoever owns it: SDP says that a scope is missing, though not which."""


class SdpFieldsMissing(SdpRefused):
    """Fields SDP demands were empty (4012); `fields` names them."""


class SdpSignInFailed(SdpRefused):
    """The access or refresh token, or the client itself, is not accepted: connect again."""


class SdpClientRefused(SdpSignInFailed):
    """The client id or its secret is not accepted: connecting again would not help, an administrator has to."""


class SdpGarbled(SdpError):
    """A read was answered with something that is not SDP's JSON."""


class OutcomeUnknown(SdpError):
    """A write was sent and its answer never came or made no sense. It is never repeated: read what is true."""
