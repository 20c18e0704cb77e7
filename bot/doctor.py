"""The doctor: looks at everything the bot stands on and says what to do about what is wrong.

A check is a function that yields findings and raises nothing; one that cannot look says so as a finding. The exit
status of `sdp-bot doctor` is the worst severity: 0 well, 1 warnings, 2 problems.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Protocol

from bot.approvals import asked
from bot.errors import BotError, SdpError, SdpForbidden
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.linking import Linking
from bot.models import Approval, Snapshot
from bot.people import People
from bot.sdp import Sdp
from bot.store import Brakes, Cards, Digests, Health, Links, Releases

SKEW_MAX = timedelta(seconds=60)
DIGESTS_LATE = timedelta(hours=1)
"""Slack refuses requests that are five minutes off; a clock that drifts is mended long before."""
STUCK = timedelta(minutes=5)
CHECK_SECONDS = 20.0
LISTED = 10
CARDS_LOOKED_AT = 40
"""Messages asked for: Slack allows fifty such questions a minute."""


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


class SlackSide(Protocol):
    """Slack as the doctor asks it; `handlers.messenger` is one."""

    async def examine(self) -> SlackState: ...

    async def is_in(self, channel: str) -> bool:
        """Whether the bot is a member of this channel. Raises BotError when there is none such."""
        ...

    async def is_there(self, channel: str, ts: str) -> bool:
        """Whether this message of ours is still there."""
        ...


class WebSide(Protocol):
    """Asks an address from outside, as far as that is possible; `bot.sdp.reach` is one."""

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


NEEDED_SCOPES = frozenset(
    {"chat:write", "im:write", "im:history", "commands", "users:read", "users:read.email", "usergroups:read"}
)


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
            ("cards", self._orphans),
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
        for scope in sorted(NEEDED_SCOPES - state.scopes):
            yield _problem("slack", f"The scope {scope} is missing.", "Add it to the app and install it again.")

    async def _address(self) -> Findings:
        url = self.setup.public_url
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

    async def _sdp(self) -> Findings:
        try:
            async for _ in self.sdp.releases.open():
                break
        except SdpForbidden as error:
            yield _problem(
                "sdp", f"The service account may not read releases: {error}", "Give it the scope and the role."
            )
            return
        yield _ok("sdp", "SDP takes the service account.")
        try:
            async for _ in self.sdp.people.technicians():
                break
        except SdpError:
            yield _warning(
                "sdp",
                "SDP does not let the bot list people, so an address that two people share is not noticed.",
                "Give the service account SDPOnDemand.users.READ.",
            )

    # --- this side ---------------------------------------------------------------------------------------------

    async def _redis(self) -> Findings:
        told = await self.health.durability()
        if told.appends and told.policy == "noeviction":
            yield _ok("redis", "Redis takes writes and keeps them.")
        if not told.appends:
            yield _problem(
                "redis", "Redis forgets what happened when it stops.", "Set appendonly yes and appendfsync always."
            )
        if told.policy not in ("noeviction", ""):
            yield _problem("redis", "Redis throws records away when it is full.", "Set maxmemory-policy noeviction.")

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
        if channel is None:
            return
        if await self.slack.is_in(channel):
            yield _ok("channels", "The bot is in APPROVALS_CHANNEL.")
        else:
            yield _problem("channels", "The bot is not in APPROVALS_CHANNEL.", "In that channel: /invite @SDP")

    async def _orphans(self) -> Findings:
        lost = without = looked = 0
        async for snapshot in self.releases.every():
            for approval in asked(snapshot):
                copies = await self.cards.of(str(approval.ref))
                without += not copies
                for copy in copies.values():
                    if copy.ts is not None and looked < CARDS_LOOKED_AT:
                        looked += 1
                        lost += not await self.slack.is_there(copy.channel, copy.ts)
        if without:
            yield _hint(
                "cards", f"{without} approvals that wait have no card yet.", "The worker posts them; see its log."
            )
        if lost:
            yield _warning("cards", f"{lost} cards were deleted in Slack.", "They are forgotten at the next change.")
        if not lost + without:
            yield _ok("cards", "Every approval that waits has its card.")

    async def _chain(self) -> Findings:
        verdict = await self.ledger.verify()
        if verdict.trouble:
            yield _problem(
                "ledger", f"The ledger does not hold: {verdict.trouble}.", "Keep everything and look who was there."
            )
        else:
            yield _ok("ledger", f"The ledger holds: {verdict.sound} entries.")


async def _looked(about: str, check: Check) -> list[Finding]:
    """What a check finds; its own trouble is a finding, too."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            found.extend([finding async for finding in check()])
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
