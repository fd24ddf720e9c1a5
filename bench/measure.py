"""Taking samples: every contestant at the same instants, in turns, each result checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median

from bench import data, memory, results
from bench.contestants import (
    Contestant,
    Trial,
    WrongResultError,
    client,
    distinct,
    floor,
    ours,
)
from bench.data import Fleet
from bench.loop import loop
from bench.points import Cell, Point, Sample
from chalicelib.database import Deadline
from chalicelib.features.device_parameters.model import BUCKET
from chalicelib.features.device_parameters.verify import Reference, verify

_MINUTE = timedelta(minutes=1)
# The floor reads what the run has chosen, so it follows it.
_RUN: dict[str, Contestant] = {"ours": ours, "floor": floor}
_ALTERNATIVES: dict[str, Contestant] = {"distinct": distinct, "client": client, "loop": loop}
# The two whose memory is worth comparing: all others leave the pairs in the database.
_MEASURED_IN_MEMORY: dict[str, Contestant] = {"client": client, "ours": ours}
# What is over quickly is repeated more often.
_QUICK_SECONDS = 1.0
_QUICK_REPEATS = 5
# A loop that takes so many times as long as DISTINCT is sampled once only.
_HOPELESS = 100


@dataclass
class Course:
    """The hours that pass while one point is measured, with a run of every contestant in each."""

    fleet: Fleet
    windows: list[timedelta]
    repeats: int
    report: Callable[[str], None]
    _taken: dict[tuple[str, timedelta], list[Sample]] = field(default_factory=dict)

    @property
    def most_hours(self) -> int:
        """How many hours pass, if all windows are quick."""
        return len(self.windows) * self._most_repeats

    @property
    def _most_repeats(self) -> int:
        return max(self.repeats, _QUICK_REPEATS)

    @property
    def whole_windows(self) -> list[timedelta]:
        """Those in which every pair reports."""
        return [window for window in self.windows if window >= self.fleet.reading_every]

    @property
    def partial_windows(self) -> list[timedelta]:
        """Those in which only some pairs report: the table holds no others meanwhile."""
        return [window for window in self.windows if window < self.fleet.reading_every]

    def turns(self, windows: list[timedelta]) -> Iterator[tuple[int, timedelta]]:
        """Which window is next, as long as one needs more samples."""
        for repetition in range(self._most_repeats):
            for window in windows:
                if repetition < self.repeats or self._is_quick(window):
                    yield repetition, window

    def _is_quick(self, window: timedelta) -> bool:
        return all(self._median(name, window) < _QUICK_SECONDS for name in ("ours", "distinct"))

    def _median(self, name: str, window: timedelta) -> float:
        return median(sample.seconds for sample in self._taken[name, window])

    def take(self, repetition: int, window: timedelta, trial: Trial) -> None:
        """A sample of every contestant."""
        for name, contestant in _in_turn(repetition):
            if name == "loop" and self._is_hopeless(window):
                continue
            sample = _checked(name, contestant, trial)
            self._taken.setdefault((name, window), []).append(sample)

    def _is_hopeless(self, window: timedelta) -> bool:
        if not {("loop", window), ("distinct", window)} <= self._taken.keys():
            return False
        return self._median("loop", window) > _HOPELESS * self._median("distinct", window)

    def cells(self) -> list[Cell]:
        """Everything that was taken."""
        return [
            Cell(name, window // _MINUTE, samples)
            for (name, window), samples in sorted(self._taken.items())
        ]


def measure(
    course: Course,
    first_run_at: datetime,
    hours: int,
    *,
    load_rows_per_second: int,
    is_embedded: bool,
) -> Point:
    """Let the fleet live hour by hour, with one run of every contestant an hour.

    An hour's readings arrive before each run, so that every run of ours has just one newly
    closed hour to materialize, as in operation.
    """
    fleet = course.fleet
    last = _run_through(course, course.whole_windows, first_run_at)
    peaks = _peaks(replace(last, window_minutes=max(course.windows) // _MINUTE))
    if course.partial_windows:
        _run_through(course, course.partial_windows, last.as_of + BUCKET)
    return Point(
        pairs=fleet.pairs,
        readings_an_hour=fleet.readings_an_hour,
        hours=hours,
        machine=results.machine_facts(results.server_facts(fleet.engine), is_embedded=is_embedded),
        rows=data.count_rows(fleet),
        load_rows_per_second=load_rows_per_second,
        peak_growth_kb=peaks,
        cells=course.cells(),
    )


def _run_through(course: Course, windows: list[timedelta], first_run_at: datetime) -> Trial:
    """Take all samples of *windows*; returns the last trial."""
    as_of = first_run_at
    for repetition, window in course.turns(windows):
        _pass_hour(course.fleet, as_of)
        trial = Trial(course.fleet, as_of, window // _MINUTE)
        if as_of == first_run_at and window < course.fleet.reading_every:
            # Untimed: it brings the table in step, and leaves the aggregate as it is.
            distinct(trial)
        course.take(repetition, window, trial)
        course.report(_said(course, window))
        as_of += BUCKET
    _require_exact(trial)
    return trial


def _pass_hour(fleet: Fleet, as_of: datetime) -> None:
    """The readings of an hour arrive, after all earlier hours have been materialized."""
    data.remember(fleet, as_of - 2 * BUCKET, as_of - BUCKET)
    data.live(fleet, as_of - BUCKET, as_of)


def _said(course: Course, window: timedelta) -> str:
    cells = (cell for cell in course.cells() if cell.window_minutes * 60 == window.total_seconds())
    taken = ", ".join(f"{cell.contestant} {cell.samples[-1].seconds:.3f}" for cell in cells)
    return f"  {window}: {taken}"


def _in_turn(repetition: int) -> list[tuple[str, Contestant]]:
    """The contestants in an order that alternates, so that none always finds the caches warm."""
    if repetition % 2:
        return [*reversed(_ALTERNATIVES.items()), *_RUN.items()]
    return [*_RUN.items(), *_ALTERNATIVES.items()]


def _checked(name: str, contestant: Contestant, trial: Trial) -> Sample:
    data.disturb(trial.fleet)
    sample = contestant(trial)
    expected = (trial.fleet.change_count, trial.fleet.change_count)
    if sample.delta not in (None, expected):
        raise WrongResultError(f"{name} found {sample.delta} to add and remove, not {expected}")
    return sample


def _peaks(trial: Trial) -> dict[str, int]:
    peaks = {}
    for name, contestant in _MEASURED_IN_MEMORY.items():
        data.disturb(trial.fleet)
        peaks[name] = memory.peak_growth_kb(contestant, trial)
    return peaks


def _require_exact(trial: Trial) -> None:
    """After one more run the table must be as the measurements say, row for row."""
    ours(trial)
    deadline = Deadline.after(data.LONGEST_STATEMENT)
    found = verify(trial.engine, Reference.MEASUREMENTS, deadline).differences
    if found:
        raise WrongResultError(f"the table differs from the measurements: {found}")
