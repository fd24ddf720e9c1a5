"""The two series: a growing hypertable under one fleet, and growing fleets of equal history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import URL

from bench import data, databases
from bench.contestants import Trial, aggregate
from bench.data import PARAMETERS, READING_EVERY, Fleet
from bench.measure import WINDOWS_MINUTES, Point, hours_needed, measure_point
from chalicelib.features.device_parameters.model import BUCKET

_READINGS_A_DAY = timedelta(days=1) // READING_EVERY
# The longest window must be full from the first run on.
_SHORTEST_PAST = timedelta(minutes=max(WINDOWS_MINUTES)) + BUCKET


@dataclass(frozen=True)
class Sizes:
    """How much a benchmark measures."""

    hypertable_pairs: int
    hypertable_days: tuple[int, ...]
    fleet_pairs: tuple[int, ...]
    fleet_rows: int


SIZES = {
    "small": Sizes(1_000, (2, 6, 20), (100, 1_000, 5_000), 600_000),
    "full": Sizes(10_000, (2, 5, 12, 30), (1_000, 10_000, 100_000), 12_000_000),
}


@dataclass(frozen=True)
class Benchmark:
    """Where to measure, how often, and where to report what is being done."""

    server: URL | None
    sizes: Sizes
    repeats: int
    report: Callable[[str], None]


def hypertable(benchmark: Benchmark) -> Iterator[Point]:
    """The same fleet, with ever more past behind it."""
    sizes = benchmark.sizes
    hours = hours_needed(benchmark.repeats)
    with databases.scratch(benchmark.server) as settings:
        fleet = Fleet(settings, sizes.hypertable_pairs // PARAMETERS)
        data.install(fleet)
        first_run_at = data.first_run_at(datetime.now(UTC), hours * len(sizes.hypertable_days))
        oldest = first_run_at - BUCKET
        for days in sizes.hypertable_days:
            start = first_run_at - timedelta(days=days)
            benchmark.report(f"hypertable: {fleet.pairs:,} pairs, {days} days of history")
            _prepare(fleet, start, oldest, first_run_at)
            yield measure_point(fleet, first_run_at, benchmark.repeats)
            oldest = start
            first_run_at += hours * BUCKET


def fleet(benchmark: Benchmark) -> Iterator[Point]:
    """Ever larger fleets, each with a past that makes the hypertable equally large."""
    for pairs in benchmark.sizes.fleet_pairs:
        past = timedelta(days=benchmark.sizes.fleet_rows / pairs / _READINGS_A_DAY)
        with databases.scratch(benchmark.server) as settings:
            fleet = Fleet(settings, pairs // PARAMETERS)
            data.install(fleet)
            first_run_at = data.first_run_at(datetime.now(UTC), hours_needed(benchmark.repeats))
            benchmark.report(f"fleet: {pairs:,} pairs, {past / timedelta(days=1):.1f} days")
            start = first_run_at - max(past, _SHORTEST_PAST)
            _prepare(fleet, start, first_run_at - BUCKET, first_run_at)
            yield measure_point(fleet, first_run_at, benchmark.repeats)


SERIES: dict[str, Callable[[Benchmark], Iterator[Point]]] = {
    "hypertable": hypertable,
    "fleet": fleet,
}


def _prepare(fleet: Fleet, start: datetime, end: datetime, first_run_at: datetime) -> None:
    """Live from *start* to *end*, materialize it, and sync the hour before the first run."""
    data.live(fleet, start, end)
    data.settle(fleet)
    data.remember(fleet, start, first_run_at - BUCKET)
    aggregate(Trial(fleet, first_run_at - BUCKET, min(WINDOWS_MINUTES)))
    data.settle(fleet)
