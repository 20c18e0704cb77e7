"""Files: the three steps of an upload, sharing, and downloads that want a token."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def fetch(url: str, token: str | None = None) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, response.content_type, await response.read()


async def test_sdk_uploads_in_three_steps_and_shares_the_file(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    await client.files_upload_v2(
        channel=world.channel("ops").id,
        filename="hours.csv",
        title="Hours",
        content="a,b\n1,2\n",
        initial_comment="here",
    )
    [message] = slack.as_("odile").messages("ops")
    assert (message.text, slack.as_("odile").sees("ops")) == ("here", "here\n(Hours)")
    [file] = message.files
    assert (file.name, file.mimetype, file.content) == ("hours.csv", "text/csv", b"a,b\n1,2\n")
    assert [entry.what for entry in world.log.entries if entry.what.startswith("files.")] == [
        "files.getUploadURLExternal",
        "files.upload",
        "files.completeUploadExternal",
    ]


async def test_file_goes_to_a_conversation_not_to_a_person(world: SlackWorld, client: AsyncWebClient) -> None:
    step = await client.files_getUploadURLExternal(filename="a.txt", length=1)
    async with aiohttp.ClientSession() as session, session.post(step["upload_url"], data=b"x") as response:
        assert (response.status, await response.text()) == (200, "OK - 1")
    done = client.files_completeUploadExternal(
        files=[{"id": step["file_id"], "title": "a"}], channel_id=world.person("arjun").id
    )
    assert await error_of(done) == "channel_not_found"


async def test_upload_must_be_as_long_as_announced_and_only_once(world: SlackWorld, client: AsyncWebClient) -> None:
    step = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    async with aiohttp.ClientSession() as session:
        async with session.post(step["upload_url"], data=b"xx") as short:
            assert (short.status, await short.text()) == (400, "length_mismatch")
        async with session.post(step["upload_url"], data=b"xxx") as right:
            assert right.status == 200
        async with session.post(step["upload_url"], data=b"xxx") as again:
            assert (again.status, await again.text()) == (400, "invalid_ticket")


async def test_nothing_is_complete_before_the_bytes_came(world: SlackWorld, client: AsyncWebClient) -> None:
    step = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    early = client.files_completeUploadExternal(files=[{"id": step["file_id"], "title": "a"}])
    assert await error_of(early) == "file_not_found"
    assert await error_of(client.api_call("files.getUploadURLExternal", params={"length": 1})) == "invalid_arguments"


async def test_download_wants_a_token_with_the_scope(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    shared = (await slack.as_("odile").upload("plan.txt", b"the plan", in_="#ops")).messages[0].files[0]
    file = (await client.files_info(file=shared.id))["file"]
    assert (file["name"], file["size"]) == ("plan.txt", 8)
    assert await fetch(file["url_private"], world.bot_token) == (200, "text/plain", b"the plan")
    status, kind, page = await fetch(file["url_private"])
    assert (status, kind, b"Sign in" in page) == (200, "text/html", True)
    world.app.scopes.remove("files:read")
    assert (await fetch(file["url_private"], world.bot_token))[1] == "text/html"


async def test_file_of_a_place_the_app_is_not_in_is_hidden(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    shared = (await slack.as_("arjun").upload("plan.txt", b"the plan", in_="#general")).messages[0].files[0]
    assert await error_of(client.files_info(file=shared.id)) == "file_not_found"


async def test_download_can_break_off(world: SlackWorld, slack: Slack) -> None:
    shared = (await slack.as_("odile").upload("plan.txt", b"the plan", in_="#ops")).messages[0].files[0]
    world.faults.add("status", "files.download", status=500)
    assert (await fetch(shared.url_private, world.bot_token))[0] == 500
    world.faults.add("lost", "files.download", times=2)  # aiohttp asks again once by itself
    with pytest.raises(aiohttp.ClientError):
        await fetch(shared.url_private, world.bot_token)
    assert (await fetch(shared.url_private, world.bot_token))[2] == b"the plan"


async def test_file_is_shared_into_a_thread(world: SlackWorld, slack: Slack) -> None:
    odile = slack.as_("odile")
    parent = (await odile.type("the plans, please", in_="#ops")).messages[0]
    shared = (await odile.upload("plan.txt", b"the plan", in_="#ops", thread=parent.ts)).messages[0]
    assert shared.is_reply
    assert world.messages("#ops", "odile", thread=parent.ts) == [parent, shared]


async def test_large_file_travels_in_pieces(world: SlackWorld, slack: Slack) -> None:
    big = bytes(range(256)) * 20_000
    shared = (await slack.as_("odile").upload("big.bin", big, in_="#ops")).messages[0].files[0]
    status, kind, content = await fetch(shared.url_private, world.bot_token)
    assert (status, kind, content == big) == (200, "application/octet-stream", True)


async def test_app_deletes_only_its_own_files(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    shared = (await slack.as_("odile").upload("plan.txt", b"the plan", in_="#ops")).messages[0].files[0]
    await client.files_upload_v2(channel=world.channel("ops").id, filename="own.txt", content="x")
    own = slack.as_("odile").messages("ops")[-1].files[0]
    assert await error_of(client.files_delete(file=shared.id)) == "cant_delete_file"
    assert (await client.files_delete(file=own.id))["ok"]
    assert await error_of(client.files_info(file=own.id)) == "file_not_found"
