"""The root: opens what has to be closed again, builds the house on it, and runs its roles."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import structlog
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from bot import metrics
from bot.errors import BotError
from bot.house import House
from bot.jobs import Job, Worker
from bot.keyring import Keyring, keyring
from bot.logs import quiet_logger
from bot.models import sdp_id
from bot.sdp import Sdp, SdpSettings, Sent
from bot.sdp.budget import Pace
from bot.sdp.identity import IdentityService
from bot.settings import Settings
from bot.socket_mode import SocketLine
from bot.sockets import listening_socket
from bot.sockets import serving as http_serving
from bot.store import Memory, RedisBudget, RedisTokens, Store, connect
from bot.valkey import embedded
from bot.watch import Watch
from bot.web import Web, origin_of
from handlers import failures
from handlers.deliveries import RememberingApp

__all__ = ["House", "bolt", "build", "run", "serving", "state", "worker", "working"]

Role = Literal["web", "worker"]
SLACK_TIMEOUT_SECONDS = 10
WEB_DRAIN_SECONDS = 5

log = structlog.get_logger()


class StateUnreachable(BotError):
    """The server REDIS_URL names does not answer."""


@contextlib.asynccontextmanager
async def state(settings: Settings) -> AsyncIterator[str]:
    """The address of Redis: the configured one, or the embedded Valkey for as long as the block runs."""
    if settings.redis_url is not None:
        yield settings.redis_url
        return
    async with embedded(settings.data_dir) as url:
        yield url


def _count(call: Sent) -> None:
    metrics.sdp_called(call.kind, call.outcome, call.seconds)


@contextlib.asynccontextmanager
async def build(settings: Settings, redis_url: str) -> AsyncIterator[House]:
    """Wire everything; closes what it opened. Raises StateUnreachable."""
    async with contextlib.AsyncExitStack() as stack:
        store = Store(connect(redis_url))
        stack.push_async_callback(store.aclose)
        try:
            if await store.is_clustered():
                raise StateUnreachable("REDIS_URL leads to a cluster; the bot needs one server (docs/scale.md).")
            await store.answers()
        except RedisError as error:
            raise StateUnreachable(f"Redis takes no writes at REDIS_URL ({type(error).__name__}).") from None
        timeout = aiohttp.ClientTimeout(total=SLACK_TIMEOUT_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        pace = Pace.per_minute(settings.sdp_calls_per_minute)
        keys = _keyring(settings)
        tokens, budget = RedisTokens(store, keys.tokens), RedisBudget(store, pace)
        sdp = await stack.enter_async_context(Sdp(_sdp_settings(settings), tokens, budget, observe=_count))
        identity = IdentityService(sdp.sign_in.accounts_url)
        stack.push_async_callback(identity.aclose)
        yield House(
            settings=settings,
            redis_url=redis_url,
            store=store,
            sdp=sdp,
            identity=identity,
            keys=keys,
            slack=_slack_client(settings, session),
            session=session,
        )


def worker(house: House) -> Worker:
    """The worker with every job it knows."""

    async def look(release: str) -> None:
        await house.inbox.look(sdp_id(release))

    async def show(ref: str) -> None:
        await house.cards.show(ref)
        await house.digester.follow(ref)

    jobs: dict[str, Job] = {
        "poll": house.inbox.poll,
        "look": look,
        "decide": house.decisions.advance,
        "show": show,
        "replan": house.planner.replan,
        "digest": house.digester.run,
        "digest_now": house.digester.now,
        "digest_show": house.digester.redraw,
        "home": house.homes.show,
        "tell": house.cards.tell,
        "remind": house.reminding.remind,
        "inbox": house.reminding.inbox,
        "news": house.reminding.news,
        "connect": house.welcome.ask,
        "connected": house.welcome.connected,
        "rematch": house.welcome.rematch,
        "ledger": house.daily.care,
        "answer": house.desk.answer,
        "operate": house.operations.advance,
        "project_picture": house.project_pictures.send,
        "operated": house.operation_writer.show,
        "follow": house.following.follow,
    }
    return Worker(house.store, house.redis_url, {name: failures.in_a_line(job) for name, job in jobs.items()})


def bolt(house: House) -> AsyncApp:
    """The Bolt app: listeners run to their end before Slack is answered, so that no acknowledged click is lost."""
    secret = house.settings.slack_signing_secret
    app = RememberingApp(
        client=house.slack,
        authorize=_one_workspace(house),
        signing_secret=secret.get_secret_value() if secret else None,
        process_before_response=True,
        # `bot.web` checks the signature before anything is parsed, and Socket Mode has none: Bolt would do it again.
        request_verification_enabled=False,
        ssl_check_enabled=False,
        attaching_function_token_enabled=False,  # of workflow steps, which this bot is not
        # Bolt 1.30 warns about tokens it finds in the environment beside the client it is given.
        logger=quiet_logger("slack_bolt.app"),
    )
    handlers.register(
        app,
        house.services,
        memory=Memory(house.store),
        gestures_per_minute=house.settings.gestures_per_minute,
    )
    return app


def _one_workspace(house: House) -> Callable[..., Awaitable[AuthorizeResult]]:
    """The one token we have, without asking: a click must not depend on an answer from Slack.

    Said aloud also because SLACK_CLIENT_ID in the environment would switch Bolt 1.30 to its OAuth mode.
    """
    token = house.settings.slack_bot_token.get_secret_value()

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    return authorize


# --- roles ---------------------------------------------------------------------------------------------


async def run(settings: Settings, roles: Iterable[Role]) -> None:
    """Run these roles until SIGTERM or SIGINT; state comes up first and goes down last."""
    stop = _stop_on_signals()
    async with state(settings) as url, build(settings, url) as house, contextlib.AsyncExitStack() as stack:
        if "worker" in roles:
            await stack.enter_async_context(working(house))
        if "web" in roles:
            address = await stack.enter_async_context(serving(house))
            log.info("bot.ready", address=address, slack="socket mode" if settings.socket_mode else "http")
        elif settings.metrics_port:
            log.info("bot.watched", address=await stack.enter_async_context(watched(house)))
        _spare_what_stays()
        await stop.wait()
        log.info("bot.stopping")


def _spare_what_stays() -> None:
    """Tell the collector that what is there once all has started is no garbage.

    It would walk through these 100,000 objects every now and then, 50 ms in which no click is answered.
    """
    gc.collect()
    gc.freeze()


@contextlib.asynccontextmanager
async def working(house: House) -> AsyncIterator[Worker]:
    """The worker, with the first poll and every unsettled decision woken at once."""
    async with worker(house) as running:
        await running.wake("poll")
        await running.wake("ledger")
        await running.wake("replan")
        resumed = await house.decisions.resume() + await house.operations.resume()
        log.info("bot.working", resumed=resumed)
        yield running


@contextlib.asynccontextmanager
async def serving(house: House) -> AsyncIterator[str]:
    """The web role: the HTTP door, and Slack's socket when it is Socket Mode. Yields the door's address."""
    settings, app = house.settings, bolt(house)
    line = SocketLine(app, settings.slack_app_token.get_secret_value()) if settings.slack_app_token else None
    web = _web(house, None if settings.socket_mode else app, line)
    async with contextlib.AsyncExitStack() as stack:
        door = listening_socket(settings.host, settings.port)
        address = await stack.enter_async_context(http_serving(web.app(), door, drain_seconds=WEB_DRAIN_SECONDS))
        if line is not None:
            await stack.enter_async_context(line)
        yield address


@contextlib.asynccontextmanager
async def watched(house: House) -> AsyncIterator[str]:
    """A worker's own door for whoever watches it: its health, readiness and metrics."""
    door = listening_socket(house.settings.host, house.settings.metrics_port)
    async with http_serving(_web(house, None, None).app(), door) as address:
        yield address


def _web(house: House, app: AsyncApp | None, line: SocketLine | None) -> Web:
    settings = house.settings
    shared = (settings.slack_signing_secret, settings.sdp_webhook_secret)
    signing, webhook = (one.get_secret_value() if one else None for one in shared)
    pace = Pace.per_minute(settings.sdp_calls_per_minute)
    return Web(
        bolt=app,
        signing_secret=signing,
        hints=house.jobs,
        ready=house.store,
        webhook_secret=webhook,
        linking=house.linking,
        secure_cookie=(settings.public_url or "").startswith("https:"),
        form_target=origin_of(house.sdp.sign_in.accounts_url),
        metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
        refresh_gauges=Watch(house.store, house.jobs, pace, lambda: line.age if line else 0.0).refresh,
    )


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop


# --- settings to parts -----------------------------------------------------------------------------------


def _slack_client(settings: Settings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """No retries inside: repeating a call whose answer was lost would post twice."""
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=f"{settings.slack_api_url}/",
        session=session,
        retry_handlers=[],
    )


def _sdp_settings(settings: Settings) -> SdpSettings:
    return SdpSettings(
        url=settings.sdp_url,
        accounts_url=settings.sdp_accounts_url,
        client_id=settings.sdp_client_id,
        client_secret=settings.sdp_client_secret.get_secret_value(),
        refresh_token=settings.sdp_refresh_token.get_secret_value(),
        slack_files_url=_slack_files(settings.slack_api_url),
        answer_seconds=settings.sdp_answer_seconds,
    )


def _slack_files(api_url: str) -> str:
    """Slack keeps files on a host of their own; whatever stands in for Slack keeps them on its only one."""
    return "https://files.slack.com" if urlsplit(api_url).hostname == "slack.com" else origin_of(api_url)


def _keyring(settings: Settings) -> Keyring:
    return keyring(
        [key.get_secret_value() for key in settings.token_keys],
        settings.data_dir,
        shared=settings.redis_url is not None,
        client_secret=settings.sdp_client_secret.get_secret_value(),
    )
