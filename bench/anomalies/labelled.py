"""Series whose anomalies are known, and how well what is marked meets that."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path

import click

WINDOWS = "windows.json"
# Readings that are marked within an hour of each other are one alarm.
ONE_ALARM = 3_600.0

Readings = list[tuple[float, float]]
Judged = list[bool]
Judge = Callable[[Readings], Judged]


@dataclass(frozen=True)
class Series:
    """One series, and when it is known to be wrong."""

    name: str
    readings: Readings
    windows: list[tuple[float, float]]

    def is_labelled(self, at: float) -> bool:
        """Whether an anomaly is said to be there."""
        return any(start <= at <= end for start, end in self.windows)


@dataclass(frozen=True)
class Score:
    """What was found in a series, or in several.

    A window is found when an alarm begins in it, an alarm is false when it begins in none. Points
    are readings: most of those in the windows are as always.
    """

    windows: int = 0
    found: int = 0
    false: int = 0
    points: int = 0
    points_found: int = 0
    points_false: int = 0

    def __add__(self, other: "Score") -> "Score":
        mine, others = asdict(self), asdict(other)
        return Score(**{name: mine[name] + others[name] for name in mine})


def load(folder: Path) -> list[Series]:
    """The series of the folder, in the order of their labels."""
    if not (folder / WINDOWS).is_file():
        raise click.UsageError(f"no {WINDOWS} in {folder}: bench/README.md says what is needed")
    labels = json.loads((folder / WINDOWS).read_text("utf-8"))
    return [
        Series(
            name.removesuffix(".csv"),
            [(_instant(row["timestamp"]), float(row["value"])) for row in _rows(folder / name)],
            [(_instant(start), _instant(end)) for start, end in windows],
        )
        for name, windows in labels.items()
    ]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def scored(series: Series, judged: Judge) -> Score:
    """How well the labels of a series were met."""
    marked = judged(series.readings)
    alarms = _alarms(series.readings, marked)
    labelled = [series.is_labelled(at) for at, _ in series.readings]
    pairs = list(zip(marked, labelled, strict=True))
    return Score(
        windows=len(series.windows),
        found=sum(any(start <= at <= end for at in alarms) for start, end in series.windows),
        false=sum(not series.is_labelled(at) for at in alarms),
        points=sum(labelled),
        points_found=sum(mark and label for mark, label in pairs),
        points_false=sum(mark and not label for mark, label in pairs),
    )


def _alarms(readings: Readings, marked: Judged) -> list[float]:
    """When each alarm begins."""
    begun, last = [], -inf
    for (at, _), is_marked in zip(readings, marked, strict=True):
        if is_marked:
            if at - last > ONE_ALARM:
                begun.append(at)
            last = at
    return begun
