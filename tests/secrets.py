"""A net under the whole suite: a test that lets a secret out fails, whatever it was about.

Two meshes. A hook looks through the captured output of every test. And whatever a stage's bot said to Slack and SDP,
keeps in Redis and shows in its metrics is looked through when the stage is taken down. The secrets are those the bot
was given, those that the stand-ins made on the way, and anything of the shape of one.

Three places rightly hold a secret, and only those are left out: the `Authorization` header of a request to Slack and to
SDP, the form that is posted to Zoho's accounts server, and tokens in Redis, which are encrypted.
"""

import re
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from typing import Any

import pytest
from prometheus_client import generate_latest
from pydantic import SecretStr
from redis.exceptions import RedisError

from bot.settings import Settings
from bot.store import connect
from sandbox.box import WEBHOOK_SECRET, Box
from sandbox.sdp.accounts import CLIENT_SECRET, REFRESH_TOKEN

SHAPES = r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}|xoxb-fake-\w{8}|xapp-1-fake-\w{8}|fake-signing-secret-\w{4}"
"""Zoho's tokens and codes, and Slack's as its stand-in makes them."""

ALWAYS = (CLIENT_SECRET, REFRESH_TOKEN, WEBHOOK_SECRET)
PLANTED = pytest.StashKey[frozenset[str]]()
"""On a test: the secrets that were planted in it, for the hook."""

_shapes = re.compile(SHAPES)
EVERYTHING = """
local read = {
  string = function(key) return redis.call('GET', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  hash = function(key) return redis.call('HGETALL', key) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1) end,
}
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  found[#found + 1] = {key, read[redis.call('TYPE', key).ok](key)}
end
return found
"""


def in_settings(settings: Settings) -> Iterator[str]:
    """Every secret a bot was given."""
    for name in type(settings).model_fields:
        given = getattr(settings, name)
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, SecretStr) and one.get_secret_value():
                yield one.get_secret_value()


def in_box(box: Box) -> Iterator[str]:
    """Every secret the stand-ins know, those they made on the way among them."""
    slack, accounts = box.slack, box.sdp.accounts
    yield from (slack.bot_token, slack.app_token, slack.signing_secret, *ALWAYS)
    yield from accounts.grants
    yield from accounts.access
    yield from accounts.codes


def leaks(text: str, secrets: Iterable[str]) -> set[str]:
    """The secrets in a text."""
    return {secret for secret in secrets if secret in text} | set(_shapes.findall(text))


async def caught(box: Box, redis_url: str, secrets: Iterable[str]) -> list[str]:
    """Where the bot let out which of these secrets, or of what the stand-ins made."""
    every = {*secrets, *in_box(box)}
    return [f"{secret} in {where}" async for where, text in _said(box, redis_url) for secret in leaks(text, every)]


async def _said(box: Box, redis_url: str) -> AsyncIterator[tuple[str, str]]:
    """(where, what) of all that is kept and was said but for output, which the hook has."""
    yield "words to Slack", repr(box.slack.log.heard)
    yield "paths and inputs of SDP", repr([(one.path, one.input) for one in box.sdp.log])
    yield "metrics", generate_latest().decode()
    for key, value in await _kept(redis_url):
        yield f"Redis {key}", value


async def _kept(redis_url: str) -> list[tuple[str, str]]:
    """Everything in Redis in one question, keys included; nothing where the test has taken its server away."""
    redis = connect(redis_url)
    try:
        found = await redis.eval(EVERYTHING, 0)
    except RedisError:
        return []
    finally:
        await redis.aclose()
    return [(key, f"{key} {value!r}") for key, value in found]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    secrets = item.stash.get(PLANTED, frozenset(ALWAYS))
    leaked = {found for _, text in report.sections for found in leaks(text, secrets)}
    if leaked and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} let a secret out: {sorted(leaked)}"
    return report
