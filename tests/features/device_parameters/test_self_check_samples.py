"""Which hours are compared, that it costs little, and that it never cries wolf."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.features.device_parameters import self_check
from chalicelib.features.device_parameters.self_check import MOST_BUCKETS, choose
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EDITS = 30


@pytest.fixture
def configured(environment: None, monkeypatch: pytest.MonkeyPatch) -> SyncSettings:
    """What is read from the aggregate is checked beforehand."""
    monkeypatch.setenv("EVIDENCE_SOURCE", "aggregate")
    return sync_settings()


@given(st.lists(st.booleans(), max_size=60), st.sets(st.integers(0, 70)))
def test_a_sample_is_bounded_and_has_what_tells_most(has: list[bool], borders: set[int]) -> None:
    occupied = [(START + number * HOUR, is_there) for number, is_there in enumerate(has)]
    buckets = [bucket for bucket, _ in occupied]
    lost = [bucket for bucket, is_materialized in occupied if not is_materialized]
    chosen = choose(occupied, {START + number * HOUR for number in borders})
    assert len(chosen) == len(set(chosen)) == min(len(buckets), MOST_BUCKETS)
    assert set(chosen) <= set(buckets)
    if lost:
        assert chosen[0] == lost[0]
    if buckets:
        assert buckets[0] in chosen


def test_an_hour_beside_a_border_is_compared_early() -> None:
    occupied = [(START + number * HOUR, True) for number in range(200)]
    chosen = choose(occupied, {START + 48 * HOUR})
    assert {START + 47 * HOUR, START + 48 * HOUR} <= set(chosen[:4])


def test_every_hour_is_compared_before_long() -> None:
    occupied = [(START + number * HOUR, True) for number in range(50)]
    compared = {bucket for _ in range(2_000) for bucket in choose(occupied, set())[:2]}
    assert len(compared) == 50


def test_no_further_hour_is_compared_when_time_is_up(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    fleet.add_device("d")
    fleet.add_parameter("p")
    fleet.report("d", "p", *(migrated.now() - number * HOUR for number in range(1, 11)))
    compare = self_check._compare_bucket

    def counted(*arguments: object) -> object:
        compared.append(arguments)
        return compare(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(self_check, "_compare_bucket", counted)
    monkeypatch.setattr(self_check, "AT_LEAST_SECONDS", 60)
    sync(window_minutes=24 * 60)
    assert len(compared) == 10
    compared.clear()
    monkeypatch.setattr(self_check, "AT_LEAST_SECONDS", 0)
    monkeypatch.setattr(self_check, "SHARE_OF_REFRESH", 0)
    sync(window_minutes=24 * 60)
    assert len(compared) == 1


def test_a_comparison_that_takes_too_long_is_given_up_and_the_run_goes_on(
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fleet.add_device("d")
    fleet.add_parameter("p")
    fleet.report("d", "p", migrated.now() - 2 * HOUR)
    monkeypatch.setattr(self_check, "STATEMENT_SECONDS", 0)
    assert sync(window_minutes=24 * 60).error is None
    assert fleet.keys() == [("d", "p")]
    assert "aggregate_not_checked" in caplog.messages


def test_of_a_full_hour_a_part_is_compared_which_may_find_it_out(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every part has a measurement of its own pair, so that none may be wrong."""
    monkeypatch.setattr(self_check, "MOST_MEASUREMENTS", 3)
    hour = migrated.now().replace(minute=0, second=0, microsecond=0) - 3 * HOUR
    fleet.add_device("d")
    for minute in range(0, 60, 5):
        fleet.add_parameter(f"p{minute}")
        # The pair is measured in other parts of the hour as well.
        at = [hour + timedelta(minutes=minute + 2), hour + timedelta(minutes=minute // 2)]
        fleet.report("d", f"p{minute}", *at)
    for _ in range(5):
        assert sync(window_minutes=24 * 60).error is None
    migrated.rows(
        "DO $$ BEGIN EXECUTE (SELECT format('UPDATE %I.%I SET last_seen_at = "
        "last_seen_at - interval ''1 minute''', materialization_hypertable_schema, "
        "materialization_hypertable_name) FROM timescaledb_information.continuous_aggregates "
        "WHERE view_name = 'device_parameters_hourly'); END $$"
    )
    assert sync(window_minutes=24 * 60).error is not None


def test_edits_of_any_kind_are_no_alarm(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a refresh, between it and the check, and between the check and its confirmation."""
    dice = random.Random(12)  # noqa: S311 no secret
    now = migrated.now()
    for name in "abc":
        fleet.add_device(name)
        fleet.add_parameter(name)

    def edit(*_: object) -> None:
        device, parameter = dice.choice("abcd"), dice.choice("abc")
        at = now - timedelta(minutes=dice.randrange(60 * 24 * 3))
        kind = dice.randrange(12)
        if kind == 0:
            days = dice.choice((1, 2))
            migrated.rows(
                f"SELECT drop_chunks('iot_data.timescale_measurements', interval '{days} days')"
            )
        elif kind == 1:
            fleet.withdraw(device, parameter)
        elif kind == 2:
            migrated.rows(
                "UPDATE iot_data.timescale_measurements SET time = time + interval '1 microsecond' "
                "WHERE device_id = %s AND time < now() - interval '1 day'",
                (device,),
            )
        else:
            fleet.report(device, parameter, *(at + number * HOUR for number in range(5)))

    for name in ("_look", "_confirmed"):
        original = getattr(self_check, name)

        def edited(*arguments: object, original: object = original) -> object:
            edit()
            return original(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(self_check, name, edited)
    for _ in range(EDITS):
        edit()
        run = sync(window_minutes=3 * 24 * 60, force=True)
        assert run.error is None, run.error
