"""What devices have measured last, and how much of what they should."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import SyncRunner
from tests.features.devices.registry import Registry, add_type
from tests.fleet import Fleet

HOUR = timedelta(hours=1)
METRICS = {"temperature": "p-temp", "humidity": "p-hum"}


@pytest.fixture
def measuring(registry: Registry) -> Registry:
    """The same, with a type whose devices measure two things."""
    add_type(registry.sandbox, "meter", metrics=METRICS)
    fleet = Fleet(registry.sandbox)
    for parameter in METRICS.values():
        fleet.add_parameter(parameter)
    return registry


def measure(registry: Registry, device_id: str, parameter: str, at: datetime, value: float) -> None:
    registry.sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "VALUES (%s, %s, %s, %s)",
        [at, device_id, parameter, value],
    )


def see(registry: Registry, device_id: str, at: datetime) -> None:
    registry.sandbox.rows(
        "UPDATE iot_data.device_presence SET last_seen_at = %s WHERE device_id = %s",
        [at, device_id],
    )


def registered_long_ago(registry: Registry, days: int = 60) -> str:
    device_id = registry.register(deviceType="meter")
    registry.sandbox.rows(
        "UPDATE iot_data.devices SET created_at = now() - %s * interval '1 day'", [days]
    )
    return device_id


def test_what_telemetry_has_stored_is_shown_although_a_heartbeat_came_later(
    measuring: Registry,
) -> None:
    device_id = measuring.register(deviceType="meter")
    at = measuring.sandbox.now() - timedelta(minutes=1)
    measure(measuring, device_id, "p-temp", at, 23.5)
    microseconds = round(at.timestamp() * 1_000_000)
    measuring.sandbox.rows(
        "INSERT INTO iot_data.device_readings (device_id, organization_id, latest) "
        "SELECT device_id, organization_id, json_build_object('p-temp', json_build_array("
        "CAST(%s AS bigint), 23.5, 0)) FROM iot_data.devices WHERE device_id = %s",
        [microseconds, device_id],
    )
    see(measuring, device_id, measuring.sandbox.now())
    assert measuring.get(device_id)["lastReading"]["temperature"] == 23.5


def test_the_last_reading_is_that_of_when_it_was_seen(measuring: Registry) -> None:
    device_id = measuring.register(deviceType="meter")
    now = measuring.sandbox.now()
    for parameter, value in (("p-temp", 23.5), ("p-hum", 45), ("p-else", 1)):
        measure(measuring, device_id, parameter, now, value)
        measure(measuring, device_id, parameter, now - timedelta(minutes=1), 0)
    see(measuring, device_id, now)
    shown = measuring.get(device_id)
    assert shown["lastReading"] == {
        "temperature": 23.5,
        "humidity": 45,
        "timestamp": shown["lastSeen"],
    }
    assert shown["lastReadingUnits"] == {}


def test_values_have_the_units_that_their_type_says(measuring: Registry) -> None:
    measuring.sandbox.rows(
        "UPDATE iot_data.device_type_metrics SET unit = '°C' WHERE name = 'temperature'"
    )
    device_id = measuring.register(deviceType="meter")
    assert measuring.get(device_id)["lastReadingUnits"] is None
    now = measuring.sandbox.now()
    for parameter in METRICS.values():
        measure(measuring, device_id, parameter, now, 21)
    see(measuring, device_id, now)
    assert measuring.get(device_id)["lastReadingUnits"] == {"temperature": "°C"}
    [listed] = measuring.list("include=lastReading")["items"]
    assert listed["lastReadingUnits"] == {"temperature": "°C"}
    assert "lastReadingUnits" not in measuring.list()["items"][0]


def test_what_was_not_measured_then_is_known_from_the_hours_before(
    measuring: Registry, sync: SyncRunner
) -> None:
    device_id = measuring.register(deviceType="meter")
    now = measuring.sandbox.now()
    measure(measuring, device_id, "p-hum", now - 3 * HOUR, 44)
    measure(measuring, device_id, "p-temp", now - 2 * HOUR, 20)
    measure(measuring, device_id, "p-temp", now, 21)
    see(measuring, device_id, now)
    sync(window_minutes=360)
    shown = measuring.get(device_id)
    assert shown["lastReading"] == {
        "temperature": 21,
        "humidity": 44,
        "timestamp": shown["lastSeen"],
    }


def test_a_page_shows_the_last_readings_where_they_are_asked_for(measuring: Registry) -> None:
    now = measuring.sandbox.now()
    for number in range(3):
        device_id = measuring.register(deviceType="meter", name=f"Meter {number}")
        measure(measuring, device_id, "p-temp", now - number * HOUR, number)
        see(measuring, device_id, now - number * HOUR)
    measuring.register(deviceType="meter", name="Silent")
    assert "lastReading" not in measuring.list()["items"][0]
    items = measuring.list("include=lastReading")["items"]
    found = [(each["name"], (each["lastReading"] or {}).get("temperature")) for each in items]
    assert found == [("Meter 0", 0), ("Meter 1", 1), ("Meter 2", 2), ("Silent", None)]


@pytest.mark.parametrize(
    ("data_type", "value", "shown"), [("boolean", 1.0, True), ("integer", 3.0, 3)]
)
def test_values_are_shown_as_their_type_means_them(
    data_type: str, value: float, shown: Any, measuring: Registry
) -> None:
    measuring.sandbox.rows("UPDATE iot_data.device_type_metrics SET data_type = %s", [data_type])
    device_id = measuring.register(deviceType="meter")
    now = measuring.sandbox.now()
    measure(measuring, device_id, "p-temp", now, value)
    see(measuring, device_id, now)
    assert measuring.get(device_id)["lastReading"]["temperature"] is shown


def test_quality_is_the_share_of_hours_in_which_each_metric_was_measured(
    measuring: Registry, sync: SyncRunner
) -> None:
    device_id = registered_long_ago(measuring)
    start = measuring.sandbox.now().replace(minute=30, second=0, microsecond=0)
    for hours in range(1, 73):
        measure(measuring, device_id, "p-temp", start - hours * HOUR, 1)
        if hours % 2:
            measure(measuring, device_id, "p-hum", start - hours * HOUR, 1)
    sync(window_minutes=60 * 80)
    quality = measuring.get(device_id)["health"]["dataQuality"]
    # 72 hours of the one and 36 of the other, of 30 days each.
    assert quality == pytest.approx(100 * (72 + 36) / (2 * 720), abs=0.2)


def test_quality_is_judged_since_the_device_was_registered(
    measuring: Registry, sync: SyncRunner
) -> None:
    device_id = registered_long_ago(measuring, days=2)
    start = measuring.sandbox.now().replace(minute=30, second=0, microsecond=0)
    for hours in range(72):
        for parameter in METRICS.values():
            measure(measuring, device_id, parameter, start - (hours + 1) * HOUR, 1)
    sync(window_minutes=60 * 80)
    assert measuring.get(device_id)["health"]["dataQuality"] == 100.0


def test_there_is_no_quality_where_nothing_is_to_be_measured(registry: Registry) -> None:
    device_id = registry.register()
    registry.sandbox.rows("UPDATE iot_data.devices SET created_at = now() - interval '9 days'")
    assert registry.get(device_id)["health"]["dataQuality"] is None


def test_the_version_of_its_software_is_what_the_device_says_unless_we_know(
    registry: Registry,
) -> None:
    device_id = registry.register()
    registry.sandbox.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts, agent_version) "
        "VALUES (%s, 'a', now(), 'v1')",
        [device_id],
    )
    assert registry.get(device_id)["firmwareVersion"] == "v1"
    registry.sandbox.rows("UPDATE iot_data.devices SET firmware_version = 'v2'")
    assert registry.get(device_id)["firmwareVersion"] == "v2"


def test_the_pairs_of_a_device_are_what_it_reports(measuring: Registry, sync: SyncRunner) -> None:
    device_id = measuring.register(deviceType="meter", name="Meter")
    now = measuring.sandbox.now()
    for parameter in METRICS.values():
        measure(measuring, device_id, parameter, now - HOUR, 1)
    sync(window_minutes=180)
    path = f"/devices/{device_id}/parameters?limit=1"
    first = measuring.operator.get(path).json_body
    rest = measuring.operator.get(f"{path}&after={first['next']}").json_body
    found = [item["parameterId"] for item in (*first["items"], *rest["items"])]
    assert (found, rest["next"]) == (["p-hum", "p-temp"], None)
