"""Envelopes: what an answer says, in every form that was seen or must be expected."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    BadInput,
    SdpError,
    SdpFieldsMissing,
    SdpForbidden,
    SdpGarbled,
    SdpNotFound,
    SdpRefused,
    SdpScopeMissing,
    SdpSignInFailed,
    SdpThrottled,
    SdpUnreachable,
)
from bot.sdp.wire import Answer, Call, read

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def failure(code: int | str = 4000, *messages: Any, **more: Any) -> dict[str, Any]:
    return {"response_status": {"status_code": code, "status": "failed", "messages": list(messages)}, **more}


def refused(given: Answer) -> SdpError:
    with pytest.raises(SdpError) as caught:
        read(given, "ref1")
    return caught.value


def outcome(given: Answer) -> str:
    """A word for how an answer was read; whatever is not our own error fails the test."""
    try:
        return f"read {len(read(given, 'r'))} keys"
    except SdpError as error:
        return str(error)


@pytest.mark.parametrize(
    "status",
    [
        {"status_code": 2000, "status": "success"},
        [{"status_code": 2000, "status": "success"}],
        {"status_code": "2000", "status": "success"},
        {"status_code": 2000},
        {"status": "success"},
        [{"status_code": 2000, "messages": [{"status_code": 2000, "type": "success", "message": "Done"}]}],
        None,
    ],
)
def test_both_forms_of_success_are_read(status: Any) -> None:
    body = {"response_status": status, "project": {"id": "1"}}
    assert read(answer(body), "")["project"] == {"id": "1"}


def test_an_answer_without_an_envelope_is_taken_at_its_word() -> None:
    assert read(answer({"project": {"id": "1"}}), "") == {"project": {"id": "1"}}


@pytest.mark.parametrize("http_status", [200, 400])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (4001, SdpRefused),
        (4002, SdpForbidden),
        (4007, SdpNotFound),
        (4008, SdpRefused),
        (4012, SdpFieldsMissing),
        (4021, SdpRefused),
        (4022, SdpSignInFailed),
        (7001, SdpRefused),
        (4999, SdpRefused),
    ],
)
def test_the_code_inside_tells_what_failed_whatever_http_says(
    code: int, kind: type[SdpError], http_status: int
) -> None:
    error = refused(answer(failure(4000, {"status_code": code, "message": "No such thing"}), http_status))
    assert type(error) is kind
    assert (error.code, error.http_status, error.reference) == (code, http_status, "ref1")
    assert "No such thing" in str(error)
    assert "ref1" in str(error)


def test_any_failed_entry_of_a_list_is_a_failure() -> None:
    body = {"response_status": [{"status_code": 2000, "status": "success"}, failure(4007)["response_status"]]}
    assert isinstance(refused(answer(body)), SdpNotFound)


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ({"status_code": 4012, "fields": ["title", "stage"]}, ("title", "stage")),
        ({"status_code": "4012", "field": "title"}, ("title",)),
        ({"status_code": 4012, "field": "title", "message": "is needed"}, ("title",)),
        ({"status_code": 4012, "fields": None}, ()),
    ],
)
def test_fields_are_named(message: dict[str, Any], fields: tuple[str, ...]) -> None:
    error = refused(answer(failure(4000, message), 400))
    assert isinstance(error, SdpFieldsMissing)
    assert error.fields == fields
    assert all(field in str(error) for field in fields)


@pytest.mark.parametrize("messages", [["EXTRA_KEY_FOUND_IN_JSON"], [{"message": "EXTRA_KEY_FOUND_IN_JSON"}]])
def test_a_bare_enum_is_shown(messages: list[Any]) -> None:
    assert "EXTRA_KEY_FOUND_IN_JSON" in str(refused(answer(failure(4001, *messages), 400)))


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<!DOCTYPE html><html><body>Error</body></html>", 400, SdpGarbled),
        (b"<html>sign in</html>", 200, SdpGarbled),
        (b"<html>who are you</html>", 401, SdpSignInFailed),
        (b"", 200, SdpGarbled),
        (b"  \n", 200, SdpGarbled),
        (b"{}", 200, SdpGarbled),
        (b'{"response_status": {"status_code": 2000, "sta', 200, SdpGarbled),
        (b"\x00\x1f{]\xff\xfe", 200, SdpGarbled),
        (b'["not", "an", "object"]', 200, SdpGarbled),
        (b"null", 200, SdpGarbled),
        (b"[" * 100_000, 200, SdpGarbled),
        (b"", 302, SdpGarbled),
        (b"upstream unavailable", 503, SdpUnreachable),
        (b"", 502, SdpUnreachable),
        (b"<html>Bad gateway</html>", 504, SdpUnreachable),
    ],
)
def test_what_is_no_answer_is_one_clear_error(body: bytes, status: int, kind: type[SdpError]) -> None:
    error = refused(answer(body, status))
    assert type(error) is kind
    assert error.http_status == status
    assert "ref1" in str(error)
    assert "Traceback" not in str(error)


def test_an_error_of_sdps_own_is_not_a_refusal() -> None:
    assert type(refused(answer(failure(4000, {"status_code": 4004, "message": "Internal Error"})))) is SdpUnreachable


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"error": "INVALID_OAUTHTOKEN"}, 401, SdpSignInFailed),
        ({"code": "OAUTH_SCOPE_MISMATCH", "message": "…"}, 401, SdpScopeMissing),
        (failure(4000, {"status_code": 4022, "message": "OAUTH_SCOPE_MISMATCH"}), 403, SdpScopeMissing),
        ({"error": "something new"}, 200, SdpRefused),
    ],
)
def test_zohos_gateway_is_understood(body: Any, status: int, kind: type[SdpError]) -> None:
    assert type(refused(answer(body, status))) is kind


@freeze_time(NOW)
@pytest.mark.parametrize(
    ("given", "after"),
    [
        (answer(failure(4000, {"status_code": 4015}), 429, retry_after="7"), timedelta(seconds=7)),
        (answer(failure(4000, {"status_code": 4015}), 200), timedelta(seconds=10)),
        (answer(b"slow down", 429), timedelta(seconds=10)),
        (answer(b"", 429, retry_after="Mon, 01 Mar 2027 12:01:00 GMT"), timedelta(minutes=1)),
        (answer(b"", 429, retry_after="soon"), timedelta(seconds=10)),
        (
            answer(
                failure(
                    4000,
                    {"title": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", "message": "Try again after 22 minutes"},
                ),
                400,
            ),
            timedelta(minutes=22),
        ),
        (answer(b"<p>URL_ROLLING_THROTTLES_LIMIT_EXCEEDED: try again after 1 hour</p>", 200), timedelta(hours=1)),
        (
            answer({"data": ["x", {"y": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED, after 30 seconds"}]}, 400),
            timedelta(seconds=30),
        ),
        (answer(b"URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", 500), timedelta(minutes=10)),
    ],
)
def test_a_plea_for_patience_is_found_anywhere(given: Answer, after: timedelta) -> None:
    error = refused(given)
    assert isinstance(error, SdpThrottled)
    assert error.retry_at == NOW + after


def test_a_title_that_speaks_of_throttling_is_only_a_title() -> None:
    status = {"status_code": 2000, "status": "success"}
    body = {"response_status": status, "release": {"title": "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED after 22 minutes"}}
    assert read(answer(body), "") == body


@given(st.text())
def test_only_digits_get_into_a_path(text: str) -> None:
    digits = text.isascii() and text.isdigit() and len(text) <= 30
    if digits:
        assert Call("GET", "releases/{}", (text,)).path == f"releases/{text}"
    else:
        with pytest.raises(BadInput):
            Call("GET", "releases/{}", (text,))


@pytest.mark.parametrize("text", ["", "1/2", "../1", "1%2e", "１２", "1\n", " 1", "1?x", "-1", "1e3"])
def test_nothing_that_looks_like_digits_passes_for_them(text: str) -> None:
    with pytest.raises(BadInput):
        Call("DELETE", "projects/{}", (text,))


def test_patterns_hide_the_ids() -> None:
    call = Call("PUT", "releases/{}/approval_levels/{}/approvals/{}/_approve", ("1", "2", "3"))
    assert call.pattern == "PUT releases/*/approval_levels/*/approvals/*/_approve"


@given(st.binary(max_size=300), st.sampled_from([200, 201, 302, 400, 401, 403, 404, 429, 500, 503]))
def test_no_answer_ever_raises_anything_but_our_errors(body: bytes, status: int) -> None:
    assert outcome(answer(body, status))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_KEYS = st.sampled_from(["status_code", "status", "messages", "message", "type", "field", "fields", "title"])


@given(st.dictionaries(_KEYS, _JSON | st.lists(st.dictionaries(_KEYS, _JSON, max_size=5), max_size=3)))
def test_no_envelope_ever_raises_anything_but_our_errors(status: dict[str, Any]) -> None:
    for envelope in (status, [status]):
        assert outcome(answer({"response_status": envelope, "error": status.get("title")}))
