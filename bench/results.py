"""The results as a file, with everything needed to judge them."""

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Measurement, Point


def machine_facts(server: dict[str, str], *, is_embedded: bool) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "measured_on": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "is_embedded": is_embedded,
        **server,
    }


def write(path: Path, series: str, machine: dict[str, Any], points: list[Point]) -> None:
    """Write one series as JSON, every sample included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"series": series, "machine": machine, "points": [_point(point) for point in points]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _point(point: Point) -> dict[str, Any]:
    return {
        "devices": point.devices,
        "pairs": point.pairs,
        "rows": asdict(point.rows),
        "client_peak_growth_kb": point.peak_growth_kb,
        "measurements": [_measurement(point, taken) for taken in point.measurements],
    }


def _measurement(point: Point, taken: Measurement) -> dict[str, Any]:
    floor = point.find("floor", taken.window_minutes).seconds
    loop = point.find("loop", taken.window_minutes).seconds
    return {
        "contestant": taken.contestant,
        "window_minutes": taken.window_minutes,
        "median_seconds": round(taken.seconds, 5),
        "times_the_floor": round(taken.seconds / floor, 2),
        "times_faster_than_the_loop": round(loop / taken.seconds, 1),
        "median_detail": {name: round(value, 5) for name, value in taken.detail.items()},
        "samples_seconds": [round(sample.seconds, 5) for sample in taken.samples],
    }
