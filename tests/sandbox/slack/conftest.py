"""The stand-in on a real socket, with the real slack_sdk client and a real Bolt app as its counterpart."""

from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.serve import serve
from sandbox.slack.app import create_app
from sandbox.slack.people import Slack
from sandbox.slack.seeds import seed
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import TRANSPORTS, Transport, client_for


@pytest.fixture
async def world() -> AsyncIterator[SlackWorld]:
    """A seeded workspace, served."""
    world = SlackWorld(seed=7)
    seed(world, "quiet-day")
    async with serve(create_app(world)) as url:
        world.url = url
        yield world


@pytest.fixture
def slack(world: SlackWorld) -> Slack:
    return Slack(world)


@pytest.fixture
def client(world: SlackWorld) -> AsyncWebClient:
    """The SDK's client with the app's token, retrying nothing."""
    return client_for(world, world.bot_token)


@pytest.fixture
def bolt(world: SlackWorld) -> AsyncApp:
    """An app to register listeners on; it hears nothing until a transport is entered."""
    return AsyncApp(
        token=world.bot_token,
        signing_secret=world.signing_secret,
        client=client_for(world, world.bot_token),
        process_before_response=True,
    )


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Transport:
    """Both ways to the app, one after the other."""
    return TRANSPORTS[request.param]
