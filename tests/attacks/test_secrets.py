"""Secrets never leave: what the bot logs, says to Slack, sends to SDP's paths and keeps in Redis has none of them."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from bot.logs import processors
from sandbox.sdp.accounts import CLIENT_SECRET, REFRESH_TOKEN
from tests.attacks.conftest import PORTAL, Street
from tests.conftest import until


class Catch:
    """Everything the bot emits while a street is walked."""

    def __init__(self, street: Street, capsys: pytest.CaptureFixture[str]) -> None:
        self.street = street
        self._capsys = capsys

    def secrets(self) -> dict[str, str]:
        """Every secret there is, by name; those that came about on the way, too."""
        slack, accounts = self.street.box.slack, self.street.box.sdp.accounts
        planted = {
            "bot token": slack.bot_token,
            "signing secret": slack.signing_secret,
            "client secret": CLIENT_SECRET,
            "service refresh token": REFRESH_TOKEN,
            "webhook secret": "sandbox-webhook-secret",
            **{f"key {number}": key for number, key in enumerate(self.street.key.split(","))},
        }
        grown = {f"refresh token of {grant.person.name}": token for token, grant in accounts.grants.items()}
        grown |= {f"access token {number}": token for number, token in enumerate(accounts.access)}
        return {**planted, **grown}

    async def everything(self) -> AsyncIterator[tuple[str, str]]:
        """(where, what) of all that was emitted."""
        streams = self._capsys.readouterr()
        yield "standard output", streams.out
        yield "standard error", streams.err
        yield "Slack", "\n".join(json.dumps(one.as_json(), default=str) for one in self.street.box.slack.log.entries)
        yield "SDP's paths and inputs", "\n".join(f"{one.path} {one.input}" for one in self.street.box.sdp.log)
        store = self.street.bot.store
        async for key in store.redis.scan_iter():
            yield f"Redis {key}", await _dumped(store.redis, key)

    async def found(self) -> list[str]:
        secrets = self.secrets()
        return [
            f"{name} in {where}"
            async for where, what in self.everything()
            for name, secret in secrets.items()
            if secret in what
        ]


async def _dumped(redis: object, key: str) -> str:
    kinds = {"string": "get", "list": "lrange", "hash": "hgetall", "set": "smembers", "zset": "zrange"}
    kind = await redis.type(key)  # type: ignore[attr-defined]
    if kind == "none":  # it has just ended
        return ""
    more = (0, -1) if kind in ("list", "zset") else ()
    return f"{key} {await getattr(redis, kinds[kind])(key, *more)}"


@pytest.fixture
def catch(street: Street, capsys: pytest.CaptureFixture[str]) -> Catch:
    return Catch(street, capsys)


async def test_the_catch_would_see_a_secret(street: Street, catch: Catch) -> None:
    """A net without a mesh catches nothing: put one secret where each is looked for."""
    await street.start()
    print(street.box.slack.bot_token)
    await street.bot.store.redis.set("planted", REFRESH_TOKEN)
    found = await catch.found()
    assert "bot token in standard output" in found
    assert "service refresh token in Redis planted" in found


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
