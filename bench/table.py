"""The results on the terminal."""

from rich.box import SIMPLE
from rich.table import Table

from bench.measure import WINDOWS_MINUTES, Measurement, Point

LABELS = {
    "aggregate": "this application",
    "distinct": "raw, in SQL",
    "client": "raw, in Python",
    "loop": "device by device",
    "floor": "floor",
}
_CAPTION = (
    "Medians. refresh: the part of this application's seconds spent on the newly closed hour. "
    "floor: read and hash both sets, write nothing. ~: extrapolated from a sample of the devices. "
    "loop: how many times as long the device-by-device loop takes. MB: peak growth of the client."
)


def table(title: str, points: list[Point]) -> Table:
    """One row a contestant, one block a point and window."""
    shown = Table(title=title, caption=_CAPTION, box=SIMPLE, pad_edge=False, padding=0)
    for name in ("rows", "pairs", "window"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("contestant", no_wrap=True)
    for name in ("seconds", "refresh", "x floor", "loop x", "MB"):
        shown.add_column(name, justify="right", no_wrap=True)
    for point in points:
        for window_minutes in WINDOWS_MINUTES:
            _add_block(shown, point, window_minutes)
    return shown


def _add_block(shown: Table, point: Point, window_minutes: int) -> None:
    size = _short(point.rows.measurements), _short(point.pairs), f"{window_minutes // 60} h"
    floor = point.find("floor", window_minutes).seconds
    loop = point.find("loop", window_minutes).seconds
    for number, (name, label) in enumerate(LABELS.items()):
        taken = point.find(name, window_minutes)
        peak = point.peak_growth_kb.get(name)
        shown.add_row(
            *(size if number == 0 else ("", "", "")),
            label,
            ("~" if is_extrapolated(taken, point) else "") + f"{taken.seconds:.3f}",
            f"{taken.detail['refresh_seconds']:.3f}" if name == "aggregate" else "",
            f"{taken.seconds / floor:,.1f}",
            f"{loop / taken.seconds:,.0f}",
            f"{peak / 1024:.1f}" if peak is not None else "",
            end_section=number == len(LABELS) - 1,
        )


def is_extrapolated(taken: Measurement, point: Point) -> bool:
    """Whether only some of the devices were really gone through."""
    return taken.detail.get("devices_sampled", point.devices) < point.devices


def _short(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f}M"
    return f"{count / 1_000:g}k"
