"""The run that follows finds the pairs of what was stored, and no others."""

from datetime import timedelta

from chalicelib.features.device_parameters.model import RunStatus
from tests.conftest import SyncRunner
from tests.features.telemetry.sending import Sender
from tests.fleet import Fleet


def test_the_pairs_of_stored_readings_are_in_the_table_after_the_next_run(
    sender: Sender, fleet: Fleet, sync: SyncRunner
) -> None:
    for device_id in ("dev-a", "dev-b", "dev-unregistered"):
        fleet.add_device(device_id)
    for name in ("temperature", "humidity", "pressure"):
        fleet.add_parameter(f"sensor.{name}")
    at = sender.ago(minutes=5)
    too_late = (sender.now() - timedelta(days=8)).isoformat()
    sender.send(
        {"deviceId": "dev-a", "timestamp": at, "data": {"temperature": 20, "pressure": 1}},
        {"deviceId": "dev-a", "timestamp": too_late, "data": {"humidity": 40}},
        {"deviceId": "dev-b", "timestamp": at, "data": {"temperature": 1e400, "humidity": 41}},
        {"deviceId": "dev-unregistered", "timestamp": at, "data": {"humidity": 42}},
    )
    run = sync(window_minutes=24 * 60)
    assert run.status is RunStatus.SUCCEEDED
    assert fleet.keys() == [("dev-a", "sensor.temperature"), ("dev-b", "sensor.humidity")]
    sender.report("dev-a", at, humidity=39)
    sync(window_minutes=24 * 60)
    assert len(fleet.keys()) == 3
