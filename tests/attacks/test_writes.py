"""Every write to SDP goes out on somebody's behalf: by the code's own shape, nothing else can send one."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

WRITES = {
    "approvals": {"approve", "reject", "send_notification"},
    "maintenances": {"add", "edit", "delete", "enable", "suspend", "execute_now"},
    "projects": {
        "add",
        "edit",
        "delete",
        "upload",
        "attach_changes",
        "attach_requests",
        "detach_changes",
        "detach_requests",
    },
}
"""Resource of the client → its methods that change something."""


def writes() -> Iterator[tuple[str, str]]:
    """(where, whose client) of each call of the shape `….sdp.<resource>.<write>(…)` outside of the client itself."""
    for path in [*(ROOT / "bot").glob("*.py"), *(ROOT / "handlers").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (whose := _whose(node.func)) is not None:
                yield f"{path.name}:{node.lineno}", whose


def _whose(called: ast.expr) -> str | None:
    if not (isinstance(called, ast.Attribute) and isinstance(called.value, ast.Attribute)):
        return None
    resource = called.value
    if called.attr not in WRITES.get(resource.attr, set()):
        return None
    return ast.unparse(resource.value)


def test_every_write_is_an_actors() -> None:
    found = list(writes())
    assert len(found) >= 10, "the shape of the calls has changed: this test no longer sees them"
    assert [(where, whose) for where, whose in found if whose != "actor.sdp"] == []


def test_only_accounts_makes_actors() -> None:
    """An `Actor` has passed the brake and the checks because there is one place where it is made."""
    makers = [
        path.name
        for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").glob("*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Actor"
    ]
    assert set(makers) == {"accounts.py"}
