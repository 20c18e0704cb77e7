"""The three pages people see while they connect an account: what for, done, and what went wrong.

No script, no picture, no address from outside: everything that was not written here is escaped, and the policy lets a
browser load nothing, be framed by nobody, and send its form only here and to Zoho.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape

from bot.linking import LINK_PATH, Offer
from bot.store import Link

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#1d1c1d;"
    "background:#fff}h1{font-size:1.4rem}button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;"
    "background:#1d3b53;color:#fff}dt{font-weight:600}dd{margin:0 0 .5rem}"
    "@media (prefers-color-scheme:dark){body{color:#e8e8e8;background:#1a1d21}button{background:#7fb2d6;color:#1a1d21}}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def headers(*form_targets: str) -> Mapping[str, str]:
    """What every page is sent with; browsers also hold the redirect after a form to `form-action`."""
    targets = " ".join(("'self'", *form_targets))
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action {targets}; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def confirm(offer: Offer, token: str) -> str:
    """For whom the link is, and the button that goes on to Zoho."""
    return _page(
        "Connect your SDP account",
        f"<p>The SDP Slack bot will act in ServiceDesk Plus for this person:</p>"
        f"<dl><dt>Person in Slack</dt><dd>{escape(_who(offer))}</dd>"
        f"<dt>Workspace</dt><dd>{escape(offer.workspace.name)}</dd></dl>"
        f"<p><strong>Is that you?</strong> If somebody else sent you this link, close this page.</p>"
        f'<form method="post" action="{LINK_PATH}"><input type="hidden" name="t" value="{escape(token)}">'
        f"<button>That is me, go on to Zoho</button></form>",
    )


def done(link: Link) -> str:
    """Connected."""
    return _page(
        "Connected",
        f"<p>The bot now acts in ServiceDesk Plus as <strong>{escape(link.name)}</strong> when you press its buttons."
        "</p><p>You can close this page and go back to Slack. <code>/sdp unlink</code> there ends the connection.</p>",
    )


def trouble(words: str) -> str:
    """Nothing was connected, and what to do next."""
    return _page("Nothing was connected", f"<p>{escape(words)}</p>")


def _who(offer: Offer) -> str:
    return f"{offer.person.name} ({offer.person.email})" if offer.person.email else offer.person.name


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    )
