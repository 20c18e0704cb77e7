"""data_visualization blocks as inline SVG: pie, bar, area, line.

Colours come from the style sheet by class (`series-0` … `series-5`), so that light and dark both have enough
contrast; the numbers stand once more in a table that folds out, because a picture is no use to a screen reader.
Anything that is not a number is left out of the drawing, never guessed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sandbox.slack.page.markup import el, join
from sandbox.slack.page.rich_text import Json, dicts, unknown

WIDTH, HEIGHT = 480, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 26, 44
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_LETTER = 6.8  # about the width of one, in the size of the labels


@dataclass(frozen=True, slots=True)
class Series:
    """One named row of numbers; `None` where a category has none."""

    name: str
    values: tuple[float | None, ...]


def data_visualization(block: Json) -> Markup:
    chart = block.get("chart")
    chart = chart if isinstance(chart, dict) else {}
    title = str(block.get("title") or "Chart")
    kind = chart.get("type")
    if kind == "pie":
        return _pie(title, chart)
    if kind in ("bar", "area", "line"):
        return _plot(title, kind, chart)
    return el("figure", el("figcaption", title), unknown({"type": f"chart: {kind}"}), class_="chart")


def number(value: object) -> float | None:
    """A finite number, also when it is spelt as text; None for everything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        parsed = float(str(value))
    except ValueError:
        return None
    return parsed if math.isfinite(parsed) and abs(parsed) < 1e15 else None


def written(value: float) -> str:
    """`1,250` and `0.5`: no more digits than the number has."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}".rstrip("0").rstrip(".")


def ticks(low: float, high: float) -> list[float]:
    """Round values that span low to high: about five of them, zero always among them."""
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    step = _round_up((high - low) / 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * n for n in range(first, last + 1)]


def _round_up(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))


def _pie(title: str, chart: Json) -> Markup:
    slices = [
        (str(segment.get("label", "")), value)
        for segment in dicts(chart.get("segments"))
        if (value := number(segment.get("value"))) is not None and value >= 0
    ]
    total = math.fsum(value for _, value in slices)
    shapes, start = [], 0.0
    for index, (_, value) in enumerate(slices):
        share = value / total if total else 0.0
        shapes.append(_slice(start, share, index))
        start += share
    legend = _legend(f"{label} {written(v)} ({v / total:.0%})" if total else label for label, v in slices)
    rows = [[label, written(value)] for label, value in slices]
    return _figure(
        title, "pie", el("svg", *shapes, **_picture(title, 240, 240)), legend, heads=["Part", "Value"], rows=rows
    )


def _slice(start: float, share: float, index: int) -> Markup | None:
    if share <= 0:
        return None
    css = f"slice series-{index % 6}"
    if share > 0.9999:
        return el("circle", cx="120", cy="120", r="110", class_=css)
    x1, y1 = _on_circle(start)
    x2, y2 = _on_circle(start + share)
    path = f"M120 120 L{x1:.2f} {y1:.2f} A110 110 0 {int(share > 0.5)} 1 {x2:.2f} {y2:.2f} Z"
    return el("path", d=path, class_=css)


def _on_circle(turn: float) -> tuple[float, float]:
    angle = 2 * math.pi * turn
    return 120 + 110 * math.sin(angle), 120 - 110 * math.cos(angle)


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where values and categories lie in the picture."""

    marks: Sequence[float]
    categories: Sequence[str]

    def y(self, value: float) -> float:
        low, high = self.marks[0], self.marks[-1]
        return _TOP + _PLOT_HEIGHT * (1 - (value - low) / (high - low))

    def x(self, index: int, part: float = 0.5) -> float:
        return _LEFT + _PLOT_WIDTH * (index + part) / max(len(self.categories), 1)


def _plot(title: str, kind: str, chart: Json) -> Markup:
    config = chart.get("axis_config")
    config = config if isinstance(config, dict) else {}
    categories = _categories(config, chart)
    series = [_series(item, categories) for item in dicts(chart.get("series"))]
    values = [value for row in series for value in row.values if value is not None]
    axes = _Axes(ticks(min(values, default=0), max(values, default=1)), categories)
    draw = {"bar": _bars, "area": _areas, "line": _lines}[kind]
    picture = el("svg", _grid(axes, config), *draw(axes, series), **_picture(title, WIDTH, HEIGHT))
    legend = _legend(row.name for row in series) if len(series) > 1 else None
    heads = [str(config.get("x_label") or "Category"), *(row.name for row in series)]
    rows = [
        [name, *("" if row.values[n] is None else written(row.values[n] or 0.0) for row in series)]
        for n, name in enumerate(categories)
    ]
    return _figure(title, kind, picture, legend, heads=heads, rows=rows)


def _categories(config: Json, chart: Json) -> list[str]:
    named = config.get("categories")
    if isinstance(named, list) and named:
        return [str(name) for name in named]
    labels = (str(point.get("label", "")) for item in dicts(chart.get("series")) for point in dicts(item.get("data")))
    return list(dict.fromkeys(labels))


def _series(item: Json, categories: Sequence[str]) -> Series:
    points = {str(point.get("label", "")): number(point.get("value")) for point in dicts(item.get("data"))}
    return Series(str(item.get("name", "")), tuple(points.get(name) for name in categories))


def _grid(axes: _Axes, config: Json) -> Markup:
    lines = (_grid_line(axes, mark) for mark in axes.marks)
    every = max(1, math.ceil(len(axes.categories) / 6))
    room = int(_PLOT_WIDTH * every / max(1, len(axes.categories)) / _LETTER)
    names = (
        _label(_short(name, room), axes.x(n), HEIGHT - _BOTTOM + 16)
        for n, name in enumerate(axes.categories)
        if n % every == 0
    )
    titles = (
        _label(str(config["x_label"]), _LEFT + _PLOT_WIDTH / 2, HEIGHT - 6) if config.get("x_label") else None,
        _label(str(config["y_label"]), 4, 11, "start") if config.get("y_label") else None,
    )
    return el("g", *lines, *names, *titles, class_="grid")


def _grid_line(axes: _Axes, mark: float) -> Markup:
    y = f"{axes.y(mark):.1f}"
    line = el("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="zero" if mark == 0 else None)
    return join([line, _label(written(mark), _LEFT - 6, axes.y(mark) + 4, "end")])


def _label(words: str, x: float, y: float, css: str = "middle") -> Markup:
    return el("text", words, x=f"{x:.1f}", y=f"{y:.1f}", class_=css)


def _short(name: str, room: int) -> str:
    return name if len(name) <= room else name[: room - 1] + "…"


def _bars(axes: _Axes, series: Sequence[Series]) -> Iterable[Markup]:
    share = 0.8 / max(len(series), 1)
    for index, row in enumerate(series):
        for place, value in enumerate(row.values):
            if value is None:
                continue
            top, foot = sorted((axes.y(value), axes.y(0)))
            left, right = (axes.x(place, 0.1 + share * (index + side)) for side in (0, 1))
            yield el(
                "rect",
                el("title", f"{axes.categories[place]}, {row.name}: {written(value)}"),
                x=f"{left:.1f}",
                y=f"{top:.1f}",
                width=f"{right - left - 1:.1f}",
                height=f"{max(foot - top, 0.5):.1f}",
                rx="2",
                class_=f"bar series-{index % 6}",
            )


def _lines(axes: _Axes, series: Sequence[Series]) -> Iterable[Markup]:
    for index, row in enumerate(series):
        for run in _runs(axes, row):
            yield el("polyline", points=_points(run), class_=f"line series-{index % 6}")
            yield join(
                el("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3", class_=f"dot series-{index % 6}") for x, y in run
            )


def _areas(axes: _Axes, series: Sequence[Series]) -> Iterable[Markup]:
    for index, row in enumerate(series):
        for run in _runs(axes, row):
            ground = [(run[-1][0], axes.y(0)), (run[0][0], axes.y(0))]
            yield el("polygon", points=_points([*run, *ground]), class_=f"area series-{index % 6}")
            yield el("polyline", points=_points(run), class_=f"line series-{index % 6}")


def _runs(axes: _Axes, row: Series) -> list[list[tuple[float, float]]]:
    """A missing value interrupts a line; it is not zero."""
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(row.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((axes.x(place), axes.y(value)))
    return [run for run in runs if run]


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _picture(title: str, width: int, height: int) -> dict[str, object]:
    return {"viewBox": f"0 0 {width} {height}", "role": "img", "aria_label": title}


def _legend(names: Iterable[str]) -> Markup:
    def key(index: int) -> Markup:
        square = el("rect", width="10", height="10", rx="2", class_=f"key series-{index % 6}")
        return el("svg", square, viewBox="0 0 10 10", aria_hidden="true")

    return el("ul", join(el("li", key(index), name) for index, name in enumerate(names)), class_="legend")


def _figure(title: str, kind: str, *drawn: Markup | None, heads: list[str], rows: list[list[str]]) -> Markup:
    header = el("tr", join(el("th", head, scope="col") for head in heads))
    body = join(el("tr", el("th", row[0], scope="row"), join(el("td", cell) for cell in row[1:])) for row in rows)
    numbers = el("details", el("summary", "Show the numbers"), el("table", el("thead", header), el("tbody", body)))
    return el("figure", el("figcaption", title), *drawn, numbers, class_=f"chart chart-{kind}")
