"""A stand-in for Slack: a workspace with people in it, the Web API, and delivery to the bot over HTTP or Socket Mode.

    world = SlackWorld(seed=1)                         # state and rules, no HTTP
    seed(world, "quiet-day")                           # the people of `sandbox.cast`, #release-approvals #ops #general
    async with serve(create_app(world)) as url:        # sandbox.serve; the Web API is at f"{url}/api/"
        world.url = url                                # makes response_urls, file links and permalinks absolute
        world.request_url = "http://127.0.0.1:3000/slack/events"   # where signed requests go without Socket Mode
        slack = Slack(world)                           # gestures
        arjun = slack.as_("arjun")
        card = await arjun.waits_for("Approve")        # newest message that shows these words, with a deadline
        outcome = await arjun.click("Approve", in_=card)
        assert outcome.ok, outcome.error

The bot gets `world.bot_token`, `world.signing_secret`, `world.app_token` (Socket Mode) and `f"{url}/api/"`.

World (`sandbox.slack.world.SlackWorld`), everything by plain verbs, nothing awaits:
    person(who) -> Person                  a cast key, Slack id, e-mail, real or display name
    people() -> list[Person]               everyone, bots and deactivated people too
    channel(where) -> Channel              an id, "#ops" or "ops"
    conversations_of(who) -> list[Channel] channels and direct messages that person has open; `.is_im`, `.name`
    dm(who) -> Channel | None              the direct message between that person and the bot
    messages(where, viewer=who, thread=ts|None) -> list[Message]
                                           oldest first, with that person's ephemerals in place, and without the
                                           buttons `visible_to_user_ids` hides from them; `thread` gives one thread
    modals(who) -> list[View]              the stack, the top one last;  home(who) -> View | None
    errors(who) -> list[str]               what Slack said went wrong, newest last ("The app did not respond in time")
    unread(who) -> dict[channel id, int];  mark_read(who, where)
    switches                               strict_rates, retry_events, ack_seconds … (`world.Switches`)
    subscribe() -> Subscription            `async for change in subscription:` gives Change(kind, where, who, data)
    log, faults, mail, sockets             every request both ways; what goes wrong; deliveries; Socket Mode
Message: ts, channel, user, text, blocks (list of dicts), thread_ts, reply_count, edited, reactions, files, metadata,
    ephemeral_for, is_ephemeral.  View: id, type, hash, title, blocks, state (block id → action id → Slack's state
    object), private_metadata, callback_id, errors (block id → words, after a refused submit), loading.

Gestures (`sandbox.slack.people.Slack(world).as_(who) -> Actor`), all of them awaited, each gives an `Outcome`
(ok, error = what the person reads, status, ms, body, modal, messages that appeared):
    click(button, in_=message | view | "home" | None, confirm=True, times=1)   label, action id or value
    pick(menu, option | [options], in_=…)  static, external, users, channels, conversations, overflow, radio, checkbox,
                                           date, time; an option by label or value
    suggest(menu, "typed", in_=…) -> Outcome with .options        what an external menu offers
    type("/sdp help" | "hello", in_=channel | "bot" , thread=None)  a slash command or a message
    fill({label | block id | action id: value}), submit({…}), close_modal(all=False)
    open_home(), shortcut(callback_id, on=message | None), react(":eyes:", on=message), upload(name, bytes, in_=…)
    delete(message), messages(where="bot"), sees(where="bot") -> str, waits_for(text, where="bot", seconds=10)

The same by JSON, for other processes and the page: `sandbox.slack.control`.

Where things are: `world` (the root of all state), `directory`, `conversations`, `views`, `files`, `tickets`, `schedule`
(its parts), `blockkit` and `checks` (what Slack takes), `webapi` and `methods` (what the app calls), `payloads`,
`courier`, `mail`, `sockets`, `socketmode` (what the app hears), `people`, `hands`, `looking`, `finding`, `choices`
(what people do and see), `door`, `faults`, `rates`, `wire` (trouble and log), `app`, `control`, `page`, `seeds`.

What this Slack does not do: Enterprise Grid, workflows, canvases, calls, remote files, message attachments beyond
showing them, editing by people, search, and the blocks card, carousel, container, plan, task_card.
"""
