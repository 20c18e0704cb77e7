"""The set-up as its pages tell it, done to the letter against the stand-ins, from `.env` to a click and a trigger."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.box import Box, open_box
from sandbox.sdp.accounts import CLIENT_ID, CLIENT_SECRET
from tests.conftest import until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SET_UP = (ROOT / "docs/set-up.md").read_text()
PAYMENT = "Payment gateway 4.2"
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"PYTHONPATH": str(ROOT)}


def env_file(folder: Path, *lines: str) -> None:
    """`.env` as somebody makes it: the example, with what is known appended."""
    (folder / ".env").write_text("\n".join([(ROOT / ".env.example").read_text(), *lines, "PORT=0", ""]))


def lines(settings: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]


async def sdp_bot(folder: Path, *words: str) -> asyncio.subprocess.Process:
    """The command as it is typed in a folder with a `.env`."""
    command = (sys.executable, "-m", "bot", *words)
    return await asyncio.create_subprocess_exec(*command, env=ENVIRONMENT, cwd=folder, stdout=-1, stderr=-2)


async def said(folder: Path, *words: str) -> str:
    """All that a command prints until it ends."""
    process = await sdp_bot(folder, *words)
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    return printed.decode()


@contextlib.asynccontextmanager
async def running(folder: Path, *words: str, until_it_says: str) -> AsyncIterator[list[str]]:
    """The command, from when it has said that; ended as Ctrl-C does, which must go well. Yields what it said so far."""
    process = await sdp_bot(folder, *words)
    assert process.stdout is not None
    heard: list[str] = []
    try:
        async with asyncio.timeout(60):
            while not heard or until_it_says not in heard[-1]:
                line = await process.stdout.readline()
                assert line, f"it ended: {heard}"
                heard.append(line.decode())
        listening = asyncio.create_task(process.stdout.read())
        yield heard
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(listening, 20)
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json()


async def post(url: str, body: object) -> Any:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return await answer.json()


async def test_the_trial_of_the_page_ends_in_an_approved_release(tmp_path: Path) -> None:
    demo = ("demo", "--no-bot", "--port", "0", "--scenario", "quiet-day")
    async with running(tmp_path, *demo, until_it_says="Ctrl-C ends both") as heard:
        shown = "".join(heard)
        env_file(tmp_path, *re.findall(r"^[A-Z_]+=\S+$", shown, re.MULTILINE))
        assert "PROBLEM" not in await said(tmp_path, "doctor")
        slack, sdp = re.findall(r"as its people see it: +(http://\S+?)/\s", shown)
        async with running(tmp_path, "run", until_it_says="bot.ready"):

            async def words(look_for: str) -> bool:
                return look_for in json.dumps(await get(f"{slack}/sandbox/state?viewer=arjun"))

            await until(lambda: words(PAYMENT), seconds=60)
            clicked = await post(f"{slack}/sandbox/people/arjun/click", {"button": "Approve"})
            assert clicked["ok"], clicked
            await until(lambda: words("Approved by Arjun Velloor"), seconds=60)
        effects = await get(f"{sdp}/sandbox/effects?kind=approval.approved")
        assert [one["via"] for one in effects].count("api") == 1


# --- what the pages give to copy --------------------------------------------------------------------------------


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with open_box("quiet-day") as box:
        yield box


def scopes(page: str, marked: str) -> list[str]:
    """The list of scopes behind a word of a page."""
    found = re.search(rf"{marked}((?:SDPOnDemand\.[\w.]+,?)+)", page)
    assert found
    return found[1].split(",")


async def refresh_token(box: Box, asked: list[str], **more: str) -> str:
    """What the page's curl gives for a code of the service account's."""
    code = box.sdp.accounts.consent("service", CLIENT_ID, more.get("redirect_uri", ""), asked)
    command = re.search(r"^curl https://accounts\.zoho\.com(\S+) (.+)$", README, re.MULTILINE)
    assert command
    given = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": code}
    fields = dict(re.findall(r"-d (\w+)=(\S+)", command[2]))
    assert {name for name, value in fields.items() if value == "…"} == set(given)
    form = {**fields, **given, **more}
    async with aiohttp.ClientSession() as session, session.post(f"{box.sdp.url}{command[1]}", data=form) as answer:
        return str((await answer.json())["refresh_token"])


async def test_the_token_of_the_page_has_the_scopes_the_doctor_wants(box: Box, tmp_path: Path) -> None:
    token = await refresh_token(box, scopes(README, r"```\n"))
    env_file(tmp_path, *lines({**box.settings(socket_mode=True), "SDP_REFRESH_TOKEN": token}))
    findings = await said(tmp_path, "doctor")
    assert "SDP takes the service account." in findings
    assert "SDPOnDemand." not in findings
    assert "PROBLEM" not in findings


async def test_with_own_accounts_the_token_of_the_page_can_only_read(box: Box, tmp_path: Path) -> None:
    back = "http://127.0.0.1:3000/sdp/oauth/callback"
    token = await refresh_token(box, scopes(SET_UP, "scope="), redirect_uri=back)
    more = {"SDP_REFRESH_TOKEN": token, "SDP_ACT_AS": "person", "PUBLIC_URL": "http://127.0.0.1:3000"}
    env_file(tmp_path, *lines({**box.settings(socket_mode=True), **more}))
    findings = await said(tmp_path, "doctor")
    assert "SDP takes the service account." in findings
    assert "SDPOnDemand." not in findings
    assert "may change SDP" not in findings
    assert "Nobody can connect an account" not in findings


def deluge(secret: str, release: str) -> tuple[str, dict[str, str], str]:
    """Path, headers and body of the page's snippet; maps of Deluge are written as JSON, and become it as text."""
    snippet = SET_UP.partition("```js\n")[2].partition("```")[0]
    headers = re.search(r"^headers = (\{.+\});$", snippet, re.MULTILINE)
    hint = re.search(r"^hint = (\{.+\});$", snippet, re.MULTILINE)
    url = re.search(r'url: "https://bot\.example\.com(\S+)"', snippet)
    assert headers
    assert hint
    assert url
    assert "type: POST" in snippet
    assert "parameters: hint.toString()" in snippet
    body = json.loads(hint[1].replace('releaseObj.get("id")', json.dumps(release)))
    return url[1], json.loads(headers[1].replace("the word from .env", secret)), json.dumps(body)


async def test_the_triggers_snippet_brings_the_card_up_to_date_at_once(box: Box, tmp_path: Path) -> None:
    env_file(tmp_path, *lines(box.settings(socket_mode=True)), "POLL_SECONDS=3600")
    async with running(tmp_path, "run", until_it_says="bot.ready") as heard:
        address = re.search(r"address=(http://\S+)", heard[-1])
        assert address
        await until(lambda: PAYMENT in box.people.as_("arjun").sees(), seconds=60)
        release = box.sdp.release(PAYMENT)
        box.sdp.releases.edit(release, title="Payment gateway 4.2.1")
        path, headers, body = deluge(box.settings()["SDP_WEBHOOK_SECRET"], release.id)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{address[1]}{path}", data=body, headers=headers) as answer,
        ):
            assert (answer.status, await answer.text()) == (202, "ok")
        await until(lambda: "Payment gateway 4.2.1" in box.people.as_("arjun").sees(), seconds=60)


def test_the_example_names_nothing_as_if_it_were_known() -> None:
    """A placeholder would count as a value, and the doctor would not miss it."""
    example = (ROOT / ".env.example").read_text()
    filled = dict(re.findall(r"^([A-Z_]+)=(.+)$", example, re.MULTILINE))
    assert not any("…" in value for value in filled.values())
    assert not {"SLACK_BOT_TOKEN", "SDP_URL", "SDP_CLIENT_ID", "SDP_CLIENT_SECRET", "SDP_REFRESH_TOKEN"} & set(filled)


def test_every_setting_the_pages_name_is_one() -> None:
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"`((?:SLACK|SDP|PUBLIC|REDIS|TOKEN|DATA|METRICS|APPROVALS)_[A-Z_]+)`", README + SET_UP))
    assert named
    assert [name for name in named if f"\n{name}=" not in example] == []
