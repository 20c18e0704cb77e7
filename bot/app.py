"""The composition root: settings in, everything wired, nothing global. Alone in knowing everybody."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import structlog
from redis.exceptions import RedisError
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from blocks.rows import Addresses
from bot.accounts import Accounts
from bot.approval_deeds import ReminderDeeds
from bot.archive import Archive
from bot.audit import Audit
from bot.brake import Brake
from bot.decisions import DecisionRules, DecisionService
from bot.doctor import Doctor, Setup
from bot.errors import BotError
from bot.inbox import Inbox
from bot.jobs import Jobs, Worker
from bot.keyring import Keyring, keyring
from bot.ledger import Ledger
from bot.linking import Linking, Zoho
from bot.logs import quiet_logger
from bot.maintenances import DEEDS as MAINTENANCE_DEEDS
from bot.maintenances import MaintenanceService
from bot.models import SlackPerson, sdp_id
from bot.neighbours import Neighbours
from bot.operations import Deed, OperationRules, OperationService
from bot.overview import Overviews
from bot.people import People
from bot.permissions import Rights, RightsLists
from bot.planner import Planner
from bot.preferences import Habits, PreferenceService
from bot.project_changes import deeds as project_deeds
from bot.projects import ProjectService
from bot.reach import Reach
from bot.schedule import zone_of
from bot.sdp import Sdp, SdpSettings
from bot.sdp.budget import Pace
from bot.sdp.identity import IdentityService
from bot.settings import Settings
from bot.socket_mode import SocketLine
from bot.sockets import listening_socket
from bot.sockets import serving as http_serving
from bot.store import (
    Asks,
    Brakes,
    Cards,
    Decisions,
    Digests,
    Health,
    LedgerLog,
    Links,
    Memory,
    Operations,
    OverviewText,
    PostPace,
    PreferenceRecords,
    RedisBudget,
    RedisTokens,
    Releases,
    Store,
    connect,
)
from bot.valkey import embedded
from bot.web import Web, origin_of
from handlers.admin import Daily
from handlers.answering import Desk
from handlers.approval_commands import ApprovalDesk, Following, WaitingApprovals, face_of_reminder
from handlers.cards import CardRules, CardWriter
from handlers.commands import TABLE
from handlers.digesting import DigestWriter
from handlers.examining import Examiner
from handlers.home import HomeWriter
from handlers.maintenances import MaintenanceFace, Previewer
from handlers.messenger import Messenger
from handlers.operations import OperationWriter
from handlers.people import Welcome
from handlers.project_windows import ProjectFaces, UploadProgress
from handlers.projects import ProjectPictures
from handlers.reminding import Reminding
from handlers.rows import RowReader
from handlers.sheets import Sheets

Role = Literal["web", "worker"]
SLACK_TIMEOUT_SECONDS = 10
WEB_DRAIN_SECONDS = 5

log = structlog.get_logger()


class StateUnreachable(BotError):
    """The server REDIS_URL names does not answer."""


@dataclass(frozen=True, slots=True)
class House:
    """Everything that is wired together, for whoever starts a role or looks inside from a command."""

    settings: Settings
    redis_url: str
    store: Store
    jobs: Jobs
    ledger: Ledger
    sdp: Sdp
    people: People
    rights: Rights
    accounts: Accounts
    linking: Linking
    links: Links
    brake: Brake
    welcome: Welcome
    releases: Releases
    audit: Audit
    doctor: Doctor
    daily: Daily
    inbox: Inbox
    decisions: DecisionService
    cards: CardWriter
    reminding: Reminding
    preferences: PreferenceService
    planner: Planner
    overviews: Overviews
    digests: Digests
    digester: DigestWriter
    homes: HomeWriter
    desk: Desk
    operations: OperationService
    operation_writer: OperationWriter
    following: Following
    project_pictures: ProjectPictures
    messenger: Messenger
    slack: AsyncWebClient
    services: dict[str, object]


@contextlib.asynccontextmanager
async def state(settings: Settings) -> AsyncIterator[str]:
    """The address of Redis: the configured one, or the embedded Valkey for as long as the block runs."""
    if settings.redis_url is not None:
        yield settings.redis_url
        return
    async with embedded(settings.data_dir) as url:
        yield url


@contextlib.asynccontextmanager
async def build(settings: Settings, redis_url: str) -> AsyncIterator[House]:
    """Wire everything; closes what it opened. Raises StateUnreachable."""
    async with contextlib.AsyncExitStack() as stack:
        store = Store(connect(redis_url))
        stack.push_async_callback(store.aclose)
        try:
            await store.answers()
        except RedisError as error:
            raise StateUnreachable(f"Redis takes no writes at REDIS_URL ({type(error).__name__}).") from None
        timeout = aiohttp.ClientTimeout(total=SLACK_TIMEOUT_SECONDS)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        pace = Pace.per_minute(settings.sdp_calls_per_minute)
        keys = _keyring(settings)
        tokens, budget = RedisTokens(store, keys.tokens), RedisBudget(store, pace)
        sdp = await stack.enter_async_context(Sdp(_sdp_settings(settings), tokens, budget))
        identity = IdentityService(sdp.sign_in.accounts_url)
        stack.push_async_callback(identity.aclose)
        yield _wire(settings, redis_url, store, sdp, identity, keys, _slack_client(settings, session), session)


def _wire(
    settings: Settings,
    redis_url: str,
    store: Store,
    sdp: Sdp,
    identity: IdentityService,
    keys: Keyring,
    slack: AsyncWebClient,
    session: aiohttp.ClientSession,
) -> House:
    jobs, memory, releases = Jobs(store), Memory(store), Releases(store)
    copies, records = Cards(store), Decisions(store)
    messenger = Messenger(slack, memory)
    archive = Archive(settings.data_dir / "ledger")
    ledger = Ledger(LedgerLog(store), archive, keys.derived("ledger"), messenger)
    links, brake = Links(store, keys.tokens), Brake(Brakes(store))
    people = People(messenger, memory, links, sdp.background().people, allow_external=settings.allow_external)
    rights = Rights(RightsLists(settings.operators, settings.admins, settings.readers), people, messenger)
    linking = Linking(
        public_url=settings.public_url,
        keys=keys.derived("links") if keys.may_link else (),
        zoho=Zoho(sdp.sign_in, identity, sdp.people),
        home=messenger,
        people=people,
        links=links,
        ledger=ledger,
        jobs=jobs,
    )
    accounts = Accounts(
        sdp=sdp,
        people=people,
        rights=rights,
        links=links,
        brake=brake,
        by_person=settings.sdp_act_as == "person",
        may_connect=linking.possible,
    )
    welcome = Welcome(
        messenger=messenger,
        linking=linking,
        links=links,
        records=records,
        releases=releases,
        memory=memory,
        jobs=jobs,
    )
    inbox = Inbox(sdp, releases, copies, jobs, poll_every=timedelta(seconds=settings.poll_seconds))
    decisions = DecisionService(
        sdp=sdp,
        inbox=inbox,
        accounts=accounts,
        decisions=records,
        releases=releases,
        memory=memory,
        jobs=jobs,
        ledger=ledger,
        rules=_decision_rules(settings),
    )
    writer = CardWriter(
        messenger=messenger,
        people=people,
        decisions=decisions,
        records=records,
        releases=releases,
        cards=copies,
        memory=memory,
        jobs=jobs,
        rules=_card_rules(settings, accounts),
        collisions=Neighbours(sdp, releases).lines,
    )
    preferences = PreferenceService(PreferenceRecords(store), jobs, _habits(settings))
    reminding = Reminding(
        writer=writer,
        messenger=messenger,
        people=people,
        releases=releases,
        cards=copies,
        memory=memory,
        after=settings.remind_after,
        wanted=_wants_reminders(preferences),
        quiet_ends=_quiet_ends(preferences),
    )
    sdp_page = f"{settings.sdp_url}/ui"
    projects = ProjectService(accounts, f"{sdp_page}/projects/{{project}}/details")
    operations = OperationService(
        operations=Operations(store),
        jobs=jobs,
        ledger=ledger,
        sdp=sdp,
        accounts=accounts,
        deeds={
            **MAINTENANCE_DEEDS,
            **ReminderDeeds(memory).deeds(),
            **_project_deeds(settings, sdp, people, messenger),
        },
        rules=_operation_rules(settings),
    )
    operation_writer = OperationWriter(
        operations=operations,
        messenger=messenger,
        memory=memory,
        faces={
            "maintenance": MaintenanceFace(f"{sdp_page}/changes/{{change}}/details"),
            "project": ProjectFaces(projects),
            "approval": face_of_reminder,
        },
    )
    maintenances = MaintenanceService(releases, memory)
    waiting = WaitingApprovals(releases, people)
    approval_desk = ApprovalDesk(
        accounts=accounts,
        inbox=inbox,
        releases=releases,
        waiting=waiting,
        decisions=decisions,
        records=records,
        operations=operations,
        writer=writer,
        messenger=messenger,
        memory=memory,
    )
    following = Following(approval_desk, jobs)
    maintenance_link = f"{sdp_page}/change_maintenances/{{maintenance}}/details"
    digests = Digests(store)
    overviews = Overviews(sdp, releases, OverviewText(store), links)
    planner = Planner(digests=digests, preferences=preferences, people=people, roster=messenger, jobs=jobs)
    addresses = _addresses(settings, messenger)
    rows = RowReader(releases, records, decisions, can_decide=_card_rules(settings, accounts).can_decide)
    sheets = Sheets(
        digests=digests, rows=rows, people=people, rights=rights, preferences=preferences, addresses=addresses
    )
    digester = DigestWriter(
        digests=digests,
        planner=planner,
        overviews=overviews,
        sheets=sheets,
        messenger=messenger,
        memory=memory,
        pace=PostPace(store, settings.digests_per_second),
        jobs=jobs,
    )
    homes = HomeWriter(
        overviews=overviews,
        rows=rows,
        sheets=sheets,
        preferences=preferences,
        planner=planner,
        digests=digests,
        rights=rights,
        accounts=accounts,
        links=links,
        messenger=messenger,
        memory=memory,
        addresses=addresses,
    )
    audit = Audit(ledger, archive, releases, sdp)
    doctor = Doctor(
        setup=_setup(settings, keys),
        health=Health(store),
        jobs=jobs,
        ledger=ledger,
        links=links,
        linking=linking,
        brakes=Brakes(store),
        people=people,
        releases=releases,
        cards=copies,
        digests=digests,
        sdp=sdp,
        slack=Examiner(slack),
        web=Reach(session),
    )
    services: dict[str, object] = {
        "operations": operations,
        "maintenances": maintenances,
        "previewer": Previewer(accounts, maintenances, operations),
        "maintenance_link": maintenance_link,
        "projects": projects,
        "waiting": waiting,
        "approval_desk": approval_desk,
        "following": following,
        "memory": memory,
        "decisions": decisions,
        "messenger": messenger,
        "releases": releases,
        "reminding": reminding,
        "jobs": jobs,
        "rights": rights,
        "people": people,
        "accounts": accounts,
        "linking": linking,
        "links": links,
        "brake": brake,
        "welcome": welcome,
        "ledger": ledger,
        "audit": audit,
        "doctor": doctor,
        "preferences": preferences,
        "digests": digests,
        "planner": planner,
        "digester": digester,
        "homes": homes,
    }

    desk = Desk(
        table=TABLE,
        messenger=messenger,
        rights=rights,
        accounts=accounts,
        welcome=welcome,
        asks=Asks(store),
        jobs=jobs,
        ledger=ledger,
        services=services,
    )
    services["desk"] = desk
    return House(
        settings=settings,
        redis_url=redis_url,
        store=store,
        jobs=jobs,
        ledger=ledger,
        sdp=sdp,
        people=people,
        rights=rights,
        accounts=accounts,
        linking=linking,
        links=links,
        brake=brake,
        welcome=welcome,
        releases=releases,
        audit=audit,
        doctor=doctor,
        daily=Daily(audit, messenger, memory, settings.approvals_channel),
        inbox=inbox,
        decisions=decisions,
        cards=writer,
        reminding=reminding,
        preferences=preferences,
        planner=planner,
        overviews=overviews,
        digests=digests,
        digester=digester,
        homes=homes,
        desk=desk,
        operations=operations,
        operation_writer=operation_writer,
        following=following,
        project_pictures=ProjectPictures(projects, messenger, memory),
        messenger=messenger,
        slack=slack,
        services=services,
    )


def _project_deeds(settings: Settings, sdp: Sdp, people: People, messenger: Messenger) -> dict[str, Deed]:
    files = sdp.slack_files(settings.slack_bot_token.get_secret_value())
    return project_deeds(people, files, UploadProgress(messenger))


def _quiet_ends(preferences: PreferenceService) -> Callable[[SlackPerson], Awaitable[datetime | None]]:
    async def quiet_ends(person: SlackPerson) -> datetime | None:
        return (await preferences.habits(person.id)).quiet_ends(datetime.now(UTC), zone_of(person.tz))

    return quiet_ends


def _wants_reminders(preferences: PreferenceService) -> Callable[[str], Awaitable[bool]]:
    async def wanted(slack_id: str) -> bool:
        return (await preferences.habits(slack_id)).reminders

    return wanted


def worker(house: House) -> Worker:
    """The worker with every job it knows."""

    async def look(release: str) -> None:
        await house.inbox.look(sdp_id(release))

    async def show(ref: str) -> None:
        await house.cards.show(ref)
        await house.digester.follow(ref)

    return Worker(
        house.store,
        house.redis_url,
        {
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
        },
    )


def bolt(house: House) -> AsyncApp:
    """The Bolt app: listeners run to their end before Slack is answered, so that no acknowledged click is lost."""
    secret = house.settings.slack_signing_secret
    app = AsyncApp(
        client=house.slack,
        authorize=_one_workspace(house),
        signing_secret=secret.get_secret_value() if secret else None,
        process_before_response=True,
        request_verification_enabled=secret is not None,
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
        await stop.wait()
        log.info("bot.stopping")


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
    settings = house.settings
    app = bolt(house)
    shared = (settings.slack_signing_secret, settings.sdp_webhook_secret)
    signing, webhook = (one.get_secret_value() if one else None for one in shared)
    web = Web(
        bolt=None if settings.socket_mode else app,
        signing_secret=signing,
        hints=house.jobs,
        ready=house.store,
        webhook_secret=webhook,
        linking=house.linking,
        secure_cookie=(settings.public_url or "").startswith("https:"),
        form_target=origin_of(house.sdp.sign_in.accounts_url),
        metrics_token=settings.metrics_token.get_secret_value() if settings.metrics_token else None,
    )
    async with contextlib.AsyncExitStack() as stack:
        door = listening_socket(settings.host, settings.port)
        address = await stack.enter_async_context(http_serving(web.app(), door, drain_seconds=WEB_DRAIN_SECONDS))
        if settings.slack_app_token is not None:
            await stack.enter_async_context(SocketLine(app, settings.slack_app_token.get_secret_value()))
        yield address


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
    )


def _slack_files(api_url: str) -> str:
    """Slack keeps files on a host of their own; whatever stands in for Slack keeps them on its only one."""
    return "https://files.slack.com" if urlsplit(api_url).hostname == "slack.com" else origin_of(api_url)


def _decision_rules(settings: Settings) -> DecisionRules:
    return DecisionRules(
        undo=timedelta(seconds=settings.undo_seconds),
        undo_high_risk=timedelta(seconds=settings.undo_seconds_high_risk),
        stale=timedelta(minutes=settings.undo_stale_minutes),
        unknown=timedelta(minutes=settings.unknown_minutes),
        comment_max=settings.sdp_comment_max,
        own_release_refused=settings.self_approval == "refuse",
    )


def _operation_rules(settings: Settings) -> OperationRules:
    """One patience for everything unknown: an administrator sets it once."""
    unknown = timedelta(minutes=settings.unknown_minutes)
    return OperationRules(settle=min(OperationRules().settle, unknown), unknown=unknown)


def _card_rules(settings: Settings, accounts: Accounts) -> CardRules:
    return CardRules(
        link=f"{settings.sdp_url}/ui/releases/{{release}}/details",
        approvals_channel=settings.approvals_channel,
        can_decide=not accounts.by_person or accounts.may_connect,
        own_release_refused=settings.self_approval == "refuse",
        batch_from=settings.batch_from,
    )


def _habits(settings: Settings) -> Habits:
    return Habits(digest_at=settings.digest_time, digest_days=settings.digest_days)


def _addresses(settings: Settings, messenger: Messenger) -> Callable[[], Awaitable[Addresses]]:
    """Where records are in SDP's own pages, and the Home tab in Slack."""

    async def addresses() -> Addresses:
        return Addresses(
            release=f"{settings.sdp_url}/ui/releases/{{id}}/details",
            maintenance=f"{settings.sdp_url}/ui/change_maintenances/{{id}}/details",
            project=f"{settings.sdp_url}/ui/projects/{{id}}/details",
            home=await messenger.home_address(),
        )

    return addresses


def _setup(settings: Settings, keys: Keyring) -> Setup:
    return Setup(
        act_as=settings.sdp_act_as,
        socket_mode=settings.socket_mode,
        public_url=settings.public_url,
        keys_from=keys.source,
        shared_redis=settings.redis_url is not None,
        approvals_channel=settings.approvals_channel,
        sdp_url=settings.sdp_url,
        webhook=settings.sdp_webhook_secret is not None,
        operators=bool(settings.operators),
        admins=bool(settings.admins),
    )


def _keyring(settings: Settings) -> Keyring:
    return keyring(
        [key.get_secret_value() for key in settings.token_keys],
        settings.data_dir,
        shared=settings.redis_url is not None,
        client_secret=settings.sdp_client_secret.get_secret_value(),
    )
