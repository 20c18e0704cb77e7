"""The same calls with nothing around them: httpx towards SDP, aiohttp towards Slack, JSON read and dropped."""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Mapping
from typing import Any

import aiohttp
import httpx

from bench.world import Asked

if importlib.util.find_spec("sniffio") is None:
    # httpcore 1.0.9 asks for sniffio at every lock, seven times a call, and anyio does not bring it any more. Looking
    # for it on the disk each time is a fifth of what a call costs; the bare loop shall not be slow for that.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

LISTED = {"input_data": json.dumps({"list_info": {"row_count": 100, "start_index": 1}})}
COMMENT = {"input_data": json.dumps({"approval": {"comments": "by Somebody in Slack"}})}


async def access_token(given: Mapping[str, str]) -> str:
    """A token of the service account."""
    form = {
        "grant_type": "refresh_token",
        "client_id": given["SDP_CLIENT_ID"],
        "client_secret": given["SDP_CLIENT_SECRET"],
        "refresh_token": given["SDP_REFRESH_TOKEN"],
    }
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{given['SDP_ACCOUNTS_URL']}/oauth/v2/token", data=form)
    token: str = answer.json()["access_token"]
    return token


class BareSdp:
    """SDP's calls about one approval."""

    def __init__(self, given: Mapping[str, str], token: str) -> None:
        headers = {"Authorization": f"Zoho-oauthtoken {token}", "Accept": "application/vnd.manageengine.sdp.v3+json"}
        self._client = httpx.AsyncClient(headers=headers, base_url=f"{given['SDP_URL']}/api/v3/")

    async def check(self, one: Asked) -> None:
        """What is read before a decision, at once: the release, its levels, everybody on this level."""
        await asyncio.gather(self.release(one), self.levels(one), self.approvals(one))

    async def release(self, one: Asked) -> Any:
        return _read(await self._client.get(f"releases/{one.release}"))

    async def levels(self, one: Asked) -> Any:
        return _read(await self._client.get(f"releases/{one.release}/approval_levels", params=LISTED))

    async def approvals(self, one: Asked) -> Any:
        return _read(await self._client.get(_approvals(one), params=LISTED))

    async def approval(self, one: Asked) -> Any:
        return _read(await self._client.get(f"{_approvals(one)}/{one.approval}"))

    async def approve(self, one: Asked) -> Any:
        return _read(await self._client.put(f"{_approvals(one)}/{one.approval}/_approve", data=COMMENT))


def _approvals(one: Asked) -> str:
    return f"releases/{one.release}/approval_levels/{one.level}/approvals"


def _read(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text[:200]
    return json.loads(answer.content)


class BareSlack:
    """Slack's methods with blocks, by aiohttp as the bot's own client has it."""

    def __init__(self, given: Mapping[str, str], session: aiohttp.ClientSession) -> None:
        self._base, self._session = given["SLACK_API_URL"], session
        self._headers = {"Authorization": f"Bearer {given['SLACK_BOT_TOKEN']}"}

    async def call(self, method: str, body: Mapping[str, Any]) -> Any:
        async with self._session.post(f"{self._base}/{method}", json=body, headers=self._headers) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer
