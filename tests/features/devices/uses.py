"""What the suite over all features cannot read from the declarations of devices."""

from collections.abc import Iterator

from chalicelib.features.devices.connectivity.invocations import decide_connectivity
from tests.features.devices.certificates import using as certificates
from tests.features.devices.imports import uses as imports
from tests.features.devices.registry import TYPE, add_type
from tests.isolation.probes import Probe, Probes
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox

_ORGANIZATION = "organizationId=o"


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Devices that are registered, adopted, measured, listed, changed and deleted."""
    sandbox.rows("INSERT INTO iot_data.organizations (organization_id, name) VALUES ('o', 'O')")
    add_type(sandbox, metrics={"temperature": "t"})
    sandbox.rows("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('adopted')")
    yield from request("POST", f"/devices?{_ORGANIZATION}", _new("adopted", deviceId="adopted"))
    # So many that some of them make the counts of the others one.
    for number in range(100):
        yield from request("POST", f"/devices?{_ORGANIZATION}", _new(f"D {number}"))
    sandbox.rows("UPDATE iot_data.device_presence SET last_seen_at = now()")
    sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "SELECT last_seen_at, device_id, 't', 1 FROM iot_data.device_presence"
    )
    yield from request("GET", f"/devices?{_ORGANIZATION}&include=lastReading&deviceType={TYPE}")
    yield from request("GET", "/devices/adopted")
    yield from request("GET", "/devices/adopted/changes")
    yield from request("GET", "/devices/adopted/parameters")
    yield from request("PUT", "/devices/adopted", {"name": "New"})
    yield from request("DELETE", "/devices/adopted")
    yield from certificates.everything(sandbox)
    yield from _connectivity(sandbox)
    yield from imports.everything(sandbox)


def _new(name: str, **others: str) -> dict[str, str]:
    return {"deviceType": TYPE, "name": name, **others}


def _connectivity(sandbox: Sandbox) -> Iterator[str]:
    """A device that is online, offline, after its maintenance; a fleet that is held, and let go."""
    _registered(sandbox)
    yield from invocation(lambda: decide_connectivity(None))
    sandbox.rows(
        "UPDATE iot_data.device_presence SET last_seen_at = now() - interval '1 hour'; "
        "UPDATE iot_data.devices SET maintenance_until = now() WHERE device_id = 'connected-00'; "
        "INSERT INTO iot_data.connectivity_rechecks (device_id, organization_id) "
        "SELECT device_id, organization_id FROM iot_data.devices; "
        "DELETE FROM iot_data.timescale_measurements; "
        "UPDATE iot_data.connectivity_checkpoint "
        "SET newest_reading_at = now() - interval '1 hour'; "
    )
    yield from invocation(lambda: decide_connectivity(None))
    if not sandbox.value("SELECT count(*) FROM iot_data.connectivity_holds"):
        yield "the fleet was not held"
    yield from request("GET", "/connectivity/holds")
    yield from request("POST", "/connectivity/holds/connected/release", {"comment": "c"})
    yield from invocation(lambda: decide_connectivity(None))
    sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
        "VALUES (now(), 'connected-01', 'p')"
    )
    yield from invocation(lambda: decide_connectivity(None))


def _registered(sandbox: Sandbox) -> None:
    sandbox.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('connected', 'C'); "
        "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
        "VALUES ('connected', 'connected', 60); "
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "SELECT 'connected-' || lpad(CAST(n AS text), 2, '0'), 'connected', 'connected', 'C' "
        "FROM generate_series(0, 29) AS n; "
        "INSERT INTO iot_data.device_presence (device_id, organization_id) "
        "SELECT device_id, organization_id FROM iot_data.devices "
        "WHERE organization_id = 'connected'; "
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
        "SELECT now(), device_id, 'p' FROM iot_data.devices WHERE organization_id = 'connected'; "
        "INSERT INTO iot_data.device_transitions (device_id, organization_id, was, is_online, "
        "happened_at, noticed_at, in_maintenance) "
        "SELECT device_id, organization_id, 'never', true, now() - interval '1 year', "
        "now() - interval '1 year', false FROM iot_data.devices "
        "WHERE device_id = 'connected-02'"
    )


USES = {"runtime": everything}


def make_device(sandbox: Sandbox, organization_id: str) -> str:
    """A device of an organization, as routes of other features know it, too."""
    type_id, device_id = f"type-of-{organization_id}", f"dev-{organization_id}"
    sandbox.rows(
        "INSERT INTO iot_data.device_types "
        "(device_type_id, organization_id, name, reporting_interval_seconds) "
        "VALUES (%(type)s, %(organization)s, %(type)s, 60) ON CONFLICT DO NOTHING",
        {"type": type_id, "organization": organization_id},
    )
    sandbox.rows(
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [device_id, organization_id, type_id, f"Device of {organization_id}"],
    )
    return device_id


def _same_organization(_: Sandbox, organization_id: str) -> str:
    return organization_id


def _with_type(sandbox: Sandbox, organization_id: str) -> str:
    add_type(sandbox)
    return organization_id


def _of_device(target: str, body: object = None) -> Probes:
    return Probes((Probe("device_id", target, make_device, "dev-org-missing", body),))


PROBES = {
    "register_device": Probes(
        (
            Probe(
                "organizationId",
                "/devices?organizationId={id}",
                _with_type,
                "org-missing",
                {"deviceType": TYPE, "name": "New"},
            ),
        ),
        of_platform={"deviceId": {"deviceType": TYPE, "name": "New", "deviceId": "{id}"}},
    ),
    "list_devices": Probes(
        (
            Probe(
                "organizationId", "/devices?organizationId={id}", _same_organization, "org-missing"
            ),
        )
    ),
    "get_device": _of_device("/devices/{id}"),
    "update_device": _of_device("/devices/{id}", {"name": "New"}),
    "delete_device": _of_device("/devices/{id}"),
    "list_device_changes": _of_device("/devices/{id}/changes"),
    "list_device_transitions": _of_device("/devices/{id}/transitions"),
    "list_device_reports": _of_device("/devices/{id}/parameters"),
    **certificates.PROBES,
    **imports.PROBES,
}
