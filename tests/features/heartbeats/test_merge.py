"""However heartbeats arrive, and however often, they leave the same state, field by field."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.bodies import MAX_INTEGER
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import MAX_BATCH, Report, Value, merge
from tests.features.heartbeats.conftest import ANYBODY
from tests.features.heartbeats.oracle import expected, stored
from tests.sandbox import Sandbox

START = datetime(2026, 11, 1, 10, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DEVICES = ("d", "D", "o'neil", '100% "q" :x', "gerät-☃🚀", "a\\b{c},d", " ", "\x01")

# Few instants, so that they often meet; and neighbours, which only the microsecond tells apart.
instants = st.integers(0, 5).map(lambda step: START + step * MICROSECOND)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values: dict[str, st.SearchStrategy[Value]] = {
    "last_upload_ts": instants,
    "queue_depth": st.integers(0, MAX_INTEGER) | st.integers(0, 3),
    "agent_version": texts | st.sampled_from(["1.0", "1.0.0", "é", "z", "Z"]),
    "poll_interval_s": st.integers(0, 3),
    "cpu_pct": st.floats(0, 100).map(lambda value: value + 0.0),
    "disk_free_gb": st.floats(0, sys.float_info.max).map(lambda value: value + 0.0),
    "status": st.sampled_from(["ready", "degraded", "error"]),
}
said = st.fixed_dictionaries(
    {"site_id": st.sampled_from(["a", "b", "B"])},
    optional={name: st.none() | value for name, value in values.items()},
)
reports = st.builds(Report, st.sampled_from(DEVICES), instants, said, st.just({}))
# In what batches they come, some of them again, in any order.
deliveries = st.lists(st.lists(reports, max_size=8), max_size=5)


def beat(seen_at: int, device_id: str = "d", **fields: Value) -> Report:
    return Report(device_id, START + seen_at * MICROSECOND, {"site_id": "a", **fields})


@pytest.fixture
def store_batch(migrated: Sandbox, engine: Engine) -> Callable[[list[Report]], None]:
    def store_one(batch: list[Report]) -> None:
        with database.transaction(engine, Deadline.after(60)) as connection:
            store.merge_heartbeats(connection, merge(batch), ANYBODY)

    return store_one


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=deliveries, again=st.data())
@example(batches=[[beat(1, cpu_pct=5.0)], [beat(3)], [beat(2, cpu_pct=7.0)]], again=None)
@example(batches=[[beat(1, cpu_pct=5.0)], [beat(1, cpu_pct=None)]], again=None)
@example(batches=[[beat(1, status="ready")], [beat(1, status="degraded")]], again=None)
def test_any_order_and_any_repetition_end_in_the_same_state(
    migrated: Sandbox,
    store_batch: Callable[[list[Report]], None],
    batches: list[list[Report]],
    again: Any,
) -> None:
    migrated.migrate()
    told = [report for batch in batches for report in batch]
    for batch in batches:
        store_batch(batch)
    assert stored(migrated) == expected(told)
    if again is not None:
        for batch in again.draw(st.permutations(batches)):
            store_batch(again.draw(st.permutations(batch)))
        assert stored(migrated) == expected(told)


@given(told=st.lists(reports, max_size=12), data=st.data())
def test_a_batch_is_merged_as_the_database_merges(told: list[Report], data: Any) -> None:
    merged = merge(told)
    assert {device_id: report.fields for device_id, report in merged.items()} == {
        device_id: {name: state[name] for name in merged[device_id].fields}
        for device_id, state in expected(told).items()
    }
    assert merge(data.draw(st.permutations(told + told))) == merged


def test_a_field_that_is_absent_stays_and_null_clears_it(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    store_batch([beat(1, cpu_pct=5.0, status="ready")])
    store_batch([beat(2, status=None)])
    state = stored(migrated)["d"]
    assert (state["cpu_pct"], state["status"]) == (5.0, None)


def test_a_late_heartbeat_sets_what_no_newer_one_named(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    store_batch([beat(1, cpu_pct=5.0)])
    store_batch([beat(4, queue_depth=1)])
    store_batch([beat(2, cpu_pct=7.0, queue_depth=9)])
    state = stored(migrated)["d"]
    assert (state["cpu_pct"], state["queue_depth"]) == (7.0, 1)
    assert state["last_seen_ts"] == START + 4 * MICROSECOND


def test_a_device_that_moves_belongs_to_its_newest_site(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    store_batch([beat(2, site_id="new")])
    store_batch([beat(1, site_id="old")])
    assert stored(migrated)["d"]["site_id"] == "new"


def test_last_seen_never_moves_back_whoever_else_writes_it(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    store_batch([beat(1)])
    migrated.rows(
        "UPDATE iot_data.device_state SET last_seen_ts = %s", (START + timedelta(hours=1),)
    )
    store_batch([beat(2, cpu_pct=1.0)])
    assert stored(migrated)["d"]["last_seen_ts"] == START + timedelta(hours=1)


def test_a_state_that_somebody_else_wrote_is_taken_over(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts, cpu_pct, status) "
        "VALUES ('d', 'a', %s, 5, 'ready')",
        (START + 2 * MICROSECOND,),
    )
    store_batch([beat(1, cpu_pct=9.0, queue_depth=4)])
    store_batch([beat(3, status="error")])
    state = stored(migrated)["d"]
    assert (state["cpu_pct"], state["queue_depth"], state["status"]) == (5.0, 4, "error")


def test_a_device_that_is_deleted_is_forgotten(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    store_batch([beat(5, cpu_pct=5.0)])
    migrated.rows("DELETE FROM iot_data.device_state")
    store_batch([beat(1)])
    state = stored(migrated)["d"]
    assert (state["cpu_pct"], state["last_seen_ts"]) == (None, START + MICROSECOND)


def test_more_than_one_statement_takes_are_stored_all_the_same(
    migrated: Sandbox, store_batch: Callable[[list[Report]], None]
) -> None:
    store_batch([beat(1, f"device-{number}") for number in range(MAX_BATCH + 1)])
    assert migrated.value("SELECT count(*) FROM iot_data.device_state") == MAX_BATCH + 1


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ages=st.dictionaries(st.sampled_from(DEVICES), st.integers(0, 240), min_size=1))
def test_the_view_shows_who_is_silent_for_two_minutes(
    migrated: Sandbox,
    store_batch: Callable[[list[Report]], None],
    ages: dict[str, int],
) -> None:
    migrated.migrate()
    now = migrated.now()
    store_batch(
        [Report(d, now - timedelta(seconds=age), {"site_id": "a"}) for d, age in ages.items()]
    )
    shown = migrated.rows("SELECT device_id, age, now() FROM iot_data.v_devices_stale")
    elapsed = (migrated.now() - now).total_seconds()
    silent = {device_id for device_id, age in ages.items() if age > 120}
    on_the_edge = {device_id for device_id, age in ages.items() if 120 - elapsed <= age <= 120}
    assert silent <= {device_id for device_id, _, _ in shown} <= silent | on_the_edge
    for device_id, age, shown_at in shown:
        assert age == shown_at - (now - timedelta(seconds=ages[device_id]))
