"""Fixtures: `chalice local` on a database in which the document's examples are to be found."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from devdb.local_server import LocalServer
from tests.conftest import DECLARED_VARIABLES
from tests.fleet import Fleet
from tests.ports import free_port
from tests.sandbox import PROJECT, Sandbox

MINUTE = timedelta(minutes=1)


class Answer(NamedTuple):
    """What came back."""

    status: int
    challenge: str | None
    body: bytes


@pytest.fixture(scope="module")
def open_server(timescale: Sandbox) -> Iterator[LocalServer]:
    """Everybody may do everything; run 42 has changes of every kind, and boiler-7 reports.

    One server for the module: each request of Schemathesis starting its own would take hours.
    """
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in timescale.environment.items():
            patch.setenv(variable, value)
        patch.delenv("MIGRATION_LOCK_TIMEOUT", raising=False)
        timescale.migrate()
    timescale.rows("ALTER TABLE iot_data.sync_runs ALTER COLUMN run_id RESTART WITH 41")
    fleet = Fleet(timescale)
    fleet.add_parameter("temperature", "Temperature")
    for device, name in [("boiler-7", "Boiler 7"), ("lift-1", None)]:
        fleet.add_device(device, name)
        fleet.report(device, "temperature", timescale.now() - 60 * MINUTE)
    with serve(AUTH_MODE="none", **timescale.environment) as server:
        start_run(server)
        timescale.rows(
            "INSERT INTO iot_data.parquet_loads (load_id, bucket, object_key, version, sink, "
            "dataset, status, started_at, error_code, error_message) "
            "SELECT load_id, 'readings', 'dataset=generation/a.parquet', load_id, 'timescale', "
            "'generation', 'failed', now(), 'not_parquet', 'it is something else' "
            "FROM generate_series(42, 43) AS load_id"
        )
        # It goes on reporting, so that runs with a window of one minute keep it.
        fleet.report("boiler-7", "temperature", *(timescale.now() + n * MINUTE for n in range(60)))
        fleet.rename_device("boiler-7", "Boiler seven")
        fleet.switch_off("lift-1")
        fleet.add_device("gate-3")
        fleet.report("gate-3", "temperature", timescale.now())
        start_run(server)
        timescale.rows(
            "INSERT INTO iot_data.audit_log (actor, action, subject, organization_id) "
            "SELECT 'token:oncall', 'run.forced', 'run 42', 'org-789' FROM generate_series(1, 2)"
        )
        yield server


@pytest.fixture
def held(timescale: Sandbox, open_server: LocalServer) -> None:
    """Two removals that wait, whatever a run has forgotten since."""
    timescale.rows(
        "INSERT INTO iot_data.held_removals (device_id, device_name, parameter_id, "
        "parameter_name, reason, scope, site_id, device_type_id, run_id) "
        "SELECT device_id, device_id, 'temperature', 'Temperature', 'window_expired', 'table', "
        "'north', 'meter', 42 FROM unnest(ARRAY['boiler-7', 'boiler-8']) AS device_id "
        "ON CONFLICT DO NOTHING"
    )


@pytest.fixture
def heard_of(timescale: Sandbox, open_server: LocalServer) -> None:
    """Devices that sent heartbeats, however many of them were forgotten since."""
    timescale.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) VALUES "
        "('boiler-7', 'building-a', now()), "
        "('pump-8', 'building-a', now() - interval '2 hours'), "
        "('pump-9', 'building-b', now() - interval '1 hour') ON CONFLICT DO NOTHING"
    )
    timescale.rows(
        "INSERT INTO iot_data.unknown_devices "
        "SELECT 'stranger-' || n, 'building-b', now(), now(), 1, '{}' "
        "FROM generate_series(1, 2) AS n ON CONFLICT DO NOTHING"
    )


@pytest.fixture
def typed(timescale: Sandbox, known: None) -> None:
    """Types of devices, one of them shared, however many were changed or removed since."""
    timescale.rows("UPDATE iot_data.device_types SET removed_at = now()")
    timescale.rows(
        "INSERT INTO iot_data.device_types (device_type_id, organization_id, name, "
        "description, reporting_interval_seconds) VALUES "
        "('type-123', 'org-789', 'temperature-sensor-v2', 'Indoors', 300), "
        "('type-124', NULL, 'energy-sensor', NULL, 60) "
        "ON CONFLICT (device_type_id) DO UPDATE SET removed_at = NULL, name = excluded.name"
    )
    timescale.rows(
        "INSERT INTO iot_data.device_type_metrics (device_type_id, name, organization_id, "
        "position, parameter_id, is_own_parameter, data_type) VALUES "
        "('type-123', 'temperature', 'org-789', 1, 'temperature', false, 'number') "
        "ON CONFLICT DO NOTHING"
    )


@pytest.fixture
def registered(timescale: Sandbox, typed: None) -> None:
    """Devices of an organization, as the examples have them, however many were deleted since."""
    timescale.rows(
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name, "
        "serial_number, latitude, longitude, address, tags) "
        "SELECT device_id, 'org-789', 'type-123', "
        "'Office-Temp-Sensor-1', device_id, 37.7749, -122.4194, 'Office 301, Building A', "
        "'{office,building-a}' FROM unnest(ARRAY['dev-abc123', 'dev-abc124', 'dev-abc125', "
        "'dev-abc126', 'boiler-7']) AS device_id ON CONFLICT DO NOTHING"
    )
    for device_id, connectivity in (("dev-abc124", "online"), ("dev-abc125", "offline")):
        timescale.rows(
            "UPDATE iot_data.devices SET connectivity = %s, lifecycle = 'active' "
            "WHERE device_id = %s",
            [connectivity, device_id],
        )
    timescale.rows(
        "UPDATE iot_data.devices SET lifecycle = 'registered' "
        "WHERE lifecycle = 'deleted' AND device_id IN ('dev-abc123', 'boiler-7')"
    )
    timescale.rows(
        "INSERT INTO iot_data.device_changes "
        "(device_id, organization_id, action, actor, before, after) "
        "SELECT 'dev-abc123', 'org-789', 'changed', 'anybody', '{}', '{}' "
        "FROM generate_series(1, 2)"
    )
    timescale.rows(
        "INSERT INTO iot_data.device_parameters "
        "(device_id, device_name, parameter_id, parameter_name) "
        "SELECT 'dev-abc123', 'D', 'parameter-' || n, 'P' FROM generate_series(1, 2) AS n "
        "ON CONFLICT DO NOTHING"
    )


@pytest.fixture
def known(timescale: Sandbox, open_server: LocalServer) -> None:
    """Users of two organizations, one of them the caller's, however many were removed since."""
    timescale.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) "
        "VALUES ('org-789', 'Acme'), ('org-790', 'Bolt') "
        "ON CONFLICT (organization_id) DO UPDATE SET status = 'active'"
    )
    timescale.rows("UPDATE iot_data.users SET subject = NULL WHERE user_id <> 'user-456'")
    timescale.rows(
        "INSERT INTO iot_data.users "
        "(user_id, organization_id, subject, email, name, role, preferences) VALUES "
        "('user-456', 'org-789', 'anybody', 'john.doe@example.org', 'John Doe', 'operator', '{}'), "
        "('user-457', 'org-789', NULL, 'jane@example.org', 'Jane', 'admin', '{}') "
        "ON CONFLICT (user_id) DO UPDATE "
        "SET removed_at = NULL, role = excluded.role, subject = excluded.subject"
    )


@pytest.fixture
def lived(timescale: Sandbox, registered: None) -> None:
    """What became of these devices, and of files of others."""
    timescale.rows(
        "INSERT INTO iot_data.device_transitions (device_id, organization_id, was, is_online, "
        "happened_at, noticed_at, in_maintenance) "
        "SELECT 'dev-abc123', 'org-789', 'offline', true, now(), now(), false "
        "FROM generate_series(1, 2)"
    )
    timescale.rows(
        "INSERT INTO iot_data.connectivity_holds (organization_id, since, quiet_since, patience, "
        "silent_count, device_count, reason) "
        "SELECT organization_id, now(), now(), interval '1 minute', 30, 40, 'ingestion_stopped' "
        "FROM unnest(ARRAY['org-789', 'org-790']) AS organization_id "
        "ON CONFLICT (organization_id) DO UPDATE SET released_at = NULL"
    )
    timescale.rows(
        "INSERT INTO iot_data.device_imports (import_id, organization_id, format, status, actor, "
        "may_adopt, refused_count, error_code, error_message, ended_at) "
        "SELECT import_id, 'org-789', 'csv', 'failed', 'anybody', false, 2, 'IMPORT_FAILED', "
        "'The file was replaced.', now() "
        "FROM unnest(ARRAY['import-4f1c09a2b7d35e60c8aa', 'import-2']) AS import_id "
        "ON CONFLICT DO NOTHING"
    )
    timescale.rows(
        "INSERT INTO iot_data.device_import_rows "
        "(import_id, line, organization_id, code, message, field) "
        "SELECT 'import-4f1c09a2b7d35e60c8aa', line, 'org-789', 'INVALID_REQUEST', "
        "'name is missing', 'name' FROM generate_series(2, 3) AS line ON CONFLICT DO NOTHING"
    )
    timescale.rows(
        "INSERT INTO iot_data.device_readings (device_id, organization_id, latest, "
        "last_reading_at, reading_count) "
        "SELECT device_id, 'org-789', '{\"temperature\": [1700056800000000, 23.5, 0, null]}', "
        "now(), 1 FROM unnest(ARRAY['dev-abc123', 'dev-abc124']) AS device_id "
        "ON CONFLICT DO NOTHING"
    )
    timescale.rows(
        "INSERT INTO iot_data.telemetry_rejects (reject_id, organization_id, device_id, reason, "
        "message, way, payload, is_cut, is_quarantined) "
        "SELECT 'rej-' || n, 'org-789', 'dev-abc123', 'unknown_device', 'no device is registered', "
        "'kinesis', '{}', true, true FROM generate_series(1, 2) AS n ON CONFLICT DO NOTHING"
    )


def serve(**variables: str) -> LocalServer:
    """`chalice local` with these variables, and nothing of the developer's own settings."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in DECLARED_VARIABLES
    }
    return LocalServer(PROJECT, {**inherited, **variables}, free_port())


def start_run(server: LocalServer) -> None:
    """A run that looks three hours back."""
    body = json.dumps({"window_minutes": 180})
    answer = ask(server, "POST", "/sync", {"Content-Type": "application/json"}, body)
    assert json.loads(answer.body)["status"] == "succeeded"


def ask(
    server: LocalServer, method: str, path: str, headers: dict[str, str], body: str | None = None
) -> Answer:
    """One request on a connection of its own.

    `chalice local` answers HEAD with a body, which the next request on the same connection would
    take for its answer.
    """
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        challenge = response.headers["WWW-Authenticate"]
        return Answer(response.status, challenge, response.read())
    finally:
        connection.close()
