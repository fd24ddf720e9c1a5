"""Which source is taken is a pure rule: whatever is known, it picks the cheapest exact one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.features.device_parameters.model import (
    BUCKET,
    EvidenceSource,
    Window,
    observation_window,
)
from chalicelib.features.device_parameters.source_choice import Outlook, Stock, choose

AS_OF = datetime(2024, 6, 5, 10, 5, tzinfo=UTC)
DAY = timedelta(days=1)
PAIRS = 100_000


def window_of(hours: float) -> Window:
    return observation_window(AS_OF, timedelta(hours=hours))


def outlook_of(
    window: Window,
    *,
    an_hour: float = 4,
    stale: frozenset[datetime] = frozenset(),
    stale_sets: frozenset[datetime] = frozenset(),
    pairs: int = PAIRS,
) -> Outlook:
    """A fleet with ten parameters a device, in one chunk that is older than the window."""
    start = window.first_bucket - DAY
    hours = (AS_OF - start) / BUCKET
    stock = Stock(start, AS_OF, hours * an_hour * pairs)
    return Outlook(pairs, pairs // 10, [stock], stale, stale_sets | stale)


def last_closed(window: Window) -> frozenset[datetime]:
    return frozenset({window.hot_bucket - BUCKET})


@pytest.mark.parametrize("an_hour", [1, 4, 60])
def test_a_window_of_an_hour_is_read_from_the_measurements(an_hour: float) -> None:
    window = window_of(1)
    reading = choose(window, outlook_of(window, an_hour=an_hour, stale=last_closed(window)))
    assert reading.source is EvidenceSource.MEASUREMENTS


@pytest.mark.parametrize("an_hour", [1, 4, 60])
@pytest.mark.parametrize("hours", [24, 7 * 24, 30 * 24])
def test_a_long_window_is_read_from_what_is_materialized(hours: float, an_hour: float) -> None:
    window = window_of(hours)
    reading = choose(window, outlook_of(window, an_hour=an_hour, stale=last_closed(window)))
    assert reading.measured_from == window.hot_bucket - BUCKET
    assert reading.source is EvidenceSource.BOTH


def test_where_all_is_materialized_the_measurements_of_closed_buckets_are_left_alone() -> None:
    window = window_of(24)
    assert choose(window, outlook_of(window)).source is EvidenceSource.AGGREGATE


def test_a_run_that_finds_nothing_materialized_does_not_wait_for_it() -> None:
    window = window_of(24)
    nothing = frozenset(window.closed_buckets.buckets)
    assert choose(window, outlook_of(window, stale=nothing)).source is EvidenceSource.MEASUREMENTS


def test_one_old_bucket_that_changed_is_materialized_first() -> None:
    window = window_of(7 * 24)
    changed = frozenset({window.first_bucket + DAY})
    reading = choose(window, outlook_of(window, stale=changed))
    assert reading.source is EvidenceSource.AGGREGATE


def test_buckets_that_changed_lately_are_read_from_the_measurements() -> None:
    window = window_of(24)
    late = frozenset(window.hot_bucket - hours * BUCKET for hours in (1, 3))
    reading = choose(window, outlook_of(window, an_hour=1, stale=late))
    assert reading.measured_from == window.hot_bucket - 3 * BUCKET


def test_a_small_fleet_is_read_from_the_measurements() -> None:
    window = window_of(24)
    outlook = outlook_of(window, pairs=500, stale=last_closed(window))
    assert choose(window, outlook).source is EvidenceSource.MEASUREMENTS


def test_what_has_lost_its_measurements_is_read_from_the_aggregate() -> None:
    """Three chunks of a day, of which the second was detached."""
    window = window_of(3 * 24)
    stocks = [
        Stock(AS_OF - 4 * DAY, AS_OF - 2 * DAY, 10.0),
        Stock(AS_OF - DAY, AS_OF, 10.0),
    ]
    nothing = frozenset(window.closed_buckets.buckets)
    reading = choose(window, Outlook(10, 1, stocks, nothing, nothing))
    # The bucket in which the last chunk begins is not all there.
    assert reading.measured_from == window.hot_bucket - DAY + BUCKET


def test_without_any_measurement_the_aggregate_is_all_that_is_known() -> None:
    window = window_of(24)
    assert choose(window, Outlook(10, 1, [])).source is EvidenceSource.AGGREGATE


def test_a_window_inside_the_hot_bucket_has_no_choice() -> None:
    window = observation_window(AS_OF, timedelta(minutes=4))
    reading = choose(window, outlook_of(window))
    assert reading.measured_start == window.start
    assert reading.source is EvidenceSource.MEASUREMENTS


def test_a_year_of_small_chunks_is_estimated_in_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    window = window_of(366 * 24)
    length = timedelta(hours=6)
    stocks = [Stock(AS_OF - n * length, AS_OF - (n - 1) * length, 1.0) for n in range(1464, 0, -1)]
    asked: list[Stock] = []
    between = Stock.between

    def counted(stock: Stock, start: datetime, end: datetime) -> float:
        asked.append(stock)
        return between(stock, start, end)

    monkeypatch.setattr(Stock, "between", counted)
    choose(window, Outlook(PAIRS, PAIRS // 10, stocks))
    assert len(asked) < 2 * len(window.closed_buckets.buckets)


def test_the_reason_says_what_the_ways_would_take() -> None:
    window = window_of(24)
    reading = choose(window, outlook_of(window, stale=last_closed(window)))
    assert reading.reason.startswith("estimated at 0.")
    assert "s from the measurements alone" in reading.reason


@given(
    hours=st.floats(0.01, 30 * 24),
    stale=st.sets(st.integers(0, 30 * 24)),
    pairs=st.integers(0, 10**6),
    chunks=st.lists(st.tuples(st.floats(0, 40), st.floats(0.01, 5), st.floats(0, 10**9))),
)
def test_whatever_is_known_the_window_is_read_once_and_without_a_gap(
    hours: float, stale: set[int], pairs: int, chunks: list[tuple[float, float, float]]
) -> None:
    window = window_of(hours)
    stocks: list[Stock] = []
    for ago, days, measurements in sorted(chunks, reverse=True):
        start = AS_OF - ago * DAY
        if not stocks or stocks[-1].end <= start:
            stocks.append(Stock(start, start + days * DAY, measurements))
    changed = frozenset(window.first_bucket + hour * BUCKET for hour in stale)
    reading = choose(window, Outlook(pairs, pairs // 10, stocks, changed, changed))
    assert reading.measured_from in {*window.closed_buckets.buckets, window.hot_bucket}
    assert reading.aggregated.end == reading.measured_from
    assert window.start <= reading.measured_start
