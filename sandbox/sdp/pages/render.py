"""Templates, headers and small words that all pages share."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from sandbox.sdp.world import SdpWorld

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "
_HERE = Path(__file__).parent.parent


def static() -> Mount:
    return Mount("/static/sdp", StaticFiles(directory=_HERE / "static"), name="sdp-static")


class Pages:
    """Renders templates for one world."""

    def __init__(self, world: SdpWorld) -> None:
        self.world = world
        self._templates = Environment(
            loader=PackageLoader("sandbox.sdp"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"at": at, "iso": iso, "plain": plain, "hours": hours}
        self._templates.globals |= {"world": world, "ui": f"/app/{world.portal}/ui"}

    def show(self, template: str, *, status: int = 200, forms_go_to: str = "", **values: Any) -> Response:
        """The page; `forms_go_to` is a further origin that a form may end up at."""
        html = self._templates.get_template(template).render(**values)
        headers = {
            "Content-Security-Policy": f"{POLICY}'self' {forms_go_to}".strip(),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return HTMLResponse(html, status, headers)

    def problem(self, words: str, status: int = 400) -> Response:
        return self.show("problem.html", status=status, words=words)


def is_from_here(request: Request) -> bool:
    """A form of our own pages; another site's would change the tenant behind the person's back."""
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def at(moment: datetime | None) -> str:
    """A point in time, for reading."""
    return "–" if moment is None else f"{moment.astimezone(UTC):%a %d %b %Y, %H:%M} UTC"


def iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="minutes")


def hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"


class _Text(HTMLParser):
    """Collects the words of HTML; scripts and styles have none."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._silent += tag in ("script", "style")
        if tag in ("div", "p", "li", "br", "tr"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style") and self._silent > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)


def plain(html: str | None) -> str:
    """The words of a rich text field; its markup comes from outside and is not for this page."""
    parser = _Text()
    parser.feed(html or "")
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.words).splitlines())
    return "\n".join(line for line in lines if line)
