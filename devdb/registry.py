"""The registry of the demonstration, made over HTTP, as its people would make it."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine, text

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from devdb.fleet import PARAMETERS, Fleet
from devdb.life import CHECKS_EVERY, READINGS_EVERY, Life, every
from devdb.local_server import LocalServer
from devdb.schedules import each_minute

ORGANIZATION = "acme"
DEVICE_TYPE = "office-sensor"
_UNITS = {"temp": "°C", "hum": "%", "co2": "ppm", "bat": "%"}
_WORK_SECONDS = 60.0
# What devices of organizations report, by the metrics of their types.
_REGISTERED = text(
    "SELECT device.device_id, array_agg(metric.parameter_id) "
    "FROM iot_data.devices AS device "
    "JOIN iot_data.device_type_metrics AS metric USING (device_type_id) "
    "WHERE device.lifecycle <> 'deleted' GROUP BY device.device_id"
)


def install(local: LocalServer, fleet: Fleet) -> None:
    """An organization, a type that measures what the fleet does, and the fleet as its devices."""
    local.post_json("/organizations", {"organizationId": ORGANIZATION, "name": "Acme"})
    local.post_json("/device-types", _office_sensor())
    for device_id, name in fleet.names.items():
        body = {
            "deviceId": device_id,
            "deviceType": DEVICE_TYPE,
            "name": name,
            "tags": ["office", "north" if device_id[-1] in "02468" else "south"],
        }
        local.post_json(f"/devices?organizationId={ORGANIZATION}", body)


def welcome(engine: Engine, fleet: Fleet) -> list[str]:
    """Have devices that somebody has registered report what their type measures.

    Returns which these are.
    """
    deadline = Deadline.after(_WORK_SECONDS)
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        registered = {row[0]: set(row[1]) for row in connection.execute(_REGISTERED)}
    newcomers = sorted(registered.keys() - fleet.reporting.keys())
    for device_id in newcomers:
        fleet.reporting[device_id] = registered[device_id]
    return newcomers


def live_on(
    lives: Life, fleet: Fleet, environment: Mapping[str, str], tell: Callable[[str], None]
) -> None:
    """Have *lives* do what the schedules of the registry do, and devices report once registered."""

    def report(_: datetime) -> None:
        for device_id in welcome(fleet.engine, fleet):
            tell(f"{device_id} was registered, and reports from now on.")

    lives.repeat("registered devices", report, every(READINGS_EVERY))
    for name, work in each_minute(fleet.engine, environment).items():
        lives.repeat(name, _in_time(work), every(CHECKS_EVERY))


def _in_time(work: Callable[[Deadline], object]) -> Callable[[datetime], object]:
    return lambda _: work(Deadline.after(_WORK_SECONDS))


def _office_sensor() -> dict[str, object]:
    return {
        "name": DEVICE_TYPE,
        "isShared": True,
        "reportingIntervalSeconds": int(READINGS_EVERY.total_seconds()),
        "metrics": [
            {
                "name": parameter_id,
                "label": label,
                "parameterId": parameter_id,
                "unit": _UNITS[parameter_id],
                "dataType": "number",
            }
            for parameter_id, label in PARAMETERS.items()
        ],
    }
