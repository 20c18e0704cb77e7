"""Slack having a bad day, on demand, and its rate limits."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from freezegun import freeze_time
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import client_for


def said(slack: Slack) -> list[str]:
    return [message.text for message in slack.as_("odile").messages("ops")]


async def test_lost_answer_leaves_the_message_posted(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    world.faults.add("lost", "chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="#ops", text="posted")
    assert said(slack) == ["posted"]
    assert world.log.of("chat.postMessage")[0].note == "answer lost"


async def test_default_retries_of_the_sdk_post_twice_when_the_answer_is_lost(world: SlackWorld, slack: Slack) -> None:
    world.faults.add("lost", "chat.postMessage")
    hasty = AsyncWebClient(token=world.bot_token, base_url=f"{world.url}/api/")
    await hasty.chat_postMessage(channel="#ops", text="posted")
    assert said(slack) == ["posted", "posted"]


async def test_dropped_request_does_nothing(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    world.faults.add("refused", "chat.*")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="#ops", text="lost")
    assert (await client.chat_postMessage(channel="#ops", text="posted"))["ok"]
    assert said(slack) == ["posted"]


async def test_broken_server_answers_with_a_page(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    world.faults.add("status", "*", status=503)
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="#ops", text="lost")
    assert refused.value.response.status_code == 503
    assert said(slack) == []


async def test_garbage_is_no_json(world: SlackWorld, client: AsyncWebClient) -> None:
    world.faults.add("garbage", "auth.test")
    with pytest.raises(SlackApiError):
        await client.auth_test()


async def test_error_of_ones_choice(world: SlackWorld, client: AsyncWebClient) -> None:
    world.faults.add("error", "users.info", code="fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.users_info(user=world.bot.id)


async def test_slow_answer_comes_late(world: SlackWorld, client: AsyncWebClient) -> None:
    world.faults.add("slow", "auth.test", seconds=0.2)
    started = time.monotonic()
    await client.auth_test()
    assert time.monotonic() - started >= 0.2


async def test_fault_strikes_as_often_as_told_after_as_many_calls(world: SlackWorld, client: AsyncWebClient) -> None:
    world.faults.add("error", "auth.*", times=2, skip=1, code="fatal_error")
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append((await client.auth_test())["ok"])
        except SlackApiError:
            outcomes.append(False)
    assert outcomes == [True, False, False, True]


async def test_endless_fault_ends_when_it_is_cleared(world: SlackWorld, client: AsyncWebClient) -> None:
    world.faults.add("error", "auth.test", times=0)
    for _ in range(5):
        with pytest.raises(SlackApiError):
            await client.auth_test()
    world.faults.clear()
    assert (await client.auth_test())["ok"]


async def test_too_many_requests_say_when_to_come_back(world: SlackWorld, client: AsyncWebClient) -> None:
    world.faults.add("ratelimited", "auth.test", seconds=7)
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert (refused.value.response.status_code, refused.value.response["error"]) == (429, "ratelimited")
    assert refused.value.response.headers["retry-after"] == "7"


async def test_sdk_waits_as_long_as_it_is_told(world: SlackWorld) -> None:
    world.faults.add("ratelimited", "auth.test", seconds=1)
    patient = client_for(world, world.bot_token)
    patient.retry_handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    started = time.monotonic()
    assert (await patient.auth_test())["ok"]
    assert time.monotonic() - started >= 1


async def test_limits_are_counted_but_not_enforced_by_default(world: SlackWorld, client: AsyncWebClient) -> None:
    for _ in range(25):
        await client.users_list()
    assert world.rates.over["users.list"] == 5


@pytest.mark.parametrize(
    ("method", "arguments", "allowed"),
    [
        ("users.list", {}, 20),
        ("conversations.open", {"users": "person"}, 50),
        ("users.info", {"user": "person"}, 100),
        ("chat.postMessage", {"channel": "#ops", "text": "x"}, 3),
    ],
)
async def test_strict_slack_refuses_what_is_over_the_tier(
    world: SlackWorld, client: AsyncWebClient, method: str, arguments: dict[str, Any], allowed: int
) -> None:
    world.switches.strict_rates = True
    given = {name: world.person("arjun").id if value == "person" else value for name, value in arguments.items()}
    with freeze_time("2026-03-02 09:00:00", real_asyncio=True) as clock:
        for _ in range(allowed):
            await client.api_call(method, params=given)
        with pytest.raises(SlackApiError) as refused:
            await client.api_call(method, params=given)
        wait = int(refused.value.response.headers["retry-after"])
        clock.tick(wait)
        assert (await client.api_call(method, params=given))["ok"]
    assert 1 <= wait <= 60


async def test_posts_to_different_channels_do_not_wait_for_each_other(
    world: SlackWorld, client: AsyncWebClient
) -> None:
    world.switches.strict_rates = True
    people = [world.person(name).id for name in ("arjun", "tess", "wiremu", "odile", "sam")]
    answers = await asyncio.gather(*(client.chat_postMessage(channel=one, text="x") for one in people))
    assert all(answer["ok"] for answer in answers)
