"""Where SDP Cloud lives: the data centres, each with its API domain and its accounts server.

The first five rows are the vendor's documents, the others were seen on tenants or in vendor-owned code. Settings can
replace or add rows; a custom domain is any service address, with its accounts server given beside it.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.sdp.http import origin

DATA_CENTRES: Mapping[str, str] = {
    "sdpondemand.manageengine.com": "https://accounts.zoho.com",
    "sdpondemand.manageengine.eu": "https://accounts.zoho.eu",
    "sdpondemand.manageengine.in": "https://accounts.zoho.in",
    "servicedeskplus.cn": "https://accounts.zoho.com.cn",
    "servicedeskplus.net.au": "https://accounts.zoho.com.au",
    "servicedeskplus.jp": "https://accounts.zoho.jp",
    "servicedeskplus.ca": "https://accounts.zohocloud.ca",
    "servicedeskplus.uk": "https://accounts.zoho.uk",
    "servicedeskplus.sa": "https://accounts.zoho.sa",
}
"""API domain → accounts server."""

OTHER_ACCOUNTS = ("https://accounts.zoho.ca",)
"""Also allowed to name itself in a sign-in's answer: vendor-owned code calls Canada's accounts server so."""


def service_address(url: str) -> str:
    """`SDP_URL` in one form: up to and including the portal, no slash at the end, no `/api/v3`.

    Raises ValueError, saying what it should look like, for anything without a portal or without https.
    """
    address = url.strip().rstrip("/").removesuffix("/api/v3").rstrip("/")
    parts = urlsplit(address)
    segments = parts.path.strip("/").split("/")
    if len(segments) != 2 or segments[0] != "app" or not segments[1] or parts.query or parts.fragment or parts.username:
        raise ValueError(
            "the address of ServiceDesk Plus goes up to the portal, "
            "e.g. https://sdpondemand.manageengine.com/app/itdesk"
        )
    origin(address)
    return address


def accounts_server(url: str, table: Mapping[str, str] = DATA_CENTRES) -> str:
    """The accounts server that belongs to a service address; raises ValueError for a custom domain."""
    host = (urlsplit(url).hostname or "").lower()
    for domain, accounts in table.items():
        if host == domain or host.endswith(f".{domain}"):
            return accounts
    raise ValueError(
        f"{host or 'this address'} is not a known data centre: "
        "set SDP_ACCOUNTS_URL to its accounts server, e.g. https://accounts.zoho.eu"
    )


def is_accounts_server(url: str, allowed: Mapping[str, str], configured: str) -> bool:
    """Whether secrets may be posted to `url`: the configured accounts server, or one of the table."""
    try:
        wanted = origin(url)
    except ValueError:
        return False
    return any(wanted == origin(known) for known in (configured, *allowed.values(), *OTHER_ACCOUNTS))
