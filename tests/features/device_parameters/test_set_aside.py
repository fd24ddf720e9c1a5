"""TimescaleDB stands aside, as after a restore that nobody ended: nothing is taken for empty."""

from datetime import timedelta

import pytest

from chalicelib.database import Deadline
from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync as run_sync
from chalicelib.features.device_parameters.verify import Reference, verify
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.prescribed import prescribed
from tests.sandbox import Sandbox

# A database prescribes settings to the sessions that begin later, of which one backend has none.
pytestmark = pytest.mark.multi_backend
MEASUREMENTS = "iot_data.timescale_measurements"
HOUR = timedelta(hours=1)


@pytest.fixture
def compressed(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> list[tuple[str, str]]:
    """The pairs of a fleet, all of whose measurements are compressed."""
    migrated.expect_rebuild()
    fleet.add_pairs(3, migrated.now() - 3 * HOUR)
    sync(window_minutes=2880)
    migrated.rows(f"ALTER TABLE {MEASUREMENTS} SET (timescaledb.compress)")
    migrated.rows(f"SELECT compress_chunk(chunk) FROM show_chunks('{MEASUREMENTS}') AS chunk")
    return fleet.keys()


@pytest.mark.parametrize("setting", ["timescaledb.restoring", "timescaledb.disable_load"])
@pytest.mark.parametrize("window_minutes", [30, 2880])
def test_no_run_takes_compressed_measurements_for_none(
    compressed: list[tuple[str, str]],
    migrated: Sandbox,
    fleet: Fleet,
    configured: SyncSettings,
    setting: str,
    window_minutes: int,
) -> None:
    request = SyncRequest(Trigger.CLI, window_minutes, None, dry_run=False, force=True)
    with prescribed(migrated, {setting: "on"}) as engine:
        context = Sync(engine, configured, Deadline.after(60))
        with pytest.raises(DatabaseUnavailableError, match=rf"{setting} is on, .*: (end|take)"):
            run_sync(context, request)
    assert fleet.keys() == compressed


def test_sessions_that_began_in_a_restore_are_left(
    compressed: list[tuple[str, str]], migrated: Sandbox, fleet: Fleet, configured: SyncSettings
) -> None:
    request = SyncRequest(Trigger.CLI, 2880, None, dry_run=False, force=True)
    with prescribed(migrated, {"timescaledb.restoring": "on"}) as engine:
        with engine.connect(), engine.connect():
            migrated.rows(f"ALTER DATABASE {migrated.url.database} RESET timescaledb.restoring")
        run = run_sync(Sync(engine, configured, Deadline.after(60)), request)
    assert (run.error, run.deltas.removed) == (None, 0)
    assert fleet.keys() == compressed


def test_a_table_is_not_proved_right_by_measurements_out_of_sight(
    compressed: list[tuple[str, str]], migrated: Sandbox
) -> None:
    with (
        prescribed(migrated, {"timescaledb.restoring": "on"}) as engine,
        pytest.raises(DatabaseUnavailableError, match="out of sight"),
    ):
        verify(engine, Reference.MEASUREMENTS, Deadline.after(60))
