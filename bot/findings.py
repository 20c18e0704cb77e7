"""What the doctor says: one line a finding, how bad it is, and what to do about it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

LISTED = 10
"""So many names one finding lists."""


class Severity(IntEnum):
    """How bad a finding is; the order is that of the exit status."""

    OK = 0
    HINT = 1
    WARNING = 2
    PROBLEM = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what is the case, and what to do about it."""

    about: str
    severity: Severity
    text: str
    fix: str = ""


Findings = AsyncIterator[Finding]


def worst(findings: Sequence[Finding]) -> Severity:
    return max((finding.severity for finding in findings), default=Severity.OK)


def exit_status(findings: Sequence[Finding]) -> int:
    """0 well, 1 warnings, 2 problems; hints are well."""
    return max(0, worst(findings) - 1)


def ok(about: str, text: str) -> Finding:
    return Finding(about, Severity.OK, text)


def hint(about: str, text: str, fix: str) -> Finding:
    return Finding(about, Severity.HINT, text, fix)


def warning(about: str, text: str, fix: str) -> Finding:
    return Finding(about, Severity.WARNING, text, fix)


def problem(about: str, text: str, fix: str) -> Finding:
    return Finding(about, Severity.PROBLEM, text, fix)


def listed(names: Sequence[str]) -> str:
    """The first names, and that there are more."""
    return f"{', '.join(names[:LISTED])}{' …' if len(names) > LISTED else ''}"
