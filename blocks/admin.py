"""What administrators see: the ledger about a release, the brake, the doctor's report."""

from collections.abc import Mapping, Sequence

from blocks.kit import Block, Message, aside, clip, header, literal, message, strong, word
from bot.findings import Finding, Severity, worst
from bot.ledger import Entry

MARKS = {Severity.OK: "OK", Severity.HINT: "Hint", Severity.WARNING: "Warning", Severity.PROBLEM: "Problem"}
FINDINGS_SHOWN = 40


def trail(named: str, entries: Sequence[Entry], names: Mapping[str, str]) -> Message:
    """The ledger about one release, newest first; `names` by Slack id."""
    headline = f"Ledger of {named}"
    if not entries:
        return message(headline, [header(headline), literal(word("Nothing was tried from Slack yet."))])
    lines = [literal(strong(f"{entry.at:%Y-%m-%d %H:%M} UTC  "), word(_told(entry, names))) for entry in entries]
    return message(headline, [header(headline), *lines, aside("Newest first. `sdp-bot audit` has everything.")])


def _told(entry: Entry, names: Mapping[str, str]) -> str:
    details = entry.details
    if details is None:
        return f"{entry.what} – details were erased"
    who = names.get(details.get("person", ""), details.get("approver") or details.get("person", "somebody"))
    verb = f" {details['verb']}" if "verb" in details else ""
    rule = f" (rule: {details['rule']})" if "rule" in details else ""
    words = details.get("note") or details.get("comment") or ""
    return clip(f"{who}:{verb} {entry.what}{rule}" + (f" – {words}" if words else ""), 400)


def stopped(new: bool, by: str) -> Message:
    """The brake is pulled."""
    text = f"Stopped by {by}: nothing is changed in SDP until /sdp start." if new else "It was stopped already."
    return message(text, [literal(strong(text))])


def started(by: str | None) -> Message:
    """The brake is released."""
    text = f"Started again; {by} had stopped it." if by else "It was not stopped."
    return message(text, [literal(strong(text))])


def anchored(number: int, hash_: str) -> Message:
    """The ledger's end of a day, for everybody to keep."""
    text = f"Ledger: {number} entries, ending in {hash_[:16]}."
    return message(
        text, [aside(f"Ledger: {number} entries, ending in `{hash_[:16]}`. Kept here so that nobody can shorten it.")]
    )


def out_of_date() -> Message:
    """In place of a card that nobody keeps up to date."""
    text = "This card is out of date. /sdp approvals shows what waits for you."
    return message(text, [literal(word(text))])


def report(findings: Sequence[Finding]) -> Message:
    """The doctor's report, the worst first."""
    headline = {Severity.OK: "All is well", Severity.HINT: "All is well"}.get(worst(findings), "Something needs care")
    ordered = sorted(findings, key=lambda finding: -finding.severity)
    return message(headline, [header(headline), *(_finding(one) for one in ordered[:FINDINGS_SHOWN])])


def _finding(finding: Finding) -> Block:
    fix = [word(f"\n{finding.fix}")] if finding.fix else []
    return literal(strong(f"{MARKS[finding.severity]}: "), word(clip(finding.text, 400)), *fix)
