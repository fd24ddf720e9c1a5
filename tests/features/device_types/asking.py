"""What tests of device types send, and how they read what comes back."""

from typing import Any

from tests.people import Caller

TEMPERATURE: dict[str, Any] = {
    "name": "temperature",
    "label": "Room temperature",
    "description": "In the shade",
    "unit": "°C",
    "dataType": "number",
    "minimum": -40,
    "maximum": 85.5,
    "conversion": {"scale": 0.1, "offset": -4, "fromUnit": "0.1 °C"},
}
HUMIDITY: dict[str, Any] = {"name": "humidity", "unit": "%"}
DEW_POINT: dict[str, Any] = {
    "name": "dew_point",
    "expression": "temperature - (100 - humidity) / 5",
}
SENSOR: dict[str, Any] = {
    "name": "temperature-sensor-v2",
    "description": "Indoor sensor",
    "reportingIntervalSeconds": 300,
    "metrics": [TEMPERATURE, HUMIDITY, DEW_POINT],
}


def new(**changed: Any) -> dict[str, Any]:
    """A body for a new type."""
    return {**SENSOR, **changed}


def made(caller: Caller, query: str = "", **changed: Any) -> dict[str, Any]:
    """A type that *caller* has added."""
    answer = caller.ask("POST", f"/device-types{query}", new(**changed))
    assert answer.status_code == 201, answer.body
    body: dict[str, Any] = answer.json_body
    return body


def path_of(device_type: dict[str, Any]) -> str:
    """Where the type is."""
    return f"/device-types/{device_type['deviceTypeId']}"


def code(answer: Any) -> tuple[int, str]:
    """The status of a refusal, and its code."""
    return answer.status_code, answer.json_body["error"]["code"]


def place(answer: Any) -> tuple[int, str]:
    """The status of a refusal, and the path of what was wrong."""
    return answer.status_code, answer.json_body["error"]["details"].get("parameter")
