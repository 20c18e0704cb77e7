"""The rules of the house that no linter knows."""

import ast
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_bolt.async_app import AsyncApp

from handlers.listeners import Listeners

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "blocks", "sandbox")
DOORS = {
    "httpx": ("bot/sdp/",),
    "slack_bolt": ("bot/app.py", "bot/web.py", "bot/socket_mode.py", "handlers/"),
    "slack_sdk": ("bot/app.py", "bot/house.py", "bot/socket_mode.py", "handlers/"),
    "redis": ("bot/store/", "bot/jobs.py"),
    "bot.settings": ("bot/app.py", "bot/house.py", "bot/cli.py", "bot/chores.py"),
}
"""What may be imported where only; everybody else goes through whoever is named."""
SPEAKS_OF_OUTAGES = {"redis.exceptions": ("bot/app.py", "bot/web.py", "handlers/")}
"""Redis' errors are also known where an outage is told to somebody."""


@pytest.mark.parametrize("library", DOORS)
def test_every_outside_system_has_one_door(library: str) -> None:
    def allowed(path: str, module: str) -> bool:
        return path.startswith(DOORS[library]) or path.startswith(SPEAKS_OF_OUTAGES.get(module, ("nowhere",)))

    guilty = {
        f"{path} imports {module}"
        for path, module in _imports()
        if (module == library or module.startswith(f"{library}.")) and not allowed(path, module)
    }
    assert guilty == set()


def test_every_module_of_the_bot_has_its_place_in_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    there = {f"bot.{path.stem}" for path in (ROOT / "bot").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert there - placed - {"bot.__init__", "bot.__pycache__"} == set()


def test_half_of_all_functions_have_under_ten_lines() -> None:
    sizes = [end - start for start, end in _functions()]
    assert statistics.median(sizes) < 10


def test_every_key_of_redis_is_described() -> None:
    source = (ROOT / "bot" / "store" / "keys.py").read_text()
    described = ast.get_docstring(ast.parse(source)) or ""
    made = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr)]
    for key in made:
        first = next((part.value for part in key.values if isinstance(part, ast.Constant)), "")
        assert str(first).split(":")[0] in described, f"{ast.unparse(key)} has no line in the docstring"


def test_a_listener_that_asks_for_what_nobody_hands_over_is_refused() -> None:
    """Bolt hands None to an argument it does not know; a misspelt service would be that."""

    async def listener(ack: object, desicions: object) -> None:
        """Never called."""

    listen = Listeners(AsyncApp(token="xoxb-sample", signing_secret="sample"), {"decisions": object()})
    with pytest.raises(ValueError, match="listener asks for desicions, which nobody hands over"):
        listen.action("approve", listener)


@pytest.mark.parametrize("word", ["time.sleep(", "unittest.mock", "MagicMock", "mark.skip(", "mark.xfail("])
def test_tests_wait_for_conditions_and_replace_only_edges(word: str) -> None:
    guilty = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__) and word in path.read_text()
    ]
    assert guilty == []


def _functions() -> Iterator[tuple[int, int]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node.lineno, node.end_lineno or node.lineno


def _imports() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                name = str(path.relative_to(ROOT))
                if isinstance(node, ast.Import):
                    yield from ((name, alias.name) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield name, node.module
