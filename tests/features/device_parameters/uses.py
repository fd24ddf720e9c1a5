"""What the suite over all features cannot read from the declarations of the sync."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.fleet import Fleet
from tests.roles.doing import (
    command,
    listening_bus,
    nothing_waits,
    reasons_are_written_down,
    request,
)
from tests.sandbox import Sandbox

NEVER_MADE = {
    ("api_handler", "events.put_events"): "runs asked for over HTTP are the sync function's",
}
_NOTED = "iot_data.device_parameters_hourly.last_seen_at"
# How `sync` exits where it holds removals.
GUARDED = 3
_COMMANDS = (
    ("plan",),
    ("status",),
    ("verify",),
    ("verify", "--against", "aggregate"),
    ("verify", "--against", "legacy-view"),
    ("verify", "--against", "aggregate", "--repair"),
    ("backfill",),
    ("backfill", "--force"),
    ("sync", "--window-minutes", "60", "--force"),
    ("removals",),
    ("removals", "--csv"),
    ("pause", "--minutes", "1"),
    ("pause", "--minutes", "2"),
    ("resume",),
)
_NOT_MATERIALIZED = (
    "SELECT error_message FROM iot_data.sync_runs WHERE error_code = 'not_materialized'"
)
_LOOSE_CHUNKS = """
SELECT FROM timescaledb_information.chunks
WHERE hypertable_name LIKE '%materialized%' AND NOT is_compressed
  AND range_end < now() - interval '2 days'
"""
_PATHS = ("/runs/1", "/runs/1/changes", "/device-parameters/d001/p", "/device-parameters?q=d")


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Runs, commands, requests, and events that are sent and that are not."""
    fleet = Fleet(sandbox)
    yield from _runs(sandbox, fleet)
    for arguments in _COMMANDS:
        yield from command(*arguments)
    for path in _PATHS:
        yield from request("GET", path)
    yield from request("POST", "/sync")
    yield from _mended(sandbox)
    yield from _events(sandbox, fleet)
    yield from _held(sandbox, fleet)


USES = {"runtime": everything}


def _runs(sandbox: Sandbox, fleet: Fleet) -> Iterator[str]:
    """Additions, then a removal and a renaming, with a closed bucket to refresh both times."""
    fleet.add_pairs(3, sandbox.now() - timedelta(minutes=90))
    fleet.add_parameter("p", "Power")
    yield from command("sync")
    fleet.withdraw("d000", "p")
    fleet.rename_device("d001", "Renamed")
    fleet.report("d002", "p", sandbox.now() - timedelta(days=5))
    _leave_something_old(sandbox)
    yield from command("sync", "--window-minutes", str(6 * 24 * 60))
    yield from _tended(sandbox)
    if sandbox.value("SELECT count(*) FROM iot_data.sync_runs WHERE started_at < '2020-01-01'"):
        yield "permission denied: what is old was not pruned"


def _tended(sandbox: Sandbox) -> Iterator[str]:
    """The runs have brought the aggregate up to date, and compressed what is old of it."""
    for [message] in sandbox.rows(_NOT_MATERIALIZED):
        yield message
    if sandbox.rows(_LOOSE_CHUNKS):
        yield "permission denied: an old chunk of the aggregate was not compressed"


def _held(sandbox: Sandbox, fleet: Fleet) -> Iterator[str]:
    """Removals that are held, change their reason, are released, and go."""
    sandbox.rows("DELETE FROM iot_data.timescale_measurements")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMOVAL_GUARD_MIN_PAIRS", "0")
        yield from command("sync", exit_code=GUARDED)
        fleet.switch_off("d001")
        yield from command("sync", exit_code=GUARDED)
        yield from command("release", "--all", "--yes")
        yield from command("sync")


def _mended(sandbox: Sandbox) -> Iterator[str]:
    """A run goes on with what another has begun to materialize anew."""
    sandbox.rows(f"COMMENT ON COLUMN {_NOTED} IS 'materialized anew up to 2020-01-01T00:00:00Z'")
    yield from command("sync")
    attribute = _NOTED.rpartition(".")[0]
    if sandbox.value(f"SELECT col_description('{attribute}'::regclass, 4)") is not None:
        yield "permission denied: the note that the aggregate is to be mended has stayed"


def _leave_something_old(sandbox: Sandbox) -> None:
    """A run of long ago, left open, with a change of its own."""
    sandbox.rows(
        "INSERT INTO iot_data.sync_runs (run_id, trigger, status, as_of, window_minutes, "
        "started_at) VALUES (0, 'cli', 'running', '2019-01-01', 60, '2019-01-01')"
    )
    sandbox.rows(
        "INSERT INTO iot_data.device_parameter_changes "
        "(device_id, parameter_id, run_id, change, device_name, parameter_name) "
        "VALUES ('gone', 'p', 0, 'added', 'Gone', 'p')"
    )


def _events(sandbox: Sandbox, fleet: Fleet) -> Iterator[str]:
    """Changes that the bus takes, and changes that it does not."""
    with listening_bus() as stop_listening:
        fleet.rename_device("d001", "Told")
        yield from command("sync")
        yield from nothing_waits(sandbox)
        stop_listening()
        fleet.rename_device("d001", "Not told")
        yield from command("sync")
        yield from reasons_are_written_down(sandbox)
