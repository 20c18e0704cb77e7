"""Messages: posting, changing, whispering, threads, history, what may not be done, and what only some people see."""

from typing import Any

import pytest
from freezegun import freeze_time
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.people import Slack
from sandbox.slack.world import SlackWorld
from tests.sandbox.slack.counterpart import actions, button, section


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_message_to_a_person_lands_in_their_direct_message(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=world.person("arjun").id, text="hello")
    assert posted["channel"].startswith("D")
    assert slack.as_("arjun").sees() == "hello"
    assert slack.as_("tess").sees() == ""


async def test_message_to_a_channel_needs_membership(world: SlackWorld, client: AsyncWebClient) -> None:
    assert await error_of(client.chat_postMessage(channel="#general", text="x")) == "not_in_channel"
    assert await error_of(client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
    world.channel("ops").archived = True
    assert await error_of(client.chat_postMessage(channel="#ops", text="x")) == "is_archived"
    world.app.scopes.add("chat:write.public")
    assert (await client.chat_postMessage(channel="#general", text="x"))["ok"]


async def test_message_without_words_is_refused(world: SlackWorld, client: AsyncWebClient) -> None:
    channel = world.channel("ops").id
    wordless = client.api_call("chat.postMessage", json={"channel": channel, "text": ""})
    assert await error_of(wordless) == "no_text"
    assert await error_of(client.chat_postMessage(channel=channel, blocks="{", text="x")) == "invalid_blocks_format"


async def test_two_messages_never_share_a_time_stamp(world: SlackWorld, client: AsyncWebClient) -> None:
    with freeze_time("2026-03-02 09:00:00", real_asyncio=True):
        stamps = [(await client.chat_postMessage(channel="#ops", text=str(n)))["ts"] for n in range(3)]
    assert stamps == ["1772442000.000000", "1772442000.000001", "1772442000.000002"]


async def test_update_changes_in_place_and_keeps_what_it_does_not_name(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(
        channel="#ops", text="one", blocks=[section("one")], metadata={"event_type": "card", "event_payload": {"n": 1}}
    )
    where = {"channel": posted["channel"], "ts": posted["ts"]}
    await client.chat_update(**where, text="two")
    kept = slack.as_("odile").messages("ops")[0]
    assert (kept.text, kept.blocks[0]["text"]["text"]) == ("two", "one")
    assert kept.metadata == {"event_type": "card", "event_payload": {"n": 1}}
    await client.chat_update(**where, text="three", blocks=[])
    assert slack.as_("odile").sees("ops") == "three"


async def test_update_has_rules_of_its_own(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=world.person("arjun").id, text="x")
    channel, ts = posted["channel"], posted["ts"]
    said = (await slack.as_("arjun").type("mine")).messages[0]
    assert await error_of(client.chat_update(channel=channel, ts=ts, text="x" * 4001)) == "msg_too_long"
    assert await error_of(client.chat_update(channel=channel, ts="1.0", text="x")) == "message_not_found"
    assert await error_of(client.chat_update(channel=channel, ts=said.ts, text="x")) == "cant_update_message"
    by_person = client.chat_update(channel=world.person("arjun").id, ts=ts, text="x")
    assert await error_of(by_person) == "channel_not_found"


async def test_deleted_message_is_gone(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#ops", text="x")
    said = (await slack.as_("odile").type("mine", in_="#ops")).messages[0]
    await client.chat_delete(channel=posted["channel"], ts=posted["ts"])
    assert slack.as_("odile").sees("ops") == "mine"
    again = client.chat_delete(channel=posted["channel"], ts=posted["ts"])
    assert await error_of(again) == "message_not_found"
    assert await error_of(client.chat_delete(channel=said.channel, ts=said.ts)) == "cant_delete_message"


async def test_person_may_delete_their_own_message_and_an_administrator_any(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel="#ops", text="card")
    odile, sam = slack.as_("odile"), slack.as_("sam")
    card = odile.messages("#ops")[0]
    assert (await odile.delete(card)).error == "You can only delete your own messages."
    assert (await sam.delete(card)).ok
    assert odile.messages("#ops") == []


async def test_ephemeral_is_for_one_person_and_never_in_history(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    ops = world.channel("ops").id
    noted = await client.chat_postEphemeral(channel=ops, user=world.person("odile").id, text="psst")
    assert slack.as_("odile").sees("ops") == "psst"
    assert slack.as_("sam").sees("ops") == ""
    assert (await client.conversations_history(channel=ops))["messages"] == []
    assert await error_of(client.chat_update(channel=ops, ts=noted["message_ts"], text="x")) == "message_not_found"
    stranger = client.chat_postEphemeral(channel=ops, user=world.person("gil").id, text="x")
    assert await error_of(stranger) == "user_not_in_channel"


async def test_replies_stay_in_their_thread(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    ops = world.channel("ops").id
    card = await client.chat_postMessage(channel=ops, text="card")
    await client.chat_postMessage(channel=ops, text="first", thread_ts=card["ts"])
    await client.chat_postMessage(channel=ops, text="shown to all", thread_ts=card["ts"], reply_broadcast=True)
    odile = slack.as_("odile")
    assert odile.sees("ops") == "card\nshown to all"
    assert [message.text for message in odile.messages("ops", thread=card["ts"])] == ["card", "first", "shown to all"]
    replies = await client.conversations_replies(channel=ops, ts=card["ts"])
    assert [message["text"] for message in replies["messages"]] == ["card", "first", "shown to all"]
    assert replies["messages"][0]["reply_count"] == 2
    history = (await client.conversations_history(channel=ops))["messages"]
    assert [message["text"] for message in history] == ["shown to all", "card"]
    lost = client.chat_postMessage(channel=ops, text="x", thread_ts="1.000000")
    assert await error_of(lost) == "thread_not_found"


async def test_history_is_read_in_pages_newest_first(world: SlackWorld, client: AsyncWebClient) -> None:
    ops = world.channel("ops").id
    stamps = [(await client.chat_postMessage(channel=ops, text=str(n)))["ts"] for n in range(7)]
    seen: list[str] = []
    async for page in await client.conversations_history(channel=ops, limit=3):
        seen += [message["text"] for message in page["messages"]]
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    between = await client.conversations_history(channel=ops, oldest=stamps[2], latest=stamps[4])
    assert [message["text"] for message in between["messages"]] == ["3"]
    ends = await client.conversations_history(channel=ops, oldest=stamps[2], latest=stamps[4], inclusive=True)
    assert [message["text"] for message in ends["messages"]] == ["4", "3", "2"]


async def test_history_shows_metadata_only_when_asked(world: SlackWorld, client: AsyncWebClient) -> None:
    ops = world.channel("ops").id
    metadata = {"event_type": "approval_card", "event_payload": {"approval": "1"}}
    await client.chat_postMessage(channel=ops, text="card", metadata=metadata)
    plain = (await client.conversations_history(channel=ops))["messages"][0]
    full = (await client.conversations_history(channel=ops, include_all_metadata=True))["messages"][0]
    assert ("metadata" in plain, full["metadata"]) == (False, metadata)
    wrong = client.chat_postMessage(channel=ops, text="x", metadata={"event_type": "a"})
    assert await error_of(wrong) == "invalid_metadata_format"


async def test_history_needs_the_scope_of_the_place(world: SlackWorld, client: AsyncWebClient) -> None:
    world.app.scopes.remove("im:history")
    dm = world.dm("arjun")
    assert dm is not None
    assert await error_of(client.conversations_history(channel=dm.id)) == "missing_scope"
    assert await error_of(client.conversations_history(channel=world.channel("general").id)) == "not_in_channel"


async def test_scheduled_message_comes_when_it_is_time_unless_it_has_metadata(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    ops, metadata = world.channel("ops").id, {"event_type": "a", "event_payload": {}}
    with freeze_time("2026-03-02 09:00:00", real_asyncio=True) as clock:
        soon = int(world.now()) + 60
        await client.chat_scheduleMessage(channel=ops, post_at=soon, text="on time")
        await client.chat_scheduleMessage(channel=ops, post_at=soon, text="lost", metadata=metadata)
        other = await client.chat_scheduleMessage(channel=ops, post_at=soon, text="called off")
        await client.chat_deleteScheduledMessage(channel=ops, scheduled_message_id=other["scheduled_message_id"])
        assert slack.as_("odile").sees("ops") == ""
        clock.tick(61)
        assert slack.as_("odile").sees("ops") == "on time"
        past = client.chat_scheduleMessage(channel=ops, post_at=soon, text="x")
        assert await error_of(past) == "time_in_past"


async def test_permalink_leads_to_the_message(world: SlackWorld, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#ops", text="x")
    link = await client.chat_getPermalink(channel=posted["channel"], message_ts=posted["ts"])
    assert link["permalink"] == f"{world.url}/archives/{posted['channel']}/p{posted['ts'].replace('.', '')}"


async def test_button_for_some_people_is_hidden_from_others(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    only = [world.person("odile").id]
    blocks = [section("card"), actions(button("Approve", "approve", visible_to_user_ids=only))]
    await client.chat_postMessage(channel="#ops", text="x", blocks=blocks)
    assert slack.as_("odile").sees("ops") == "card\n[Approve]"
    assert slack.as_("sam").sees("ops") == "card"
    with pytest.raises(LookupError, match="no button 'Approve'"):
        await slack.as_("sam").click("Approve", slack.as_("odile").messages("ops")[0])


async def test_reactions_come_and_go(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#ops", text="x")
    mark = {"channel": posted["channel"], "timestamp": posted["ts"], "name": "eyes"}
    assert await error_of(client.reactions_add(**mark)) == "missing_scope"
    world.app.scopes.add("reactions:write")
    await client.reactions_add(**mark)
    assert await error_of(client.reactions_add(**mark)) == "already_reacted"
    message = slack.as_("odile").messages("ops")[0]
    await slack.as_("odile").react(":eyes:", message)
    assert [reaction.as_api()["count"] for reaction in message.reactions] == [2]
    await client.reactions_remove(**mark)
    assert message.reactions[0].users == [world.person("odile").id]


async def test_unread_counts_what_others_said_since_one_looked(
    world: SlackWorld, slack: Slack, client: AsyncWebClient
) -> None:
    ops = world.channel("ops")
    await client.chat_postMessage(channel=ops.id, text="one")
    await client.chat_postMessage(channel=ops.id, text="two")
    assert world.unread("odile") == {ops.id: 2}
    world.mark_read("odile", "ops")
    assert world.unread("odile") == {}
    await slack.as_("odile").type("three", in_="ops")
    assert (world.unread("odile"), world.unread("sam")) == ({}, {ops.id: 3})


async def test_waiting_ends_with_what_is_there_instead(world: SlackWorld, slack: Slack, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="#ops", text="something else")
    with pytest.raises(TimeoutError, match=r"did not see 'card' in ops within 0\.05 s, but:\nsomething else"):
        await slack.as_("odile").waits_for("card", "ops", seconds=0.05)
