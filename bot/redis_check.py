"""Whether Redis keeps what the bot acknowledges: what its settings mean for whoever clicked."""

from bot.findings import Finding, Severity, hint, problem
from bot.store.health import Durability

SYNCS = {
    "everysec": (
        Severity.WARNING,
        "Redis syncs its file once a second: when its machine fails, the clicks of the last second are lost although "
        "Slack was told that they were taken.",
    ),
    "no": (
        Severity.PROBLEM,
        "Redis leaves it to the system when its file is synced: when its machine fails, half a minute of clicks can be "
        "lost although Slack was told that they were taken.",
    ),
}
"""Settings of appendfsync that do not keep every click
(https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/)."""


def durability(told: Durability) -> list[Finding]:
    """What is wrong, and what could not be read; nothing when all is well."""
    return [*_wrong(told), *_unread(told)]


def _wrong(told: Durability) -> list[Finding]:
    found = []
    if told.refuses:
        text = f"Redis takes no writes: {told.refuses}"
        found.append(problem("redis", text, "Is its disk or its memory full, or is it a replica? See its log."))
    if told.last_write not in ("ok", ""):
        text = "Redis could not write its file the last time it tried."
        found.append(problem("redis", text, "Look at the disk of its machine: is it full? See its log."))
    if told.appends == "no":
        text = "Redis forgets what happened when it stops."
        found.append(problem("redis", text, "Set appendonly yes and appendfsync always."))
    elif told.syncs in SYNCS:
        severity, text = SYNCS[told.syncs]
        found.append(Finding("redis", severity, text, "Set appendfsync always."))
    if told.policy not in ("noeviction", ""):
        text = "Redis throws records away when it is full."
        found.append(problem("redis", text, "Set maxmemory-policy noeviction."))
    return found


def _unread(told: Durability) -> list[Finding]:
    """Managed servers do not show their settings: no trouble in itself, but somebody should look."""
    syncs = told.syncs or (told.appends == "no" and "does not matter then")
    settings = {"appendonly": told.appends, "appendfsync": syncs, "maxmemory-policy": told.policy}
    unread = [name for name, value in settings.items() if not value]
    if not unread:
        return []
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
    fix = f"Make sure that it has {', '.join(f'{name} {wanted[name]}' for name in unread)}."
    return [hint("redis", f"Redis does not let the bot read {', '.join(unread)}.", fix)]
