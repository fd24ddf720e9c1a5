"""What the suite over all features cannot read from the declarations of devices."""

from collections.abc import Iterator

from chalicelib.features.devices.connectivity.invocations import decide_connectivity
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Devices that are heard of, fall silent, are in maintenance, and are held and let go."""
    yield from connectivity(sandbox)


def connectivity(sandbox: Sandbox) -> Iterator[str]:
    """A device that is online, offline, after its maintenance; a fleet that is held, and let go."""
    _registered(sandbox)
    yield from invocation(lambda: decide_connectivity(None))
    sandbox.rows(
        "UPDATE iot_data.device_presence SET last_seen_at = now() - interval '1 hour'; "
        "UPDATE iot_data.devices SET maintenance_until = now() WHERE device_id = 'connected-00'; "
        "INSERT INTO iot_data.connectivity_rechecks (device_id, organization_id) "
        "SELECT device_id, organization_id FROM iot_data.devices; "
        "DELETE FROM iot_data.timescale_measurements WHERE device_id LIKE 'connected-%'; "
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
