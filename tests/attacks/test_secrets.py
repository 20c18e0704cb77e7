"""Secrets never leave: what the bot logs, says to Slack, sends to SDP's paths and keeps in Redis has none of them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp
import pytest
import structlog

from bot import metrics
from bot.errors import SdpError
from bot.logs import processors
from bot.store import connect
from sandbox.box import APPROVALS_CHANNEL, WEBHOOK_SECRET
from sandbox.sdp.accounts import CLIENT_SECRET, REFRESH_TOKEN
from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until
from tests.secrets import caught, in_box, leaks


@dataclass
class Catch:
    """Everything the bot lets out while a street is walked."""

    street: Street
    capsys: pytest.CaptureFixture[str]

    async def found(self) -> list[str]:
        """Where secrets are, those in the output so far among them."""
        street, printed = self.street, self.capsys.readouterr()
        every = {*street.given, *in_box(street.box)}
        output = [f"{secret} in output" for secret in leaks(f"{printed.out}\n{printed.err}", every)]
        return output + await caught(street.box, street.redis_url, street.given)


@pytest.fixture
def catch(street: Street, capsys: pytest.CaptureFixture[str]) -> Catch:
    return Catch(street, capsys)


async def test_the_net_has_no_hole(street: Street, catch: Catch) -> None:
    """A net without a mesh catches nothing: put a secret into each place it looks through, and see it caught there."""
    house = await street.start(worker=False)
    slack, accounts = street.box.slack, street.box.sdp.accounts
    channel, grown = slack.channel(APPROVALS_CHANNEL).id, accounts.grant("arjun")
    print(slack.signing_secret)
    await house.messenger.post(channel, {"text": f"the token is {slack.bot_token}"})
    await house.messenger.post(channel, {"text": "a header"}, {"event_type": "t", "event_payload": {"token": grown}})
    async with aiohttp.ClientSession() as session:
        await session.get(f"{slack.url}/api/auth.test", headers={"X-Debug": street.key})
    with contextlib.suppress(SdpError):
        await house.sdp.people.by_email(f"{REFRESH_TOKEN}@example.com")
    await house.jobs.wake("look", CLIENT_SECRET)
    await house.store.redis.hset(f"a-key-with:{WEBHOOK_SECRET}", "field", "value")
    metrics.JOBS.labels(slack.app_token, "ok")
    found = await catch.found()
    metrics.JOBS.remove(slack.app_token, "ok")
    await house.store.redis.flushdb()
    slack.log.heard.clear()
    street.box.sdp.log.clear()
    for secret, where in {
        slack.signing_secret: "output",
        slack.bot_token: "words to Slack",
        grown: "words to Slack",
        street.key: "words to Slack",
        REFRESH_TOKEN: "paths and inputs of SDP",
        CLIENT_SECRET: "Redis sdp-bot:jobs:due",
        WEBHOOK_SECRET: f"Redis a-key-with:{WEBHOOK_SECRET}",
        slack.app_token: "metrics",
    }.items():
        assert f"{secret} in {where}" in found


async def test_a_stage_that_ends_looks_for_secrets(street: Street, request: pytest.FixtureRequest) -> None:
    house = await street.start()
    await house.store.redis.set("planted", street.box.slack.bot_token)
    with pytest.raises(AssertionError, match="Redis planted"):
        await street.end(request.node)
    await connect(street.redis_url).delete("planted")


async def test_deciding_with_an_own_account_leaks_nothing(street: Street, catch: Catch) -> None:
    await street.people_act()
    arjun = street.box.people.as_("arjun")
    await arjun.click("Approve", in_=await arjun.waits_for(PORTAL))
    await arjun.waits_for("Connect your own SDP account")
    await street.connects("arjun")
    await arjun.click("people.resume", in_=await arjun.waits_for("You pressed Approve on"))
    await arjun.waits_for("Approved by Arjun Velloor")
    await street.settled()
    assert await catch.found() == []


@pytest.fixture(params=["console", "json"])
def logging_as(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lines as the bot writes them, but down to the last detail and onto what pytest catches."""
    structlog.configure(processors=processors(request.param), logger_factory=structlog.PrintLoggerFactory())
    yield
    structlog.reset_defaults()
    structlog.configure(processors=processors("console"))


@pytest.mark.usefixtures("logging_as")
async def test_trouble_on_every_side_leaks_nothing(street: Street, catch: Catch) -> None:
    """Refused tokens, silence, garbage, forged requests: errors are where secrets get out."""
    await street.people_act()
    await street.connects("arjun")
    arjun = street.box.people.as_("arjun")
    card = await arjun.waits_for(PORTAL)
    for kind in ("garbage", "html", "error_500", "drop_after", "truncated"):
        street.box.sdp.break_with(kind, "*/api/v3/*", times=2)
    street.box.slack.faults.add("status", "chat.update", status=500, times=1)
    await arjun.click("Approve", in_=card)
    await street.forge_click("tess", "approval.approve", card, "tampered")
    street.box.sdp.accounts.revoke_all("arjun")
    await arjun.click("Reject…", in_=card)
    street.box.sdp.mend()
    await street.connects("mara", as_="arjun")
    await street.bot.doctor.examine()
    assert await catch.found() == []


@pytest.mark.usefixtures("logging_as")
async def test_an_error_nobody_foresaw_prints_no_locals(street: Street, catch: Catch) -> None:
    await street.start()

    async def broken(_: str) -> None:
        token = street.box.slack.bot_token
        raise RuntimeError(f"of {len(token)} letters")

    assert street.running is not None
    street.running._jobs = {**street.running._jobs, "broken": broken}
    await street.running.wake("broken")
    await until(lambda: street.bot.store.redis.hexists(street.bot.store.keys.jobs("troubles"), "broken|"))
    assert await catch.found() == []


async def test_printing_the_settings_or_a_link_shows_no_secret(street: Street, catch: Catch) -> None:
    house = await street.people_act()
    await street.connects("arjun")
    print(house.settings, house, await house.links.of(street.id("arjun")))
    assert await catch.found() == []
