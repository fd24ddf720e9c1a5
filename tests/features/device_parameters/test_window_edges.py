"""The edges of the window, one by one and to the microsecond, and what lies about them."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

AS_OF = datetime(2024, 6, 5, 10, 17, 3, 250_000, tzinfo=UTC)
HOT_BUCKET = datetime(2024, 6, 5, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _one_pair(fleet: Fleet) -> None:
    fleet.add_device("d")
    fleet.add_parameter("p")


@pytest.mark.parametrize("minutes", [1, 17, 18, 60, 77, 78, 120, 1440, 43_200, 527_040])
def test_a_window_opens_at_its_start_to_the_microsecond(
    fleet: Fleet, sync: SyncRunner, minutes: int
) -> None:
    start = AS_OF - timedelta(minutes=minutes)
    fleet.report("d", "p", start - MICROSECOND)
    assert sync(AS_OF, minutes).deltas.observed == 0
    fleet.report("d", "p", start)
    assert sync(AS_OF, minutes).deltas.observed == 1


@pytest.mark.parametrize("minutes", [1, 60, 1440])
def test_a_window_closes_with_the_hour_that_holds_as_of(
    fleet: Fleet, sync: SyncRunner, minutes: int
) -> None:
    fleet.report("d", "p", HOT_BUCKET + HOUR)
    assert sync(AS_OF, minutes).deltas.observed == 0
    fleet.report("d", "p", HOT_BUCKET + HOUR - MICROSECOND)
    assert sync(AS_OF, minutes).deltas.observed == 1


@pytest.mark.parametrize("as_of", [HOT_BUCKET, HOT_BUCKET + HOUR - MICROSECOND])
@pytest.mark.parametrize("nudge", [-MICROSECOND, timedelta(0), MICROSECOND])
def test_no_reading_falls_between_the_closed_buckets_and_the_hot_one(
    fleet: Fleet, sync: SyncRunner, as_of: datetime, nudge: timedelta
) -> None:
    fleet.report("d", "p", HOT_BUCKET + nudge)
    assert sync(as_of, 120).deltas.observed == 1


@pytest.mark.parametrize("nudge", [-MICROSECOND, timedelta(0), MICROSECOND])
def test_no_reading_falls_between_the_first_bucket_and_the_next(
    fleet: Fleet, sync: SyncRunner, nudge: timedelta
) -> None:
    fleet.report("d", "p", HOT_BUCKET - 2 * HOUR + nudge)
    assert sync(AS_OF, 180).deltas.observed == 1


def test_the_hot_hour_is_read_from_the_measurements_even_where_it_was_materialized(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.report("d", "p", AS_OF)
    migrated.rows(
        "CALL refresh_continuous_aggregate('iot_data.device_parameters_hourly', NULL, NULL)"
    )
    fleet.withdraw("d", "p")
    assert sync(AS_OF, 120).deltas.observed == 0


def test_a_replay_is_exact_although_the_aggregate_is_materialized_past_it(
    fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.report("d", "p", AS_OF - HOUR)
    later = AS_OF + 26 * HOUR
    assert sync(later, 2 * 1440).deltas.observed == 1
    assert sync(AS_OF, 60).deltas.observed == 1
    assert sync(AS_OF, 59).deltas.observed == 0


def test_a_late_reading_in_a_bucket_already_materialized_counts(
    fleet: Fleet, sync: SyncRunner
) -> None:
    assert sync(AS_OF, 1440).deltas.observed == 0
    fleet.report("d", "p", AS_OF - 20 * HOUR)
    assert sync(AS_OF, 1440).deltas.added == 1


def test_a_reading_deleted_from_a_materialized_bucket_no_longer_counts(
    fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.report("d", "p", AS_OF - 20 * HOUR)
    assert sync(AS_OF, 1440).deltas.added == 1
    fleet.withdraw("d", "p")
    assert sync(AS_OF, 1440).deltas.removed == 1


@pytest.mark.parametrize("lead", [0, 1, 2, 3])
def test_a_transaction_over_twenty_buckets_does_not_lose_the_last(
    fleet: Fleet, sync: SyncRunner, lead: int
) -> None:
    """The shape that timescaledb#10221 loses a bucket of, which is why batching is off."""
    minutes = 3 * 1440
    fleet.report("other", "p", *(HOT_BUCKET - number * HOUR for number in range(72)))
    sync(AS_OF, minutes)
    first = HOT_BUCKET - 72 * HOUR + lead * HOUR
    fleet.report("d", "p", first, first + 20 * HOUR)
    # A window that opens between the two readings has only the later one to go by.
    later = AS_OF + 19 * HOUR
    assert sync(AS_OF, minutes).deltas.observed == 1
    assert sync(later, minutes).deltas.observed == 1
