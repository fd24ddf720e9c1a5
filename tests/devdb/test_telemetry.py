"""Registered devices of the demonstration report by the stream, and what is wrong is rejected."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.audit import Actor
from chalicelib.features.telemetry import write
from chalicelib.features.telemetry.bodies import Replay
from chalicelib.features.telemetry.model import Reason, Way
from chalicelib.features.telemetry.replay import replay
from devdb.aws import Aws
from devdb.fleet import Fleet
from devdb.life import Life
from devdb.telemetry import STRANGER, Telemetry
from tests.aws import moto_server
from tests.features.telemetry.sending import Sender
from tests.sandbox import Sandbox

TYPE = "office-sensor"
# By the parameters that the fleet reports.
METRICS: dict[str, dict[str, Any]] = {
    "temperature": {"parameter": "temp", "unit": "°C", "usual_maximum": 30.0},
    "humidity": {"parameter": "hum", "unit": "%", "maximum": 100.0},
    "co2": {"parameter": "co2", "unit": "ppm", "data_type": "integer"},
    "battery": {"parameter": "bat", "unit": "%"},
}
PAST = timedelta(hours=2)
STEP = timedelta(seconds=15)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with moto_server() as running:
        yield running


@pytest.fixture
def fleet(migrated: Sandbox, engine: Engine) -> Fleet:
    fleet = Fleet(engine)
    fleet.install()
    return fleet


@pytest.fixture
def sender(migrated: Sandbox, engine: Engine) -> Sender:
    write.plans.clear()
    sender = Sender(migrated, engine)
    sender.add_organization("acme")
    sender.add_type(TYPE, timestamp_path=None, **METRICS)
    return sender


@pytest.fixture
def registered(sender: Sender, fleet: Fleet) -> Sender:
    """The whole fleet is registered."""
    for device_id in fleet.names:
        register(sender, device_id)
    return sender


@pytest.fixture
def telemetry(
    fleet: Fleet, aws: Aws, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Telemetry:
    monkeypatch.setenv("TELEMETRY_STREAM", request.node.name[:100])
    return Telemetry.of(fleet, aws)


def register(sender: Sender, device_id: str, type_id: str = TYPE) -> None:
    sender.add_device(device_id, type_id, organization_id="acme")


def live_for(minutes: int, telemetry: Telemetry) -> list[str]:
    """The fleet lives on for *minutes* up to now; what is told meanwhile."""
    told: list[str] = []
    now = datetime.now(UTC)
    at = now - timedelta(minutes=minutes)
    lives = Life(telemetry.senders.fleet, at, told.append)
    telemetry.live_on(lives, told.append)
    while at < now:
        at += STEP
        lives.step(at)
    return told


def counted(sandbox: Sandbox) -> dict[str, int]:
    """How many readings of each device have come by the stream, and were new."""
    rows = sandbox.rows("SELECT device_id, reading_count FROM iot_data.device_readings")
    return {device_id: count for device_id, count in rows}


def reasons(sandbox: Sandbox) -> set[str]:
    return {reason for [reason] in sandbox.rows("SELECT reason FROM iot_data.telemetry_rejects")}


def test_each_registered_device_reports_once_a_minute(
    migrated: Sandbox, registered: Sender, fleet: Fleet, telemetry: Telemetry
) -> None:
    telemetry.senders.look_round()
    assert live_for(3, telemetry) == []
    found = counted(migrated)
    assert found.keys() == fleet.names.keys()
    # Four metrics, of which a faulty device has one less now and then.
    assert all(3 * 3 <= count <= 4 * 4 for count in found.values()), found
    assert migrated.value("SELECT count(*) FROM iot_data.timescale_measurements") == sum(
        found.values()
    )


def test_a_device_that_is_not_registered_is_written_to_the_table_as_before(
    migrated: Sandbox, sender: Sender, telemetry: Telemetry
) -> None:
    register(sender, "dev-01")
    telemetry.senders.look_round()
    live_for(2, telemetry)
    assert counted(migrated).keys() == {"dev-01"}
    written = "SELECT count(*) FROM iot_data.timescale_measurements WHERE device_id = 'dev-02'"
    assert migrated.value(written) == 2 * 4


def test_what_is_wrong_is_rejected_and_what_is_unusual_is_marked(
    migrated: Sandbox, registered: Sender, telemetry: Telemetry
) -> None:
    telemetry.begin(datetime.now(UTC))
    assert reasons(migrated) == {
        "unknown_metric",
        "out_of_limits",
        "wrong_type",
        "wrong_unit",
        "unknown_device",
    }
    [[value, quality]] = migrated.rows(
        "SELECT value, quality FROM iot_data.latest_readings "
        "WHERE device_id = 'dev-09' AND parameter_id = 'temp'"
    )
    assert (value > 30, quality) == (True, 1)


def test_what_was_stored_before_is_sent_again_and_nothing_is_doubled(
    migrated: Sandbox, registered: Sender, fleet: Fleet, telemetry: Telemetry
) -> None:
    now = datetime.now(UTC)
    fleet.live(now - PAST, now)
    known = "SELECT time, device_id, parameter_id, value FROM iot_data.timescale_measurements"
    before = set(migrated.rows(known))
    assert telemetry.begin(now) * len(METRICS) == len(before)
    assert set(migrated.rows(f"{known} WHERE time < %s", [now])) == before
    assert migrated.value("SELECT sum(corrected_count) FROM iot_data.device_readings") == 0


def test_a_stranger_is_stored_once_it_is_registered_and_tried_again(
    migrated: Sandbox, registered: Sender, telemetry: Telemetry
) -> None:
    telemetry.begin(datetime.now(UTC))
    register(registered, STRANGER)
    again = Replay(reason=Reason.UNKNOWN_DEVICE)
    replayed, _ = replay(registered.ingestion(Way.REPLAY), again, Actor("ada"))
    assert (replayed.tried, replayed.cleared, replayed.stored) == (1, 1, 4)
    assert live_for(2, telemetry) == [f"{STRANGER} was registered, and reports from now on."]
    assert counted(migrated)[STRANGER] > 4


def test_a_device_that_was_deleted_goes_on_sending_and_is_refused(
    migrated: Sandbox, registered: Sender, telemetry: Telemetry
) -> None:
    telemetry.senders.look_round()
    migrated.rows(
        "UPDATE iot_data.devices SET lifecycle = 'deleted', deleted_at = now() "
        "WHERE device_id = 'dev-01'"
    )
    live_for(2, telemetry)
    assert not counted(migrated).get("dev-01")
    refused = "SELECT DISTINCT reason FROM iot_data.telemetry_rejects WHERE device_id = 'dev-01'"
    assert migrated.value(refused) == "unknown_device"


def test_a_newcomer_sends_what_its_type_declares_wherever_it_stands(
    migrated: Sandbox, sender: Sender, telemetry: Telemetry
) -> None:
    sender.add_type(
        "odd",
        timestamp_path="when.at",
        deep={"path": 'a[1]."x:0"', "conversion_scale": 0.1, "conversion_offset": -5.0},
        far={"minimum": 100.0, "maximum": 200.0, "data_type": "integer"},
        low={"maximum": -10.0},
        on={"data_type": "boolean"},
        twice={"expression": "deep * 2"},
    )
    register(sender, "dev-odd", "odd")
    assert live_for(2, telemetry) == ["dev-odd was registered, and reports from now on."]
    assert reasons(migrated) == set()
    found = dict(
        migrated.rows(
            "SELECT parameter_id, value FROM iot_data.latest_readings WHERE device_id = 'dev-odd'"
        )
    )
    assert found.keys() == {f"odd.{name}" for name in ("deep", "far", "low", "on", "twice")}
    assert 100 <= found["odd.far"] <= 200
    assert found["odd.low"] <= -10
