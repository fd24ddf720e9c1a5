"""The registry of the demonstration, made over HTTP, as its people would make it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine

from chalicelib.database import Deadline
from devdb.fleet import LATE_PARAMETER, Fleet
from devdb.life import CHECKS_EVERY, READINGS_EVERY, WORK_SECONDS, Life, every
from devdb.local_server import LocalServer
from devdb.schedules import each_minute

ORGANIZATION = "acme"
DEVICE_TYPE = "office-sensor"
# What also measures how its building trembles.
_TREMBLING_TYPE = "vibration-sensor"
_METRICS: tuple[dict[str, object], ...] = (
    {
        "name": "temperature",
        "parameterId": "temp",
        "unit": "°C",
        "minimum": -40,
        "maximum": 85,
        "usual": {"minimum": 10, "maximum": 30, "changePerMinute": 5},
    },
    {"name": "humidity", "parameterId": "hum", "unit": "%", "minimum": 0, "maximum": 100},
    {
        "name": "co2",
        "parameterId": "co2",
        "unit": "ppm",
        "dataType": "integer",
        "minimum": 0,
        "maximum": 10_000,
    },
    {"name": "battery", "parameterId": "bat", "unit": "%", "minimum": 0, "maximum": 100},
)
_TREMBLING = {"name": "vibration", "parameterId": LATE_PARAMETER[0], "unit": "mm/s", "minimum": 0}


def install(local: LocalServer, fleet: Fleet) -> None:
    """An organization, types that measure what the fleet does, and the fleet as its devices."""
    local.post_json("/organizations", {"organizationId": ORGANIZATION, "name": "Acme"})
    local.post_json("/device-types", _type(DEVICE_TYPE, _METRICS))
    local.post_json("/device-types", _type(_TREMBLING_TYPE, (*_METRICS, _TREMBLING)))
    for device_id, name in fleet.names.items():
        is_trembling = LATE_PARAMETER[0] in fleet.reporting[device_id]
        body = {
            "deviceId": device_id,
            "deviceType": _TREMBLING_TYPE if is_trembling else DEVICE_TYPE,
            "name": name,
            "tags": ["office", "north" if device_id[-1] in "02468" else "south"],
        }
        local.post_json(f"/devices?organizationId={ORGANIZATION}", body)


def live_on(lives: Life, engine: Engine, environment: Mapping[str, str]) -> None:
    """Have *lives* do what the schedules of the registry do."""
    for name, work in each_minute(engine, environment).items():
        lives.repeat(name, _in_time(work), every(CHECKS_EVERY))


def _in_time(work: Callable[[Deadline], object]) -> Callable[[datetime], object]:
    return lambda _: work(Deadline.after(WORK_SECONDS))


def _type(name: str, metrics: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {
        "name": name,
        "isShared": True,
        "reportingIntervalSeconds": int(READINGS_EVERY.total_seconds()),
        "metrics": metrics,
    }
