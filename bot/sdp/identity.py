"""Whose account it is that Zoho has just connected: the one question that keeps a link from binding somebody else.

`GET {accounts}/oauth/user/info` with the scope AaaServer.profile.READ
(https://www.zoho.com/accounts/protocol/oauth/use-access-token.html).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.errors import SdpGarbled, SdpSignInFailed, SdpUnreachable
from bot.sdp.datacentres import DATA_CENTRES, OTHER_ACCOUNTS
from bot.sdp.http import Http, NoAnswer, NotSent
from bot.sdp.oauth import Grant
from bot.sdp.wire import parsed

SCOPE = "AaaServer.profile.READ"
ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Identity:
    """The owner of an account; `email` lower-cased."""

    email: str
    name: str


class IdentityService:
    """Asks accounts servers, and no other host."""

    def __init__(self, accounts_url: str, others: Iterable[str] = (*DATA_CENTRES.values(), *OTHER_ACCOUNTS)) -> None:
        self._http = Http([accounts_url, *others], answer_seconds=ANSWER_SECONDS)

    async def whose(self, grant: Grant) -> Identity:
        """The owner of `grant`. Raises SdpUnreachable, SdpSignInFailed, and SdpGarbled for an owner without address."""
        headers = {"Authorization": f"Zoho-oauthtoken {grant.access_token.value}", "Accept": "application/json"}
        try:
            answer = await self._http.exchange("GET", f"{grant.accounts_url}/oauth/user/info", headers=headers)
        except (NotSent, NoAnswer) as failed:
            raise SdpUnreachable("Zoho's sign-in service does not answer. Please connect again.") from failed
        if answer.status != 200:
            raise SdpSignInFailed("Zoho did not say whose account this is. Please connect again.")
        return _identity(parsed(answer) or {})

    async def aclose(self) -> None:
        await self._http.aclose()


def _identity(body: dict[str, Any]) -> Identity:
    email = str(body.get("Email") or "").strip().lower()
    if "@" not in email:
        raise SdpGarbled("Zoho has no e-mail address for this account, so it cannot be matched with Slack.")
    return Identity(email, str(body.get("Display_Name") or email))
