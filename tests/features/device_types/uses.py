"""What the suite over all features cannot read from the declarations of device types."""

from collections.abc import Iterator

from tests.isolation.probes import Probe, Probes
from tests.roles.doing import request
from tests.sandbox import Sandbox


def everything(sandbox: Sandbox) -> Iterator[str]:
    """A type that is added, looked at, changed in all of its parts, and removed."""
    sandbox.rows("INSERT INTO iot_data.organizations (organization_id, name) VALUES ('o', 'O')")
    metrics = [{"name": "temperature", "label": "Temperature"}]
    new = {"name": "sensor", "reportingIntervalSeconds": 60, "metrics": metrics}
    yield from request("POST", "/device-types", new)
    made = sandbox.value("SELECT max(device_type_id) FROM iot_data.device_types")
    path = f"/device-types/{made}"
    renamed = [{"name": "temperature", "label": "Room temperature"}]
    yield from request("PUT", path, {"name": "sensor-v2", "metrics": renamed})
    yield from request("GET", path)
    yield from request("DELETE", path)


USES = {"runtime": everything}


def make_type(sandbox: Sandbox, organization_id: str) -> str:
    """A type of the organization, with a metric."""
    device_type_id = f"type-{organization_id.replace('-', '')}"
    sandbox.rows(
        "INSERT INTO iot_data.device_types "
        "(device_type_id, organization_id, name, reporting_interval_seconds) "
        "VALUES (%(type)s, %(organization)s, %(organization)s, 60)",
        {"type": device_type_id, "organization": organization_id},
    )
    sandbox.rows(
        "INSERT INTO iot_data.device_type_metrics (device_type_id, name, organization_id, "
        "position, parameter_id, is_own_parameter, data_type) "
        "SELECT device_type_id, 'temperature', organization_id, 1, "
        "device_type_id || '.temperature', true, 'number' FROM iot_data.device_types "
        "WHERE device_type_id = %s",
        [device_type_id],
    )
    return device_type_id


def _same_organization(_: Sandbox, organization_id: str) -> str:
    return organization_id


def _of_type(body: object = None) -> Probes:
    target = "/device-types/{id}"
    return Probes((Probe("device_type_id", target, make_type, "type-orgmissing", body),))


def _of_organization(body: object = None) -> Probes:
    target = "/device-types?organizationId={id}"
    return Probes((Probe("organizationId", target, _same_organization, "org-missing", body),))


PROBES = {
    "list_device_types": _of_organization(),
    "create_device_type": _of_organization({"name": "new", "reportingIntervalSeconds": 60}),
    "get_device_type": _of_type(),
    "update_device_type": _of_type({"metrics": [{"name": "humidity"}]}),
    "remove_device_type": _of_type(),
}
