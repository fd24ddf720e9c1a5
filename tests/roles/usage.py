"""Everything the application does to its database, each thing once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from chalice.test import Client
from click.testing import CliRunner

from app import app
from chalicelib.errors import ApplicationError
from chalicelib.features.heartbeats.invocations import check_silence, record_event
from chalicelib.outbox import gateway, send
from cli import cli
from tests.aws import moto_server
from tests.fleet import Fleet
from tests.sandbox import Sandbox

COMMANDS = [
    ["plan"],
    ["status"],
    ["verify"],
    ["verify", "--against", "aggregate"],
    ["verify", "--against", "legacy-view"],
    ["backfill"],
    ["sync", "--window-minutes", "60", "--force"],
]
PATHS = [
    *("/health", "/status", "/runs", "/runs?status=succeeded&trigger=cli", "/runs/1"),
    *("/runs/1/changes", "/device-parameters", "/device-parameters?q=d", "/openapi.json"),
    *("/device-parameters?device_id=d001", "/device-parameters/d001/p", "/me", "/"),
]


LOAD_PATHS = ["/loads", "/loads?dataset=generation"]
HEARTBEAT_PATHS = ["/heartbeats/stale", "/heartbeats/stale/sites", "/devices/hvac-1/state"]


def complaints(platform: Sandbox) -> Iterator[str]:
    """Whatever goes wrong when the application does all it can, in a database it finds empty."""
    platform.empty()
    yield from _runs(platform, Fleet(platform))
    for command in COMMANDS:
        yield from _command(*command)
    for path in (*PATHS, *LOAD_PATHS):
        yield from _request("GET", path)
    yield from _request("POST", "/sync")
    yield from _events(platform, Fleet(platform))
    yield from _heartbeats(platform)


def _heartbeats(platform: Sandbox) -> Iterator[str]:
    """A device that is heard of, falls silent, is noticed, and comes back."""
    beat = {"device_id": "hvac-1", "site_id": "a", "status": "ready"}
    yield from _invocation(lambda: record_event(beat, None))
    platform.rows("UPDATE iot_data.device_state SET last_seen_ts = now() - interval '1 day'")
    platform.rows("UPDATE iot_data.device_state_fields SET last_seen_ts = now() - interval '1 day'")
    yield from _invocation(lambda: check_silence(None))
    for path in HEARTBEAT_PATHS:
        yield from _request("GET", path)
    yield from _invocation(lambda: record_event(beat, None))
    yield from _invocation(lambda: check_silence(None))


def _invocation(call: Callable[[], object]) -> Iterator[str]:
    try:
        call()
    except ApplicationError as error:
        yield error.message


def _events(platform: Sandbox, fleet: Fleet) -> Iterator[str]:
    """Changes that the bus takes, and changes that it does not."""
    with pytest.MonkeyPatch.context() as patch, moto_server() as aws:
        patch.setattr(send, "ATTEMPTS", 1)
        patch.setenv("CHANGE_EVENT_BUS", "default")
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        fleet.rename_device("d001", "Told")
        yield from _command("sync")
        if platform.value("SELECT count(*) FROM iot_data.outbox_events"):
            yield "permission denied: an event was not sent"
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        gateway.client.cache_clear()
        fleet.rename_device("d001", "Not told")
        yield from _command("sync")
        if not platform.value("SELECT sum(attempt_count) FROM iot_data.outbox_events"):
            yield "permission denied: the reason was not written down"


def _runs(platform: Sandbox, fleet: Fleet) -> Iterator[str]:
    """Additions, then a removal and a renaming, with a closed bucket to refresh both times."""
    now = platform.now()
    fleet.add_pairs(3, now - timedelta(minutes=90))
    fleet.add_parameter("p", "Power")
    yield from _command("sync")
    fleet.withdraw("d000", "p")
    fleet.rename_device("d001", "Renamed")
    _age(platform)
    yield from _command("sync")
    if platform.value("SELECT count(*) FROM iot_data.sync_runs WHERE started_at < '2020-01-01'"):
        yield "permission denied: what is old was not pruned"


def _age(platform: Sandbox) -> None:
    """A run of long ago, left open, with a change of its own."""
    platform.rows(
        "INSERT INTO iot_data.sync_runs (run_id, trigger, status, as_of, window_minutes, "
        "started_at) VALUES (0, 'cli', 'running', '2019-01-01', 60, '2019-01-01')"
    )
    platform.rows(
        "INSERT INTO iot_data.device_parameter_changes "
        "(device_id, parameter_id, run_id, change, device_name, parameter_name) "
        "VALUES ('gone', 'p', 0, 'added', 'Gone', 'p')"
    )


def _command(*arguments: str) -> Iterator[str]:
    result = CliRunner().invoke(cli, arguments)
    if result.exit_code:
        yield f"{' '.join(arguments)}: {result.output}{result.exception!r}"


def _request(method: str, path: str) -> Iterator[str]:
    headers = {"Content-Type": "application/json", "Accept": "*/*"}
    with Client(app) as client:
        response = client.http.request(method, quote(path, safe="/?=&"), headers=headers)
    if response.status_code != 200:
        yield f"{method} {path}: {response.body.decode()}"
