"""Zoho's accounts server: how a person connects their account, and where access tokens come from.

Its answers are judged by their body: some permanent failures come with HTTP 200, and throttling comes with 200 or 400.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog

from bot.errors import BadInput, SdpClientRefused, SdpSignInFailed, SdpThrottled, SdpUnreachable
from bot.sdp.datacentres import DATA_CENTRES, is_accounts_server
from bot.sdp.http import Http, NoAnswer, NotSent
from bot.sdp.ports import AccessToken
from bot.sdp.wire import Answer, in_words, parsed

LIFETIME = 3600
"""Seconds an access token lives, `expires_in` of every documented answer; more than that is never believed."""

THROTTLE_WAIT = timedelta(minutes=10)
"""How long Zoho may refuse after too many access tokens: the rest of ten minutes."""

FETCH_SECONDS = 15.0

log = structlog.get_logger(__name__)

# --- the accounts server ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person gave the bot by connecting: keep `refresh_token` encrypted and `accounts_url` beside it."""

    refresh_token: str = field(repr=False)
    access_token: AccessToken
    accounts_url: str
    scopes: tuple[str, ...] = ()


class SignIn:
    """Zoho's accounts server, spoken to for one client id.

    `accounts_url` is the server of the service account's data centre; people of other data centres bring their own,
    which is believed only when `table` has it.
    """

    def __init__(
        self,
        http: Http,
        accounts_url: str,
        client_id: str,
        client_secret: str,
        table: Mapping[str, str] = DATA_CENTRES,
    ) -> None:
        self._http = http
        self.accounts_url = accounts_url.rstrip("/")
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._table = table

    def authorization_url(self, scopes: Sequence[str], redirect_uri: str, state: str) -> str:
        """Where to send a person who connects their account; Zoho comes back to `redirect_uri` with `state`.

        `access_type=offline` asks for a refresh token, `prompt=consent` for a new one even if there was one before.
        """
        query = {
            "response_type": "code",
            "client_id": self._client["client_id"],
            "scope": ",".join(scopes),
            "redirect_uri": redirect_uri,
            "access_type": "offline",
            "prompt": "consent",
            "state": state,
        }
        return f"{self.accounts_url}/oauth/v2/auth?{urlencode(query)}"

    async def exchange(self, code: str, redirect_uri: str, accounts_server: str | None = None) -> Grant:
        """A connected account for the `code` of the callback; `accounts_server` is the callback's own parameter.

        Raises BadInput, before anything is sent, for a server that is not allowed; SdpSignInFailed when Zoho does not
        accept the code (they work once, for a minute or two); SdpThrottled; SdpUnreachable.
        """
        server = self.allowed(accounts_server or self.accounts_url)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        body = await self._token(server, form)
        refresh_token = body.get("refresh_token")
        if not isinstance(refresh_token, str) or not refresh_token:
            raise SdpSignInFailed("Zoho connected the account only for an hour. Please connect again.")
        token = _access_token(body)
        return Grant(refresh_token, token, server, tuple(sorted(token.scopes)))

    async def fetch(self, refresh_token: str, accounts_server: str | None = None) -> AccessToken:
        """A new access token; raises like `exchange`. `SharedTokens` counts these, nothing else may call it."""
        server = self.allowed(accounts_server or self.accounts_url)
        return _access_token(await self._token(server, {"grant_type": "refresh_token", "refresh_token": refresh_token}))

    async def revoke(self, refresh_token: str, accounts_server: str | None = None) -> None:
        """Make Zoho forget a refresh token and all its access tokens; one that it does not know is as good.

        Raises SdpUnreachable when that could not be made sure of.
        """
        server = self.allowed(accounts_server or self.accounts_url)
        answer = await self._post(f"{server}/oauth/v2/token/revoke", {"token": refresh_token})
        if answer.status >= 500 or answer.status == 429:
            raise SdpUnreachable("Zoho could not disconnect the account. Please try again.", http_status=answer.status)

    def allowed(self, accounts_server: str) -> str:
        """`accounts_server` without a slash at its end; raises BadInput unless secrets may be posted to it."""
        if not is_accounts_server(accounts_server, self._table, self.accounts_url):
            raise BadInput("This sign-in came back from a server that is not Zoho's. Nothing was connected.")
        return accounts_server.rstrip("/")

    async def _token(self, server: str, form: Mapping[str, str]) -> dict[str, Any]:
        answer = await self._post(f"{server}/oauth/v2/token", {**self._client, **form})
        return judge(answer)

    async def _post(self, url: str, form: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._http.exchange("POST", url, data=dict(form))
        except (NotSent, NoAnswer, TimeoutError) as failed:
            raise SdpUnreachable("Zoho's sign-in service does not answer. Please try again in a moment.") from failed


_ERROR_CODE = re.compile(r"[a-z][a-z_]{2,40}", re.IGNORECASE)
_CLIENT = {"invalid_client", "invalid_client_secret"}
_PASSING = {"general_error", "internal_error", "server_error", "temporarily_unavailable"}


def judge(answer: Answer) -> dict[str, Any]:
    """The body of a token answer that has a token; raises for every other.

    Seen: 200 `{"error":"invalid_code"}` (permanent), 400 or 200 `{"error":"Access Denied","status":"failure", …}` in
    the language of the account (throttled: all is well again after some minutes).
    """
    body = parsed(answer) or {}
    if isinstance(body.get("access_token"), str) and body["access_token"]:
        return body
    error = str(body.get("error") or "")
    if _is_throttle(answer, body):
        until = datetime.now(UTC) + THROTTLE_WAIT
        raise SdpThrottled(wait_words(until), retry_at=until, http_status=answer.status)
    if answer.status >= 500 or error in _PASSING or not _ERROR_CODE.fullmatch(error):
        raise SdpUnreachable("Zoho's sign-in service is in trouble. Please try again.", http_status=answer.status)
    if error in _CLIENT:
        text = f"Zoho does not accept the bot itself ({error}). An administrator can: sdp-bot doctor says how."
        raise SdpClientRefused(text, http_status=answer.status)
    raise SdpSignInFailed(
        f"Zoho does not accept this connection to ServiceDesk Plus ({error}). Please connect the account again.",
        http_status=answer.status,
    )


def _is_throttle(answer: Answer, body: Mapping[str, Any]) -> bool:
    failure = str(body.get("status", "")).lower() == "failure"
    words = f"{body.get('error')} {body.get('error_description')}".lower()
    return answer.status == 429 or failure or "too many" in words


def wait_words(until: datetime) -> str:
    return f"Signing in to ServiceDesk Plus has to wait. Please try again {in_words(until)}."


def _access_token(body: Mapping[str, Any]) -> AccessToken:
    try:
        seconds = min(float(body.get("expires_in") or LIFETIME), LIFETIME)
    except (TypeError, ValueError):
        seconds = LIFETIME
    scopes = frozenset(str(body.get("scope") or "").replace(",", " ").split())
    return AccessToken(body["access_token"], datetime.now(UTC) + timedelta(seconds=seconds), scopes)
