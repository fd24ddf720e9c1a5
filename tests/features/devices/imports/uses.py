"""What imports do to their database, and how their routes are asked for what is another's."""

from collections.abc import Iterator

from chalicelib.features.devices.imports.invocations import register_imports
from tests.isolation.probes import Probe, Probes
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox

_FILE = {"format": "csv", "data": "name,deviceType\na,temperature-sensor-v2\nb,unknown\n"}
_ADOPTED = '{"name": "a", "deviceType": "temperature-sensor-v2", "deviceId": "kept"}\n'


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Files that are registered, cancelled, looked at and forgotten."""
    sandbox.rows("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('kept')")
    yield from request("POST", "/device-imports?organizationId=o", _FILE)
    adopting = {"format": "ndjson", "data": _ADOPTED}
    yield from request("POST", "/device-imports?organizationId=o", adopting)
    yield from invocation(lambda: register_imports(None))
    yield from _postponed(sandbox)
    yield from request("GET", "/device-imports")
    import_id = sandbox.value("SELECT min(import_id) FROM iot_data.device_imports")
    yield from request("GET", f"/device-imports/{import_id}/rows")
    yield from request("POST", "/device-imports?organizationId=o", _FILE)
    waiting = sandbox.value("SELECT import_id FROM iot_data.device_import_work")
    yield from request("POST", f"/device-imports/{waiting}/cancel")
    sandbox.rows("UPDATE iot_data.device_imports SET ended_at = now() - interval '10 years'")
    yield from invocation(lambda: register_imports(None))


def _postponed(sandbox: Sandbox) -> Iterator[str]:
    """What the database has refused, and why, is written with the import that is tried again."""
    for error in sandbox.rows("SELECT last_error FROM iot_data.device_import_work"):
        yield str(error)


def _make_import(sandbox: Sandbox, organization_id: str) -> str:
    import_id = f"import-{organization_id.replace('-', '')}"
    sandbox.rows(
        "INSERT INTO iot_data.device_imports "
        "(import_id, organization_id, format, status, actor, may_adopt) "
        "VALUES (%s, %s, 'csv', 'waiting', 'somebody', false)",
        [import_id, organization_id],
    )
    sandbox.rows(
        "INSERT INTO iot_data.device_import_work (import_id, organization_id) VALUES (%s, %s)",
        [import_id, organization_id],
    )
    return import_id


def _same_organization(_: Sandbox, organization_id: str) -> str:
    return organization_id


def _of_import(target: str) -> Probes:
    return Probes((Probe("import_id", target, _make_import, "import-orgmissing"),))


def _of_organization(target: str, body: object = None) -> Probes:
    probe = Probe("organizationId", target, _same_organization, "org-missing", body)
    return Probes((probe,))


PROBES = {
    "create_device_import": _of_organization("/device-imports?organizationId={id}", _FILE),
    "list_device_imports": _of_organization("/device-imports?organizationId={id}"),
    "get_device_import": _of_import("/device-imports/{id}"),
    "list_device_import_rows": _of_import("/device-imports/{id}/rows"),
    "cancel_device_import": _of_import("/device-imports/{id}/cancel"),
}
