"""kill -9 anywhere, twenty times over; `make faults` is the long form."""

import os
import secrets

import pytest

from tests.faults.run import run, table

KILLS = 20


@pytest.mark.timeout(240)
async def test_whatever_is_killed_nothing_is_lost_and_nothing_done_twice() -> None:
    seed = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(1_000_000))
    result = await run(seed, KILLS, pause=0.15)
    said = f"\nagain with FAULTS_SEED={seed}\n{table(result)}"
    print(said)
    assert result.kills.total() >= KILLS, said
    assert result.verdict.acknowledged, said
    assert not result.verdict.troubles, said
