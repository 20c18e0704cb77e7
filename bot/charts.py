"""A timesheet's bars as a PNG, for workspaces whose Slack takes no chart blocks.

Drawn by Vega-Lite inside vl-convert (the optional extra `charts`, with its fonts inside); only the worker draws, in
a thread, because the first picture takes about a second and the others some fifty milliseconds.
"""

import asyncio
import importlib
import json
from functools import cache
from typing import Any

from bot.timesheets import Timesheet, hours, labels

BARS = 20
NAME_MAX = 40
WIDTH = 640
SCALE = 2
BAR = "#1d6fb8"


def available() -> bool:
    """Whether pictures can be drawn here."""
    return _drawer() is not None


async def draw(sheet: Timesheet) -> bytes | None:
    """The hours of each person as a PNG; None where the extra is not installed."""
    drawer = _drawer()
    return await asyncio.to_thread(_draw, drawer, json.dumps(_spec(sheet))) if drawer else None


@cache
def _drawer() -> Any:
    try:
        return importlib.import_module("vl_convert")
    except ImportError:
        return None


def _draw(drawer: Any, spec: str) -> bytes:
    png: bytes = drawer.vegalite_to_png(spec, scale=SCALE)
    return png


def _spec(sheet: Timesheet) -> dict[str, Any]:
    """Values only, never an address: nothing is fetched while drawing."""
    rows = sheet.shortened(BARS)
    people = labels(rows, NAME_MAX)
    bars = [{"person": name, "hours": float(hours(row.spent))} for name, row in zip(people, rows, strict=True)]
    across = {"field": "hours", "type": "quantitative", "title": "Hours", "axis": {"grid": True}}
    down = {"field": "person", "type": "nominal", "sort": people, "title": None, "axis": {"labelLimit": 220}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": {"text": f"{sheet.project.label}: hours by person", "anchor": "start"},
        "background": "white",
        "padding": 16,
        "width": WIDTH,
        "height": {"step": 28},
        "data": {"values": bars},
        "encoding": {"y": down, "x": across},
        "layer": [
            {"mark": {"type": "bar", "color": BAR, "cornerRadiusEnd": 3}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4},
                "encoding": {"text": {"field": "hours", "format": ",.2~f"}},
            },
        ],
    }
