"""Zoho's accounts server: clients, codes, refresh and access tokens, with the documented limits.

Facts (vendor's OAuth pages): a refresh token makes at most 10 access tokens in 10 minutes, 15 of them live at a
time, a user has at most 20 refresh tokens per client and the 21st silently kills the oldest; an access token lives
an hour; wrong codes and clients are answered with HTTP 200 and an `error`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.sdp.ground import Ground
from sandbox.sdp.people import Person
from sandbox.sdp.refusals import BAD_CREDENTIALS, Refusal

CLIENT_ID = "1000.SANDBOXCLIENT000000000000000000"
CLIENT_SECRET = "sandbox-client-secret-not-a-secret"  # noqa: S105  # of the sandbox, for everybody to see
REFRESH_TOKEN = "1000.sandbox0service0account0refresh0.token000000000000000000000000001"  # noqa: S105

ALL_SCOPES = tuple(
    f"SDPOnDemand.{module}.ALL" for module in ("releases", "changes", "projects", "requests", "setup", "users")
)

ACCESS_LIVES = timedelta(hours=1)
CODE_LIVES = timedelta(minutes=2)
WINDOW = timedelta(minutes=10)
ACCESS_PER_WINDOW = 10
LIVE_ACCESS_TOKENS = 15
REFRESH_TOKENS_PER_PERSON = 20


class OAuthError(Exception):
    """The accounts server's no: the `error` word of its answer."""


class Throttled(OAuthError):
    """Too many access tokens in ten minutes."""


@dataclass
class Client:
    """A registered application; an empty `redirects` accepts any address."""

    id: str
    secret: str
    name: str
    redirects: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Grant:
    """A refresh token: what one person allowed one client. `minted` are its live access tokens, oldest first."""

    token: str
    person: Person
    client: str
    scopes: tuple[str, ...]
    given_at: datetime
    window_start: datetime | None = None
    window_count: int = 0
    minted: list[str] = field(default_factory=list)
    minute: int = 0
    minute_calls: int = 0


@dataclass
class Access:
    """An access token."""

    token: str
    grant: Grant
    expires_at: datetime


@dataclass
class Code:
    """An authorization code on its way from the consent page to the client."""

    code: str
    person: Person
    client: str
    redirect: str
    scopes: tuple[str, ...]
    expires_at: datetime
    offline: bool = True


class Accounts:
    """Who holds which token."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.made = 0
        self.clients = {CLIENT_ID: Client(CLIENT_ID, CLIENT_SECRET, "SDP bot")}
        self.grants: dict[str, Grant] = {}
        self.access: dict[str, Access] = {}
        self.codes: dict[str, Code] = {}

    def _token(self, kind: str) -> str:
        self.made += 1
        digest = hashlib.sha256(f"{self._ground.ids.seed}/{kind}/{self.made}".encode()).hexdigest()
        return f"1000.{digest[:32]}.{digest[32:]}"

    # --- refresh tokens ---------------------------------------------------------------------------

    def grant(
        self,
        who: Person | str,
        *,
        scopes: Iterable[str] = ALL_SCOPES,
        client: str = CLIENT_ID,
        token: str | None = None,
    ) -> str:
        """A new refresh token of that person; the 21st of a person and client kills the oldest."""
        person = self._ground.people.get(who)
        mine = [grant for grant in self.grants.values() if grant.person is person and grant.client == client]
        for oldest in mine[: max(0, len(mine) - REFRESH_TOKENS_PER_PERSON + 1)]:
            self._drop(oldest)
        grant = Grant(token or self._token("refresh"), person, client, tuple(scopes), self._ground.now())
        self.grants[grant.token] = grant
        self._ground.journal.note("grant.given", person.id, person.id, client=client)
        return grant.token

    def revoke(self, token: str) -> bool:
        """Take back a refresh token (and its access tokens) or a single access token; False for an unknown one."""
        if grant := self.grants.get(token):
            self._drop(grant)
            self._ground.journal.note("grant.revoked", grant.person.id, grant.person.id)
            return True
        return self.access.pop(token, None) is not None

    def revoke_all(self, who: Person | str) -> int:
        """Everything this person ever allowed, as on Zoho's page of connected apps; how many."""
        person = self._ground.people.get(who)
        mine = [grant for grant in self.grants.values() if grant.person is person]
        for grant in mine:
            self.revoke(grant.token)
        self.expire(person)
        return len(mine)

    def _drop(self, grant: Grant) -> None:
        del self.grants[grant.token]
        for token in grant.minted:
            self.access.pop(token, None)

    # --- codes ------------------------------------------------------------------------------------

    def check_client(self, client_id: str, secret: str | None = None, *, redirect: str | None = None) -> Client:
        """Raises OAuthError("invalid_client"), ("invalid_client_secret") or ("invalid_redirect_uri")."""
        client = self.clients.get(client_id)
        if not client:
            raise OAuthError("invalid_client")
        if secret is not None and secret != client.secret:
            raise OAuthError("invalid_client_secret")
        if redirect is not None and client.redirects and redirect not in client.redirects:
            raise OAuthError("invalid_redirect_uri")
        return client

    def consent(
        self, who: Person | str, client: str, redirect: str, scopes: Iterable[str], *, offline: bool = True
    ) -> str:
        """The code for somebody who pressed Accept."""
        person, until = self._ground.people.get(who), self._ground.now() + CODE_LIVES
        code = Code(self._token("code"), person, client, redirect, tuple(scopes), until, offline)
        self.codes[code.code] = code
        return code.code

    def redeem(self, code: str, client: str, redirect: str) -> tuple[str | None, Access]:
        """Exchange a code, once, for a refresh and an access token; raises OAuthError("invalid_code").

        There is no refresh token for who did not ask for access_type=offline.
        """
        found = self.codes.pop(code, None)
        if not found or found.client != client or found.redirect != redirect or found.expires_at < self._ground.now():
            raise OAuthError("invalid_code")
        refresh = self.grant(found.person, scopes=found.scopes, client=client)
        return refresh if found.offline else None, self.refresh(refresh, client)

    # --- access tokens ------------------------------------------------------------------------------

    def refresh(self, token: str, client: str) -> Access:
        """A new access token; raises OAuthError("invalid_code") or Throttled."""
        grant = self.grants.get(token)
        if not grant or grant.client != client:
            raise OAuthError("invalid_code")
        now = self._ground.now()
        if not grant.window_start or now - grant.window_start >= WINDOW:
            grant.window_start, grant.window_count = now, 0
        if grant.window_count >= ACCESS_PER_WINDOW:
            raise Throttled("Access Denied")
        grant.window_count += 1
        return self._mint(grant, now)

    def _mint(self, grant: Grant, now: datetime) -> Access:
        access = Access(self._token("access"), grant, now + ACCESS_LIVES)
        self.access[access.token] = access
        grant.minted.append(access.token)
        while len(grant.minted) > LIVE_ACCESS_TOKENS:
            self.access.pop(grant.minted.pop(0), None)
        self._ground.journal.note("token.issued", grant.person.id, grant.person.id)
        return access

    def access_token(self, who: Person | str, *, scopes: Iterable[str] = ALL_SCOPES) -> str:
        """An access token of that person at once, for tests that do not care how it came about.

        It belongs to no refresh token, so it uses up none of the person's.
        """
        now, person = self._ground.now(), self._ground.people.get(who)
        return self._mint(Grant(self._token("refresh"), person, CLIENT_ID, tuple(scopes), now), now).token

    def holder(self, token: str) -> Grant:
        """Whose live access token this is; raises Refusal 4022."""
        access = self.access.get(token)
        if not access or access.expires_at <= self._ground.now():
            raise Refusal(BAD_CREDENTIALS, "Invalid OAuth token")
        return access.grant

    def count_call(self, grant: Grant) -> bool:
        """Count a call of this token's owner; False when the tenant's limit a minute is used up."""
        minute = int(self._ground.now().timestamp() // 60)
        if grant.minute != minute:
            grant.minute, grant.minute_calls = minute, 0
        grant.minute_calls += 1
        limit = self._ground.tenant.calls_per_minute
        return limit is None or grant.minute_calls <= limit

    def throttle(self, who: Person | str) -> None:
        """Use up what this person's refresh tokens may make in the next ten minutes."""
        person = self._ground.people.get(who)
        for grant in self.grants.values():
            if grant.person is person:
                grant.window_start, grant.window_count = self._ground.now(), ACCESS_PER_WINDOW

    def expire(self, who: Person | str) -> None:
        """Let all access tokens of a person run out now; the refresh tokens stay."""
        person = self._ground.people.get(who)
        for access in self.access.values():
            if access.grant.person is person:
                access.expires_at = self._ground.now()


def scope_allows(scopes: Iterable[str], module: str, verb: str) -> bool:
    """Whether the granted scopes cover that verb of that module."""
    return not {f"SDPOnDemand.{module}.{verb}", f"SDPOnDemand.{module}.ALL"}.isdisjoint(scopes)
