"""Ids that no key of ours holds are left out and reported, and nothing else suffers from them."""

import base64
import hashlib
import logging
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.device_parameters.model import RunStatus
from chalicelib.features.device_parameters.verify import Reference, verify
from tests.conftest import SyncRunner
from tests.features.device_parameters import oracle
from tests.features.device_parameters.test_routes import HOUR, MINUTE, get
from tests.fleet import Fleet
from tests.sandbox import Sandbox

WARNING = (
    "the last run left out 1 pair with ids of more than 2,600 bytes together: the log names the "
    "first ones as pairs_set_aside. Give the device or the parameter a shorter id"
)


def incompressible(length: int) -> str:
    """An id that PostgreSQL stores in as many bytes."""
    return base64.urlsafe_b64encode(hashlib.shake_256(b"id").digest(length)).decode()[:length]


@pytest.fixture
def keyless(migrated: Sandbox) -> Sandbox:
    """The platform's tables take ids of any length."""
    migrated.expect_rebuild()
    for table in ("timescale_measurements", "redshift_devices", "timescale_parameters"):
        name = migrated.value(
            "SELECT conname FROM pg_constraint WHERE contype = 'p' AND conrelid = %s::regclass",
            (f"iot_data.{table}",),
        )
        migrated.rows(f"ALTER TABLE iot_data.{table} DROP CONSTRAINT {name}")
    return migrated


def register(sandbox: Sandbox, device: str, parameter: str) -> None:
    sandbox.rows(
        "INSERT INTO iot_data.redshift_devices (device_id, status) VALUES (%s, true)", (device,)
    )
    sandbox.rows(
        "INSERT INTO iot_data.timescale_parameters (parameter_id) VALUES (%s)", (parameter,)
    )


def expect_exact(sandbox: Sandbox, engine: Engine, run_id: int | None) -> None:
    """The table is what the oracle and `verify` say."""
    assert run_id is not None
    as_of = sandbox.value("SELECT as_of FROM iot_data.sync_runs WHERE run_id = %s", (run_id,))
    assert oracle.read_names(sandbox) == oracle.read_facts(sandbox, as_of, 180).observed
    assert verify(engine, Reference.MEASUREMENTS, Deadline.after(60)).differences == []


def test_an_id_of_an_unknown_device_does_not_stop_the_refresh(
    keyless: Sandbox, fleet: Fleet, sync: SyncRunner, engine: Engine
) -> None:
    register(keyless, "d", "p")
    at = keyless.now() - timedelta(minutes=90)
    fleet.report("d", "p", at)
    fleet.report(incompressible(6400), "p", at)
    run = sync(window_minutes=180)
    assert (run.status, run.deltas.unresolved) == (RunStatus.SUCCEEDED, 0)
    assert fleet.keys() == [("d", "p")]
    assert keyless.value("SELECT count(*) FROM iot_data.device_parameters_hourly") == 2
    expect_exact(keyless, engine, run.run_id)
    assert get("/status")[1]["warnings"] == []


@pytest.mark.parametrize("length", [2679, 6400])
@pytest.mark.parametrize("is_device", [True, False])
@pytest.mark.parametrize("age", [MINUTE, 90 * MINUTE])
def test_a_registered_pair_of_long_ids_is_set_aside_and_reported(
    keyless: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    engine: Engine,
    caplog: pytest.LogCaptureFixture,
    length: int,
    is_device: bool,
    age: timedelta,
) -> None:
    long = incompressible(length)
    pair = (long, "q") if is_device else ("e", long)
    register(keyless, "d", "p")
    register(keyless, *pair)
    for device, parameter in (("d", "p"), pair):
        fleet.report(device, parameter, keyless.now() - age)
    run = sync(window_minutes=180)
    assert (run.status, run.deltas.observed, run.deltas.unresolved) == (RunStatus.SUCCEEDED, 1, 1)
    assert fleet.keys() == [("d", "p")]
    expect_exact(keyless, engine, run.run_id)
    assert get("/status")[1]["warnings"] == [WARNING]
    [record] = [one for one in caplog.records if one.message == "pairs_set_aside"]
    assert (record.levelno, record.count) == (logging.WARNING, 1)  # type: ignore[attr-defined]
    assert record.examples == [" / ".join(one[:60] for one in pair)]  # type: ignore[attr-defined]


def test_the_longest_pair_that_is_not_set_aside_is_added_held_and_removed(
    keyless: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    pair = ("e" + incompressible(2598), "q")
    register(keyless, *pair)
    fleet.report(*pair, keyless.now() - MINUTE)
    assert sync().deltas.added == 1
    fleet.withdraw(*pair)
    assert sync(removal_guard_min_pairs=1).deltas.held == 1
    assert keyless.value("SELECT count(*) FROM iot_data.held_removals") == 1
    assert sync(force=True).deltas.removed == 1
    assert fleet.keys() == []


def test_a_pair_of_long_ids_is_explained(keyless: Sandbox, fleet: Fleet, sync: SyncRunner) -> None:
    device = incompressible(2679)
    register(keyless, device, "q")
    fleet.report(device, "q", keyless.now() - MINUTE)
    sync()
    answer = get(f"/device-parameters/{device}/q")[1]
    assert (answer["present"], answer["observed"]) == (False, False)
    assert answer["explanation"] == (
        "The pair is left out because its ids are longer than 2,600 bytes together, which is more "
        "than a key holds."
    )


def test_the_warning_goes_with_the_pair(keyless: Sandbox, fleet: Fleet, sync: SyncRunner) -> None:
    pair = (incompressible(2679), "q")
    register(keyless, *pair)
    fleet.report(*pair, keyless.now() - MINUTE)
    sync()
    assert get("/status")[1]["warnings"] == [WARNING]
    fleet.withdraw(*pair)
    sync()
    assert get("/status")[1]["warnings"] == []


def test_devices_whose_long_ids_begin_alike_are_told_apart(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    """The index of the aggregate holds the first 500 characters."""
    one, other = "x" * 600 + "1", "x" * 600 + "2"
    fleet.add_parameter("p")
    at = {one: migrated.now() - 2 * HOUR, other: migrated.now() - 3 * HOUR}
    for device, instant in at.items():
        fleet.add_device(device)
        fleet.report(device, "p", instant)
    sync(window_minutes=300)
    items = get("/device-parameters")[1]["items"]
    seen = {item["device_id"]: item["last_seen_at"] for item in items}
    assert seen[one] > seen[other]
    assert get(f"/device-parameters/{other}/p")[1]["last_seen_at"] == seen[other]
