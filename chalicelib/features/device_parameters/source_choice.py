"""Which source a run reads: what each would cost is estimated, and the cheapest is taken.

A bucket of the aggregate is cheaper to read than the measurements that it sums up, but has to be
materialized first. Where it is not, a run that reads the measurements is done sooner, and
materializes them after its commit. So there is an instant in each window before which the
aggregate is read, and after which the measurements are.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from chalicelib.features.device_parameters.model import BUCKET, Reading, Window, bucket_start

# Microseconds, measured on a server as Debian installs it, on two cores: what counts is how they
# relate to each other.
READ_MEASUREMENT = 0.4
READ_SET = 0.7
MATERIALIZE_MEASUREMENT = 0.6
MATERIALIZE_PAIR = 2.5
MATERIALIZE_SET = 25.0
# To find the aggregate up to date, and to compare a sample of it with the measurements.
READ_ANY_AGGREGATE = 20_000.0


@dataclass(frozen=True)
class Stock:
    """Measurements of a chunk of the hypertable, `[start, end)`, as far as it is filled."""

    start: datetime
    end: datetime
    measurements: float

    def between(self, start: datetime, end: datetime) -> float:
        """How many of them lie in `[start, end)`, if they are evenly spread."""
        overlap = min(end, self.end) - max(start, self.start)
        return max(0.0, overlap / (self.end - self.start)) * self.measurements


@dataclass(frozen=True)
class Outlook:
    """What is known before a run reads anything.

    *stale_pairs* and *stale_sets* are the buckets that would have to be materialized before they
    could be read. *stocks* are in order of time, and do not overlap.
    """

    pairs: int
    devices: int
    stocks: list[Stock]
    stale_pairs: frozenset[datetime] = field(default_factory=frozenset)
    stale_sets: frozenset[datetime] = field(default_factory=frozenset)


def choose(window: Window, outlook: Outlook) -> Reading:
    """The cheapest way to read *window*."""
    earliest = first_with_measurements(window, outlook.stocks)
    costs = {
        measured_from: cost
        for measured_from, cost in _costs(window, outlook).items()
        if measured_from >= earliest
    }
    cheapest = min(costs, key=lambda measured_from: (costs[measured_from], measured_from))
    return Reading(window, cheapest, _reason(window, costs, cheapest))


def first_with_measurements(window: Window, stocks: list[Stock]) -> datetime:
    """The first bucket from which on no time of *window* is without a chunk.

    Of a time without one, the aggregate may know what nobody else does any more.
    """
    covered_since = window.hot_bucket
    for stock in reversed(stocks):
        if stock.end < covered_since or covered_since <= window.first_bucket:
            break
        covered_since = min(covered_since, stock.start)
    start = bucket_start(covered_since)
    return max(window.first_bucket, start if start == covered_since else start + BUCKET)


def _costs(window: Window, outlook: Outlook) -> dict[datetime, float]:
    """Microseconds for each instant from which on the measurements may be read."""
    *measured, hot = _measurements(window, outlook.stocks)
    buckets = window.closed_buckets.buckets
    from_aggregate = accumulate(
        (
            _cost_of_aggregate(outlook, bucket, measurements)
            for bucket, measurements in zip(buckets, measured, strict=True)
        ),
        initial=0.0,
    )
    from_measurements = list(
        accumulate(READ_MEASUREMENT * count for count in (hot, *reversed(measured)))
    )[::-1]
    starts = [*buckets, window.hot_bucket]
    return {
        start: before + after + (READ_ANY_AGGREGATE if start > window.first_bucket else 0.0)
        for start, before, after in zip(starts, from_aggregate, from_measurements, strict=True)
    }


def _measurements(window: Window, stocks: list[Stock]) -> list[float]:
    """How many there are in each bucket of *window*, the hot one last.

    A window of a year has thousands of buckets, and maybe as many chunks: each chunk is asked about
    its own buckets alone.
    """
    starts = [*window.closed_buckets.buckets, window.hot_bucket]
    counts = [0.0] * len(starts)
    for stock in stocks:
        first, last = ((at - window.first_bucket) // BUCKET for at in (stock.start, stock.end))
        for number in range(max(0, first), min(last + 1, len(starts))):
            start = max(starts[number], window.start)
            counts[number] += stock.between(start, starts[number] + BUCKET)
    return counts


def _cost_of_aggregate(outlook: Outlook, bucket: datetime, measurements: float) -> float:
    devices = min(outlook.devices, measurements)
    cost = READ_SET * devices
    if bucket in outlook.stale_pairs:
        pairs = min(outlook.pairs, measurements)
        cost += MATERIALIZE_MEASUREMENT * measurements + MATERIALIZE_PAIR * pairs
    if bucket in outlook.stale_pairs or bucket in outlook.stale_sets:
        cost += MATERIALIZE_SET * devices
    return cost


def _reason(window: Window, costs: dict[datetime, float], cheapest: datetime) -> str:
    others = {
        "from the measurements alone": window.first_bucket,
        "from as much of the aggregate as there is": window.hot_bucket,
    }
    compared = [
        f"{_seconds(costs[measured_from])} {name}"
        for name, measured_from in others.items()
        if measured_from in costs and measured_from != cheapest
    ]
    estimate = f"estimated at {_seconds(costs[cheapest])}"
    return f"{estimate}, against {' and '.join(compared)}" if compared else estimate


def _seconds(microseconds: float) -> str:
    return f"{timedelta(microseconds=microseconds).total_seconds():.2f} s"
