"""Connections die between runs and during them; the run that follows does not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Timer
from typing import Any

import pytest
from sqlalchemy import Connection

from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.model import Plan, Reading, RunStatus
from tests.conftest import SyncRunner
from tests.databases import connect
from tests.features.device_parameters import oracle
from tests.features.device_parameters.killed_run import interrupted
from tests.fleet import Fleet
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
AS_OF = datetime(2024, 6, 5, 10, 17, tzinfo=UTC)
WINDOW_MINUTES = 120


@pytest.fixture
def terminate(migrated: Sandbox) -> Callable[[], int]:
    """End every connection of the application, as a failover would; returns how many."""

    def run() -> int:
        ended: int = migrated.value(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'device-parameters'"
        )
        return ended

    return run


@pytest.fixture(autouse=True)
def _something_to_do(fleet: Fleet, sync: SyncRunner) -> None:
    fleet.add_parameter("p")
    for device in ("a", "b"):
        fleet.add_device(device)
        fleet.report(device, "p", AS_OF, AS_OF - timedelta(hours=1))
    sync(AS_OF, WINDOW_MINUTES)
    fleet.switch_off("a")
    fleet.rename_device("b", "Renamed")


def test_a_connection_that_died_in_the_pool_is_replaced(
    sync: SyncRunner, terminate: Callable[[], int]
) -> None:
    assert terminate() >= 1
    run = sync(AS_OF, WINDOW_MINUTES)
    assert run.status is RunStatus.SUCCEEDED
    assert (run.deltas.removed, run.deltas.renamed) == (1, 1)


@pytest.mark.parametrize(
    "boundary",
    [
        *(
            "before:try_lock_of_run",
            "before:open_run",
            "before:measured_spans",
            "before:refresh_pairs",
            "before:refresh_sets",
            "before:plan_delta",
        ),
        *("before:apply_plan", "after:apply_plan", "committed:apply_plan"),
    ],
)
def test_a_run_goes_on_where_its_connection_is_ended(
    migrated: Sandbox, sync: SyncRunner, terminate: Callable[[], int], boundary: str
) -> None:
    ended: list[int] = []

    def terminate_once() -> None:
        if not ended:
            ended.append(terminate())

    with interrupted(boundary, terminate_once):
        run = sync(AS_OF, WINDOW_MINUTES)
    assert ended[0] >= 1
    assert run.status is RunStatus.SUCCEEDED
    assert (run.deltas.removed, run.deltas.renamed) == (1, 1)
    expected = oracle.read_facts(migrated, AS_OF, WINDOW_MINUTES).observed
    assert oracle.read_names(migrated) == oracle.replay_changes(migrated) == expected
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 2


def test_a_repeated_attempt_waits_for_the_lock_that_the_lost_one_still_holds(
    migrated: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client is gone, and the server does not know it yet."""
    ghost = connect(migrated.url)
    ghost.autocommit = False
    plan_delta = store.plan_delta
    begun: list[int] = []

    def lose_the_first(connection: Connection, reading: Reading, **values: Any) -> Plan:
        begun.append(1)
        if len(begun) > 1:
            return plan_delta(connection, reading, **values)
        connection.rollback()
        ghost.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (store._WRITER_LOCK,))
        Timer(1.0, ghost.close).start()
        raise DatabaseUnavailableError("the connection was lost")

    monkeypatch.setattr(store, "plan_delta", lose_the_first)
    run = sync(AS_OF, WINDOW_MINUTES)
    assert run.status is RunStatus.SUCCEEDED
    assert (run.deltas.removed, run.deltas.renamed) == (1, 1)
