"""Files from Slack to SDP: whom the token is shown to, what is sent on, and under which name."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.errors import BadInput, OutcomeUnknown, SdpUnreachable
from bot.models import SdpId
from bot.sdp import Sdp
from bot.sdp.files import EXECUTABLE, File, check, safe_name
from sandbox.sdp.world import SdpWorld
from sandbox.serve import serve
from tests.bot.sdp.conftest import Clients

TOKEN = "xoxb-test-not-a-token"
CONTENT = bytes(range(256)) * 4_000


class SlackFileServer:
    """files.slack.com for one file; `mood` says how it treats who asks."""

    def __init__(self) -> None:
        self.mood = "well"
        self.asked: list[Request] = []

    async def _file(self, request: Request) -> Response:
        self.asked.append(request)
        if request.headers.get("authorization") != f"Bearer {TOKEN}" or self.mood == "sign in":
            return HTMLResponse("<html>Sign in to Slack</html>")
        if self.mood == "redirect":
            return RedirectResponse("https://evil.example/")
        cut = {"short": CONTENT[:-1], "long": CONTENT + b"!"}.get(self.mood, CONTENT)
        headers = {} if self.mood in ("short", "long", "breaks") else {"content-length": str(len(cut))}
        return StreamingResponse(self._pieces(cut), headers=headers, media_type="application/octet-stream")

    async def _pieces(self, content: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(content), 65_536):
            if self.mood == "breaks" and start:
                raise ConnectionResetError
            yield content[start : start + 65_536]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._file)])


@pytest.fixture
def slack() -> SlackFileServer:
    return SlackFileServer()


@pytest.fixture
async def slack_url(slack: SlackFileServer, stack: AsyncExitStack) -> str:
    return await stack.enter_async_context(serve(slack.app()))


@pytest.fixture
async def sam(clients: Clients, world: SdpWorld, slack_url: str) -> Sdp:
    client = await clients.new(slack_files_url=slack_url, most_upload_bytes=2_000_000)
    return client.acting_as(client.tokens_of(world.accounts.grant("sam")))


@pytest.fixture
def project(world: SdpWorld) -> SdpId:
    return SdpId(world.project("PJT-1").id)


async def send(sam: Sdp, project: SdpId, url: str, name: str = "plan.bin", size: int = len(CONTENT)) -> list[int]:
    """From Slack to the project; the progress that was told."""
    told: list[int] = []
    async with sam.slack_files(TOKEN).open(url, name, size) as file:
        await sam.projects.upload(project, file, told.append)
    return told


async def test_a_file_arrives_as_it_was(sam: Sdp, world: SdpWorld, project: SdpId, slack_url: str) -> None:
    told = await send(sam, project, f"{slack_url}/files-pri/T1-F1/download/plan.bin", 'Grüße "an" alle.bin')
    kept = world.project(project).attachments[-1]
    assert (kept.name, kept.size) == ("Grüße an alle.bin", len(CONTENT))
    assert kept.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert told[-1] == len(CONTENT)
    assert told == sorted(told)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/T1-F1/plan.bin",
        "https://files.slack.com.evil.example/x",
        "https://files.slack.com@evil.example/x",
        "http://files.slack.com/x",
        "file:///etc/passwd",
        "not an address",
    ],
)
async def test_the_token_is_shown_to_slack_alone(sam: Sdp, slack: SlackFileServer, project: SdpId, url: str) -> None:
    with pytest.raises(BadInput, match="does not live in Slack"):
        await send(sam, project, url)
    assert not slack.asked


@pytest.mark.parametrize("mood", ["sign in", "redirect", "short", "long", "breaks"])
async def test_what_is_not_the_whole_file_is_not_attached(
    sam: Sdp, world: SdpWorld, slack: SlackFileServer, slack_url: str, project: SdpId, mood: str
) -> None:
    slack.mood = mood
    with pytest.raises(SdpUnreachable, match=r"plan\.bin"):
        await send(sam, project, f"{slack_url}/plan.bin")
    assert not world.effects("project.uploaded")


async def test_a_size_that_is_not_what_slack_said_is_refused(
    sam: Sdp, world: SdpWorld, slack_url: str, project: SdpId
) -> None:
    with pytest.raises(BadInput, match="instead of"):
        await send(sam, project, f"{slack_url}/plan.bin", size=17)
    assert not world.effects("project.uploaded")


@pytest.mark.parametrize(("name", "size"), [("setup.EXE", 10), ("x.ps1", 10), ("empty.txt", 0), ("big.zip", 3_000_000)])
async def test_what_must_not_be_sent_on_is_not_even_fetched(
    sam: Sdp, slack: SlackFileServer, slack_url: str, project: SdpId, name: str, size: int
) -> None:
    with pytest.raises(BadInput):
        await send(sam, project, f"{slack_url}/x", name, size)
    assert not slack.asked


async def test_sdp_silent_after_an_upload_is_an_unknown_outcome(
    sam: Sdp, world: SdpWorld, slack_url: str, project: SdpId
) -> None:
    world.break_with("drop_after", "*/_uploads")
    with pytest.raises(OutcomeUnknown):
        await send(sam, project, f"{slack_url}/plan.bin")
    assert len(world.effects("project.uploaded")) == 1


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plan.txt", "plan.txt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\plan.txt", "plan.txt"),
        ("a\r\nContent-Type: x.txt", "aContent-Type x.txt"),
        ('a"b;c.txt', "a b c.txt"),
        (".hidden", "hidden"),
        ("...", "file"),
        ("", "file"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_no_name_leaves_its_folder_or_header(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert not set(safe) & set('/\\"\r\n\x00;<>|')
    assert not safe.startswith(".")
    assert safe == safe_name(safe)


@given(st.sampled_from(sorted(EXECUTABLE)), st.text(max_size=20))
def test_no_program_passes_by_its_name(ending: str, stem: str) -> None:
    with pytest.raises(BadInput):
        check(safe_name(f"{stem}x.{ending.upper()}"), 10)


async def test_a_name_cannot_break_out_of_its_header(sam: Sdp, world: SdpWorld, project: SdpId) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"

    await sam.projects.upload(project, File('a"\r\nX-Evil: 1\r\n\r\nb.txt', 1, "text/plain\r\nX-Evil: 1", pieces()))
    kept = world.project(project).attachments[-1]
    assert (kept.name, kept.content_type) == ("a_  X-Evil: 1    b.txt", "application/octet-stream")
