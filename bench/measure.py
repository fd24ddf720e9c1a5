"""Taking samples: every contestant at the same instants, in turns, each result checked."""

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from bench import data, memory
from bench.contestants import ON_AGGREGATE, ON_MEASUREMENTS, Contestant, Sample, Trial
from bench.data import Fleet, RowCounts
from chalicelib.database import Deadline
from chalicelib.features.device_parameters.model import BUCKET
from chalicelib.features.device_parameters.verify import Reference, verify

WINDOWS_MINUTES = (60, 24 * 60)
# The two whose memory is worth comparing: all others leave the pairs in the database.
_MEASURED_IN_MEMORY = ("client", "aggregate")
_VERIFY_SECONDS = 600.0


class WrongResultError(Exception):
    """A contestant did not do what was asked, so its time means nothing."""


@dataclass(frozen=True)
class Measurement:
    """All samples of one contestant at one point and window."""

    contestant: str
    window_minutes: int
    samples: list[Sample]

    @property
    def seconds(self) -> float:
        """The median."""
        return median(sample.seconds for sample in self.samples)

    @property
    def detail(self) -> dict[str, float]:
        """The median of each part."""
        names = self.samples[0].detail
        return {name: median(sample.detail[name] for sample in self.samples) for name in names}


@dataclass(frozen=True)
class Point:
    """One size of fleet and hypertable, and everything measured there."""

    devices: int
    pairs: int
    rows: RowCounts
    measurements: list[Measurement]
    peak_growth_kb: dict[str, int]
    server: dict[str, str]

    def find(self, contestant: str, window_minutes: int) -> Measurement:
        """The measurement of *contestant* with that window."""
        return next(
            found
            for found in self.measurements
            if (found.contestant, found.window_minutes) == (contestant, window_minutes)
        )


def hours_needed(repeats: int) -> int:
    """How many hours pass while one point is measured."""
    return repeats * len(WINDOWS_MINUTES)


def measure_point(fleet: Fleet, first_run_at: datetime, repeats: int) -> Point:
    """Let the fleet live hour by hour, with one run of every contestant an hour.

    An hour's readings arrive before each run, so that every run of ours has just one newly
    closed hour to refresh, as in operation.
    """
    samples: dict[tuple[str, int], list[Sample]] = {}
    as_of = first_run_at
    for repetition in range(repeats):
        for window_minutes in WINDOWS_MINUTES:
            data.live(fleet, as_of - BUCKET, as_of)
            trial = Trial(fleet, as_of, window_minutes)
            for name, contestant in _in_turn(repetition):
                sample = _checked(name, contestant, trial)
                samples.setdefault((name, window_minutes), []).append(sample)
            as_of += BUCKET
    peaks = _peaks(trial)
    _require_exact(trial)
    return Point(
        devices=fleet.devices,
        pairs=fleet.pairs,
        rows=data.count_rows(fleet),
        measurements=[Measurement(*key, taken) for key, taken in samples.items()],
        peak_growth_kb=peaks,
        server=data.server_facts(fleet),
    )


def _in_turn(repetition: int) -> list[tuple[str, Contestant]]:
    """The contestants in an order that alternates, so that none always finds the caches warm."""
    groups = (list(ON_AGGREGATE.items()), list(ON_MEASUREMENTS.items()))
    if repetition % 2:
        return groups[1][::-1] + groups[0]
    return groups[0] + groups[1]


def _checked(name: str, contestant: Contestant, trial: Trial) -> Sample:
    data.disturb(trial.fleet)
    sample = contestant(trial)
    expected = (trial.fleet.change_count, trial.fleet.change_count)
    if sample.delta not in (None, expected):
        raise WrongResultError(f"{name} found {sample.delta} to add and remove, not {expected}")
    return sample


def _peaks(trial: Trial) -> dict[str, int]:
    peaks = {}
    for name in _MEASURED_IN_MEMORY:
        data.disturb(trial.fleet)
        contestant = {**ON_AGGREGATE, **ON_MEASUREMENTS}[name]
        peaks[name] = memory.peak_growth_kb(contestant, trial)
    return peaks


def _require_exact(trial: Trial) -> None:
    """The table must end as the measurements say, row for row."""
    deadline = Deadline.after(_VERIFY_SECONDS)
    found = verify(trial.engine, Reference.MEASUREMENTS, deadline).differences
    if found:
        raise WrongResultError(f"the table differs from the measurements: {found}")
