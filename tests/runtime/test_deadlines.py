"""A run that runs out of time says so itself; one that is killed leaves nothing behind."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.database import RESERVE_SECONDS
from tests.databases import connect
from tests.fleet import Fleet
from tests.runtime.conftest import StartContainer
from tests.runtime.hanging import HangingWay
from tests.sandbox import Sandbox

HANDLER = "app.sync_device_parameters"
# Long enough for libpq to give up a first connection, too short for a second one.
SECONDS = 11.0
# What a run keeps back to say how it ended, and enough to begin with where processors are busy.
SHORT_SECONDS = RESERVE_SECONDS + 5


def address(database: Sandbox) -> tuple[str, int]:
    """Where it listens."""
    return database.url.host or "localhost", database.url.port or 5432


@pytest.fixture(autouse=True)
def _two_pairs(fleet: Fleet, migrated: Sandbox) -> None:
    fleet.add_pairs(2, migrated.now() - timedelta(minutes=70))


def test_a_database_that_never_answers_is_given_up_before_the_deadline(
    start: StartContainer, migrated: Sandbox
) -> None:
    with HangingWay(*address(migrated)) as way:
        container = start(HANDLER, **{**migrated.environment, **way.environment})
        answer = container.invoke({"window_minutes": 120}, SECONDS)
    kind, message = answer.error
    assert kind == "DatabaseUnavailableError"
    assert "timeout expired" in message
    assert [record for record in container.log() if "RunFailed" in record]


@pytest.fixture
def lock(migrated: Sandbox) -> Iterator[None]:
    """Another session holds the table."""
    other = connect(migrated.url)
    other.autocommit = False
    other.cursor().execute("LOCK TABLE iot_data.device_parameters IN ACCESS EXCLUSIVE MODE")
    yield
    other.close()


@pytest.mark.postgresql
def test_a_run_that_waits_too_long_ends_itself_and_is_recorded(
    start: StartContainer, migrated: Sandbox, lock: None
) -> None:
    container = start(HANDLER, **migrated.environment)
    answer = container.invoke({"window_minutes": 120}, SHORT_SECONDS)
    kind, message = answer.error
    assert kind == "RunTimedOutError"
    assert message.startswith("a statement was cancelled")
    [(status, code)] = migrated.rows("SELECT status, error_code FROM iot_data.sync_runs")
    assert (status, code) == ("failed", "run_timed_out")


def test_after_a_kill_at_the_deadline_a_new_container_carries_on(
    start: StartContainer, migrated: Sandbox, fleet: Fleet
) -> None:
    with HangingWay(*address(migrated), b"refresh_continuous_aggregate") as way:
        waiting = {"EVIDENCE_SOURCE": "aggregate", **migrated.environment, **way.environment}
        container = start(HANDLER, **waiting)
        assert container.invoke_until_killed({"window_minutes": 120}, SHORT_SECONDS) is None
        assert way.has_hung.is_set()
    assert migrated.rows("SELECT status FROM iot_data.sync_runs") == [("running",)]
    assert fleet.keys() == []
    migrated.rows("UPDATE iot_data.sync_runs SET started_at = now() - interval '16 minutes'")

    began = time.monotonic()
    run = start(HANDLER, **migrated.environment).invoke({"window_minutes": 120}).result
    assert (run["status"], run["deltas"]["added"]) == ("succeeded", 2)
    assert time.monotonic() - began < 15, "nothing of the dead one is waited for"
    [(status, code), _] = migrated.rows(
        "SELECT status, error_code FROM iot_data.sync_runs ORDER BY run_id"
    )
    assert (status, code) == ("failed", "abandoned")
