"""The table of docs/sdp-client.md says what is there: operations, methods, samples, tests."""

import re
from pathlib import Path

import pytest

from bot.sdp import MemoryBudget, MemoryTokenStore, Pace, Sdp, SdpSettings
from tests.bot.sdp.conftest import SAMPLES
from tests.bot.sdp.operations import OPERATIONS, Operation

DOCUMENT = Path(__file__).parents[3] / "docs" / "sdp-client.md"
ROW = re.compile(
    r"^\| (?P<number>[AMP]\d+) \| .+ \| (?P<method>[A-Z]+) `(?P<path>[^`]+)` \| `(?P<client>[^`]+)` "
    r"\| (?P<sent>read|act) \| `(?P<sample>[^`]+)` \| `(?P<test>[^`]+)` \|$",
    re.MULTILINE,
)
ROWS = {row["number"]: row for row in ROW.finditer(DOCUMENT.read_text(encoding="utf-8"))}
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))


def test_all_25_operations_are_in_the_table_once() -> None:
    assert list(ROWS) == [operation.number for operation in OPERATIONS]
    assert len(ROWS) == 25


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.number)
async def test_a_row_says_what_is_there(operation: Operation) -> None:
    row = ROWS[operation.number]
    assert (row["method"], row["path"], row["sample"]) == (operation.method, operation.path, operation.sample)
    assert (row["sent"] == "act") == operation.acts
    assert (SAMPLES / f"{row['sample']}.json").exists()
    assert re.search(rf"^(?:async )?def {row['test']}\(", TESTS, re.MULTILINE), row["test"]
    _, resource, method = row["client"].split(".")
    settings = SdpSettings(
        url="https://sdpondemand.manageengine.com/app/x", client_id="1", client_secret="2", refresh_token="3"
    )
    async with Sdp(settings, MemoryTokenStore(), MemoryBudget(Pace.per_minute(60))) as sdp:
        assert callable(getattr(getattr(sdp, resource), method))
