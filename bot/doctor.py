"""The doctor: looks at everything the bot stands on and says what to do about what is wrong.

A check is a function that yields findings and raises nothing; one that cannot look says so as a finding. The exit
status of `sdp-bot doctor` is the worst severity: 0 well, 1 warnings, 2 problems.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from bot.approvals import asked
from bot.card_check import CardCheck, CardPages, Comparison
from bot.errors import BotError, SdpRefused, SdpScopeMissing, SdpSignInFailed
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.linking import Linking
from bot.models import Approval, ApprovalRef, Snapshot
from bot.people import People
from bot.permissions import Rights
from bot.sdp import Sdp
from bot.sdp.scopes import covers
from bot.store import Brakes, Cards, Digests, Health, Links, Releases
from bot.store.health import Durability

SKEW_MAX = timedelta(seconds=60)
"""Slack refuses requests that are five minutes off; a clock that drifts is mended long before."""
DIGESTS_LATE = timedelta(hours=1)
STUCK = timedelta(minutes=5)
CHECK_SECONDS = 20.0
LISTED = 10


class Severity(IntEnum):
    """How bad a finding is; the order is that of the exit status."""

    OK = 0
    HINT = 1
    WARNING = 2
    PROBLEM = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what is the case, and what to do about it."""

    about: str
    severity: Severity
    text: str
    fix: str = ""


Findings = AsyncIterator[Finding]
Check = Callable[[], Findings]


def worst(findings: Sequence[Finding]) -> Severity:
    return max((finding.severity for finding in findings), default=Severity.OK)


def exit_status(findings: Sequence[Finding]) -> int:
    return max(0, worst(findings) - 1)


# --- what it asks ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SlackState:
    """What Slack says about the bot: its scopes, its channels' troubles, its clock; `trouble` when it says nothing."""

    scopes: frozenset[str] = frozenset()
    now: datetime | None = None
    trouble: str = ""


class SlackSide(CardPages, Protocol):
    """Slack as the doctor asks it; `handlers.examining` is one."""

    async def examine(self) -> SlackState: ...

    async def socket_trouble(self) -> str:
        """Why Slack opens no socket to the app (Socket Mode), "" when it does."""
        ...

    async def is_in(self, channel: str) -> bool:
        """Whether the bot is a member of this channel, and there is one. Raises BotError."""
        ...


class WebSide(Protocol):
    """Asks an address from outside, as far as that is possible; `bot.reach` is one."""

    async def answers(self, url: str) -> bool: ...

    async def date(self, url: str) -> datetime | None:
        """The `Date` header of whoever answers there."""
        ...


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings the doctor looks at; no secrets."""

    act_as: str
    socket_mode: bool
    public_url: str | None
    keys_from: str
    shared_redis: bool
    approvals_channel: str | None
    sdp_url: str
    webhook: bool
    operators: bool
    admins: bool


SLACK_SCOPES = {
    "chat:write": "nothing can be posted",
    "im:write": "nobody can be written to",
    "im:history": "a card that was posted before a crash is not found again",
    "commands": "/sdp does not come here",
    "users:read": "nobody is known",
    "users:read.email": "people are not found by their address",
    "usergroups:read": "user groups in OPERATORS, ADMINS and READERS are not seen",
    "files:read": "files cannot be attached to projects",
    "files:write": "pictures of projects are not sent",
    "channels:read": "public channels are not seen",
    "groups:read": "private channels are not seen",
    "channels:history": "a card in a public channel is not found again after a crash",
    "groups:history": "a card in a private channel is not found again after a crash",
}
"""What the app's manifest asks for, and what does not work without it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A list of SDP's that the service account reads by itself; `lost` is what goes without it."""

    path: str
    called: str
    lost: str
    severity: Severity = Severity.WARNING


READINGS = (
    Reading("releases", "releases", "no approval is found", Severity.PROBLEM),
    Reading("change_maintenances", "maintenances", "overlaps, digests and Home tabs know no maintenances"),
    Reading("projects", "projects", "digests and Home tabs know no projects"),
    Reading("technicians", "technicians", "an address that two people share is not noticed"),
    Reading("requesters", "requesters", "an address that two people share is not noticed"),
)
SERVICE_READINGS = (
    Reading("changes", "changes", "no change can be picked for a project"),
    Reading("requests", "requests", "no request can be picked for a project"),
)
"""Read for people where the service account acts for them."""

SERVICE_SCOPES = {
    "SDPOnDemand.releases.UPDATE": "nobody can decide",
    "SDPOnDemand.changes.CREATE": "nobody can create or execute maintenances",
    "SDPOnDemand.changes.UPDATE": "nobody can change maintenances",
    "SDPOnDemand.changes.DELETE": "nobody can delete maintenances",
    "SDPOnDemand.projects.CREATE": "nobody can create projects",
    "SDPOnDemand.projects.UPDATE": "nobody can change projects",
    "SDPOnDemand.projects.DELETE": "nobody can delete projects",
    "SDPOnDemand.setup.READ": "forms have no menus",
}
"""What else the service account needs to act for people, and what goes without it. No harmless call tries these."""

NEW_REFRESH_TOKEN = "Make a refresh token of the service account with {} and set SDP_REFRESH_TOKEN."  # noqa: S105

SYNCS = {
    "everysec": (
        Severity.WARNING,
        "Redis syncs its file once a second: when its machine fails, the clicks of the last second are lost although "
        "Slack was told that they were taken.",
    ),
    "no": (
        Severity.PROBLEM,
        "Redis leaves it to the system when its file is synced: when its machine fails, half a minute of clicks can be "
        "lost although Slack was told that they were taken.",
    ),
}
"""Settings of appendfsync that do not keep every click (https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """Looks at everything at once."""

    setup: Setup
    health: Health
    jobs: Jobs
    ledger: Ledger
    links: Links
    linking: Linking
    brakes: Brakes
    people: People
    rights: Rights
    releases: Releases
    cards: Cards
    digests: Digests
    sdp: Sdp
    slack: SlackSide
    web: WebSide

    async def examine(self) -> list[Finding]:
        """Every finding, in the order of the checks."""
        own: tuple[tuple[str, Check], ...] = (
            ("settings", self._settings),
            ("settings", self._holders),
            ("brake", self._brake),
            ("slack", self._slack),
            ("address", self._address),
            ("sdp", self._sdp),
            ("redis", self._redis),
            ("jobs", self._stuck),
            ("clock", self._clocks),
            ("people", self._unreachable_people),
            ("accounts", self._broken_links),
            ("channels", self._channels),
            ("cards", self._cards),
            ("digests", self._digests),
            ("ledger", self._chain),
        )
        groups = await asyncio.gather(*(_looked(about, check) for about, check in own))
        return [finding for group in groups for finding in group]

    # --- settings ------------------------------------------------------------------------------------------

    async def _settings(self) -> Findings:
        setup = self.setup
        yield _ok("settings", f"SDP_ACT_AS is {setup.act_as}.")
        if setup.act_as == "person" and setup.public_url is None:
            yield _problem("settings", "Nobody can connect an account: PUBLIC_URL is not set.", "Set PUBLIC_URL.")
        if setup.act_as == "person" and setup.keys_from == "derived":
            yield _problem(
                "settings",
                "Nobody can connect an account: with REDIS_URL the tokens need keys of their own.",
                "Set TOKEN_KEYS, the same for all processes; `sdp-bot keys new` makes one.",
            )
        if setup.public_url is not None and not setup.public_url.startswith("https://"):
            yield _warning("settings", "PUBLIC_URL is not https.", "Put the bot behind a proxy with a certificate.")
        if setup.keys_from == "derived" and setup.shared_redis:
            yield _warning(
                "settings",
                "The ledger is sealed with a key made from the client secret; a new secret would leave it unproven.",
                "Set TOKEN_KEYS.",
            )
        if not setup.admins:
            yield _warning("settings", "Nobody can stop the bot from Slack: ADMINS is empty.", "Set ADMINS.")
        if setup.act_as == "service" and not setup.operators:
            yield _hint("settings", "Nobody can change maintenances: OPERATORS is empty.", "Set OPERATORS.")
        if setup.approvals_channel is None:
            yield _warning(
                "settings",
                "Approvals of people who are not found in Slack are shown to nobody: APPROVALS_CHANNEL is not set.",
                "Set APPROVALS_CHANNEL to a channel's id.",
            )
        if not setup.webhook:
            yield _hint(
                "settings",
                "SDP_WEBHOOK_SECRET is not set: changes are found by the poll only.",
                "Set it, and have SDP call /sdp/webhook.",
            )

    async def _holders(self) -> Findings:
        for setting, words in (await self.rights.names_nobody()).items():
            for word in words:
                text = f"{setting} names {word}, and that is nobody here now."
                yield _warning("settings", text, "A Slack id, the address of one account, or @handle of a user group.")

    async def _brake(self) -> Findings:
        mark = await self.brakes.pulled()
        if mark is not None:
            yield _warning(
                "brake", f"{mark.by} has stopped all changes since {mark.at:%Y-%m-%d %H:%M} UTC.", "/sdp start"
            )
        else:
            yield _ok("brake", "Changes are made.")

    # --- the two sides ---------------------------------------------------------------------------------------

    async def _slack(self) -> Findings:
        state = await self.slack.examine()
        if state.trouble:
            yield _problem("slack", f"Slack does not take the bot token: {state.trouble}.", "Install the app again.")
            return
        yield _ok("slack", "Slack takes the bot token.")
        for scope in [one for one in SLACK_SCOPES if one not in state.scopes]:
            text = f"The scope {scope} is missing: {SLACK_SCOPES[scope]}."
            yield _problem("slack", text, "Add it to the app and install it again.")

    async def _address(self) -> Findings:
        url = self.setup.public_url
        if self.setup.socket_mode:
            yield await self._socket()
        if url is None:
            if not self.setup.socket_mode:
                yield _problem(
                    "address", "Slack cannot reach the bot: PUBLIC_URL is not set.", "Set it, or use Socket Mode."
                )
            return
        if await self.web.answers(f"{url}/healthz"):
            yield _ok("address", "The bot answers at PUBLIC_URL.")
        else:
            yield _problem(
                "address", "The bot does not answer at PUBLIC_URL.", "Start it, and check the proxy in front of it."
            )
        if not _is_this_machine(url) and await self.web.answers(f"{url}/metrics"):
            text = "Strangers can read /metrics at PUBLIC_URL: the proxy's requests look like this machine's own."
            yield _problem("address", text, "Have the proxy refuse /metrics, or set X-Forwarded-For.")

    async def _socket(self) -> Finding:
        if trouble := await self.slack.socket_trouble():
            fix = "Switch Socket Mode on, make an app-level token with connections:write, and set SLACK_APP_TOKEN."
            return _problem("address", f"Slack opens no socket to the bot: {trouble}.", fix)
        return _ok("address", "Slack opens a socket to the bot.")

    async def _sdp(self) -> Findings:
        try:
            granted = await self.sdp.scopes.granted()
        except SdpSignInFailed as error:
            yield _problem("sdp", f"Zoho does not take SDP_REFRESH_TOKEN: {error}", NEW_REFRESH_TOKEN.format("it"))
            return
        acts = self.setup.act_as == "service"
        refused = {one: await self._refusal(one) for one in READINGS + (SERVICE_READINGS if acts else ())}
        if all(isinstance(error, SdpSignInFailed) for error in refused.values()):
            text = f"SDP does not take the service account: {next(iter(refused.values()))}"
            yield _problem("sdp", text, "Is it a technician of the portal in SDP_URL? Zoho takes its token.")
            return
        yield _ok("sdp", "SDP takes the service account.")
        for reading, refusal in refused.items():
            if refusal is not None:
                yield self._unread(reading, refusal, granted)
        for finding in _writes(granted) if acts else _needless(granted):
            yield finding

    async def _refusal(self, reading: Reading) -> SdpRefused | None:
        try:
            await self.sdp.scopes.try_reading(reading.path)
        except SdpRefused as error:
            return error
        return None

    def _unread(self, reading: Reading, error: SdpRefused, granted: frozenset[str]) -> Finding:
        """A missing scope where SDP or Zoho says so, or where SDP takes the same token for other things."""
        scope = self.sdp.scopes.needed_to_read(reading.path)
        if isinstance(error, SdpScopeMissing | SdpSignInFailed) or (granted and not covers(granted, scope)):
            text = f"The service account's token lacks {scope}: {reading.lost}."
            return Finding("sdp", reading.severity, text, NEW_REFRESH_TOKEN.format(scope))
        text = f"SDP does not show the service account its {reading.called}, so {reading.lost}: {error}"
        return Finding("sdp", reading.severity, text, f"Give the account a role in SDP that sees {reading.called}.")

    # --- this side ---------------------------------------------------------------------------------------------

    async def _redis(self) -> Findings:
        told = await self.health.durability()
        found = [*_persistence(told), *_unread_settings(told)]
        for finding in found:
            yield finding
        if not found:
            yield _ok("redis", "Redis takes writes, syncs each before it answers, and throws nothing away.")

    async def _stuck(self) -> Findings:
        depth = await self.jobs.depth()
        if depth.oldest_seconds > STUCK.total_seconds():
            minutes = round(depth.oldest_seconds / 60)
            yield _problem("jobs", f"A job has been due for {minutes} minutes.", "Is a worker running? See its log.")
        else:
            yield _ok("jobs", f"{depth.due} jobs due, {depth.running} running.")
        for job, failures in await self.health.troubled_jobs():
            yield _warning("jobs", f"{job} has failed {failures} times.", "See the worker's log for it.")

    async def _digests(self) -> Findings:
        """How far the present run of digests is, or what came of the last."""
        late, run = await self.digests.waiting(datetime.now(UTC) - DIGESTS_LATE), await self.digests.progress()
        if run is None:
            yield _ok("digests", "No digest has been due yet.")
            return
        came = f"{run.posted} posted, {run.empty} had nothing to say, {run.failed} failed, {run.left} to go"
        yield _ok("digests", f"{'The last run' if run.ended_at else 'A run is under way'}: {came}.")
        if late:
            yield _problem(
                "digests", f"{late} digests are more than an hour late.", "Is a worker running? See its log."
            )

    async def _clocks(self) -> Findings:
        now = datetime.now(UTC)
        state = await self.slack.examine()
        theirs = {"Slack": state.now, "SDP": await self.web.date(self.setup.sdp_url)}
        for whose, clock in theirs.items():
            if clock is not None and abs(clock - now) > SKEW_MAX:
                seconds = round((now - clock).total_seconds())
                yield _problem("clock", f"This machine's clock is {seconds} s off {whose}'s.", "Run a time service.")
        if all(clock is None or abs(clock - now) <= SKEW_MAX for clock in theirs.values()):
            yield _ok("clock", "The clock is right.")

    async def _unreachable_people(self) -> Findings:
        missed: dict[str, tuple[Approval, Snapshot]] = {}
        async for snapshot in self.releases.every():
            for approval in asked(snapshot):
                if approval.approver.id not in missed and await self.people.slack_of(approval.approver) is None:
                    missed[approval.approver.id] = (approval, snapshot)
        for approval, snapshot in list(missed.values())[:LISTED]:
            who = approval.approver
            why = f"nobody in Slack has {who.email} alone" if who.email else "SDP has no address of theirs"
            yield _warning(
                "people",
                f"{who.name} is asked about {snapshot.release.label} and cannot be reached: {why}.",
                f"sdp-bot people map <Slack id or address> {who.id}",
            )
        if len(missed) > LISTED:
            yield _warning("people", f"So are {len(missed) - LISTED} more.", "sdp-bot people unmapped")
        if not missed:
            yield _ok("people", "Everybody who is asked can be reached.")

    async def _broken_links(self) -> Findings:
        count = 0
        async for link in self.links.every():
            count += 1
            if link.broken or self.links.open(link) is None:
                yield _warning(
                    "accounts", f"Zoho or our keys no longer take {link.name}'s connection.", "They: /sdp link"
                )
        if self.setup.act_as == "person":
            yield _ok("accounts", f"{count} people have connected their account.")

    async def _channels(self) -> Findings:
        channel = self.setup.approvals_channel
        if channel is not None:
            if await self.slack.is_in(channel):
                yield _ok("channels", "The bot is in APPROVALS_CHANNEL.")
            else:
                yield _problem("channels", "The bot is not in APPROVALS_CHANNEL.", "In that channel: /invite @SDP")
        for team in await self.digests.teams():
            if not await self.slack.is_in(team.channel):
                text = f"The bot is not in #{team.name}, which wants a daily digest."
                yield _warning("channels", text, "In that channel: /invite @SDP")

    async def _cards(self) -> Findings:
        waiting = await self._without_card()
        if waiting:
            text = f"{waiting} approvals that wait have no card yet."
            yield _hint("cards", text, "The worker posts them; see its log.")
        channel = self.setup.approvals_channel
        found = await self._card_check.compare([channel] if channel else [])
        findings = [*_lost(found, await self._labels(found)), *_strays(found), *_unlooked(found)]
        for finding in findings:
            yield finding
        if not waiting and not findings:
            yield _ok("cards", f"Cards and records agree in all {found.seen} conversations.")

    @property
    def _card_check(self) -> CardCheck:
        return CardCheck(self.health, self.cards, self.slack)

    async def close_strays(self) -> int:
        """Close the cards in Slack that no record speaks of, as far as one look sees; answers how many.

        Raises TryAgain when Slack asks for patience, BotError.
        """
        channel = self.setup.approvals_channel
        found = await self._card_check.compare([channel] if channel else [])
        return await self._card_check.close(found.strays)

    async def _without_card(self) -> int:
        """How many approvals wait for somebody who could see a card and has none; a message for many counts as one."""
        count = 0
        async for snapshot in self.releases.every():
            for approval in asked(snapshot):
                if not await self.cards.of(str(approval.ref)):
                    person = await self.people.slack_of(approval.approver)
                    in_channel = person is None and self.setup.approvals_channel is not None
                    count += in_channel or (person is not None and not await self.cards.of(f"inbox:{person.id}"))
        return count

    async def _labels(self, found: Comparison) -> list[str]:
        """The releases whose lost cards are still waited for."""
        labels: set[str] = set()
        for card, copy in found.lost:
            if card.count(".") == 2 and (copy.slot == "channel" or copy.slot.startswith("dm:")):
                ref = ApprovalRef.parse(card)
                snapshot = await self.releases.get(ref.release)
                if snapshot is not None and ref in [approval.ref for approval in asked(snapshot)]:
                    labels.add(snapshot.release.label)
        return sorted(labels)

    async def _chain(self) -> Findings:
        verdict = await self.ledger.verify()
        if verdict.trouble:
            yield _problem(
                "ledger", f"The ledger does not hold: {verdict.trouble}.", "Keep everything and look who was there."
            )
        else:
            yield _ok("ledger", f"The ledger holds: {verdict.sound} entries.")


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _writes(granted: frozenset[str]) -> list[Finding]:
    """What the service account's token lacks to act for people."""
    if not granted:
        text = "Zoho does not say which scopes the service account's token has, so what it may change was not seen."
        return [_hint("sdp", text, f"Make sure that it has {', '.join(SERVICE_SCOPES)}.")]
    return [
        _problem("sdp", f"The service account's token lacks {scope}: {lost}.", NEW_REFRESH_TOKEN.format(scope))
        for scope, lost in SERVICE_SCOPES.items()
        if not covers(granted, scope)
    ]


def _needless(granted: frozenset[str]) -> list[Finding]:
    """People act with their own accounts, so the service account only reads: a stolen token should, too."""
    if not any(covers(granted, scope) for scope in SERVICE_SCOPES if not scope.endswith(".READ")):
        return []
    text = "The service account's token may change SDP, though with SDP_ACT_AS=person it only reads."
    scopes = "READ scopes only (releases, changes, projects, users)"
    return [_hint("sdp", text, NEW_REFRESH_TOKEN.format(scopes))]


def _persistence(told: Durability) -> list[Finding]:
    """What is certainly wrong with how Redis keeps things."""
    found = []
    if told.refuses:
        text = f"Redis takes no writes: {told.refuses}"
        found.append(_problem("redis", text, "Is its disk or its memory full, or is it a replica? See its log."))
    if told.last_write not in ("ok", ""):
        text = "Redis could not write its file the last time it tried."
        found.append(_problem("redis", text, "Look at the disk of its machine: is it full? See its log."))
    if told.appends == "no":
        text = "Redis forgets what happened when it stops."
        found.append(_problem("redis", text, "Set appendonly yes and appendfsync always."))
    elif told.syncs in SYNCS:
        severity, text = SYNCS[told.syncs]
        found.append(Finding("redis", severity, text, "Set appendfsync always."))
    if told.policy not in ("noeviction", ""):
        text = "Redis throws records away when it is full."
        found.append(_problem("redis", text, "Set maxmemory-policy noeviction."))
    return found


def _unread_settings(told: Durability) -> list[Finding]:
    """Managed servers do not show their settings: no trouble in itself, but somebody should look."""
    wanted = {"appendonly yes": told.appends, "appendfsync always": told.syncs}
    wanted |= {"maxmemory-policy noeviction": told.policy}
    unread = [
        setting for setting, value in wanted.items() if not value and (told.appends != "no" or "appendf" not in setting)
    ]
    if not unread:
        return []
    names = ", ".join(setting.partition(" ")[0] for setting in unread)
    return [_hint("redis", f"Redis does not let the bot read {names}.", f"Make sure that it has {', '.join(unread)}.")]


def _lost(found: Comparison, labels: Sequence[str]) -> list[Finding]:
    if not found.lost:
        return []
    named = f" Still waited for: {', '.join(labels[:LISTED])}{' …' if len(labels) > LISTED else ''}." if labels else ""
    text = f"{len(found.lost)} messages that the bot keeps up to date were deleted in Slack.{named}"
    return [_warning("cards", text, "/sdp approvals shows what waits; the records go at the next change.")]


def _strays(found: Comparison) -> list[Finding]:
    if not found.strays:
        return []
    channels = sorted({stray.channel for stray in found.strays})
    where = f"{', '.join(channels[:LISTED])}{' …' if len(channels) > LISTED else ''}"
    text = f"{len(found.strays)} cards in Slack have no record and are not kept up to date, in {where}."
    return [_warning("cards", text, "sdp-bot doctor --close-strays")]


def _unlooked(found: Comparison) -> list[Finding]:
    findings = []
    if found.hidden:
        text = (
            f"Slack does not show the bot {len(found.hidden)} of its conversations: {', '.join(found.hidden[:LISTED])}."
        )
        findings.append(_warning("cards", text, "In a channel: /invite @SDP. Are all scopes there?"))
    if found.unseen:
        text = f"{found.unseen} of {found.seen + found.unseen} conversations were not looked through to the end."
        findings.append(_hint("cards", text, "Ask again in a minute: the next look goes on there."))
    return findings


async def _looked(about: str, check: Check) -> list[Finding]:
    """What a check finds; its own trouble is a finding, too."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            async for finding in check():
                found.append(finding)  # noqa: PERF401  # what was found before a time-out stays found
    except BotError as error:
        found.append(_problem(about, str(error), "Mend that first, then ask again."))
    except TimeoutError:
        found.append(_problem(about, f"No answer within {CHECK_SECONDS:g} s.", "Try again; see the log."))
    except Exception as error:
        found.append(_problem(about, f"This could not be looked at ({type(error).__name__}).", "See the log."))
    return found


def _ok(about: str, text: str) -> Finding:
    return Finding(about, Severity.OK, text)


def _hint(about: str, text: str, fix: str) -> Finding:
    return Finding(about, Severity.HINT, text, fix)


def _warning(about: str, text: str, fix: str) -> Finding:
    return Finding(about, Severity.WARNING, text, fix)


def _problem(about: str, text: str, fix: str) -> Finding:
    return Finding(about, Severity.PROBLEM, text, fix)
