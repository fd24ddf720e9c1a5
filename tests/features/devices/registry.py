"""A registry for tests: an organization with a type of devices, and somebody who registers."""

from dataclasses import dataclass
from typing import Any

from tests.people import Caller, People
from tests.sandbox import Sandbox

TYPE = "temperature-sensor-v2"
# The document of the requirement.
SAMPLE: dict[str, Any] = {
    "deviceType": TYPE,
    "name": "Office-Temp-Sensor-1",
    "location": {"lat": 37.7749, "lon": -122.4194, "address": "Office 301, Building A"},
    "connectivity": {"type": "cellular", "simId": "sim-123456"},
    "metadata": {
        "manufacturer": "SensorCorp",
        "model": "TSv2-001",
        "serialNumber": "SN123456789",
    },
    "tags": ["office", "building-a"],
}
LEAST: dict[str, Any] = {"deviceType": TYPE, "name": "Least"}


def add_type(
    sandbox: Sandbox,
    name: str = TYPE,
    organization_id: str | None = None,
    metrics: dict[str, str] | None = None,
) -> str:
    """A type of devices; *metrics* are parameters by name. Without an organization it is shared."""
    type_id = f"type-{name}-{organization_id or 'shared'}"
    sandbox.rows(
        "INSERT INTO iot_data.device_types "
        "(device_type_id, organization_id, name, reporting_interval_seconds) "
        "VALUES (%s, %s, %s, 60)",
        [type_id, organization_id, name],
    )
    for position, (metric, parameter) in enumerate((metrics or {}).items()):
        sandbox.rows(
            "INSERT INTO iot_data.device_type_metrics (device_type_id, name, organization_id, "
            "position, parameter_id, is_own_parameter, data_type) "
            "VALUES (%s, %s, %s, %s, %s, true, 'number')",
            [type_id, metric, organization_id, position, parameter],
        )
    return type_id


@dataclass(frozen=True)
class Registry:
    """The devices of one organization, as its people see them."""

    people: People
    operator: Caller
    admin: Caller

    @property
    def sandbox(self) -> Sandbox:
        """The database."""
        return self.people.sandbox

    def register(self, **changed: Any) -> str:
        """A device, described as little as can be, but for what is *changed*."""
        answer = self.operator.ask("POST", "/devices", {**LEAST, **changed})
        assert answer.status_code == 201, answer.json_body
        device_id: str = answer.json_body["deviceId"]
        return device_id

    def get(self, device_id: str) -> dict[str, Any]:
        """The device as it is shown."""
        body: dict[str, Any] = self.operator.get(f"/devices/{device_id}").json_body
        return body

    def change(self, device_id: str, **change: Any) -> Any:
        """The answer to a change."""
        return self.operator.ask("PUT", f"/devices/{device_id}", change)

    def list(self, query: str = "") -> dict[str, Any]:
        """A page of the list."""
        answer = self.operator.get(f"/devices?{query}")
        assert answer.status_code == 200, answer.json_body
        body: dict[str, Any] = answer.json_body
        return body

    def master(self, device_id: str) -> tuple[Any, ...] | None:
        """Name and status of the device in the platform's master table."""
        rows = self.sandbox.rows(
            "SELECT device_name, status FROM iot_data.redshift_devices WHERE device_id = %s",
            [device_id],
        )
        return rows[0] if rows else None


def refusal(answer: Any) -> tuple[int, str, Any]:
    """What an answer refuses: its status, its code, and the parameter that is to blame."""
    error = answer.json_body["error"]
    return answer.status_code, error["code"], error["details"].get("parameter")
