"""What the service account may do at SDP, against what the bot needs of it.

Where people act with their own accounts it only reads; where it acts for them it writes, too. A scope that is missing
is named: by Zoho's own word where its token answer has one (`bot.sdp.scopes`), else by a harmless read of each list.
"""

from dataclasses import dataclass

from bot.errors import SdpClientRefused, SdpRefused, SdpScopeMissing, SdpSignInFailed, SdpUnreachable
from bot.findings import Finding, Findings, Severity, hint, ok, problem, warning
from bot.sdp import Sdp
from bot.sdp.datacentres import OTHER_ACCOUNTS, accounts_server
from bot.sdp.scopes import covers


@dataclass(frozen=True, slots=True)
class Reading:
    """A list of SDP's that the service account reads; `lost` is what goes without it."""

    path: str
    lost: str
    severity: Severity = Severity.WARNING

    @property
    def called(self) -> str:
        return self.path.replace("change_", "")


READINGS = (
    Reading("releases", "no approval is found", Severity.PROBLEM),
    Reading("change_maintenances", "overlaps, digests and Home tabs know no maintenances"),
    Reading("projects", "digests and Home tabs know no projects"),
    Reading("technicians", "an address that two people share is not noticed"),
    Reading("requesters", "an address that two people share is not noticed"),
)
"""Read by itself."""
SERVICE_READINGS = (
    Reading("changes", "no change can be picked for a project"),
    Reading("requests", "no request can be picked for a project"),
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
"""What else it needs to act for people, and what goes without it. No harmless call tries these."""

NEW_REFRESH_TOKEN = "Make a refresh token of the service account with {} and set SDP_REFRESH_TOKEN."  # noqa: S105


def data_centres(service_url: str, accounts_url: str) -> list[Finding]:
    """Nothing when the two belong together, or where a domain of one's own tells nothing."""
    try:
        wanted = accounts_server(service_url)
    except ValueError:
        return []
    if accounts_url in (wanted, *OTHER_ACCOUNTS):
        return []
    text = "SDP_URL and SDP_ACCOUNTS_URL are of different data centres."
    return [warning("sdp", text, f"Set SDP_ACCOUNTS_URL={wanted}, and use a client that was made there.")]


async def connection(sdp: Sdp, *, service_url: str, acts_for_people: bool) -> Findings:
    """Raises SdpError while SDP is away."""
    for finding in data_centres(service_url, sdp.sign_in.accounts_url):
        yield finding
    accounts = f"SDP_ACCOUNTS_URL ({sdp.sign_in.accounts_url})"
    try:
        granted = await sdp.scopes.granted()
    except SdpUnreachable as error:
        yield problem("sdp", str(error), f"Is {accounts} right, and can this machine reach it?")
        return
    except SdpClientRefused as error:
        fix = f"Set SDP_CLIENT_ID and SDP_CLIENT_SECRET to those of one client, made where {accounts} is."
        yield problem("sdp", str(error).partition(". ")[0] + ".", fix)
        return
    except SdpSignInFailed as error:
        fix = NEW_REFRESH_TOKEN.format("the scopes in docs/security.md")
        yield problem("sdp", f"Zoho does not take SDP_REFRESH_TOKEN: {error}", fix)
        return
    readings = READINGS + (SERVICE_READINGS if acts_for_people else ())
    refused = {reading: await _refusal(sdp, reading) for reading in readings}
    if all(isinstance(refusal, SdpSignInFailed) for refusal in refused.values()):
        text = f"SDP does not take the service account: {next(iter(refused.values()))}"
        yield problem("sdp", text, "Is it a technician of the portal in SDP_URL? Zoho takes its token.")
        return
    yield ok("sdp", "SDP takes the service account.")
    for reading, refusal in refused.items():
        if refusal is not None:
            yield _unread(reading, refusal, sdp.scopes.needed_to_read(reading.path), granted)
    for finding in _writes(granted) if acts_for_people else _needless(granted):
        yield finding


async def _refusal(sdp: Sdp, reading: Reading) -> SdpRefused | None:
    try:
        await sdp.scopes.try_reading(reading.path)
    except SdpRefused as refusal:
        return refusal
    return None


def _unread(reading: Reading, refusal: SdpRefused, scope: str, granted: frozenset[str]) -> Finding:
    """A missing scope where SDP or Zoho says so, or where SDP takes the same token for other things."""
    if isinstance(refusal, SdpScopeMissing | SdpSignInFailed) or (granted and not covers(granted, scope)):
        text = f"The service account's token lacks {scope}: {reading.lost}."
        return Finding("sdp", reading.severity, text, NEW_REFRESH_TOKEN.format(scope))
    text = f"SDP does not show the service account its {reading.called}, so {reading.lost}: {refusal}"
    return Finding("sdp", reading.severity, text, f"Give the account a role in SDP that sees {reading.called}.")


def _writes(granted: frozenset[str]) -> list[Finding]:
    if not granted:
        text = "Zoho does not say which scopes the service account's token has, so what it may change was not seen."
        return [hint("sdp", text, f"Make sure that it has {', '.join(SERVICE_SCOPES)}.")]
    return [
        problem("sdp", f"The service account's token lacks {scope}: {lost}.", NEW_REFRESH_TOKEN.format(scope))
        for scope, lost in SERVICE_SCOPES.items()
        if not covers(granted, scope)
    ]


def _needless(granted: frozenset[str]) -> list[Finding]:
    """People act with their own accounts: whoever steals the service account's token should only read, too."""
    if not any(covers(granted, scope) for scope in SERVICE_SCOPES if not scope.endswith(".READ")):
        return []
    text = "The service account's token may change SDP, though with SDP_ACT_AS=person it only reads."
    scopes = "READ scopes only (releases, changes, projects, users)"
    return [hint("sdp", text, NEW_REFRESH_TOKEN.format(scopes))]
