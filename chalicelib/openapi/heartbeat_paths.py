"""The paths of heartbeats, their methods and their parameters."""

import base64
import json
from typing import Any

from chalicelib.features.heartbeats.model import CLOCK_TOLERANCE, MAX_BATCH
from chalicelib.features.heartbeats.settings import MAX_STALE_AFTER_SECONDS
from chalicelib.openapi.operations import Operation, Parameter, in_path, in_query, paging, reading
from chalicelib.openapi.responses import CLOSED, answer, errors
from chalicelib.openapi.shapes import schema_ref, stored_text, whole

TAG = "heartbeats"
_ONE = {"device_id": "hvac-unit-001", "site_id": "building-a", "status": "ready", "cpu_pct": 25.5}
_OTHER = {"device_id": "hvac-unit-002", "site_id": "building-b", "status": "degraded"}


def heartbeat_paths() -> dict[str, dict[str, Any]]:
    """All of them."""
    return {
        "/heartbeat": {"post": _heartbeat()},
        "/devices/stale": _stale_devices(),
        "/devices/stale/sites": _stale_sites(),
        "/devices/{device_id}/state": _device_state(),
    }


def _heartbeat() -> Operation:
    return {
        "operationId": "postHeartbeat",
        "summary": "Say that devices are alive.",
        "description": (
            "Needs the role `device`, whose token may speak for any device. Fields that are left "
            "out keep what is stored, null clears it. A field belongs to the latest heartbeat "
            f"that named it, in whatever order they arrive. `ts` may be {CLOCK_TOLERANCE.seconds} "
            "seconds ahead at most; without it, the time of arrival counts."
        ),
        "tags": [TAG],
        "requestBody": {
            "description": f"One heartbeat, or up to {MAX_BATCH} of them.",
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [schema_ref("Heartbeat"), schema_ref("HeartbeatBatch")]},
                    "examples": {
                        "one": {"value": _ONE},
                        "several": {"value": {"devices": [_ONE, _OTHER]}},
                    },
                }
            },
        },
        "responses": {
            "200": answer(
                "What was stored. A heartbeat that came alone is stored, or refused with a 400; "
                "in a batch each one that is refused is listed.",
                schema_ref("Recorded"),
            ),
            **errors(*CLOSED),
        },
    }


def _stale_devices() -> dict[str, Any]:
    return reading(
        "StaleDevices",
        "Which devices are silent?",
        "One page of devices, the longest silence first.",
        schema_ref("StaleDevicePage"),
        (
            *paging(_key("2024-01-01T00:00:00Z", "boiler-7")),
            in_query("site_id", stored_text("Only devices of this site."), "building-b"),
            _min_age(),
        ),
        tag=TAG,
    )


def _stale_sites() -> dict[str, Any]:
    return reading(
        "StaleSites",
        "How many devices of which site are silent?",
        "One page of sites with silent devices, by name.",
        schema_ref("StaleSitePage"),
        (*paging(_key("a")), _min_age()),
        tag=TAG,
    )


def _device_state() -> dict[str, Any]:
    spelled = stored_text("The device; a `/` in it is written `%2F`.", minLength=1)
    return reading(
        "DeviceState",
        "How was the device, when it last said so?",
        "The last state of the device.",
        schema_ref("DeviceState"),
        (in_path("device_id", spelled, "boiler-7"),),
        (*CLOSED, "404"),
        tag=TAG,
    )


def _min_age() -> Parameter:
    age = whole(
        "Only devices that have been silent for longer than so many seconds.",
        maximum=MAX_STALE_AFTER_SECONDS,
    )
    return in_query("min_age_seconds", age, 300)


def _key(*parts: str) -> str:
    spelled = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(spelled.encode()).decode().rstrip("=")
