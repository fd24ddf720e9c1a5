"""What was measured at one point of the grid, and the file that keeps it, every sample included."""

from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

MEBIBYTE_OF_KB = 1024


class Sample(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long it took, and what it changed; no delta where it was sampled, not carried out."""

    seconds: float
    delta: tuple[int, int] | None = None
    detail: dict[str, float] = {}
    notes: dict[str, str] = {}


class Cell(msgspec.Struct, frozen=True):
    """All samples of one contestant with one window."""

    contestant: str
    window_minutes: int
    samples: list[Sample]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(sample.seconds for sample in self.samples)

    def detail(self, name: str) -> float:
        """The median of a part of the samples, or of what else was noted of them in numbers."""
        return median(sample.detail[name] for sample in self.samples)

    def note(self, name: str) -> str:
        """What was noted of the samples, where not all of them say the same of each."""
        return " / ".join(dict.fromkeys(sample.notes[name] for sample in self.samples))

    @property
    def is_sampled(self) -> bool:
        """Whether only a part of the work was done, and multiplied up."""
        return self.samples[0].detail.get("share_sampled", 1.0) < 1.0


class Point(msgspec.Struct, frozen=True):
    """One fleet, one density of readings, and everything that was measured there."""

    pairs: int
    readings_an_hour: int
    hours: int
    machine: dict[str, Any]
    rows: dict[str, int]
    load_rows_per_second: int
    peak_growth_kb: dict[str, int]
    cells: list[Cell]

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells it from other points."""
        return self.pairs, self.readings_an_hour, self.hours

    @property
    def windows(self) -> list[int]:
        """The windows that were measured, in minutes."""
        return sorted({cell.window_minutes for cell in self.cells})

    def find(self, contestant: str, window_minutes: int) -> Cell | None:
        """What was measured of *contestant* with that window."""
        wanted = (contestant, window_minutes)
        return next((c for c in self.cells if (c.contestant, c.window_minutes) == wanted), None)

    def seconds(self, contestant: str, window_minutes: int) -> float | None:
        """The median of *contestant* with that window; None where it was not measured."""
        cell = self.find(contestant, window_minutes)
        return None if cell is None else cell.seconds


def read(path: Path) -> list[Point]:
    """The points of a file, none where there is no such file."""
    return msgspec.json.decode(path.read_bytes(), type=list[Point]) if path.exists() else []


def keep(path: Path, measured: Iterable[Point]) -> None:
    """Write *measured* into the file; points that were measured before it replaces."""
    points = {point.key: point for point in (*read(path), *measured)}
    write_json(path, [points[key] for key in sorted(points)])


def write_json(path: Path, document: Any) -> None:
    """Write *document* so that a person can read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
