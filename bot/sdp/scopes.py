"""What a connection to SDP may do: the scopes Zoho says its token has, and harmless reads where it says nothing.

Zoho's token answers have been seen with a `scope` field, the scopes separated by spaces; its pages about refreshing a
token do not show one (https://www.zoho.com/accounts/protocol/oauth/web-apps/access-token-expiry.html). So it is
believed where it is there and never missed. Scopes are fixed in the refresh token: a missing one needs a new one.
"""

from collections.abc import Collection

from bot.sdp.client import Client
from bot.sdp.lists import ListInfo
from bot.sdp.wire import Call


def covers(granted: Collection[str], scope: str) -> bool:
    """Whether these scopes allow `scope`; `ALL` stands for every verb of its module."""
    whole_module = f"{scope.rpartition('.')[0]}.ALL"
    return not {scope.casefold(), whole_module.casefold()}.isdisjoint(one.casefold() for one in granted)


class Scopes:
    """`sdp.scopes`: of whoever this client acts for."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def granted(self) -> frozenset[str]:
        """The scopes of the access token by Zoho's own word, none where it does not say.

        Raises SdpSignInFailed, SdpThrottled, SdpUnreachable.
        """
        return (await self._client.tokens.current()).scopes

    async def try_reading(self, path: str) -> None:
        """Ask for one row of the list at `path`. Raises SdpScopeMissing, SdpForbidden and the other SdpErrors."""
        await self._client.read(_one_row(path))

    def needed_to_read(self, path: str) -> str:
        """The scope for that list."""
        return _one_row(path).scope


def _one_row(path: str) -> Call:
    return Call("GET", path, (), ListInfo(rows=1).input_data())
