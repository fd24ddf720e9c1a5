"""The statements of a run, as functions: a connection first, domain values out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, TextClause

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.statements import load_statements
from chalicelib.features.device_parameters.model import (
    ChangeSample,
    Deltas,
    Difference,
    Failure,
    Plan,
    Run,
    RunStatus,
    Span,
    Window,
)
from chalicelib.features.device_parameters.rows import change_sample, run_from_row

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_DATABASE_CLOCK = _statements["database_clock"]
_STATEMENT_CLOCK = _statements["statement_clock"]
_NEXT_RUN_ID = _statements["next_run_id"]
_OPEN_RUN = _statements["open_run"]
_FAIL_ABANDONED_RUNS = _statements["fail_abandoned_runs"]
_REFRESH_AGGREGATE = _statements["refresh_aggregate"]
_TRY_LOCK = _statements["try_lock"]
_WAIT_FOR_OPENINGS = _statements["wait_for_openings"]
_LOCK_RUN = _statements["lock_run"]
_IS_SUPERSEDED = _statements["is_superseded"]
_CREATE_PLANNED_CHANGE = _statements["create_planned_change"]
_PLAN_DELTA = _statements["plan_delta"]
_HOLD_REMOVALS = _statements["hold_removals"]
_LIST_PLANNED_CHANGES = _statements["list_planned_changes"]
_LOCK_PLANNED_PAIRS = _statements["lock_planned_pairs"]
_REMOVE_PAIRS = _statements["remove_pairs"]
_RENAME_PAIRS = _statements["rename_pairs"]
_ADD_PAIRS = _statements["add_pairs"]
_FINISH_RUN = _statements["finish_run"]
_GIVE_UP_RUN = _statements["give_up_run"]
_EXPECT_FROM_MEASUREMENTS = _statements["expect_from_measurements"]
_HAS_LEGACY_VIEW = _statements["has_legacy_view"]
_EXPECT_FROM_LEGACY_VIEW = _statements["expect_from_legacy_view"]
_COMPARE_PAIRS = _statements["compare_pairs"]
_COMPARE_BUCKETS = _statements["compare_buckets"]
_MATERIALIZED_UNTIL = _statements["materialized_until"]
_QUEUE_CHANGE_EVENTS = _statements["queue_change_events"]
_EARLIEST_MEASUREMENT = _statements["earliest_measurement"]
_SHORT_RETENTION = _statements["short_retention"]

# Any constant does, as long as every writer of device_parameters uses the same one.
_WRITER_LOCK = 0x6465765F706172  # "dev_par"
_OPENING_LOCK = _WRITER_LOCK + 1


def database_clock(connection: Connection) -> datetime:
    """The database's now: the one clock of every run."""
    now: datetime = connection.execute(_DATABASE_CLOCK).scalar_one()
    return now


def statement_clock(connection: Connection) -> datetime:
    """The database's clock at this statement, however long the transaction has been open."""
    instant: datetime = connection.execute(_STATEMENT_CLOCK).scalar_one()
    return instant


def next_run_id(connection: Connection) -> int:
    """A run id nobody else has; an unused one leaves a gap, nothing more."""
    return int(connection.execute(_NEXT_RUN_ID).scalar_one())


def open_run(connection: Connection, run: Run) -> None:
    """Record that *run* is under way; recording it twice is recording it once."""
    connection.execute(
        _OPEN_RUN,
        {
            "run_id": run.run_id,
            "trigger": run.trigger,
            "as_of": run.as_of,
            "window_minutes": run.window_minutes,
            "started_at": run.started_at,
        },
    )


def fail_abandoned_runs(connection: Connection, *, now: datetime, started_before: datetime) -> int:
    """Close the runs whose process must be dead; returns how many there were."""
    values = {"now": now, "started_before": started_before}
    return connection.execute(_FAIL_ABANDONED_RUNS, values).rowcount


@contextmanager
def refresh_session(
    engine: Engine, deadline: Deadline, *, work_mem_mb: int
) -> Iterator[Connection]:
    """A connection on which refreshing is fast.

    The planner multiplies two overlapping range conditions, expects thousands of rows instead
    of millions, and sorts; with sorting off it hashes, three to four times faster.
    """
    settings = {"enable_sort": "off", "work_mem": f"{work_mem_mb}MB"}
    with database.session(engine, deadline, settings) as connection:
        yield connection


def refresh_aggregate(connection: Connection, span: Span) -> None:
    """Materialize the buckets of *span*; what is up to date costs next to nothing.

    The connection must be in autocommit: the procedure commits on its own.
    """
    connection.execute(_REFRESH_AGGREGATE, vars(span))


def materialized_until(connection: Connection) -> datetime | None:
    """The aggregate's materialization watermark; None before anything is materialized."""
    until: datetime | None = connection.execute(_MATERIALIZED_UNTIL).scalar_one()
    return until


def try_lock(connection: Connection) -> bool:
    """Become the one writer until the transaction ends, or return False at once."""
    return bool(connection.execute(_TRY_LOCK, {"key": _WRITER_LOCK}).scalar_one())


def wait_for_openings(connection: Connection) -> None:
    """Be the only one to open a run until the transaction ends."""
    connection.execute(_WAIT_FOR_OPENINGS, {"key": _OPENING_LOCK})


def lock_run(connection: Connection, run_id: int) -> Run:
    """The run as it stands, locked against being closed by someone else meanwhile."""
    return run_from_row(connection.execute(_LOCK_RUN, {"run_id": run_id}).one())


def is_superseded(connection: Connection, run_id: int) -> bool:
    """Whether a run that opened later has already been applied."""
    return bool(connection.execute(_IS_SUPERSEDED, {"run_id": run_id}).scalar_one())


def plan_delta(connection: Connection, window: Window) -> Plan:
    """Compare what was observed in *window* with the table, into `pg_temp.planned_change`.

    Nothing but the counts leaves the database. The temporary table ends with the transaction.
    """
    connection.execute(_CREATE_PLANNED_CHANGE)
    values = {
        "first_bucket": window.first_bucket,
        "hot_bucket": window.hot_bucket,
        "window_start": window.start,
        "hot_start": window.hot_start,
        "window_end": window.end,
    }
    return Plan(**connection.execute(_PLAN_DELTA, values).one()._mapping)


def hold_removals(connection: Connection) -> int:
    """Take the removals out of the plan; returns how many now wait."""
    return connection.execute(_HOLD_REMOVALS).rowcount


def planned_changes(connection: Connection, limit: int) -> ChangeSample:
    """The first *limit* planned changes of each kind."""
    return change_sample(connection, _LIST_PLANNED_CHANGES, {}, limit)


def apply_plan(connection: Connection, run_id: int) -> tuple[int, int, int]:
    """Carry out `pg_temp.planned_change` and log it; returns the added, removed and renamed."""
    connection.execute(_LOCK_PLANNED_PAIRS)
    removed = connection.execute(_REMOVE_PAIRS, {"run_id": run_id}).rowcount
    renamed = connection.execute(_RENAME_PAIRS, {"run_id": run_id}).rowcount
    added = connection.execute(_ADD_PAIRS, {"run_id": run_id}).rowcount
    return added, removed, renamed


def finish_run(connection: Connection, run_id: int, status: RunStatus, deltas: Deltas) -> Run:
    """Record the outcome, in the transaction that holds the delta."""
    values = {"run_id": run_id, "status": status, **vars(deltas)}
    return run_from_row(connection.execute(_FINISH_RUN, values).one())


def queue_change_events(connection: Connection, run_id: int, values: dict[str, Any]) -> None:
    """Queue the logged changes of a run for sending, in the transaction that makes them."""
    connection.execute(_QUEUE_CHANGE_EVENTS, {"run_id": run_id, **values})


def give_up_run(connection: Connection, run_id: int, status: RunStatus, error: Failure) -> None:
    """Close a run that changed nothing; a recorded outcome stays."""
    values = {
        "run_id": run_id,
        "status": status,
        "error_code": error.code,
        "error_message": error.message,
    }
    connection.execute(_GIVE_UP_RUN, values)


def compare_with_measurements(
    connection: Connection, window: Window, limit: int
) -> list[Difference]:
    """How the table differs from a full scan of the measurements in *window*."""
    values = {"window_start": window.start, "window_end": window.end}
    connection.execute(_EXPECT_FROM_MEASUREMENTS, values)
    return _differences(connection, _COMPARE_PAIRS, {}, limit)


def has_legacy_view(connection: Connection) -> bool:
    """Whether the migration found a view to replace."""
    return bool(connection.execute(_HAS_LEGACY_VIEW).scalar_one())


def compare_with_legacy_view(connection: Connection, limit: int) -> list[Difference]:
    """How the table differs from the view it replaced, as that answers now."""
    connection.execute(_EXPECT_FROM_LEGACY_VIEW)
    return _differences(connection, _COMPARE_PAIRS, {}, limit)


def compare_aggregate(connection: Connection, window: Window, limit: int) -> list[Difference]:
    """How the closed buckets of *window* differ from the measurements they summarize."""
    values = {"first_bucket": window.first_bucket, "hot_bucket": window.hot_bucket}
    return _differences(connection, _COMPARE_BUCKETS, values, limit)


def earliest_measurement(connection: Connection) -> datetime | None:
    """The time of the oldest measurement still there."""
    earliest: datetime | None = connection.execute(_EARLIEST_MEASUREMENT).scalar_one()
    return earliest


def short_retention(connection: Connection, window_minutes: int) -> str | None:
    """The raw retention, if it is shorter than the window and so erases evidence."""
    row = connection.execute(_SHORT_RETENTION, {"window_minutes": window_minutes}).first()
    return str(row[0]) if row is not None else None


def _differences(
    connection: Connection, statement: TextClause, values: dict[str, Any], limit: int
) -> list[Difference]:
    rows = connection.execute(statement, {**values, "limit": limit})
    return [Difference(row.kind, row.total, list(row.examples)) for row in rows]
