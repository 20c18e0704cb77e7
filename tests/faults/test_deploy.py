"""The files somebody deploys with speak of what is really there."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from bot import metrics

ROOT = Path(__file__).parents[2]
ALERTS = (ROOT / "deploy/prometheus/alerts.yml").read_text()
BOARD = (ROOT / "deploy/grafana/sdp-bot.json").read_text()
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


def issued() -> set[str]:
    """Every name of a sample that Prometheus can store."""
    assert metrics.QUEUE is not None
    names = {family.name: family.type for family in REGISTRY.collect()}
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {name + end for name, kind in names.items() for end in endings.get(kind, ("",))}


@pytest.mark.parametrize("text", [ALERTS, BOARD], ids=["alerts", "board"])
def test_every_figure_that_is_asked_for_exists(text: str) -> None:
    asked = set(re.findall(r"sdp_bot_\w+", text))
    assert asked
    assert asked <= issued()


def test_every_alert_has_its_place_in_the_runbook() -> None:
    names = re.findall(r"alert: (\w+)", ALERTS)
    assert len(names) == len(set(names)) == len(re.findall(r"runbook: docs/runbook.md#(\w+)", ALERTS))
    for name in names:
        assert f"### {name}\n" in RUNBOOK
        assert f"docs/runbook.md#{name.lower()}" in ALERTS


def test_the_board_is_one_that_grafana_can_read() -> None:
    board = json.loads(BOARD)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])


@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_units_give_the_bot_time_to_drain_and_start_it_again(unit: Path) -> None:
    text = unit.read_text()
    seconds = re.search(r"TimeoutStopSec=(\d+)", text)
    assert seconds
    assert int(seconds[1]) > 10
    assert "Restart=always" in text
    assert re.search(r"sdp-bot (run|web|worker)$", text, re.MULTILINE)
