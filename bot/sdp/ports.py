"""What the SDP client asks of the memory that all processes share: access tokens, the call budget, the holds.

Three Protocols and their small types, no code. `oauth.MemoryTokenStore` and `budget.MemoryBudget` serve a single
process; the Redis side is in `bot.store`. Every `datetime` is aware and in UTC. Whatever these raise on an outage goes
through the client untouched, before anything was sent to SDP.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

FETCH_LIMIT = 10
"""Access tokens Zoho gives out per refresh token in ten minutes; the next is refused for the rest of them."""

REPLACE_LIMIT = 5
"""How many of them an answer of 401 may cost, so that a missing scope cannot use up the ones that renewals need."""

FETCH_WINDOW = timedelta(minutes=10, seconds=30)
"""Ten minutes, and how much later than it was counted a fetch can arrive at the accounts server."""

LOCK_LIFETIME = timedelta(seconds=40)
"""After this a refresh lock ends by itself: longer than one fetch can take, short enough to survive a killed holder."""


class Priority(IntEnum):
    """Who is served first when the budget is short: a person who waits, before polls and digests."""

    INTERACTIVE = 0
    BACKGROUND = 1


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token and its end; the value stays out of `repr`, and so out of logs.

    `scopes` is what Zoho says it is good for, empty where it does not say.
    """

    value: str = field(repr=False)
    expires_at: datetime
    scopes: frozenset[str] = frozenset()


class TokenSource(Protocol):
    """On whose behalf a call is made: one person's access tokens, or the service account's."""

    @property
    def grant(self) -> str:
        """A short name of the refresh token behind this that does not reveal it; safe in logs and keys."""
        ...

    async def current(self) -> AccessToken:
        """A token that is good for at least the next call. Raises SdpSignInFailed, SdpThrottled, SdpUnreachable."""
        ...

    async def replace(self, rejected: AccessToken) -> AccessToken:
        """Another token, because SDP answered 401 to `rejected`. Raises like `current`."""
        ...


class TokenStore(Protocol):
    """Access tokens by grant, shared by all processes: one refresh serves everybody.

    Implementations keep the token's value encrypted at rest and let every key expire.
    """

    async def get(self, grant: str) -> AccessToken | None:
        """The token kept last, None when there is none or it has expired."""
        ...

    async def put(self, grant: str, token: AccessToken) -> None:
        """Keep `token` until `token.expires_at`, in place of what was there."""
        ...

    async def drop(self, grant: str, rejected: AccessToken) -> None:
        """Forget the kept token if it is still `rejected` (compare the value; a newer one stays)."""
        ...

    def lock(self, grant: str) -> AbstractAsyncContextManager[None]:
        """Wait for, then hold, the one right to refresh this grant; ends by itself after LOCK_LIFETIME."""
        ...

    async def claim_fetch(self, grant: str, limit: int = FETCH_LIMIT) -> datetime | None:
        """Count one fetch of a new token, atomically; None when it may go ahead.

        It may while fewer than `limit` fetches of this grant were counted in the last FETCH_WINDOW (sliding), whatever
        `limit` those asked with. Otherwise nothing is counted, and the answer says when a claim can succeed again.
        """
        ...

    async def hold(self, grant: str, until: datetime) -> None:
        """The accounts server throttles this grant: no process asks it before `until`. A later `until` wins."""
        ...

    async def held_until(self, grant: str) -> datetime | None:
        """Until when nobody may ask the accounts server; None when anybody may."""
        ...


@dataclass(frozen=True, slots=True)
class Admission:
    """The budget's answer: go (`wait == 0`, the call is counted), or not yet (nothing is counted).

    `wait` is in seconds: ask again after it. `held_until` is set when SDP itself asked for patience with this
    address pattern; `wait` then leads up to it.
    """

    wait: float = 0.0
    held_until: datetime | None = None

    @property
    def go(self) -> bool:
        return self.wait <= 0 and self.held_until is None


class CallBudget(Protocol):
    """The calls a minute that all processes together allow themselves, and SDP's own pleas for patience.

    A pattern is a method and a path whose ids are replaced, e.g. `GET releases/*/approval_levels`.
    """

    async def admit(self, pattern: str, priority: Priority) -> Admission:
        """Ask for one call, in one round trip; never waits itself.

        GCRA: interactive calls may use the whole burst, background calls leave half of it to them
        (see `budget.Pace` for the arithmetic).
        """
        ...

    async def hold(self, pattern: str, until: datetime) -> None:
        """SDP throttles this pattern: nobody calls it before `until`. A later `until` wins."""
        ...
