"""A batch reads what it is about by key, and a list what it shows, however large the fleet is.

The policies are in force: to a superuser everything would look fine.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.telemetry import listings, store, write
from chalicelib.features.telemetry.addressing import by_device
from chalicelib.features.telemetry.arriving import from_payload
from chalicelib.features.telemetry.bodies import LatestQuery, RejectQuery, Replay
from chalicelib.features.telemetry.context import Ingestion
from chalicelib.features.telemetry.model import Reason, Way
from chalicelib.paging import cursor
from tests.features.telemetry.sending import Sender
from tests.plans import plans
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
DEVICES, REJECTS = 20_000, 40_000
LARGE = ("devices", "device_readings", "telemetry_rejects", "timescale_measurements")


@pytest.fixture
def large_fleet(runtime_login: Sandbox, runtime_engine: Engine) -> Sender:
    """One organization has nearly everything, and another one a little."""
    sandbox = runtime_login
    sender = Sender(sandbox, runtime_engine)
    sender.add_organization("big")
    sender.add_organization("small")
    sender.add_type("meter", level={}, other={}, both={"expression": "level + other"})
    sandbox.rows(
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "SELECT 'd-' || n, CASE WHEN n % 1000 = 0 THEN 'small' ELSE 'big' END, 'meter', 'D' || n "
        f"FROM generate_series(1, {DEVICES}) AS n"
    )
    sandbox.rows(
        "INSERT INTO iot_data.device_readings (device_id, organization_id, latest) "
        "SELECT device_id, organization_id, CAST(%s AS json) FROM iot_data.devices",
        [json.dumps({name: [1, 2.5, 0, [0.123456789] * 8] for name in "abcd"})],
    )
    sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "SELECT date_trunc('minute', now()) - n * interval '1 second', 'd-' || d, 'meter.other', 1 "
        f"FROM generate_series(1, 10) AS n, generate_series(1, {DEVICES // 10}) AS d"
    )
    sandbox.rows(
        "INSERT INTO iot_data.telemetry_rejects (reject_id, organization_id, device_id, reason, "
        "message, way, payload, is_cut, is_quarantined, rejected_at, letter_due_at) "
        "SELECT 'rej-' || n, CASE WHEN n % 1000 = 0 THEN 'small' ELSE 'big' END, "
        "'d-' || n % 5000, CASE WHEN n % 7 = 0 THEN 'no_time' ELSE 'unknown_metric' END, "
        "'m', 'rule', '{}', false, false, now() - n * interval '1 minute', "
        "CASE WHEN n % 4000 = 0 THEN now() END "
        f"FROM generate_series(1, {REJECTS}) AS n"
    )
    for table in LARGE:
        sandbox.rows(f"VACUUM ANALYZE iot_data.{table}")
    return sender


def scanned(found: list[str]) -> list[str]:
    """The tables that grow, and that a plan would read as a whole."""
    return [
        plan
        for plan in found
        for table in LARGE
        if f"Seq Scan on {table}" in plan or ("_hyper_" in plan and "Seq Scan on _hyper" in plan)
    ]


def plans_of_batch(sender: Sender, size: int, organization: str) -> list[str]:
    """How the statements of a batch are carried out, of devices from all of the fleet."""
    at = sender.now() - timedelta(minutes=1)
    step = DEVICES // size
    records = [
        {
            "deviceId": f"d-{number * step + 1}",
            "timestamp": at.isoformat(),
            "data": {"level": 1, "surprise": 1},
        }
        for number in range(size)
    ]
    context = Ingestion(sender.engine, Deadline.after(60), Way.RULE, organization=organization)
    addressed, _ = by_device(from_payload(records).records, context.device_paths, None)
    with context.transaction() as connection, plans(connection) as found:
        outcome = write.write(connection, context, addressed, [])
    assert outcome.readings >= size
    return found


def listed(connection: Connection, organization: str) -> dict[str, list[str]]:
    """How the lists are read, by what is asked for."""
    found = {}
    wanted: Mapping[str, Mapping[str, Any]] = {
        "all": {},
        "a reason": {"reason": Reason.NO_TIME},
        "a device": {"device_id": "d-7"},
        "both": {"device_id": "d-7", "reason": Reason.NO_TIME},
    }
    for name, query in wanted.items():
        with plans(connection) as found[f"rejects: {name}"]:
            listings.list_rejects(connection, RejectQuery(**query), organization)
        with plans(connection) as found[f"replay: {name}"]:
            store.find_rejects(connection, Replay(**query), organization, 500)
    with plans(connection) as found["replay: ids"]:
        store.find_rejects(connection, Replay(reject_ids=["rej-7", "rej-8"]), organization, 500)
    with plans(connection) as found["latest"]:
        listings.list_latest(connection, LatestQuery(), organization)
    with plans(connection) as found["latest: one"]:
        listings.list_latest(connection, LatestQuery(device_id="d-7"), organization)
    with plans(connection) as found["latest: later"]:
        listings.list_latest(connection, LatestQuery(after=cursor(("d-5",))), organization)
    return found


def test_a_batch_and_the_lists_are_read_by_key(large_fleet: Sender) -> None:
    """One test, because to make the fleet takes most of its time."""
    for size in (1, 500):
        found = plans_of_batch(large_fleet, size, EVERY_ORGANIZATION)
        assert scanned(found) == [], size
        [looked_up] = [plan for plan in found if "wanted" in plan]
        assert re.search(r"Index Cond: .*device_id = wanted.device_id", looked_up), looked_up
    with database.transaction(large_fleet.engine, Deadline.after(60), "small") as connection:
        for name, found in listed(connection, "small").items():
            assert scanned(found) == [], name
        with plans(connection) as found:
            listings.count_reasons(connection, "small")
        assert scanned(found) == []
    with database.transaction(
        large_fleet.engine, Deadline.after(60), EVERY_ORGANIZATION
    ) as connection:
        for name, found in listed(connection, EVERY_ORGANIZATION).items():
            if name not in ("rejects: a reason", "replay: a reason"):
                assert scanned(found) == [], name
        with plans(connection) as found:
            store.claim_letters(connection, 10)
            store.forget_letters(connection, ["rej-1", "rej-2"])
            store.forget_rejects(connection, ["rej-1", "rej-2"])
        assert "idx_telemetry_rejects_letters" in found[0]
        assert scanned(found) == []
        with plans(connection) as found:
            store.prune_rejects(connection, 30, 10)
        assert "idx_telemetry_rejects_rejected_at" in found[0]
        assert scanned(found) == []
