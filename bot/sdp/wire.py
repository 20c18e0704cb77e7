"""SDP's protocol without any I/O: what a request looks like, and what an answer says.

A `Call` describes a request below `/api/v3`; `read()` turns an answer into its JSON or into one error of `bot.errors`.
Facts are from the vendor's v3 documents; where those are silent or contradict each other, the reading here is tolerant
and the reason stands beside it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from bot.errors import (
    BadInput,
    SdpError,
    SdpFieldsMissing,
    SdpForbidden,
    SdpGarbled,
    SdpMessage,
    SdpNotFound,
    SdpRefused,
    SdpScopeMissing,
    SdpSignInFailed,
    SdpThrottled,
    SdpUnreachable,
)
from bot.models import sdp_id

ACCEPT = "application/vnd.manageengine.sdp.v3+json"

Method = Literal["GET", "POST", "PUT", "DELETE"]
JsonObject = dict[str, Any]

# --- requests --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `template` is its path below `/api/v3` with `{}` where `ids` go.

    Raises BadInput for an id that is not digits only, so that nothing else can ever get into a path.
    """

    method: Method
    template: str
    ids: tuple[str, ...] = ()
    input_data: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        for text in self.ids:
            check_id(text)

    @property
    def path(self) -> str:
        return self.template.format(*self.ids)

    @property
    def pattern(self) -> str:
        """Method and path with the ids starred out: what SDP's throttling and our budget count by."""
        return f"{self.method} {self.template.replace('{}', '*')}"

    @property
    def scope(self) -> str:
        """The scope a token needs for this, `SDPOnDemand.<module>.<verb>`.

        No document of an operation names one; this is what its module and its effect are. Who manages what is from
        the vendor's list of scopes (…/sdpod-v3-api/getting-started/oauth-2.0.html).
        """
        first, _, _ = self.template.partition("/")
        last = self.template.rpartition("/")[2]
        verb = _VERBS_BY_NAME.get((self.method, last)) or _VERBS[self.method]
        return f"SDPOnDemand.{_MODULES.get(first, 'setup')}.{verb}"

    def encoded(self) -> dict[str, str]:
        """The form field `input_data`, or nothing. GET and DELETE carry it in the query, POST and PUT in the body."""
        if self.input_data is None:
            return {}
        return {"input_data": json.dumps(self.input_data, ensure_ascii=False, separators=(",", ":"))}


_MODULES = {
    "releases": "releases",
    "changes": "changes",
    "change_maintenances": "changes",
    "projects": "projects",
    "requests": "requests",
    "technicians": "users",
    "requesters": "users",
    "users": "users",
}
"""First parts of paths by what manages them; all else is a list of the set-up."""

_VERBS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "DELETE": "DELETE"}
_VERBS_BY_NAME = {
    ("GET", "_execute_now"): "CREATE",
    ("POST", "_change_associations"): "UPDATE",
    ("DELETE", "_change_associations"): "UPDATE",
    ("POST", "_request_associations"): "UPDATE",
    ("DELETE", "_request_associations"): "UPDATE",
    ("POST", "_uploads"): "UPDATE",
}
"""Where the effect is not what the HTTP method says: a maintenance executed makes a change, what is attached to a
project changes the project."""


def check_id(text: str) -> str:
    """`text` if it is an SDP id; raises BadInput otherwise."""
    try:
        return sdp_id(text)
    except (TypeError, ValueError) as wrong:
        raise BadInput("That is not an id of ServiceDesk Plus: an id is digits only.") from wrong


# --- answers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status, headers with lower-case names, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


def read(answer: Answer, reference: str) -> JsonObject:
    """The JSON object of an answer that says all went well; every other answer raises one SdpError.

    SdpThrottled, SdpRefused and below: SDP understood and did nothing. SdpUnreachable (5xx) and SdpGarbled (a web
    page, nothing, half an answer): after a write these prove nothing; `client` makes OutcomeUnknown of them.
    `reference` is the request's id in the log.
    """
    body = parsed(answer)
    envelope = Envelope.of(body or {})
    if body and answer.status < 300 and not envelope.failed and (envelope.succeeded or not _throttles(answer)):
        return body
    raise _failure(answer, body, envelope, reference)


def parsed(answer: Answer) -> JsonObject | None:
    """The body as a JSON object, None when it is anything else."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


GENERAL_FAILURE = 4000
"""The code around a failure; the telling one is inside, in `messages`. 2000 is success."""

RATE_LIMITED = 4015
INTERNAL_ERROR = 4004
BAD_CREDENTIALS = 4022

_FAILED = {"failed", "failure", "error"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """What `response_status` says, in either of its forms: an object, or a list of objects.

    The documents show the list on lists and uploads, but not on all; both are read everywhere and any failed entry is
    a failure, inside HTTP 200 too. `gateway` is the code of Zoho's own layer, which answers without this envelope.
    """

    succeeded: bool
    failed: bool
    code: int | None
    messages: tuple[SdpMessage, ...]
    gateway: str = ""

    @classmethod
    def of(cls, body: JsonObject) -> "Envelope":
        entries = _objects(body.get("response_status"))
        messages = tuple(message for entry in entries for message in _messages(entry))
        codes = [code for entry in entries if (code := _int(entry.get("status_code")))]
        words = {str(entry.get("status", "")).lower() for entry in entries}
        inner = [message.code for message in messages if message.code > GENERAL_FAILURE]
        gateway = "" if "response_status" in body else _gateway_code(body)
        return cls(
            succeeded=2000 in codes or "success" in words,
            failed=any(code >= 3000 for code in (*codes, *inner)) or bool(words & _FAILED) or bool(gateway),
            code=next(iter(inner), max(codes, default=None)),
            messages=messages,
            gateway=gateway,
        )


def _objects(value: object) -> list[JsonObject]:
    """A list of objects, an object alone, or neither, as a list of objects."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def _gateway_code(body: JsonObject) -> str:
    """`INVALID_OAUTHTOKEN` and its like, under whichever key that layer used."""
    code = body.get("error") or body.get("code") or body.get("errorCode")
    return str(code) if isinstance(code, str | int) else ""


def _messages(entry: JsonObject) -> list[SdpMessage]:
    """SDP's `messages`: a list of objects, or one; seen with only `field` or `fields`, or with a bare enum as text."""
    found = entry.get("messages")
    raw = found if isinstance(found, list) else [found]
    return [_message(one) for one in raw if isinstance(one, dict | str)]


def _message(raw: JsonObject | str) -> SdpMessage:
    if isinstance(raw, str):
        return SdpMessage(code=0, text=raw)
    named = raw.get("fields") or raw.get("field")
    fields = named if isinstance(named, list) else [named]
    return SdpMessage(
        code=_int(raw.get("status_code")) or 0,
        text=str(raw.get("message") or raw.get("title") or "").strip(),
        fields=tuple(str(name) for name in fields if isinstance(name, str | int)),
    )


def _int(value: object) -> int | None:
    """A code, which arrives as a number or as a string of digits."""
    try:
        return None if isinstance(value, bool) else int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None


# --- failures --------------------------------------------------------------------------------

_BY_CODE: dict[int, tuple[type[SdpRefused], str]] = {
    4001: (SdpRefused, "ServiceDesk Plus does not accept a value or field that was sent"),
    4002: (SdpForbidden, "ServiceDesk Plus does not allow this"),
    4007: (SdpNotFound, "ServiceDesk Plus has no such record"),
    4008: (SdpRefused, "ServiceDesk Plus has one of these already; it must be unique"),
    4009: (SdpRefused, "ServiceDesk Plus does not let this be edited"),
    4012: (SdpFieldsMissing, "ServiceDesk Plus needs more fields filled in"),
    4014: (SdpRefused, "ServiceDesk Plus does not let this be edited"),
    4021: (SdpRefused, "ServiceDesk Plus expects another kind of value"),
    BAD_CREDENTIALS: (SdpSignInFailed, "ServiceDesk Plus does not accept the sign-in"),
    7001: (SdpRefused, "The licence of ServiceDesk Plus does not include this"),
    401: (SdpSignInFailed, "ServiceDesk Plus does not accept the sign-in"),
    403: (SdpForbidden, "ServiceDesk Plus does not allow this"),
    404: (SdpNotFound, "ServiceDesk Plus has no such record"),
}
"""What SDP's code means, failing that the HTTP status. The table is the vendor's for the on-premises product; the cloud
is known to agree on 4001, 4004, 4007 and 4012. No code is known for "not the approver" or "already decided"."""

_SCOPE_MISSING = re.compile("OAUTH_SCOPE_MISMATCH|INVALID_OAUTHSCOPE", re.IGNORECASE)


def _failure(answer: Answer, body: JsonObject | None, envelope: Envelope, reference: str) -> SdpError:
    details: dict[str, Any] = {
        "code": envelope.code,
        "http_status": answer.status,
        "messages": envelope.messages,
        "reference": reference,
    }
    if until := throttled_until(answer, envelope):
        return throttled(until, **details)
    if answer.status >= 500 or envelope.code == INTERNAL_ERROR:
        said = _said(envelope) or f"HTTP {answer.status}"
        return SdpUnreachable(_sentence(f"ServiceDesk Plus is in trouble: {said}", reference), **details)
    if not body or 300 <= answer.status < 400:
        return _no_answer(answer, reference, details)
    return _refusal(answer, envelope, reference, details)


def _refusal(answer: Answer, envelope: Envelope, reference: str, details: dict[str, Any]) -> SdpRefused:
    said = _said(envelope)
    if _SCOPE_MISSING.search(said):
        words = "The connection to ServiceDesk Plus lacks a scope for this; connect again with all scopes"
        return SdpScopeMissing(_sentence(words, reference), **details)
    default = (SdpRefused, "ServiceDesk Plus refused")
    kind, words = _BY_CODE.get(envelope.code or 0) or _BY_CODE.get(answer.status) or default
    return kind(_sentence(f"{words}: {said}" if said else words, reference, envelope.code), **details)


def _no_answer(answer: Answer, reference: str, details: dict[str, Any]) -> SdpError:
    """An answer that is not SDP's JSON. HTML with 400 or 401 has been seen for wrong addresses."""
    if answer.status == 401:
        words = "ServiceDesk Plus does not accept the sign-in, or SDP_URL is not its address"
        return SdpSignInFailed(_sentence(words, reference), **details)
    if 300 <= answer.status < 400:
        words = "ServiceDesk Plus sent the bot to another address; SDP_URL may be wrong"
    elif not answer.body.strip():
        words = "ServiceDesk Plus sent an empty answer"
    elif answer.body.lstrip().startswith(b"<"):
        words = "ServiceDesk Plus sent a web page instead of data; if that goes on, SDP_URL may be wrong"
    else:
        words = "ServiceDesk Plus sent an answer that cannot be read"
    return SdpGarbled(_sentence(words, reference), **details)


def _said(envelope: Envelope) -> str:
    """SDP's own words and the fields it names, on one line."""
    texts = list(dict.fromkeys(message.text for message in envelope.messages if message.text)) or [envelope.gateway]
    fields = dict.fromkeys(name for message in envelope.messages for name in message.fields)
    if fields:
        texts.append(f"fields: {', '.join(fields)}")
    return " ".join("; ".join(filter(None, texts)).split())


def _sentence(words: str, reference: str, code: int | None = None) -> str:
    """What a person reads, ending in what a log search needs."""
    marks = [f"code {code}"] if code else []
    marks += [f"ref {reference}"] if reference else []
    return words.rstrip(".") + (f" ({', '.join(marks)})." if marks else ".")


# --- throttling ------------------------------------------------------------------------------

ROLLING_THROTTLE = "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED"
"""The title a sister product of SDP Cloud answers with, HTTP 400, when an address was asked too often."""

ROLLING_THROTTLE_WAIT = timedelta(minutes=10)
RATE_LIMIT_WAIT = timedelta(seconds=10)
"""How long to leave SDP alone when it asks for patience and does not say how much."""

_UNITS = {"second": 1, "minute": 60, "hour": 3600}
_AFTER = re.compile(r"after\s+(\d{1,5})\s*(second|minute|hour)", re.IGNORECASE)


def throttled(until: datetime, **details: Any) -> SdpThrottled:
    """The error for "SDP asks for patience until …", in words that say for how long."""
    words = f"ServiceDesk Plus has asked the bot to slow down. Please try again {in_words(until)}."
    return SdpThrottled(words, retry_at=until, **details)


def in_words(until: datetime) -> str:
    """How long it still is: "in a moment", "in 22 minutes"."""
    minutes = round((until - datetime.now(UTC)).total_seconds() / 60)
    return "in a moment" if minutes < 1 else "in a minute" if minutes == 1 else f"in {minutes} minutes"


def throttled_until(answer: Answer, envelope: Envelope) -> datetime | None:
    """Until when SDP wants to be left alone after this failing answer, None when it asks for nothing.

    A rolling throttle is known by its name anywhere in a body of any form, a rate limit by HTTP 429 or code 4015.
    """
    now = datetime.now(UTC)
    if _throttles(answer):
        return now + _first(_said_after(answer), _retry_after(answer, now), ROLLING_THROTTLE_WAIT)
    if answer.status == 429 or envelope.code == RATE_LIMITED:
        return now + _first(_retry_after(answer, now), _said_after(answer), RATE_LIMIT_WAIT)
    return None


def _first(*waits: timedelta | None) -> timedelta:
    """The first wait that was asked for; none at all is a wait, too."""
    return next((wait for wait in waits if wait is not None), timedelta())


def _throttles(answer: Answer) -> bool:
    return ROLLING_THROTTLE.encode() in answer.body


def _said_after(answer: Answer) -> timedelta | None:
    """What words like "Try again after 22 minutes" ask for, wherever they stand."""
    found = _AFTER.search(answer.text)
    return timedelta(seconds=int(found[1]) * _UNITS[found[2].lower()]) if found else None


def _retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """The `Retry-After` header: seconds, or a date."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isdecimal() and len(value) <= 6:
        return timedelta(seconds=int(value))
    try:
        return max(parsedate_to_datetime(value) - now, timedelta()) if value else None
    except (TypeError, ValueError):
        return None
