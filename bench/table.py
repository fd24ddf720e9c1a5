"""The results as rows of text, for the terminal and for the documents."""

from itertools import chain
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.points import MEBIBYTE_OF_KB, Cell, Point
from bench.verdict import Judged, judge

Rows = list[list[str]]

HEADERS = [
    "window",
    "commit",
    "in all",
    "source",
    "DISTINCT",
    "in Python",
    "loop",
    "floor",
    "x best",
    "DISTINCT/ours",
]
_MISSED = " (!)"
_WIDTH = 170


def point_rows(point: Point) -> Rows:
    """One row a window."""
    return [_row(judged) for judged in judge(point)]


def _row(judged: Judged) -> list[str]:
    point, minutes = judged.point, judged.window_minutes
    ours = point.find("ours", minutes)
    others = [_cell(point.find(name, minutes)) for name in ("distinct", "client", "loop", "floor")]
    return [
        window_name(minutes),
        _cell(ours),
        seconds_text(ours.detail("total_seconds")) if ours else "",
        ours.note("source") if ours else "",
        *others,
        *ratio_texts(judged),
    ]


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return ("~" if cell.is_sampled else "") + seconds_text(cell.seconds)


def ratio_texts(judged: Judged) -> tuple[str, str]:
    """Both ratios, marked where they miss their goal."""
    return (
        f"{judged.times_best:.2f}" + (_MISSED if judged.is_behind else ""),
        f"{judged.times_faster:.1f}" + (_MISSED if judged.is_too_close else ""),
    )


def verdict_rows(points: list[Point]) -> tuple[list[str], Rows]:
    """One row a point, one column a window: how often the best's time, and how often faster."""
    windows = sorted(set(chain.from_iterable(point.windows for point in points)))
    headers = ["pairs", "an hour", *(window_name(minutes) for minutes in windows)]
    return headers, [_verdict_row(point, windows) for point in points]


def _verdict_row(point: Point, windows: list[int]) -> list[str]:
    found = {judged.window_minutes: " · ".join(ratio_texts(judged)) for judged in judge(point)}
    cells = [found.get(minutes, "") for minutes in windows]
    return [f"{point.pairs:,}", str(point.readings_an_hour), *cells]


def verdict_sentence(points: list[Point]) -> str:
    """How many cells meet their goals."""
    judged = list(chain.from_iterable(judge(point) for point in points))
    met = sum(cell.is_met for cell in judged)
    behind = sum(cell.is_behind for cell in judged)
    close = sum(cell.is_too_close for cell in judged)
    return (
        f"{met} of {len(judged)} cells meet their goals. In {behind} another contestant is faster "
        f"by more than is allowed; {close} are less ahead of DISTINCT than they should be."
    )


def point_title(point: Point) -> str:
    """What was measured."""
    memory = {name: f"{kb / MEBIBYTE_OF_KB:.1f} MB" for name, kb in point.peak_growth_kb.items()}
    return (
        f"{point.pairs:,} pairs, {point.readings_an_hour} readings an hour, {point.hours} hours: "
        f"{point.rows['measurements'] / 1e6:.1f} million measurements, loaded at "
        f"{point.load_rows_per_second:,} rows/s; memory of the client: "
        f"{memory['ours']}, compared in Python {memory['client']}"
    )


def reasons(point: Point) -> list[str]:
    """Why the last run with each window read where it did, as it said itself."""
    found = ((minutes, point.find("ours", minutes)) for minutes in point.windows)
    said = ((minutes, cell.samples[-1].notes) for minutes, cell in found if cell is not None)
    return [f"{window_name(minutes)}: {it['source']}, {it['reason']}" for minutes, it in said]


def server_text(machine: dict[str, Any]) -> str:
    """The machine and the settings of the server, which every figure depends on."""
    kind = "embedded" if machine["is_embedded"] else "native"
    settings = ", ".join(f"{name} {value}" for name, value in sorted(machine["settings"].items()))
    return (
        f"{machine['measured_on']}, {machine['cores']} cores, {machine['memory_gb']} GB, {kind} "
        f"TimescaleDB {machine['timescaledb']} on PostgreSQL {machine['postgresql']}: {settings}"
    )


def window_name(minutes: int) -> str:
    """The window in a word."""
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2 * 24 * 60 else f"{minutes // 60 // 24} d"


def seconds_text(seconds: float) -> str:
    """Three digits that count."""
    if seconds >= 100:
        return f"{seconds:,.0f}"
    return f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"


def wide_console() -> Console:
    """A terminal that shows the tables whole, in a log or a file as well."""
    return Console(soft_wrap=True, width=max(_WIDTH, Console().width))


def terminal_table(title: str, headers: list[str], rows: Rows, caption: str | None = None) -> Table:
    """The rows as a table on the terminal."""
    shown = Table(title=title, caption=caption, box=SIMPLE, pad_edge=False)
    for header in headers:
        shown.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        shown.add_row(*row)
    return shown
