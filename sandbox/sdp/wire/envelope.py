"""`response_status` in both forms, success and failure."""

from typing import Any

from sandbox.sdp.refusals import Refusal

Json = dict[str, Any]

SUCCESS = {"status_code": 2000, "status": "success"}


def success(**body: Any) -> Json:
    """The object form."""
    return {"response_status": dict(SUCCESS), **body}


def listed(**body: Any) -> Json:
    """The list form, as lists and uploads are answered."""
    return {"response_status": [dict(SUCCESS)], **body}


def told(words: str) -> Json:
    """Success with a sentence in it."""
    message = {"status_code": 2000, "type": "success", "message": words}
    return {"response_status": {"status_code": 2000, "messages": [message], "status": "success"}}


def failure(refusal: Refusal) -> Json:
    """A refusal: 4000 outside, the real code inside; mandatory fields are named without a message."""
    message: Json = {"status_code": refusal.code, "type": "failed"}
    if refusal.message:
        message["message"] = refusal.message
    if len(refusal.fields) == 1 and refusal.message:
        message["field"] = refusal.fields[0]
    elif refusal.fields:
        message["fields"] = list(refusal.fields)
    return {"response_status": {"status_code": 4000, "messages": [message], "status": "failed"}}
