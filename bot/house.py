"""The house: every part of the bot and what it is made of. One property a part, made when it is first asked for.

Nothing here decides anything. A part names the parts it needs, and so the order in which they are made follows by
itself. `bot.app` opens what has to be closed again and starts the roles.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import cast

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from blocks.rows import Addresses
from bot.accounts import Accounts
from bot.approval_deeds import ReminderDeeds
from bot.archive import Archive
from bot.audit import Audit
from bot.brake import Brake
from bot.decisions import DecisionRules, DecisionService
from bot.doctor import Doctor, Setup
from bot.inbox import Inbox
from bot.jobs import Jobs
from bot.keyring import Keyring
from bot.ledger import Ledger
from bot.linking import Linking, Zoho
from bot.maintenances import DEEDS as MAINTENANCE_DEEDS
from bot.maintenances import MaintenanceService
from bot.models import SlackPerson
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
from bot.sdp import Sdp
from bot.sdp.identity import IdentityService
from bot.settings import Settings
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
    Releases,
    Store,
)
from handlers.admin import Daily
from handlers.answering import Desk
from handlers.approval_commands import ApprovalDesk, WaitingApprovals, face_of_reminder
from handlers.cards import CardRules, CardWriter
from handlers.commands import TABLE
from handlers.digesting import DigestWriter
from handlers.examining import Examiner
from handlers.following import Following
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

HANDED_OVER = (
    "accounts",
    "approval_desk",
    "audit",
    "brake",
    "decisions",
    "digester",
    "digests",
    "doctor",
    "following",
    "homes",
    "jobs",
    "ledger",
    "linking",
    "links",
    "maintenance_link",
    "maintenances",
    "memory",
    "messenger",
    "operations",
    "people",
    "planner",
    "preferences",
    "previewer",
    "projects",
    "releases",
    "reminding",
    "rights",
    "waiting",
    "welcome",
)
"""What listeners and commands may ask for, by argument name: properties of the house."""


class House:
    """Everything, wired. Give it what was opened; it opens nothing itself."""

    def __init__(
        self,
        *,
        settings: Settings,
        redis_url: str,
        store: Store,
        sdp: Sdp,
        identity: IdentityService,
        keys: Keyring,
        slack: AsyncWebClient,
        session: aiohttp.ClientSession,
    ) -> None:
        self.settings = settings
        self.redis_url = redis_url
        self.store = store
        self.sdp = sdp
        self.slack = slack
        self._identity = identity
        self._keys = keys
        self._session = session

    # --- what is kept ------------------------------------------------------------------------------------

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.store)

    @cached_property
    def memory(self) -> Memory:
        return Memory(self.store)

    @cached_property
    def releases(self) -> Releases:
        return Releases(self.store)

    @cached_property
    def copies(self) -> Cards:
        return Cards(self.store)

    @cached_property
    def records(self) -> Decisions:
        return Decisions(self.store)

    @cached_property
    def links(self) -> Links:
        return Links(self.store, self._keys.tokens)

    @cached_property
    def digests(self) -> Digests:
        return Digests(self.store)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.settings.data_dir / "ledger")

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(LedgerLog(self.store), self.archive, self._keys.derived("ledger"), self.messenger)

    # --- who, and on whose behalf ----------------------------------------------------------------------------

    @cached_property
    def messenger(self) -> Messenger:
        return Messenger(self.slack, self.memory)

    @cached_property
    def people(self) -> People:
        return People(
            self.messenger,
            self.memory,
            self.links,
            self.sdp.background().people,
            allow_external=self.settings.allow_external,
        )

    @cached_property
    def rights(self) -> Rights:
        lists = RightsLists(self.settings.operators, self.settings.admins, self.settings.readers)
        return Rights(lists, self.people, self.messenger)

    @cached_property
    def brake(self) -> Brake:
        return Brake(Brakes(self.store))

    @cached_property
    def linking(self) -> Linking:
        return Linking(
            public_url=self.settings.public_url,
            keys=self._keys.derived("links") if self._keys.may_link else (),
            zoho=Zoho(self.sdp.sign_in, self._identity, self.sdp.people),
            home=self.messenger,
            people=self.people,
            links=self.links,
            ledger=self.ledger,
            jobs=self.jobs,
        )

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(
            sdp=self.sdp,
            people=self.people,
            rights=self.rights,
            links=self.links,
            brake=self.brake,
            by_person=self.settings.sdp_act_as == "person",
            may_connect=self.linking.possible,
        )

    @cached_property
    def welcome(self) -> Welcome:
        return Welcome(
            messenger=self.messenger,
            linking=self.linking,
            links=self.links,
            records=self.records,
            releases=self.releases,
            memory=self.memory,
            jobs=self.jobs,
        )

    @cached_property
    def preferences(self) -> PreferenceService:
        habits = Habits(digest_at=self.settings.digest_time, digest_days=self.settings.digest_days)
        return PreferenceService(PreferenceRecords(self.store), self.jobs, habits)

    # --- approvals ---------------------------------------------------------------------------------------------

    @cached_property
    def inbox(self) -> Inbox:
        every = timedelta(seconds=self.settings.poll_seconds)
        return Inbox(self.sdp, self.releases, self.jobs, poll_every=every)

    @cached_property
    def decisions(self) -> DecisionService:
        return DecisionService(
            sdp=self.sdp,
            inbox=self.inbox,
            accounts=self.accounts,
            decisions=self.records,
            releases=self.releases,
            memory=self.memory,
            jobs=self.jobs,
            ledger=self.ledger,
            rules=_decision_rules(self.settings),
        )

    @cached_property
    def cards(self) -> CardWriter:
        return CardWriter(
            messenger=self.messenger,
            people=self.people,
            decisions=self.decisions,
            records=self.records,
            releases=self.releases,
            cards=self.copies,
            memory=self.memory,
            jobs=self.jobs,
            rules=self._card_rules,
            collisions=Neighbours(self.sdp, self.releases).of,
        )

    @cached_property
    def reminding(self) -> Reminding:
        return Reminding(
            writer=self.cards,
            messenger=self.messenger,
            people=self.people,
            releases=self.releases,
            cards=self.copies,
            memory=self.memory,
            after=self.settings.remind_after,
            wanted=_wants_reminders(self.preferences),
            quiet_ends=_quiet_ends(self.preferences),
        )

    @cached_property
    def waiting(self) -> WaitingApprovals:
        return WaitingApprovals(self.releases, self.people)

    @cached_property
    def approval_desk(self) -> ApprovalDesk:
        return ApprovalDesk(
            accounts=self.accounts,
            inbox=self.inbox,
            releases=self.releases,
            waiting=self.waiting,
            decisions=self.decisions,
            records=self.records,
            operations=self.operations,
            writer=self.cards,
            messenger=self.messenger,
            memory=self.memory,
        )

    @cached_property
    def following(self) -> Following:
        return Following(self.approval_desk, self.jobs)

    # --- maintenances and projects --------------------------------------------------------------------------------

    @cached_property
    def maintenances(self) -> MaintenanceService:
        return MaintenanceService(self.releases, self.memory)

    @cached_property
    def previewer(self) -> Previewer:
        return Previewer(self.accounts, self.maintenances, self.operations)

    @cached_property
    def projects(self) -> ProjectService:
        return ProjectService(self.accounts, self._page("projects/{project}"))

    @cached_property
    def project_pictures(self) -> ProjectPictures:
        return ProjectPictures(self.projects, self.messenger, self.memory)

    @cached_property
    def operations(self) -> OperationService:
        return OperationService(
            operations=Operations(self.store),
            jobs=self.jobs,
            ledger=self.ledger,
            sdp=self.sdp,
            accounts=self.accounts,
            deeds={**MAINTENANCE_DEEDS, **ReminderDeeds(self.memory).deeds(), **self._project_deeds()},
            rules=_operation_rules(self.settings),
        )

    @cached_property
    def operation_writer(self) -> OperationWriter:
        return OperationWriter(
            operations=self.operations,
            messenger=self.messenger,
            memory=self.memory,
            faces={
                "maintenance": MaintenanceFace(self._page("changes/{change}")),
                "project": ProjectFaces(self.projects),
                "approval": face_of_reminder,
            },
        )

    @cached_property
    def maintenance_link(self) -> str:
        """A maintenance's page in SDP; `{maintenance}` is its id."""
        return self._page("change_maintenances/{maintenance}")

    def _project_deeds(self) -> dict[str, Deed]:
        files = self.sdp.slack_files(self.settings.slack_bot_token.get_secret_value())
        return project_deeds(self.people, files, UploadProgress(self.messenger))

    # --- the morning, and the Home tab ------------------------------------------------------------------------------

    @cached_property
    def overviews(self) -> Overviews:
        return Overviews(self.sdp, self.releases, OverviewText(self.store), self.links)

    @cached_property
    def planner(self) -> Planner:
        return Planner(
            digests=self.digests,
            preferences=self.preferences,
            people=self.people,
            roster=self.messenger,
            jobs=self.jobs,
        )

    @cached_property
    def rows(self) -> RowReader:
        return RowReader(self.releases, self.records, self.decisions, can_decide=self._card_rules.can_decide)

    @cached_property
    def sheets(self) -> Sheets:
        return Sheets(
            digests=self.digests,
            rows=self.rows,
            people=self.people,
            rights=self.rights,
            preferences=self.preferences,
            addresses=self._addresses,
        )

    @cached_property
    def digester(self) -> DigestWriter:
        return DigestWriter(
            digests=self.digests,
            planner=self.planner,
            overviews=self.overviews,
            sheets=self.sheets,
            messenger=self.messenger,
            memory=self.memory,
            pace=PostPace(self.store, self.settings.digests_per_second),
            jobs=self.jobs,
        )

    @cached_property
    def homes(self) -> HomeWriter:
        return HomeWriter(
            overviews=self.overviews,
            rows=self.rows,
            sheets=self.sheets,
            preferences=self.preferences,
            planner=self.planner,
            digests=self.digests,
            rights=self.rights,
            accounts=self.accounts,
            links=self.links,
            messenger=self.messenger,
            memory=self.memory,
            addresses=self._addresses,
        )

    # --- for administrators ------------------------------------------------------------------------------------------

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.ledger, self.archive, self.releases, self.sdp)

    @cached_property
    def daily(self) -> Daily:
        return Daily(self.audit, self.messenger, self.memory, self.settings.approvals_channel)

    @cached_property
    def doctor(self) -> Doctor:
        app_token = self.settings.slack_app_token
        return Doctor(
            setup=_setup(self.settings, self._keys),
            health=Health(self.store),
            jobs=self.jobs,
            ledger=self.ledger,
            links=self.links,
            linking=self.linking,
            brakes=Brakes(self.store),
            people=self.people,
            releases=self.releases,
            cards=self.copies,
            decisions=self.records,
            operations=Operations(self.store),
            digests=self.digests,
            sdp=self.sdp,
            rights=self.rights,
            slack=Examiner(self.slack, self.messenger, app_token.get_secret_value() if app_token else ""),
            web=Reach(self._session),
        )

    # --- what listeners get ------------------------------------------------------------------------------------------

    @cached_property
    def services(self) -> dict[str, object]:
        """What is handed to listeners and commands by argument name; the desk, which runs commands, among them."""
        named = {name: getattr(self, name) for name in HANDED_OVER}
        named["desk"] = Desk(
            table=TABLE,
            messenger=self.messenger,
            rights=self.rights,
            accounts=self.accounts,
            welcome=self.welcome,
            asks=Asks(self.store),
            jobs=self.jobs,
            ledger=self.ledger,
            services=named,
        )
        return named

    @property
    def desk(self) -> Desk:
        return cast(Desk, self.services["desk"])

    # --- addresses and rules ------------------------------------------------------------------------------------------

    def _page(self, path: str) -> str:
        """A record's page in SDP's own interface."""
        return f"{self.settings.sdp_url}/ui/{path}/details"

    @property
    def _card_rules(self) -> CardRules:
        return CardRules(
            link=self._page("releases/{release}"),
            maintenance_link=self.maintenance_link,
            approvals_channel=self.settings.approvals_channel,
            can_decide=not self.accounts.by_person or self.accounts.may_connect,
            own_release_refused=self.settings.self_approval == "refuse",
            batch_from=self.settings.batch_from,
        )

    async def _addresses(self) -> Addresses:
        """Where records are in SDP's own pages, and the Home tab in Slack."""
        return Addresses(
            release=self._page("releases/{id}"),
            maintenance=self._page("change_maintenances/{id}"),
            project=self._page("projects/{id}"),
            home=await self.messenger.home_address(),
        )


def _wants_reminders(preferences: PreferenceService) -> Callable[[str], Awaitable[bool]]:
    async def wanted(slack_id: str) -> bool:
        return (await preferences.habits(slack_id)).reminders

    return wanted


def _quiet_ends(preferences: PreferenceService) -> Callable[[SlackPerson], Awaitable[datetime | None]]:
    async def quiet_ends(person: SlackPerson) -> datetime | None:
        return (await preferences.habits(person.id)).quiet_ends(datetime.now(UTC), zone_of(person.tz))

    return quiet_ends


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
