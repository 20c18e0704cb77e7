"""Files on their way from Slack to SDP: fetched with Slack's token from Slack alone, checked, streamed, never held."""

import re
import secrets
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.errors import BadInput, SdpUnreachable
from bot.sdp.http import Http, NoAnswer, NotSent, origin
from bot.sdp.wire import Answer

MOST_BYTES = 100 * 1024 * 1024
"""The default limit for a file; SDP's own is not documented."""

NAME_LENGTH = 120

EXECUTABLE = frozenset(
    {
        "app", "bat", "cmd", "com", "cpl", "dll", "exe", "hta", "jar", "js", "jse", "lnk", "msc", "msi", "msp", "ps1",
        "reg", "scr", "sh", "vb", "vbe", "vbs", "wsf", "wsh",
    }
)  # fmt: skip
"""File name endings that are not sent on: no project needs them, and everybody who downloads them would run them."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be uploaded: `size` in bytes, `pieces` can be read once. `name` is safe in headers and file systems."""

    name: str
    size: int
    content_type: str
    pieces: AsyncIterator[bytes]


def safe_name(name: str) -> str:
    """`name` without folders, control and reserved characters, leading dots; shortened before its ending."""
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    clean = re.sub(r'[<>:"|?*%;\s]+', " ", visible).strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if not dot or len(ending) > 12:
        return clean[:NAME_LENGTH].strip(" .") or "file"
    return f"{stem[: NAME_LENGTH - len(ending) - 1].rstrip(' .') or 'file'}.{ending}"


def check(name: str, size: int, most: int = MOST_BYTES) -> None:
    """Raises BadInput for a file that is not sent on, and says why."""
    ending = name.rpartition(".")[2].lower()
    if ending in EXECUTABLE:
        raise BadInput(f"Files ending in .{ending} can run as programs and are not sent to ServiceDesk Plus.")
    if size <= 0:
        raise BadInput(f"{name} is empty, so there is nothing to attach.")
    if size > most:
        raise BadInput(f"{name} has {size / 2**20:,.0f} MB; at most {most / 2**20:,.0f} MB can be attached.")


class SlackFiles:
    """Reads files people shared in Slack. Only `address` is ever asked, and only it is shown the token."""

    def __init__(self, http: Http, address: str, token: str, most: int = MOST_BYTES) -> None:
        self._http = http
        self._origin = origin(address)
        self._token = token
        self._most = most

    @asynccontextmanager
    async def open(self, url: str, name: str, size: int, content_type: str = "") -> AsyncIterator[File]:
        """The file behind `url_private_download`, with what Slack says of it; read it inside the block.

        Raises BadInput for another address, a wrong type or size; SdpUnreachable when Slack does not hand it out.
        """
        self._check_address(url)
        name = safe_name(name)
        check(name, size, self._most)
        try:
            async with self._http.download(url, {"Authorization": f"Bearer {self._token}"}) as (answer, pieces):
                _check_answer(answer, name, size, content_type)
                yield File(name, size, content_type or "application/octet-stream", _exactly(pieces, size, name))
        except (NotSent, NoAnswer) as failed:
            raise SdpUnreachable(f"Slack does not hand out {name} just now. Please try again.") from failed

    def _check_address(self, url: str) -> None:
        try:
            matches = origin(url) == self._origin
        except ValueError:
            matches = False
        if not matches:
            raise BadInput("This file does not live in Slack, so it was not fetched. Please share it in Slack itself.")


def _check_answer(answer: Answer, name: str, size: int, content_type: str) -> None:
    """Slack answers a token without `files:read` with a redirect to, or the HTML of, its sign-in page."""
    got = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or (got == "text/html" and content_type.lower() != "text/html"):
        raise SdpUnreachable(f"Slack does not hand out {name}: the app may lack the scope files:read.")
    length = answer.headers.get("content-length")
    encoded = answer.headers.get("content-encoding")
    if length and not encoded and length != str(size):
        raise BadInput(f"{name} is not what Slack said it is: {length} bytes instead of {size}.")


async def _exactly(pieces: AsyncIterator[bytes], size: int, name: str) -> AsyncIterator[bytes]:
    """The pieces, as long as they add up; a file that ends early or goes on is never passed off as whole."""
    got = 0
    try:
        async for piece in pieces:
            got += len(piece)
            if got > size:
                break
            yield piece
    except NoAnswer as failed:
        raise SdpUnreachable(f"Slack stopped sending {name}, so it was not attached. Please try again.") from failed
    if got != size:
        raise SdpUnreachable(f"{name} came from Slack with another size than announced, so it was not attached.")


def multipart(file: File, progress: Callable[[int], None] | None = None) -> tuple[AsyncIterator[bytes], dict[str, str]]:
    """The body of P11 and its headers: the parts `filename` (the file) and `addtoattachment`, of known length.

    httpx makes multipart bodies of files that are read at once; this one is made of pieces as they come.
    """
    boundary = f"sdp-bot-{secrets.token_hex(16)}"
    quoted = file.name.replace("\\", "_").replace('"', "_").replace("\r", " ").replace("\n", " ")
    content_type = file.content_type if re.fullmatch(r"[\w.+-]+/[\w.+-]+", file.content_type) else ""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="addtoattachment"\r\n\r\ntrue\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="filename"; filename="{quoted}"\r\n'
        f"Content-Type: {content_type or 'application/octet-stream'}\r\n\r\n"
    ).encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + file.size + len(tail)),
    }
    return _body(head, file, tail, progress), headers


async def _body(head: bytes, file: File, tail: bytes, progress: Callable[[int], None] | None) -> AsyncIterator[bytes]:
    gone = 0
    yield head
    async for piece in file.pieces:
        yield piece
        gone += len(piece)
        if progress:
            progress(gone)
    yield tail
