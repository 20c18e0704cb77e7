"""The doctor: looks at everything the bot stands on and says what to do about what is wrong.

A check is a function that yields findings; what it raises because it cannot look becomes a finding, too. The exit
status of `sdp-bot doctor` is the worst severity: 0 well, 1 warnings, 2 problems.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from bot.approvals import asked
from bot.card_check import CardCheck, CardPages, Comparison, disagreements
from bot.errors import BotError
from bot.findings import LISTED, Finding, Findings, hint, ok, problem, warning
from bot.jobs import Jobs
from bot.ledger import Ledger
from bot.linking import Linking
from bot.models import Approval, ApprovalRef, Decision, Operation, Snapshot
from bot.people import People
from bot.permissions import Rights
from bot.redis_check import durability
from bot.sdp import Sdp
from bot.sdp_check import connection
from bot.store import Brakes, Cards, Decisions, Digests, Health, Links, Operations, Releases

SKEW_MAX = timedelta(seconds=60)
"""Slack refuses requests that are five minutes off; a clock that drifts is mended long before."""
DIGESTS_LATE = timedelta(hours=1)
STUCK = timedelta(minutes=5)
CHECK_SECONDS = 20.0

Check = Callable[[], Findings]


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
    decisions: Decisions
    operations: Operations
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
            ("decisions", self._unsettled),
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
        yield ok("settings", f"SDP_ACT_AS is {setup.act_as}.")
        if setup.act_as == "person" and setup.public_url is None:
            yield problem("settings", "Nobody can connect an account: PUBLIC_URL is not set.", "Set PUBLIC_URL.")
        if setup.act_as == "person" and setup.keys_from == "derived":
            yield problem(
                "settings",
                "Nobody can connect an account: with REDIS_URL the tokens need keys of their own.",
                "Set TOKEN_KEYS, the same for all processes; `sdp-bot keys new` makes one.",
            )
        if setup.public_url is not None and not setup.public_url.startswith("https://"):
            yield warning("settings", "PUBLIC_URL is not https.", "Put the bot behind a proxy with a certificate.")
        if setup.keys_from == "derived" and setup.shared_redis:
            yield warning(
                "settings",
                "The ledger is sealed with a key made from the client secret; a new secret would leave it unproven.",
                "Set TOKEN_KEYS.",
            )
        if not setup.admins:
            yield warning("settings", "Nobody can stop the bot from Slack: ADMINS is empty.", "Set ADMINS.")
        if setup.act_as == "service" and not setup.operators:
            yield hint("settings", "Nobody can change maintenances: OPERATORS is empty.", "Set OPERATORS.")
        if setup.approvals_channel is None:
            yield warning(
                "settings",
                "Approvals of people who are not found in Slack are shown to nobody: APPROVALS_CHANNEL is not set.",
                "Set APPROVALS_CHANNEL to a channel's id.",
            )
        if not setup.webhook:
            yield hint(
                "settings",
                "SDP_WEBHOOK_SECRET is not set: changes are found by the poll only.",
                "Set it, and have SDP call /sdp/webhook.",
            )

    async def _holders(self) -> Findings:
        for setting, words in (await self.rights.names_nobody()).items():
            for word in words:
                text = f"{setting} names {word}, and that is nobody here now."
                yield warning("settings", text, "A Slack id, the address of one account, or @handle of a user group.")

    async def _brake(self) -> Findings:
        mark = await self.brakes.pulled()
        if mark is not None:
            yield warning(
                "brake", f"{mark.by} has stopped all changes since {mark.at:%Y-%m-%d %H:%M} UTC.", "/sdp start"
            )
        else:
            yield ok("brake", "Changes are made.")

    # --- the two sides ---------------------------------------------------------------------------------------

    async def _slack(self) -> Findings:
        state = await self.slack.examine()
        if state.trouble:
            yield problem("slack", f"Slack does not take the bot token: {state.trouble}.", "Install the app again.")
            return
        yield ok("slack", "Slack takes the bot token.")
        if not state.scopes:
            yield hint("slack", "Slack did not say what the app may.", f"Make sure of {', '.join(SLACK_SCOPES)}.")
            return
        for scope in [one for one in SLACK_SCOPES if one not in state.scopes]:
            text = f"The scope {scope} is missing: {SLACK_SCOPES[scope]}."
            yield problem("slack", text, "Add it to the app and install it again.")

    async def _address(self) -> Findings:
        url = self.setup.public_url
        if self.setup.socket_mode:
            yield await self._socket()
        if url is None:
            if not self.setup.socket_mode:
                yield problem(
                    "address", "Slack cannot reach the bot: PUBLIC_URL is not set.", "Set it, or use Socket Mode."
                )
            return
        if await self.web.answers(f"{url}/healthz"):
            yield ok("address", "The bot answers at PUBLIC_URL.")
        else:
            yield problem(
                "address", "The bot does not answer at PUBLIC_URL.", "Start it, and check the proxy in front of it."
            )
        if not _is_this_machine(url) and await self.web.answers(f"{url}/metrics"):
            text = "Strangers can read /metrics at PUBLIC_URL: the proxy's requests look like this machine's own."
            yield problem("address", text, "Have the proxy refuse /metrics, or set X-Forwarded-For.")

    async def _socket(self) -> Finding:
        if trouble := await self.slack.socket_trouble():
            fix = "Switch Socket Mode on, make an app-level token with connections:write, and set SLACK_APP_TOKEN."
            return problem("address", f"Slack opens no socket to the bot: {trouble}.", fix)
        return ok("address", "Slack opens a socket to the bot.")

    def _sdp(self) -> Findings:
        setup = self.setup
        return connection(self.sdp, service_url=setup.sdp_url, acts_for_people=setup.act_as == "service")

    # --- this side ---------------------------------------------------------------------------------------------

    async def _redis(self) -> Findings:
        found = durability(await self.health.durability())
        for finding in found or [ok("redis", "Redis takes writes, syncs each before it answers, and keeps them.")]:
            yield finding

    async def _stuck(self) -> Findings:
        depth = await self.jobs.depth()
        if depth.oldest_seconds > STUCK.total_seconds():
            minutes = round(depth.oldest_seconds / 60)
            yield problem("jobs", f"A job has been due for {minutes} minutes.", "Is a worker running? See its log.")
        else:
            yield ok("jobs", f"{depth.due} jobs due, {depth.running} running.")
        for job, failures in await self.health.troubled_jobs():
            yield warning("jobs", f"{job} has failed {failures} times.", "See the worker's log for it.")

    async def _unsettled(self) -> Findings:
        """What somebody has decided or confirmed and nobody has carried to its end."""
        late = datetime.now(UTC) - STUCK
        decisions = [await self.decisions.get(ref, person) for ref, person in await self.decisions.open()]
        operations = [await self.operations.get(id_) for id_ in await self.operations.open()]
        idle = [one for one in (*decisions, *operations) if one is not None and _last_step(one) < late]
        for one in idle[:LISTED]:
            yield _idle(one, await self._name(one))
        if len(idle) > LISTED:
            yield warning("decisions", f"So are {len(idle) - LISTED} more.", "Mend the first, then ask again.")
        if not idle:
            yield ok("decisions", f"{len(decisions) + len(operations)} decisions and changes under way, none stuck.")

    async def _name(self, one: Decision | Operation) -> str:
        if isinstance(one, Operation):
            return one.name
        snapshot = await self.releases.get(one.ref.release)
        return snapshot.release.label if snapshot else str(one.ref)

    async def _digests(self) -> Findings:
        """How far the present run of digests is, or what came of the last."""
        late, run = await self.digests.waiting(datetime.now(UTC) - DIGESTS_LATE), await self.digests.progress()
        if run is None:
            yield ok("digests", "No digest has been due yet.")
            return
        came = f"{run.posted} posted, {run.empty} had nothing to say, {run.failed} failed, {run.left} to go"
        yield ok("digests", f"{'The last run' if run.ended_at else 'A run is under way'}: {came}.")
        if late:
            yield problem("digests", f"{late} digests are more than an hour late.", "Is a worker running? See its log.")

    async def _clocks(self) -> Findings:
        for whose, clock in (
            ("Slack", (await self.slack.examine()).now),
            ("SDP", await self.web.date(self.setup.sdp_url)),
        ):
            if clock is None:
                yield hint("clock", f"{whose} did not say what time it is.", "Is it reached? See the other lines.")
                continue
            skew = datetime.now(UTC) - clock
            if abs(skew) > SKEW_MAX:
                words = f"{round(abs(skew).total_seconds())} s {'ahead of' if skew > timedelta() else 'behind'}"
                yield problem("clock", f"This machine's clock is {words} {whose}'s.", "Run a time service.")
            else:
                yield ok("clock", f"The clock agrees with {whose}'s.")

    async def _unreachable_people(self) -> Findings:
        missed: dict[str, tuple[Approval, Snapshot]] = {}
        async for snapshot in self.releases.every():
            for approval in asked(snapshot):
                if approval.approver.id not in missed and await self.people.slack_of(approval.approver) is None:
                    missed[approval.approver.id] = (approval, snapshot)
        for approval, snapshot in list(missed.values())[:LISTED]:
            who = approval.approver
            why = f"nobody in Slack has {who.email} alone" if who.email else "SDP has no address of theirs"
            yield warning(
                "people",
                f"{who.name} is asked about {snapshot.release.label} and cannot be reached: {why}.",
                f"sdp-bot people map <Slack id or address> {who.id}",
            )
        if len(missed) > LISTED:
            yield warning("people", f"So are {len(missed) - LISTED} more.", "sdp-bot people unmapped")
        if not missed:
            yield ok("people", "Everybody who is asked can be reached.")

    async def _broken_links(self) -> Findings:
        count = 0
        async for link in self.links.every():
            count += 1
            if link.broken or self.links.open(link) is None:
                yield warning(
                    "accounts", f"Zoho or our keys no longer take {link.name}'s connection.", "They: /sdp link"
                )
        if self.setup.act_as == "person":
            yield ok("accounts", f"{count} people have connected their account.")

    async def _channels(self) -> Findings:
        channel = self.setup.approvals_channel
        if channel is not None:
            if await self.slack.is_in(channel):
                yield ok("channels", "The bot is in APPROVALS_CHANNEL.")
            else:
                yield problem("channels", "The bot is not in APPROVALS_CHANNEL.", "In that channel: /invite @SDP")
        for team in await self.digests.teams():
            if not await self.slack.is_in(team.channel):
                text = f"The bot is not in #{team.name}, which wants a daily digest."
                yield warning("channels", text, "In that channel: /invite @SDP")

    async def _cards(self) -> Findings:
        found = await self._card_check.compare(self._card_channels)
        findings = disagreements(found, await self._labels(found))
        for finding in findings:
            yield finding
        waiting = await self._without_card()
        if waiting:
            text = f"{waiting} approvals that wait have no card yet."
            yield hint("cards", text, "The worker posts them; see its log.")
        if not waiting and not findings:
            yield ok("cards", f"Cards and records agree in all {found.seen} conversations.")

    @property
    def _card_channels(self) -> list[str]:
        """Where cards can be without any record saying so."""
        return [self.setup.approvals_channel] if self.setup.approvals_channel else []

    @property
    def _card_check(self) -> CardCheck:
        return CardCheck(self.health, self.cards, self.slack)

    async def close_strays(self) -> int:
        """Close the cards in Slack that no record speaks of, as far as one look sees; answers how many.

        Raises TryAgain when Slack asks for patience, BotError.
        """
        return await self._card_check.close_strays(self._card_channels)

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
            yield problem(
                "ledger", f"The ledger does not hold: {verdict.trouble}.", "Keep everything and look who was there."
            )
        else:
            yield ok("ledger", f"The ledger holds: {verdict.sound} entries.")


def _last_step(one: Decision | Operation) -> datetime:
    """When something last happened or was to happen with it."""
    asked = one.asked_at if isinstance(one, Decision) else one.confirmed_at or one.offered_at
    due = one.due_at if isinstance(one, Decision) else None
    return max(moment for moment in (asked, due, one.retry_at, one.sent_at) if moment is not None)


def _idle(one: Decision | Operation, name: str) -> Finding:
    text = f"{one.person_name}: {one.verb} {name} has been {one.state} since {_last_step(one):%Y-%m-%d %H:%M} UTC."
    if one.sent_at is not None:
        return warning("decisions", text, "It is not sent again; SDP is asked until it tells. In a hurry, look there.")
    return warning("decisions", text, f"Is a worker running? Its log has {one.id}.")


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _looked(about: str, check: Check) -> list[Finding]:
    """What a check finds; its own trouble is a finding, too."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            async for finding in check():
                found.append(finding)  # noqa: PERF401  # what was found before a time-out stays found
    except BotError as error:
        found.append(problem(about, str(error), "Mend that first, then ask again."))
    except TimeoutError:
        found.append(problem(about, f"No answer within {CHECK_SECONDS:g} s.", "Try again; see the log."))
    except Exception as error:
        found.append(problem(about, f"This could not be looked at ({type(error).__name__}).", "See the log."))
    return found
