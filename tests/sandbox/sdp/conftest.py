"""A seeded tenant on a real socket, and callers who speak to it as the API wants to be spoken to."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from sandbox.sdp.app import create_app
from sandbox.sdp.approvals import Approval
from sandbox.sdp.seeds import seed
from sandbox.sdp.world import SdpWorld
from sandbox.serve import serve

ACCEPT = "application/vnd.manageengine.sdp.v3+json"


@dataclass
class Answer:
    status: int
    body: Any

    @property
    def code(self) -> int:
        """SDP's own code, out of either form of response_status."""
        status = self.body["response_status"]
        status = status[0] if isinstance(status, list) else status
        return int((status["messages"][0] if "messages" in status else status)["status_code"])

    @property
    def named(self) -> list[str]:
        """The fields a refusal names."""
        message = self.body["response_status"]["messages"][0]
        return list(message.get("fields", [message["field"]] if "field" in message else []))


class Caller:
    """One person's token and the way it is used."""

    def __init__(self, session: aiohttp.ClientSession, base: str, token: str) -> None:
        self._session, self._base = session, base
        self.headers = {"Accept": ACCEPT, "Authorization": f"Zoho-oauthtoken {token}"}

    async def call(self, method: str, path: str, data: Any = None, **more: Any) -> Answer:
        given = {} if data is None else {"input_data": json.dumps(data)}
        where = "params" if method in ("GET", "DELETE") else "data"
        arguments = {"headers": self.headers, where: given, **more}
        async with self._session.request(method, self._base + path, **arguments) as response:
            return Answer(response.status, json.loads(await response.text()))

    async def upload(self, path: str, form: aiohttp.FormData) -> Answer:
        async with self._session.post(self._base + path, headers=self.headers, data=form) as response:
            return Answer(response.status, json.loads(await response.text()))

    async def get(self, path: str, data: Any = None) -> Answer:
        return await self.call("GET", path, data)

    async def put(self, path: str, data: Any = None) -> Answer:
        return await self.call("PUT", path, data)

    async def post(self, path: str, data: Any = None) -> Answer:
        return await self.call("POST", path, data)

    async def delete(self, path: str, data: Any = None) -> Answer:
        return await self.call("DELETE", path, data)


class Tenant:
    """The world, its address, and callers by name."""

    def __init__(self, world: SdpWorld, url: str, session: aiohttp.ClientSession) -> None:
        self.world, self.url, self.session = world, url, session

    def caller(self, who: str = "service", **grant: Any) -> Caller:
        token = self.world.accounts.access_token(who, **grant)
        return Caller(self.session, f"{self.url}/app/itdesk/api/v3", token)


def path_of(approval: Approval) -> str:
    level = approval.level
    return f"/releases/{level.release.id}/approval_levels/{level.id}/approvals/{approval.id}"


@pytest.fixture
def world() -> SdpWorld:
    return seed(SdpWorld(seed=7))


@pytest.fixture
async def tenant(world: SdpWorld) -> AsyncIterator[Tenant]:
    # A fresh connection a call: aiohttp repeats PUT and GET by itself when a kept one is closed under it.
    connector = aiohttp.TCPConnector(force_close=True)
    async with serve(create_app(world)) as url, aiohttp.ClientSession(connector=connector) as session:
        world.url = url
        yield Tenant(world, url, session)
