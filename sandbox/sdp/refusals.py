"""What the tenant says no with: SDP's codes and the HTTP status each of them travels with."""

from collections.abc import Sequence

MISSING_RIGHT = 4002
BAD_KEY = 4001
INTERNAL = 4004
NO_SUCH_RECORD = 4007
NOT_UNIQUE = 4008
NOT_EDITABLE = 4009
MANDATORY = 4012
TOO_MANY = 4015
WRONG_TYPE = 4021
BAD_CREDENTIALS = 4022

HTTP_STATUS = {
    BAD_KEY: 400,
    MISSING_RIGHT: 403,
    INTERNAL: 500,
    NO_SUCH_RECORD: 404,
    NOT_UNIQUE: 400,
    NOT_EDITABLE: 400,
    MANDATORY: 400,
    TOO_MANY: 429,
    WRONG_TYPE: 400,
    BAD_CREDENTIALS: 401,
}
"""The vendor's on-premises table; the cloud is known to agree on 4001, 4004, 4007 and 4012."""


class Refusal(Exception):  # the tenant's word for it
    """The tenant says no. `code` is one of the above, `fields` the fields it names, `message` its words."""

    def __init__(self, code: int, message: str = "", fields: Sequence[str] = ()) -> None:
        super().__init__(f"{code} {message} {', '.join(fields)}".strip())
        self.code = code
        self.message = message
        self.fields = tuple(fields)

    @property
    def http_status(self) -> int:
        return HTTP_STATUS.get(self.code, 400)


def no_such(what: str) -> Refusal:
    """4007, as a wrong id is answered."""
    return Refusal(NO_SUCH_RECORD, f"No such {what}")


def not_allowed(message: str = "You are not authorized to perform this operation") -> Refusal:
    """4002, as a missing right is answered."""
    return Refusal(MISSING_RIGHT, message)
