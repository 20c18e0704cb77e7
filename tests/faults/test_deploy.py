"""The files somebody deploys with speak of what is really there."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from prometheus_client import REGISTRY

from bot import metrics
from bot.models import DecisionState
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
ALERTS = (ROOT / "deploy/prometheus/alerts.yml").read_text()
BOARD = (ROOT / "deploy/grafana/sdp-bot.json").read_text()
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
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


def test_every_state_of_a_decision_is_counted_from_the_start() -> None:
    """Prometheus sees no increase in a counter's first sample: the first unknowns after a start would alert nobody."""
    samples = (
        sample for family in REGISTRY.collect() if family.name == "sdp_bot_decisions" for sample in family.samples
    )
    assert {one.labels["state"] for one in samples if one.name.endswith("_total")} == set(DecisionState)


def test_every_alert_fires_when_it_should_and_rests_when_all_is_well() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here (Debian: prometheus)")
    command = [promtool, "test", "rules", "alerts.test.yml"]
    ended = subprocess.run(command, check=False, cwd=ROOT / "deploy/prometheus", capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_alert_is_tried() -> None:
    tried = (ROOT / "deploy/prometheus/alerts.test.yml").read_text()
    assert [name for name in re.findall(r"alert: (\w+)", ALERTS) if f'alertname="{name}"' not in tried] == []


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


@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_what_a_unit_sets_itself_the_settings_file_cannot_undo(unit: Path) -> None:
    """systemd lets EnvironmentFile beat Environment, and everybody's file has PORT from the example."""
    text = unit.read_text()
    assert not re.search(r"^Environment=", text, re.MULTILINE)
    own = re.search(r"^ExecStart=/usr/bin/env ((?:[A-Z_]+=\S+ )+)/", text, re.MULTILINE)
    assert own
    names = {pair.partition("=")[0].lower() for pair in own[1].split()}
    assert names <= set(Settings.model_fields)
    assert ("%i" in own[1]) == ("@" in unit.name)


@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here (Debian: systemd)")
    named = tmp_path / unit.name.replace("@", "@3001")
    named.write_text(re.sub(r"/opt/\S+/sdp-bot", "/bin/true", unit.read_text()))
    ended = subprocess.run([analyze, "verify", "--man=no", named], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_image_gets_all_that_the_package_is_built_of(tmp_path: Path) -> None:
    """As the first stage of the Dockerfile does it: what it copies, and .dockerignore lets through, becomes a wheel."""
    build = DOCKERFILE.partition("RUN /opt/build/bin/pip wheel")[0]
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")]
    for sources, target in re.findall(r"^COPY (?!--)(.+) (\S+)$", build, re.MULTILINE):
        for source in sources.split():
            assert any(fnmatch(source, one) for one in kept), f".dockerignore keeps {source} back"
            _copied(ROOT / source, tmp_path / ("" if target == "./" else target))
    assert next(WheelBuilder(str(tmp_path)).build(directory=str(tmp_path / "dist"), versions=["standard"]))


def _copied(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
