"""The results as plots, readable on a white and on a dark page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

from bench.measure import WINDOWS_MINUTES, Point

matplotlib.use("svg")
# Text stays text and ids are salted alike, so that plotting again changes little of the file.
matplotlib.rcParams.update(
    {"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 10, "savefig.facecolor": "white"}
)

from matplotlib import pyplot, ticker  # noqa: E402 - after the backend is chosen

# Okabe and Ito's colours: told apart by colour-blind readers too.
_STYLES: dict[str, dict[str, Any]] = {
    "aggregate": {"color": "#0072B2", "marker": "o", "linewidth": 2.5, "zorder": 5},
    "distinct": {"color": "#E69F00", "marker": "s"},
    "client": {"color": "#CC79A7", "marker": "^"},
    "loop": {"color": "#D55E00", "marker": "x", "linestyle": "dashed"},
    "floor": {"color": "#555555", "marker": ".", "linestyle": "dotted"},
}
_LABELS = {
    "aggregate": "this application",
    "distinct": "DISTINCT on raw rows, in SQL",
    "client": "the same, in Python",
    "loop": "device by device (sampled)",
    "floor": "floor: read and hash only",
}

Size = Callable[[Point], int]
AXES: dict[str, tuple[str, Size]] = {
    "hypertable": ("rows in the hypertable", lambda point: point.rows.measurements),
    "fleet": ("device/parameter pairs", lambda point: point.pairs),
}


def plot(path: Path, series: str, points: list[Point]) -> None:
    """One panel a window, and one for the client's memory."""
    label, size = AXES[series]
    figure, panels = pyplot.subplots(1, len(WINDOWS_MINUTES) + 1, figsize=(13, 4.6))
    panels[1].sharey(panels[0])
    for panel, window_minutes in zip(panels, WINDOWS_MINUTES, strict=False):
        _plot_seconds(panel, points, size, window_minutes)
    _plot_memory(panels[-1], points, size)
    for panel in panels:
        panel.set(xscale="log", yscale="log", xlabel=label)
        panel.xaxis.set_major_formatter(ticker.EngFormatter(sep=""))
        panel.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_minor_formatter(ticker.NullFormatter())
        panel.grid(visible=True, which="major", color="#DDDDDD")
    panels[-1].set_ylim(bottom=0.1)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _plot_seconds(panel: Any, points: list[Point], size: Size, window_minutes: int) -> None:
    for name, style in _STYLES.items():
        seconds = [point.find(name, window_minutes).seconds for point in points]
        panel.plot([size(point) for point in points], seconds, label=_LABELS[name], **style)
    panel.set(title=f"one run, window {window_minutes // 60} h", ylabel="seconds")


def _plot_memory(panel: Any, points: list[Point], size: Size) -> None:
    for name in points[0].peak_growth_kb:
        grown = [point.peak_growth_kb[name] / 1024 for point in points]
        panel.plot([size(point) for point in points], grown, **_STYLES[name])
    panel.set(title="memory of the client", ylabel="peak growth, MB")
