"""The Home tab: published at once from what is known, then again from what SDP has; its settings and pages."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from json import dumps
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from blocks import home as tab
from blocks import ids
from blocks.digest import by_release
from blocks.home import CHOICES, Connection, HomeView, Section
from blocks.kit import Block, button
from blocks.rows import Addresses
from bot.accounts import Accounts
from bot.digest import Viewer, asked_of_others, is_over, maintenances_of, runs_between, waiting_for
from bot.errors import BadInput, NotAllowed, SdpError
from bot.jobs import Jobs
from bot.models import Maintenance, MaintenanceState
from bot.overview import Index, Overviews
from bot.permissions import Rights, Standing
from bot.planner import Planner
from bot.preferences import PreferenceService
from bot.store import Digests, Links, Memory
from handlers.listeners import Listeners
from handlers.messenger import Messenger
from handlers.people import Welcome
from handlers.rows import RowReader
from handlers.sheets import Sheets

Body = dict[str, Any]

FRESH = timedelta(minutes=1)
"""A tab from within the last minute is not read anew."""
AHEAD = timedelta(days=7)
KEPT = timedelta(days=1)

log = structlog.get_logger()


class HomeWriter:
    """Draws and publishes Home tabs."""

    def __init__(
        self,
        *,
        overviews: Overviews,
        rows: RowReader,
        sheets: Sheets,
        preferences: PreferenceService,
        planner: Planner,
        digests: Digests,
        rights: Rights,
        accounts: Accounts,
        links: Links,
        messenger: Messenger,
        memory: Memory,
        addresses: Callable[[], Awaitable[Addresses]],
    ) -> None:
        self._overviews = overviews
        self._rows = rows
        self._sheets = sheets
        self._preferences = preferences
        self._planner = planner
        self._digests = digests
        self._rights = rights
        self._accounts = accounts
        self._links = links
        self._messenger = messenger
        self._memory = memory
        self._addresses = addresses

    async def show(self, person: str) -> None:
        """Publish somebody's tab: from what is known at once, then from a fresh look at SDP. A job."""
        try:
            standing = await self._rights.of(person)
        except NotAllowed as stranger:
            log.info("home.nobody", person=person, said=str(stranger))
            return
        if not (standing.reader or standing.own_account):
            await self._publish(person, tab.stranger())
            return
        known = await self._overviews.known()
        looked_at = known.overview.polled_at if known else None
        fresh_enough = looked_at is not None and datetime.now(UTC) - looked_at < FRESH
        await self._publish(person, tab.home(await self._view(standing, known, refreshing=not fresh_enough)))
        if not fresh_enough:
            await self._publish(person, tab.home(await self._view(standing, await self._look(known))))

    async def _look(self, known: Index | None) -> Index | None:
        try:
            return await self._overviews.fresh(FRESH)
        except SdpError as error:
            log.info("home.stale", error=str(error))
            return known

    async def _publish(self, person: str, view: Block) -> None:
        """Each face once: a tab that has not changed is left alone under its reader's fingers."""
        face = sha256(dumps(view, sort_keys=True).encode()).hexdigest()[:16]
        if await self._memory.recall("home_face", person) != face:
            await self._messenger.publish(person, view)
            await self._memory.keep("home_face", person, face, KEPT)

    async def opened(self, person: str) -> None:
        """Whatever was published before, the next publication goes out."""
        await self._memory.forget("home_face", person)

    async def turn(self, person: str, pages: str) -> None:
        """Remember which pages somebody has turned to."""
        await self._memory.keep("home_pages", person, pages, KEPT)

    # --- what is on it ------------------------------------------------------------------------------------

    async def _view(self, standing: Standing, index: Index | None, *, refreshing: bool = False) -> HomeView:
        person = standing.person.id
        pages = tab.unpack(await self._memory.recall("home_pages", person) or "")
        view = HomeView(
            addresses=await self._addresses(),
            habits=await self._preferences.habits(person),
            pages=pages,
            operates=standing.operator or standing.own_account,
            connection=await self._connection(person),
            next_digest=await self._planner.next_for(person),
            refreshing=refreshing,
        )
        view = _with_connect(view)
        return view if index is None else await self._filled(view, index, await self._sheets.viewer(standing))

    async def _filled(self, view: HomeView, index: Index, viewer: Viewer) -> HomeView:
        now = datetime.now(UTC)
        waiting = waiting_for(index, viewer)
        size = tab.PAGE_ROWS[Section.WAITING]
        start = view.page(Section.WAITING, len(waiting)) * size
        refs = [one.ask.ref for one in waiting[start : start + size]]
        await self._digests.lists(tuple(refs), f"home|{viewer.slack.id}")
        mine = list(maintenances_of(index, viewer))
        rows = await self._rows.of(viewer.slack.id, refs)
        return replace(
            view,
            as_of=index.overview.polled_at or index.overview.read_at,
            rows=rows,
            waiting=len(waiting) - sum(not row.is_asked for row in rows),
            listed=len(waiting),
            asked=by_release(asked_of_others(index, viewer)),
            runs=runs_between(mine, now, now + AHEAD),
            paused=_paused(mine),
            projects=[one for one in index.projects(viewer.known_as) if not is_over(one)],
        )

    async def _connection(self, person: str) -> Connection:
        if not self._accounts.by_person:
            return Connection.SERVICE
        if not self._accounts.may_connect:
            return Connection.IN_SDP
        link = await self._links.of(person)
        return Connection.LINKED if link and not link.broken else Connection.NOT_LINKED


def _with_connect(view: HomeView) -> HomeView:
    if view.connection is not Connection.NOT_LINKED:
        return view
    return replace(view, connect=[button("Connect my SDP account", ids.HOME_CONNECT, "connect", "primary")])


def _paused(maintenances: list[Maintenance]) -> list[Maintenance]:
    return [one for one in maintenances if one.state is MaintenanceState.SUSPENDED]


# --- listeners ---------------------------------------------------------------------------------------------


def register(listen: Listeners) -> None:
    """Listeners of this topic."""
    listen.event("app_home_opened", came)
    listen.action(ids.HOME_REFRESH, refresh)
    listen.action(re.compile(rf"^{re.escape(ids.HOME_PAGE)}:"), turn)
    listen.action(ids.HOME_CHOICES, choose)
    listen.action(ids.HOME_DIGEST_DAYS, choose_days)
    listen.action(ids.HOME_DEFAULTS, back_to_defaults)
    listen.action(ids.HOME_CONNECT, connect)
    listen.action(ids.OPEN_HOME, opened)
    for action_id in CLOCKS:
        listen.action(action_id, set_clock)


CLOCKS = {
    ids.HOME_DIGEST_AT: "digest_at",
    ids.HOME_QUIET_FROM: "quiet_from",
    ids.HOME_QUIET_UNTIL: "quiet_until",
}
"""Action id of a time picker → the preference it sets."""
ALL = ("digest", "digest_at", "digest_days", "reminders", "quiet_from", "quiet_until", "mentions")


async def came(event: Body, homes: HomeWriter, jobs: Jobs) -> None:
    if event.get("tab", "home") == "home":
        await homes.opened(event["user"])
        await jobs.wake("home", event["user"])


async def refresh(ack: AsyncAck, body: Body, homes: HomeWriter, jobs: Jobs) -> Any:
    await homes.opened(body["user"]["id"])
    await jobs.wake("home", body["user"]["id"])
    return await ack()


async def turn(ack: AsyncAck, body: Body, homes: HomeWriter, jobs: Jobs) -> Any:
    pages = tab.unpack((body.get("view") or {}).get("private_metadata") or "")
    turned = tab.unpack(_value(body))
    await homes.turn(body["user"]["id"], tab.pack({**pages, **turned}))
    await jobs.wake("home", body["user"]["id"])
    return await ack()


async def choose(ack: AsyncAck, body: Body, preferences: PreferenceService, jobs: Jobs) -> Any:
    chosen = {option.get("value") for option in body["actions"][0].get("selected_options") or []}
    return await _set(ack, body, preferences, jobs, **{name: name in chosen for name in CHOICES})


async def choose_days(ack: AsyncAck, body: Body, preferences: PreferenceService, jobs: Jobs) -> Any:
    values = [option.get("value", "") for option in body["actions"][0].get("selected_options") or []]
    days = frozenset(int(value) for value in values if value.isdecimal() and len(value) == 1)
    return await _set(ack, body, preferences, jobs, digest_days=days)


async def set_clock(ack: AsyncAck, body: Body, preferences: PreferenceService, jobs: Jobs) -> Any:
    action = body["actions"][0]
    at = _time(action.get("selected_time") or "")
    return await _set(ack, body, preferences, jobs, **{CLOCKS[action["action_id"]]: at})


async def back_to_defaults(ack: AsyncAck, body: Body, preferences: PreferenceService, jobs: Jobs) -> Any:
    return await _set(ack, body, preferences, jobs, **dict.fromkeys(ALL))


async def connect(ack: AsyncAck, body: Body, welcome: Welcome) -> Any:
    await welcome.invite(body["user"]["id"], "")
    return await ack()


async def opened(ack: AsyncAck, body: Body, jobs: Jobs) -> Any:
    """The button's address leads to the tab by itself; what is on it is brought up to date meanwhile."""
    await jobs.wake("home", body["user"]["id"])
    return await ack()


async def _set(ack: AsyncAck, body: Body, preferences: PreferenceService, jobs: Jobs, **chosen: Any) -> Any:
    person = body["user"]["id"]
    await preferences.change(person, **chosen)
    await jobs.wake("home", person)
    return await ack()


def _value(body: Body) -> str:
    return str(body["actions"][0].get("value") or "")


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise BadInput("This is no time of day. Please choose one from the list.") from None
