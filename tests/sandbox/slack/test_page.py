"""The page over plain HTTP: what it shows to whom, and what it refuses."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from bs4 import BeautifulSoup
from slack_bolt.async_app import AsyncApp

from sandbox.slack.content import Content, with_ids
from sandbox.slack.page.site import POLICY
from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, over_http, section


@pytest.fixture
async def http(world: SlackWorld) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser without scripts, at the workspace's address."""
    async with aiohttp.ClientSession(world.url) as session:
        yield session


async def looked_at(http: aiohttp.ClientSession, path: str) -> BeautifulSoup:
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return BeautifulSoup(await answer.text(), "html.parser")


def place_of(world: SlackWorld, who: str, where: str = "") -> str:
    channel = world.channel(where) if where else world.dm(who)
    assert channel is not None
    return f"/?as={who}&channel={channel.id}"


def post(world: SlackWorld, who: str, *blocks: dict[str, object], text: str = "") -> None:
    channel = world.dm(who)
    assert channel is not None
    world.post_as_bot(channel, Content(text=text, blocks=with_ids(list(blocks), world.ids)))


@pytest.mark.parametrize("path", ["/?as=mara&tab=home", "/panel", "/page/static/page.js", "/page/hints", "/nobody"])
async def test_every_answer_forbids_scripts_from_elsewhere(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        if answer.status == 200:
            assert answer.headers["Content-Security-Policy"] == POLICY
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_holds_no_inline_script_or_style(world: SlackWorld, http: aiohttp.ClientSession) -> None:
    post(world, "arjun", section("*RLS-42*"), actions(button("Approve", "approve")))
    page = await looked_at(http, place_of(world, "arjun"))
    assert [script.get("src") for script in page.find_all("script")] == ["/page/static/page.js"]
    assert not page.find_all("style")
    assert not [tag for tag in page.find_all(True) for name in tag.attrs if name == "style" or name.startswith("on")]
    away = [
        tag for tag in page.find_all(src=True) + page.find_all("link") if "//" in str(tag.get("src", tag.get("href")))
    ]
    assert not away


async def test_a_page_nobody_asked_for_starts_with_whoever_has_a_card(
    world: SlackWorld, http: aiohttp.ClientSession
) -> None:
    post(world, "wiremu", text="nothing to press")
    post(world, "tess", section("RLS-42"), actions(button("Approve", "approve")))
    async with http.get("/", allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"].startswith(place_of(world, "tess") + "#at=main-")


async def test_each_sees_their_own_notes_and_buttons(world: SlackWorld, http: aiohttp.ClientSession) -> None:
    general = world.channel("release-approvals")
    mine = button("Mine", "mine", visible_to_user_ids=[world.person("arjun").id])
    world.post_as_bot(general, Content(text="", blocks=with_ids([actions(button("Ours", "ours"), mine)], world.ids)))
    world.whisper_as_bot(general, world.person("tess").id, Content(text="only for Tess"))
    arjun = await looked_at(http, place_of(world, "arjun", "release-approvals"))
    tess = await looked_at(http, place_of(world, "tess", "release-approvals"))
    assert [one.text for one in arjun.select(".block .btn")] == ["Ours", "Mine"]
    assert [one.text for one in tess.select(".block .btn")] == ["Ours"]
    assert "only for Tess" in tess.text
    assert "only for Tess" not in arjun.text


async def test_the_same_moment_is_shown_in_each_ones_zone(world: SlackWorld, http: aiohttp.ClientSession) -> None:
    ops = world.channel("release-approvals")
    world.post_as_bot(ops, Content(text="starts <!date^1774958400^{date_num} {time}|soon>"))
    seen = {who: (await looked_at(http, place_of(world, who, "release-approvals"))).text for who in ("arjun", "wiremu")}
    assert "starts 2026-03-31 17:30" in seen["arjun"]
    assert "starts 2026-04-01 01:45" in seen["wiremu"]


async def test_a_private_conversation_is_closed_to_others(world: SlackWorld, http: aiohttp.ClientSession) -> None:
    post(world, "arjun", text="a secret of Arjun's")
    page = await looked_at(http, place_of(world, "arjun").replace("as=arjun", "as=gil"))
    assert "a secret of Arjun's" not in page.text


async def test_looking_makes_read(world: SlackWorld, http: aiohttp.ClientSession) -> None:
    post(world, "arjun", text="news")
    before = await looked_at(http, place_of(world, "arjun", "general"))
    assert before.select_one(".side .badge") is not None
    after = await looked_at(http, place_of(world, "arjun"))
    assert after.select_one(".side .badge") is None


@pytest.mark.parametrize(
    "path",
    ["/?as=nobody", "/?as=mara&channel=C404", "/?as=mara&dm=nobody", "/archives/C404/p1", "/page/static/..%2fsite.py"],
)
async def test_what_is_not_there_is_a_404_with_words(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as answer:
        assert answer.status == 404
        assert await answer.text()


async def test_another_sites_page_may_not_press_buttons(
    world: SlackWorld, slack: Slack, bolt: AsyncApp, http: aiohttp.ClientSession
) -> None:
    body = {"as": "mara", "text": "hello", "in": {"channel": world.channel("general").id}}
    async with http.post("/page/do/type", json=body, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403
    assert not world.messages("general", "mara")
    async with http.post("/page/do/type", json=body, headers={"Sec-Fetch-Site": "same-origin"}) as answer:
        assert (await answer.json())["ok"]
    assert [message.text for message in world.messages("general", "mara")] == ["hello"]


@pytest.mark.parametrize("body", ["no json", "[]", "{}", '{"as": "mara"}', '{"as": "mara", "in": {"view": "V404"}}'])
async def test_a_gesture_that_makes_no_sense_is_refused_in_words(http: aiohttp.ClientSession, body: str) -> None:
    async with http.post("/page/do/click", data=body) as answer:
        assert answer.status in (400, 404)
        assert (await answer.json())["error"]


async def test_the_right_button_is_pressed_when_names_repeat(
    world: SlackWorld, bolt: AsyncApp, http: aiohttp.ClientSession
) -> None:
    pressed: list[str] = []

    @bolt.action("approve")
    async def approve(ack: object, payload: dict[str, str]) -> None:
        pressed.append(payload["value"])
        await ack()  # type: ignore[operator]

    rows = [actions(button("Approve", "approve", value=name), block_id=name) for name in ("RLS-1", "RLS-2", "RLS-3")]
    post(world, "arjun", *rows)
    channel = world.dm("arjun")
    assert channel is not None
    message = world.messages(channel, "arjun")[0]
    body = {
        "as": "arjun",
        "in": {"channel": channel.id, "ts": message.ts},
        "block_id": "RLS-2",
        "action_id": "approve",
        "type": "button",
    }
    async with over_http(world, bolt), http.post("/page/do/click", json=body) as answer:
        assert (await answer.json())["ok"]
    assert pressed == ["RLS-2"]


async def test_shared_files_never_run_in_the_page(world: SlackWorld, http: aiohttp.ClientSession) -> None:
    page = world.files.add(world.person("mara").id, "plan.html", b"<script>alert(1)</script>")
    picture = world.files.add(world.person("mara").id, "hours.png", b"\x89PNG")
    async with http.get(f"/page/files/{page.id}") as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    async with http.get(f"/page/files/{picture.id}") as answer:
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].startswith("inline")


async def test_a_permalink_leads_to_its_conversation(
    world: SlackWorld, slack: Slack, http: aiohttp.ClientSession
) -> None:
    await slack.as_("mara").type("find me", "general")
    link = world.permalink(world.messages("general", "mara")[0]).removeprefix(world.url)
    assert "find me" in (await looked_at(http, link)).text


async def test_changes_are_told_as_they_happen(world: SlackWorld, slack: Slack, http: aiohttp.ClientSession) -> None:
    async with http.get("/page/events") as stream:
        await stream.content.readuntil(b"\n\n")
        await slack.as_("mara").type("hello", "general")
        told = (await stream.content.readuntil(b"\n\n")).decode()
    assert told.startswith("event: change\n")
    assert world.channel("general").id in told


async def test_the_panel_knows_only_levers_that_are_there(http: aiohttp.ClientSession) -> None:
    async with http.post("/panel/do/kill_worker", json={}) as answer:
        assert answer.status == 404
        assert "drop_sockets" in (await answer.json())["error"]
