"""Behind a pooler nothing that is set or locked outlasts the transaction it was meant for."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from chalicelib.database import RESERVE_SECONDS, Deadline, engine_for, session
from chalicelib.errors import RunTimedOutError
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import RunStatus, SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import sync_settings
from chalicelib.features.device_parameters.sync import sync as run_sync
from tests.databases import connect
from tests.fleet import Fleet
from tests.pgbouncer import REMEDY, find_program, pooler
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
# One holds the lock of a run or of a migration, the other does the work.
SESSIONS = 2
NAMES = (
    *("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"),
    *("work_mem", "enable_sort", "search_path", "default_transaction_isolation"),
)


class Pooled:
    """The sandbox through the pooler, and what other clients find there."""

    def __init__(self, sandbox: Sandbox, sandbox_through_pooler: Sandbox) -> None:
        self.direct = sandbox
        self.pooled = sandbox_through_pooler

    def settings(self) -> list[list[str]]:
        """What is set in each of the sessions that the pooler has open."""
        found: list[list[str]] = []
        with ExitStack() as stack:
            for _ in range(SESSIONS):
                connection = connect(self.pooled.url)
                stack.callback(connection.close)
                # A transaction keeps its session from the next.
                connection.autocommit = False
                cursor = connection.cursor()
                cursor.execute(f"SELECT {', '.join('current_setting(%s)' for _ in NAMES)}", NAMES)
                [row] = cursor.fetchall()
                found.append(list(row))
        return found


@pytest.fixture
def pooled(
    sources: Sandbox, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Pooled]:
    program = find_program()
    if program is None:
        pytest.skip(REMEDY)
    sources.expect_rebuild()
    with pooler(program, sources.url, SESSIONS) as url:
        through = type(sources)(url, is_multi_backend=True)
        for name, value in through.environment.items():
            monkeypatch.setenv(name, value)
        yield Pooled(sources, through)
        engine_for(through.settings).dispose()


def locks(pooled: Pooled) -> int:
    query = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    count: int = pooled.direct.value(query)
    return count


def test_nothing_outlasts_a_migration(pooled: Pooled) -> None:
    before = pooled.settings()
    pooled.direct.upgrade()
    assert (pooled.settings(), locks(pooled)) == (before, 0)


def test_nothing_outlasts_a_run_which_says_what_it_did_not_set(
    pooled: Pooled, caplog: pytest.LogCaptureFixture
) -> None:
    pooled.direct.upgrade()
    before = pooled.settings()
    fleet = Fleet(pooled.direct)
    fleet.add_pairs(3, pooled.direct.now())
    configured = sync_settings()
    context = Sync(engine_for(configured.database), configured, Deadline.after(60))
    with caplog.at_level(logging.WARNING, "chalicelib"):
        for _ in range(2):
            assert run_sync(context, SyncRequest(Trigger.CLI)).status is RunStatus.SUCCEEDED
    assert len(fleet.keys()) == 3
    assert (pooled.settings(), locks(pooled)) == (before, 0)
    [told, *_] = [record for record in caplog.records if record.msg == "session_is_shared"]
    assert told.__dict__["not_set"] == [
        "enable_sort",
        "jit",
        "synchronous_commit",
        "timescaledb.max_tuples_decompressed_per_dml_transaction",
        "work_mem",
    ]


def test_a_refresh_that_takes_too_long_is_ended_there_as_well(pooled: Pooled) -> None:
    engine = engine_for(pooled.pooled.settings)
    started = time.monotonic()
    with (
        pytest.raises(RunTimedOutError, match="user request"),
        session(engine, Deadline.after(RESERVE_SECONDS + 0.2), {}) as connection,
    ):
        connection.execute(text("SELECT pg_sleep(60)"))
    assert time.monotonic() - started < 30
