"""A small real Bolt app for the page to talk to: it posts cards, opens modals, answers commands, publishes a Home tab.

It decides nothing and knows no SDP; it is here so that the page can be tried against what Bolt really sends and takes.
"""

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.world import SlackWorld

Json = dict[str, Any]
FRUIT = ["Apple", "Apricot", "Banana", "Blackberry", "Cherry", "Damson"]


def plain(words: str) -> Json:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str) -> Json:
    return {"type": "mrkdwn", "text": words}


def option(words: str, value: str) -> Json:
    return {"text": plain(words), "value": value}


def button(words: str, action: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action, "text": plain(words), "value": "RLS-42", **more}


def card(state: str = "") -> list[Json]:
    """A card that waits, or one that says how it was decided."""
    facts = ["*Stage*\nApproval", "*Risk*\nHigh", "*Requested by*\n<@{mara}>", "*Level*\n1 of 2, anyone approves"]
    blocks: list[Json] = [
        {"type": "header", "text": plain("RLS-42 Payment gateway 4.2")},
        {
            "type": "section",
            "text": mrkdwn(
                "Planned <!date^1774958400^{date_short_pretty} at {time}|31 March>, two hours.\n> New gateway."
            ),
            "fields": [mrkdwn(fact) for fact in facts],
        },
    ]
    if state:
        return [*blocks, {"type": "context", "elements": [mrkdwn(state)]}]
    confirm = {
        "title": plain("Approve RLS-42?"),
        "text": mrkdwn("SDP cannot take a decision back."),
        "confirm": plain("Approve"),
        "deny": plain("Not yet"),
    }
    more = {
        "type": "overflow",
        "action_id": "more",
        "options": [option("Remind me in an hour", "snooze"), option("Why me?", "why")],
    }
    actions = [
        button("Approve", "approve", style="primary", confirm=confirm),
        button("Reject…", "reject", style="danger"),
        button("Ask privately", "whisper"),
        more,
    ]
    return [*blocks, {"type": "actions", "block_id": "decide", "elements": actions}]


REASON: Json = {
    "type": "input",
    "block_id": "reason",
    "label": plain("Reason"),
    "hint": plain("The requester reads this."),
    "element": {"type": "plain_text_input", "action_id": "words", "multiline": True, "max_length": 250},
}


def reject_modal(metadata: str = "") -> Json:
    blocks: list[Json] = [
        {"type": "section", "text": mrkdwn("*RLS-42* Payment gateway 4.2")},
        REASON,
        {
            "type": "input",
            "block_id": "risk",
            "label": plain("Risk"),
            "element": {
                "type": "static_select",
                "action_id": "pick",
                "placeholder": plain("Pick a risk"),
                "options": [option("Low", "low"), option("High", "high")],
            },
        },
        {
            "type": "input",
            "block_id": "fruit",
            "optional": True,
            "label": plain("Fruit"),
            "element": {
                "type": "external_select",
                "action_id": "fruit",
                "min_query_length": 1,
                "placeholder": plain("Type to search"),
            },
        },
        {"type": "actions", "block_id": "deeper", "elements": [button("More…", "deeper")]},
    ]
    return {
        "type": "modal",
        "callback_id": "reject",
        "title": plain("Reject RLS-42"),
        "submit": plain("Reject"),
        "close": plain("Cancel"),
        "private_metadata": metadata,
        "blocks": blocks,
    }


def deeper_modal(level: int) -> Json:
    actions = {"type": "actions", "block_id": "deeper", "elements": [button("More…", "deeper")]}
    return {
        "type": "modal",
        "callback_id": "deeper",
        "title": plain(f"Level {level}"),
        "blocks": [{"type": "section", "text": plain(f"This is level {level}.")}, actions],
    }


def home_view(digest: str = "09:00") -> Json:
    times = [option(time, time) for time in ("08:00", "09:00", "10:00")]
    menu = {"type": "static_select", "action_id": "digest", "options": times, "initial_option": option(digest, digest)}
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("What waits for you")},
            {"type": "section", "block_id": "settings", "text": mrkdwn(f"*Digest* at {digest}"), "accessory": menu},
        ],
    }


def build(world: SlackWorld) -> AsyncApp:
    client = AsyncWebClient(token=world.bot_token, base_url=f"{world.url}/api/")
    app = AsyncApp(client=client, signing_secret=world.signing_secret, process_before_response=True)
    mara = world.person("mara").id

    def filled(blocks: list[Json]) -> list[Json]:
        for one in blocks:
            for field in one.get("fields", []):
                field["text"] = field["text"].replace("{mara}", mara)
        return blocks

    @app.command("/sdp")
    async def command(ack: Any, command: Json, client: AsyncWebClient, respond: Any) -> None:
        await ack()
        match command["text"].split():
            case ["card"]:
                await client.chat_postMessage(
                    channel=command["user_id"], text="RLS-42 waits for you", blocks=filled(card())
                )
            case ["table"]:
                await client.chat_postMessage(channel=command["channel_id"], text="Hours", blocks=[TABLE, CHART])
            case _:
                await respond(f"You typed *{command['text'] or 'nothing'}*.")

    @app.action("approve")
    async def approve(ack: Any, body: Json, client: AsyncWebClient) -> None:
        where = {"channel": body["container"]["channel_id"], "ts": body["container"]["message_ts"]}
        words = f":white_check_mark: Approved by <@{body['user']['id']}>"
        await client.chat_update(**where, text="Approved", blocks=filled(card(words)))
        await client.chat_postMessage(channel=where["channel"], thread_ts=where["ts"], text="SDP confirms: Approved.")
        await ack()

    @app.action("reject")
    async def reject(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=reject_modal(body["container"]["message_ts"]))
        await ack()

    @app.action("deeper")
    async def deeper(ack: Any, body: Json, client: AsyncWebClient) -> None:
        level = len(world.modals(body["user"]["id"])) + 1
        await client.views_push(trigger_id=body["trigger_id"], view=deeper_modal(level))
        await ack()

    @app.options("fruit")
    async def fruit(ack: Any, payload: Json) -> None:
        fitting = [name for name in FRUIT if name.lower().startswith(payload["value"].lower())]
        await ack(options=[option(name, name.lower()) for name in fitting])

    @app.view("reject")
    async def rejected(ack: Any, view: Json, body: Json, client: AsyncWebClient) -> None:
        values = view["state"]["values"]
        reason = values["reason"]["words"]["value"]
        if len(reason) < 10:
            await ack(response_action="errors", errors={"reason": "Say at least ten characters."})
            return
        risk = values["risk"]["pick"]["selected_option"]["text"]["text"]
        picked = values["fruit"]["fruit"]["selected_option"]
        words = f":x: Rejected by <@{body['user']['id']}>: {reason} ({risk}{', ' + picked['value'] if picked else ''})"
        channel = world.dm(body["user"]["id"])
        assert channel is not None
        await client.chat_update(
            channel=channel.id, ts=view["private_metadata"], text="Rejected", blocks=filled(card(words))
        )
        await ack()

    @app.action("whisper")
    async def whisper(ack: Any, respond: Any) -> None:
        await respond("Mara's decision, not yours.", replace_original=False)
        await ack()

    @app.action("more")
    async def more(ack: Any, payload: Json, respond: Any) -> None:
        await respond(f"You chose {payload['selected_option']['value']}.", replace_original=False)
        await ack()

    @app.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        if event["tab"] == "home" and "view" not in event:
            await client.views_publish(user_id=event["user"], view=home_view())

    @app.action("digest")
    async def digest(ack: Any, body: Json, payload: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=body["user"]["id"], view=home_view(payload["selected_option"]["value"]))
        await ack()

    @app.shortcut("projects.attach_message")
    async def attach(ack: Any, shortcut: Json, respond: Any) -> None:
        await ack()
        await respond(f"Attached “{shortcut['message']['text']}”.")

    return app


def raw(words: str) -> Json:
    return {"type": "raw_text", "text": words}


def hours(value: float) -> Json:
    return {"type": "raw_number", "value": value, "text": f"{value:.2f}"}


PEOPLE = [("Odile", 12.5), ("Sam", 7.25), ("Mara", 31), ("Tess", 2), ("Wiremu", 18.75), ("Arjun", 4)]
TABLE: Json = {
    "type": "data_table",
    "caption": "Hours by person",
    "page_size": 4,
    "rows": [[raw("Who"), raw("Hours")], *([raw(name), hours(value)] for name, value in PEOPLE)],
}
CHART: Json = {
    "type": "data_visualization",
    "title": "Hours against estimate",
    "chart": {
        "type": "bar",
        "series": [
            {"name": "Spent", "data": [{"label": name, "value": value} for name, value in PEOPLE]},
            {"name": "Estimate", "data": [{"label": name, "value": 15} for name, _ in PEOPLE]},
        ],
        "axis_config": {"categories": [name for name, _ in PEOPLE], "y_label": "Hours"},
    },
}
