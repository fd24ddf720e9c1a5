"""The grid as plots, readable on a white and on a dark page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

from bench.points import Point
from bench.table import window_name

matplotlib.use("svg")
# Text stays text and ids are salted alike, so that plotting again changes little of the file.
matplotlib.rcParams.update(
    {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 9, "savefig.facecolor": "white"}
)

from matplotlib import pyplot, ticker  # noqa: E402 - after the backend is chosen

# Okabe and Ito's colours: told apart by colour-blind readers too.
_STYLES: dict[str, dict[str, Any]] = {
    "ours": {"color": "#0072B2", "marker": "o", "linewidth": 2.5, "zorder": 5},
    "distinct": {"color": "#E69F00", "marker": "s"},
    "client": {"color": "#CC79A7", "marker": "^"},
    "loop": {"color": "#D55E00", "marker": "x", "linestyle": "dashed"},
    "floor": {"color": "#555555", "marker": ".", "linestyle": "dotted"},
}
_LABELS = {
    "ours": "this application, to its commit",
    "distinct": "DISTINCT on raw rows, in SQL",
    "client": "the same, in Python",
    "loop": "device by device (sampled)",
    "floor": "floor: read and hash only",
}
_COLUMNS = 3
_SHOWN_WINDOWS = (60, 24 * 60)

Spot = tuple[Point, int]


@dataclass(frozen=True)
class Panel:
    """One panel: a contestant's seconds at each spot, by that spot's size."""

    title: str
    label: str
    size: Callable[[Spot], float]
    spots: list[Spot]
    tick: Callable[[float], str] = "{:,.0f}".format


def plot(directory: Path, points: list[Point]) -> list[Path]:
    """Draw every axis that has something to compare; returns the files."""
    axes = {"window": _over_window, "density": _over_density, "pairs": _over_pairs}
    drawn = {directory / f"grid-{name}.svg": list(panels(points)) for name, panels in axes.items()}
    for path, panels in drawn.items():
        if panels:
            _draw(path, panels)
    return [path for path, panels in drawn.items() if panels]


def _over_window(points: list[Point]) -> Iterable[Panel]:
    for point in points:
        title = f"{point.pairs:,} pairs, {point.readings_an_hour} an hour"
        spots = [(point, minutes) for minutes in point.windows]
        yield Panel(title, "window", _window, spots, _window_tick)


def _over_density(points: list[Point]) -> Iterable[Panel]:
    for pairs in sorted({point.pairs for point in points}):
        alike = [point for point in points if point.pairs == pairs]
        title = f"{pairs:,} pairs"
        yield from _compared(title, "readings an hour", _density, alike)


def _over_pairs(points: list[Point]) -> Iterable[Panel]:
    for density in sorted({point.readings_an_hour for point in points}):
        alike = [point for point in points if point.readings_an_hour == density]
        title = f"{density} readings an hour"
        yield from _compared(title, "device/parameter pairs", _pairs, alike)


def _compared(
    title: str, label: str, size: Callable[[Spot], float], points: list[Point]
) -> Iterable[Panel]:
    for minutes in _SHOWN_WINDOWS:
        spots = [(point, minutes) for point in points if minutes in point.windows]
        if len({size(spot) for spot in spots}) > 1:
            yield Panel(f"{title}, window {window_name(minutes)}", label, size, spots)


def _window(spot: Spot) -> float:
    return spot[1]


def _window_tick(minutes: float) -> str:
    return window_name(round(minutes))


def _density(spot: Spot) -> float:
    return spot[0].readings_an_hour


def _pairs(spot: Spot) -> float:
    return spot[0].pairs


def _draw(path: Path, panels: list[Panel]) -> None:
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    size = (4.3 * columns, 3.6 * rows + 0.6)
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
    for axis, panel in zip(axes.flat, panels, strict=False):
        _draw_panel(axis, panel)
    for unused in axes.flat[len(panels) :]:
        unused.set_visible(False)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=min(3, len(labels)), frameon=False)
    figure.tight_layout(rect=(0, 0.6 / size[1], 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _draw_panel(axis: Any, panel: Panel) -> None:
    for name, style in _STYLES.items():
        taken = [(panel.size(spot), spot[0].seconds(name, spot[1])) for spot in panel.spots]
        shown = sorted((size, seconds) for size, seconds in taken if seconds is not None)
        if shown:
            axis.plot(*zip(*shown, strict=True), label=_LABELS[name], **style)
    axis.set(title=panel.title, xlabel=panel.label, ylabel="seconds", xscale="log", yscale="log")
    axis.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: panel.tick(value)))
    axis.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    for one in (axis.xaxis, axis.yaxis):
        one.set_minor_formatter(ticker.NullFormatter())
    axis.set_xticks(sorted({panel.size(spot) for spot in panel.spots}))
    axis.grid(visible=True, which="major", color="#DDDDDD")
