"""Change maintenances: one, many, the preview before something is done to one, what came of it, and the form."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from blocks import ids
from blocks.commands import modal, option, run_button
from blocks.kit import (
    Block,
    Message,
    actions,
    aside,
    clip,
    header,
    link,
    link_button,
    literal,
    literal_aside,
    message,
    plain,
    says,
    section,
    strong,
    when,
    word,
)
from blocks.operations import Words, confirm_buttons, outcome
from bot.collisions import Collision
from bot.maintenance_form import (
    CHOICES,
    CHOICES_MAX,
    DESCRIPTION,
    FREQUENCIES,
    FREQUENCY,
    START,
    TEXT_MAX,
    TITLE,
    TITLE_MAX,
    WEEKDAY,
    WEEKDAYS,
    Choice,
    choice_of,
)
from bot.models import Frequency, Maintenance, MaintenanceState, Named, Operation, OperationState, Schedule
from bot.sdp import html

DESCRIPTION_MAX = 600
NAMES_SHOWN = 10
VALUE_MAX = 500
NAME_MAX = 60
TITLE_SHOWN = 150
COLLISIONS_SHOWN = 5
NOTHING_SERIOUS = frozenset({OperationState.DENIED, OperationState.REFUSED, OperationState.NOT_DONE})

STATES = {
    MaintenanceState.ENABLED: "Runs by its schedule",
    MaintenanceState.SUSPENDED: "Suspended",
    MaintenanceState.UNKNOWN: "State unknown",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKS = ("first", "second", "third", "fourth", "last")

WORDS: Mapping[str, Words] = {
    "maintenance.execute": Words("Executing", "Executed"),
    "maintenance.enable": Words("Enabling", "Enabled"),
    "maintenance.suspend": Words("Suspending", "Suspended"),
    "maintenance.delete": Words("Deleting", "Deleted"),
    "maintenance.create": Words("Creating", "Created"),
    "maintenance.edit": Words("Saving", "Saved"),
}
INVERSE = {"maintenance.suspend": ("Enable again…", "enable"), "maintenance.enable": ("Suspend again…", "suspend")}

WILL: Mapping[str, str] = {
    "execute": "A change is created from it now, beside its schedule. SDP cannot take that back.",
    "enable": "Its schedule runs again and creates changes from then on.",
    "suspend": "Its schedule creates no more changes until it is enabled again.",
    "delete": "It is deleted with its schedule. The changes it has created stay. SDP cannot take that back.",
}


# --- schedules in words ---------------------------------------------------------------------------------


def schedule_words(schedule: Schedule | None) -> str:
    """A schedule in our own words, its times in the reader's zone: "Every day at 14:00"."""
    if schedule is None:
        return "No schedule"
    if schedule.frequency is Frequency.ONCE:
        return f"Once, {when(schedule.start)}" if schedule.start else "Once"
    at = f" at {_clock(schedule.start)}" if schedule.start else ""
    ends = f", until {when(schedule.ends_on)}" if schedule.ends_on else ""
    times = f", {schedule.end_after} times" if schedule.end_after else ""
    return f"{_rhythm(schedule)}{at}{ends}{times}"


def _rhythm(schedule: Schedule) -> str:
    if schedule.frequency is Frequency.DAILY:
        return f"{_every('day', schedule.skip)}{' but weekends' if schedule.exclude_weekends else ''}"
    if schedule.frequency is Frequency.WEEKLY:
        days = _listed([WEEKDAYS[day - 1] for day in schedule.days_of_week if 1 <= day <= len(WEEKDAYS)])
        return f"{_every('week', schedule.skip)}{f' on {days}' if days else ''}"
    if schedule.frequency is Frequency.MONTHLY:
        return _monthly(schedule)
    return "Repeats in a way this bot does not know"


def _monthly(schedule: Schedule) -> str:
    months = _listed([MONTHS[month - 1] for month in schedule.months_of_year if 1 <= month <= len(MONTHS)])
    of = f"of {months}" if months else f"of {_every('month', schedule.skip).lower()}"
    if schedule.first_day_of_month:
        return f"On the first day {of}"
    if schedule.weeks_of_month and schedule.days_of_week:
        weeks = _listed([WEEKS[week - 1] for week in schedule.weeks_of_month if 1 <= week <= len(WEEKS)])
        days = _listed([WEEKDAYS[day - 1] for day in schedule.days_of_week if 1 <= day <= len(WEEKDAYS)])
        return f"On the {weeks} {days} {of}"
    if schedule.days_of_month:
        return f"On day {_listed([str(day) for day in schedule.days_of_month])} {of}"
    return f"{_every('month', schedule.skip)}{f' ({months})' if months else ''}"


def _every(unit: str, skip: int) -> str:
    return f"Every {skip + 1} {unit}s" if skip else f"Every {unit}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _clock(moment: datetime) -> str:
    return f"<!date^{int(moment.timestamp())}^{{time}}|{moment:%H:%M} UTC>"


def runs(maintenance: Maintenance) -> str:
    """State, schedule and next run in one line of our own words."""
    following = f" Next {when(maintenance.next_run)}." if maintenance.next_run else ""
    return f"*{STATES[maintenance.state]}* · {schedule_words(maintenance.schedule)}.{following}"


# --- one and many ---------------------------------------------------------------------------------------


def shown(maintenance: Maintenance, link: str, *, may_operate: bool) -> Message:
    """Everything about one maintenance."""
    blocks = [
        header(clip(f"{maintenance.label} {maintenance.title}", 150)),
        says(runs(maintenance)),
        *_facts(maintenance),
        *_things(maintenance),
        *_people(maintenance),
        *_last_run(maintenance),
        *_description(maintenance),
        _controls(maintenance, link, may_operate=may_operate),
    ]
    return message(f"{maintenance.label} {maintenance.title}: {STATES[maintenance.state]}", blocks)


def listed(maintenances: Sequence[Maintenance], words: str, *, more: bool) -> Message:
    """Maintenances, soonest first, each with a button that shows it."""
    about = f" with “{clip(words, 100)}”" if words else ""
    if not maintenances:
        return message(f"No maintenance{about}.", [literal(word(f"No maintenance{about}."))])
    text = f"{len(maintenances)}{' of many' if more else ''} maintenances{about}, next run first"
    rows = [_row(one) for one in maintenances]
    rest = [aside("There are more. Add words of the title to find others.")] if more else []
    return message(text, [literal(strong(text)), *(block for row in rows for block in row), *rest])


def _row(maintenance: Maintenance) -> list[Block]:
    button = run_button("Show", f"maintenance show {maintenance.id}")
    title = plain(f"{maintenance.label}  {maintenance.title}", TITLE_SHOWN)
    return [{"type": "section", "text": title, "accessory": button}, aside(runs(maintenance))]


def _facts(maintenance: Maintenance) -> list[Block]:
    named = {
        "Stage": maintenance.stage,
        "Status": maintenance.status,
        "Risk": maintenance.risk,
        "Priority": maintenance.priority,
        "Impact": maintenance.impact,
        "Type": maintenance.change_type,
        "Category": maintenance.category,
    }
    return _pairs({label: clip(value.name, NAME_MAX) for label, value in named.items() if value}, "  ·  ")


def _things(maintenance: Maintenance) -> list[Block]:
    pairs = {"Services": _names(maintenance.services), "Assets": _names(maintenance.assets)}
    return _pairs({label: names for label, names in pairs.items() if names}, "\n")


def _people(maintenance: Maintenance) -> list[Block]:
    people = {"Owner": maintenance.owner, "Requester": maintenance.requester, "Manager": maintenance.manager}
    pairs = {label: clip(person.name, NAME_MAX) for label, person in people.items() if person}
    pairs |= {holder.role: clip(holder.person.name, NAME_MAX) for holder in maintenance.roles[:NAMES_SHOWN]}
    return _pairs(pairs, "\n")


def _pairs(pairs: Mapping[str, str], between: str) -> list[Block]:
    parts: list[Block] = []
    for label, value in pairs.items():
        parts += [word(between if parts else ""), strong(f"{clip(label, 40)} "), word(clip(value, VALUE_MAX))]
    return [literal(*parts)] if parts else []


def _names(things: Sequence[Named]) -> str:
    more = f" and {len(things) - NAMES_SHOWN} more" if len(things) > NAMES_SHOWN else ""
    return ", ".join(clip(thing.name, 40) for thing in things[:NAMES_SHOWN]) + more


def _last_run(maintenance: Maintenance) -> list[Block]:
    last = maintenance.schedule.last_execution if maintenance.schedule else None
    return [aside(f"Last ran {when(last)}")] if last else []


def _description(maintenance: Maintenance) -> list[Block]:
    text = maintenance.description
    return [section(html.clip(text, DESCRIPTION_MAX))] if text.strip() else []


def _controls(maintenance: Maintenance, link: str, *, may_operate: bool) -> Block:
    open_ = link_button("Open in SDP", ids.OPEN_IN_SDP, link.format(maintenance=maintenance.id))
    if not may_operate:
        return actions("maintenance", open_)
    suspended = maintenance.state is MaintenanceState.SUSPENDED
    switch = ("Enable…", "enable") if suspended else ("Suspend…", "suspend")
    verbs = (("Execute now…", "execute"), switch, ("Edit…", "edit"), ("Delete…", "delete"))
    buttons = [run_button(label, f"maintenance {verb} {maintenance.id}") for label, verb in verbs]
    return actions("maintenance", *buttons, open_)


# --- the preview ----------------------------------------------------------------------------------------


def preview(operation: Operation, maintenance: Maintenance, verb: str, in_the_way: Sequence[Collision]) -> Message:
    """What it is, what will happen, what gets in its way, and the button that does it."""
    question = f"{verb.capitalize()} {maintenance.label}?"
    blocks = [
        header(clip(f"{question} {maintenance.title}", 150)),
        says(runs(maintenance)),
        *_facts(maintenance),
        *_things(maintenance),
        says(f"*What will happen* {WILL[verb]}"),
        *_comment(operation, verb),
        *collisions(
            in_the_way,
            "A run now" if verb == "execute" else "Its next run",
            looked=bool(maintenance.services or maintenance.assets),
        ),
        confirm_buttons(operation, f"{verb.capitalize()} {maintenance.label}", danger=verb == "delete"),
        aside("Only you can press this, and it is done once. It works for an hour."),
    ]
    return message(f"{question} {maintenance.title}", blocks)


def _comment(operation: Operation, verb: str) -> list[Block]:
    comment = operation.arguments.get("comment", "")
    if not comment:
        return []
    where = "" if verb in ("enable", "suspend") else " (kept in the bot's ledger; SDP takes none here)"
    return [literal(strong("Comment "), word(clip(comment, 300)), word(where))]


def collisions(in_the_way: Sequence[Collision], what: str, *, looked: bool = True) -> list[Block]:
    """What overlaps in time on the same service or asset; `what` collides with it."""
    if not looked:
        return [aside("It names no service or asset, so nothing can be said about collisions.")]
    if not in_the_way:
        return [aside("No release or maintenance known here uses the same services or assets at that time.")]
    blocks: list[Block] = [says(f"*{what} collides with*")]
    for collision in in_the_way[:COLLISIONS_SHOWN]:
        other = collision.other
        what = f"{other.kind.capitalize()} {clip(other.title, 120)}"
        blocks.append(
            literal(strong(f"{clip(other.label, 40)} "), word(what), word(f" – both use {_some(collision.shared)}"))
        )
        blocks.append(aside(f"{when(other.start)} to {when(other.end)}"))
    if len(in_the_way) > COLLISIONS_SHOWN:
        blocks.append(aside(f"and {len(in_the_way) - COLLISIONS_SHOWN} more"))
    return blocks


def _some(names: Sequence[str]) -> str:
    return clip(", ".join(names), 200)


def already(maintenance: Maintenance, words: str, inverse: str) -> Message:
    """Nothing to do."""
    text = f"{maintenance.label} {words}."
    label = f"{inverse.capitalize()} it instead…"
    button = run_button(label, f"maintenance {inverse} {maintenance.id}")
    return message(text, [literal(word(text)), actions("maintenance", button)])


# --- what came of it ------------------------------------------------------------------------------------


def came_of_it(operation: Operation, change_link: str) -> Message:
    """An operation on a maintenance in its state, naming the change it made and offering the way back."""
    return outcome(operation, WORDS[operation.verb], [*_made(operation, change_link), *_next_buttons(operation)])


def _made(operation: Operation, change_link: str) -> list[Block]:
    change, id_ = operation.result.get("change"), operation.result.get("change_id")
    if not change:
        return []
    name = clip(change, 60)
    made = link(name, change_link.format(change=id_), bold=True) if id_ else strong(name)
    return [literal(word("It created the change "), made)]


def _next_buttons(operation: Operation) -> list[Block]:
    if operation.state is not OperationState.DONE:
        again = operation.state in NOTHING_SERIOUS and operation.record
        shows = [run_button("Show it", f"maintenance show {operation.record}")] if again else []
        return [actions("maintenance", *shows)] if shows else []
    record = operation.record or operation.result.get("id", "")
    if not record or operation.verb == "maintenance.delete":
        return []
    buttons = [run_button("Show it", f"maintenance show {record}")]
    if operation.verb in INVERSE:
        label, verb = INVERSE[operation.verb]
        buttons.insert(0, run_button(label, f"maintenance {verb} {record}"))
    return [actions("maintenance", *buttons)]


# --- the form -------------------------------------------------------------------------------------------


def form(
    *,
    label: str,
    values: Mapping[str, str],
    offered: frozenset[str],
    private_metadata: str,
    troubles: Mapping[str, str] | None = None,
) -> Block:
    """The form: for a new maintenance without `label`, else for the one people call so.

    `values` are shown filled in. A choice whose field is in `offered` loads SDP's list as one types, another takes a
    name or an id. `troubles` are SDP's refusals by field; what has no field stands on top below the name "".
    """
    troubles = troubles or {}
    inputs = [
        _input(TITLE, "Title", _text(TITLE, values.get(TITLE, ""), TITLE_MAX), optional=False),
        *(_choice(choice, values.get(choice.name, ""), choice.name in offered) for choice in CHOICES),
        _input(FREQUENCY, "Runs", _frequency(values.get(FREQUENCY, ""))),
        _input(START, "Starts", _start(values.get(START, ""))),
        _input(WEEKDAY, "On these weekdays, if every week", _weekdays(values.get(WEEKDAY, ""))),
        _input(DESCRIPTION, "Description", _text(DESCRIPTION, values.get(DESCRIPTION, ""), TEXT_MAX, lines=True)),
    ]
    blocks: list[Block] = [literal(strong("Not saved. "), word(clip(troubles[""], 600)))] if "" in troubles else []
    for block in inputs:
        blocks.append(block)
        if block["block_id"] in troubles:
            blocks.append(literal_aside(f"Not saved. {clip(troubles[block['block_id']], 300)}"))
    return modal(
        f"Edit {label}" if label else "New maintenance",
        blocks,
        callback_id=ids.MAINTENANCE_FORM,
        private_metadata=private_metadata,
        submit=plain("Save" if label else "Create", 24),
        close=plain("Cancel", 24),
    )


def saving() -> Block:
    """The window while SDP works."""
    return modal("Maintenance", [says("*Saving…* You may close this window; the result then comes as a message.")])


def saved(operation: Operation, change_link: str) -> Block:
    """The window with the outcome."""
    return modal("Maintenance", came_of_it(operation, change_link)["blocks"])


def _input(name: str, label: str, element: Block, *, optional: bool = True, hint: str = "") -> Block:
    made: Block = {
        "type": "input",
        "block_id": name,
        "label": plain(label, 2000),
        "optional": optional,
        "element": {**element, "action_id": element.get("action_id", name)},
    }
    return {**made, "hint": plain(hint, 2000)} if hint else made


def _text(name: str, value: str, most: int, *, lines: bool = False) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": name, "max_length": most, "multiline": lines}
    return {**element, "initial_value": clip(value, most)} if value else element


def _choice(choice: Choice, value: str, is_offered: bool) -> Block:
    if not is_offered:
        hint = "A name or an id as in SDP" + (", several with commas." if choice.several else ".")
        names = ", ".join(choice_of(line).name for line in value.splitlines())
        return _input(
            choice.name, choice.label, _text(choice.name, names, 300), optional=not choice.required, hint=hint
        )
    element: Block = {
        "type": "multi_external_select" if choice.several else "external_select",
        "action_id": f"{ids.MAINTENANCE_CHOICE}:{choice.name}",
        "placeholder": plain(f"Type to find {choice.label.lower()}", 150),
        "min_query_length": 0,
    }
    chosen = [option(choice_of(line).name, clip(line, 150)) for line in value.splitlines() if line]
    if chosen:
        element |= {"initial_options": chosen[:CHOICES_MAX]} if choice.several else {"initial_option": chosen[0]}
    return _input(choice.name, choice.label, element, optional=not choice.required)


def _frequency(value: str) -> Block:
    options = [option(words, frequency) for frequency, words in FREQUENCIES.items()]
    chosen = [one for one in options if one["value"] == value]
    element: Block = {"type": "static_select", "options": options, "placeholder": plain("How often", 150)}
    return {**element, "initial_option": chosen[0]} if chosen else element


def _start(value: str) -> Block:
    element: Block = {"type": "datetimepicker"}
    return (
        {**element, "initial_date_time": int(value)} if value.isdecimal() and len(value) == MOMENT_DIGITS else element
    )


MOMENT_DIGITS = 10
"""Slack's date picker takes ten digits: nothing before September 2001."""


def _weekdays(value: str) -> Block:
    options = [option(name, str(number)) for number, name in enumerate(WEEKDAYS, start=1)]
    chosen = [one for one in options if one["value"] in value.splitlines()]
    element: Block = {"type": "multi_static_select", "options": options, "placeholder": plain("Weekdays", 150)}
    return {**element, "initial_options": chosen} if chosen else element
