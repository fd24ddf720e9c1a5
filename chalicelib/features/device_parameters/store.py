"""The statements of runs and pairs, as functions: a connection first, domain values out."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, TextClause, text

from chalicelib import database
from chalicelib.database.extension import require_hypertables
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters.bodies import Changes, Deltas, Run, RunError, Totals
from chalicelib.features.device_parameters.model import (
    BUCKET,
    MAX_KEY_BYTES,
    Evidence,
    EvidenceSource,
    Plan,
    Reading,
    RunStatus,
    Window,
)
from chalicelib.features.device_parameters.pair_bodies import Candidate
from chalicelib.features.device_parameters.rows import first_changes, run_from_row

sql = statements_beside(__file__)


def _planned_from(evidence: TextClause) -> TextClause:
    return text(sql.plan_delta.text.replace("@evidence@", evidence.text))


_PLAN_FROM_MEASUREMENTS = _planned_from(sql.evidence_of_measurements)
_PLAN_FROM_BOTH = _planned_from(sql.evidence_of_both)
# After a bulk load, or where nobody has ever analyzed a table, the planner expects a few rows where
# there are millions, and sorts them.
HASHING = {"enable_sort": "off", "enable_mergejoin": "off"}

# Any constant does, as long as every writer of device_parameters uses the same one.
_WRITER_LOCK = 0x6465765F706172  # "dev_par"
_OPENING_LOCK = _WRITER_LOCK + 1
# The first half of a lock's key; the other half is the run.
_RUN_LOCKS = 0x72756E73  # "runs"
# What a log line shows of pairs whose ids are too long.
_EXAMPLES = 3
_EXAMPLE_LENGTH = 60


def database_clock(connection: Connection) -> datetime:
    """The database's now: the one clock of every run."""
    now: datetime = connection.execute(sql.database_clock).scalar_one()
    return now


def statement_clock(connection: Connection) -> datetime:
    """The database's clock at this statement, however long the transaction has been open."""
    instant: datetime = connection.execute(sql.statement_clock).scalar_one()
    return instant


def next_run_id(connection: Connection) -> int:
    """A run id that no other run has. One that is never used leaves a gap, which does no harm."""
    return int(connection.execute(sql.next_run_id).scalar_one())


def open_run(connection: Connection, run: Run) -> bool:
    """Record that *run* is under way; doing so again changes nothing, and returns False."""
    inserted = connection.execute(
        sql.open_run,
        {
            "run_id": run.run_id,
            "trigger": run.trigger,
            "as_of": run.as_of,
            "window_minutes": run.window_minutes,
            "started_at": run.started_at,
            "guard": run.guard,
            "requested_by": run.requested_by,
            "comment": run.comment,
        },
    ).rowcount
    return inserted == 1


def fail_abandoned_runs(connection: Connection, *, now: datetime, started_before: datetime) -> int:
    """Close the runs whose process is dead; returns how many there were.

    Those that no process has taken up yet are closed if they were opened before *started_before*.
    """
    values = {"now": now, "started_before": started_before, "lock_class": _RUN_LOCKS}
    return connection.execute(sql.fail_abandoned_runs, values).rowcount


def has_sessions(connection: Connection) -> bool:
    """Whether one session can hold a lock while another works."""
    return bool(connection.execute(sql.has_sessions).scalar_one())


def try_lock_of_run(connection: Connection, run_id: int) -> bool:
    """Take the lock that says that a process carries the run out, until the transaction ends.

    Returns False where another process does.
    """
    connection.execute(sql.outlive_idleness)
    notice_lost_client(connection)
    values = {"lock_class": _RUN_LOCKS, "run_id": run_id}
    return bool(connection.execute(sql.try_lock_of_run, values).scalar_one())


def notice_lost_client(connection: Connection) -> None:
    """Have the server end this transaction within seconds once its client is gone."""
    connection.execute(sql.notice_lost_client)


def note_locked(connection: Connection, run_id: int) -> None:
    """Record that from now on the lock of the run says whether its process is alive."""
    connection.execute(sql.note_locked, {"run_id": run_id})


def try_lock(connection: Connection) -> bool:
    """Become the one writer until the transaction ends, or return False at once."""
    return bool(connection.execute(sql.try_lock, {"key": _WRITER_LOCK}).scalar_one())


def wait_for_openings(connection: Connection) -> None:
    """Be the only one to open a run until the transaction ends."""
    connection.execute(sql.wait_for_openings, {"key": _OPENING_LOCK})


def lock_run(connection: Connection, run_id: int) -> Run:
    """The run as it stands, locked against being closed by someone else meanwhile."""
    return run_from_row(connection.execute(sql.lock_run, {"run_id": run_id}).one())


def is_superseded(connection: Connection, run_id: int) -> bool:
    """Whether a run that opened later has already been applied."""
    return bool(connection.execute(sql.is_superseded, {"run_id": run_id}).scalar_one())


def plan_delta(connection: Connection, reading: Reading, *, work_mem_mb: int) -> Plan:
    """Compare what was observed, as *reading* says, with the table: `pg_temp.planned_change`.

    Nothing but the counts leaves the database. The temporary table ends with the transaction.
    """
    require_hypertables(connection)
    window = reading.window
    values = {
        "first_bucket": window.first_bucket,
        "measured_from": reading.measured_from,
        "measured_start": reading.measured_start,
        "window_start": window.start,
        "window_end": window.end,
        "max_key_bytes": MAX_KEY_BYTES,
    }
    is_measured = reading.source is EvidenceSource.MEASUREMENTS
    with database.configured(connection, {**HASHING, "work_mem": f"{work_mem_mb}MB"}):
        connection.execute(_PLAN_FROM_MEASUREMENTS if is_measured else _PLAN_FROM_BOTH, values)
    shown = {"examples": _EXAMPLES, "example_length": _EXAMPLE_LENGTH}
    return Plan(**connection.execute(sql.count_planned, shown).one()._mapping)


def note_set_aside(connection: Connection, run_id: int, count: int) -> None:
    """Record how many pairs the run left out because their ids are too long."""
    connection.execute(sql.note_set_aside, {"run_id": run_id, "set_aside": count})


def last_set_aside(connection: Connection) -> int:
    """How many pairs the last applied run left out because their ids are too long."""
    return connection.execute(sql.last_set_aside).scalar() or 0


def planned_changes(connection: Connection, limit: int) -> Changes:
    """The first *limit* planned changes of each kind, and the first that are held."""
    listed = sql.list_planned_changes
    changes = first_changes(connection, listed, {"is_held": False}, limit)
    held = first_changes(connection, listed, {"is_held": True}, limit)
    is_truncated = changes.truncated or held.truncated
    return replace(changes, held=held.removed, truncated=is_truncated)


def apply_plan(connection: Connection, run_id: int, plan: Plan) -> tuple[int, int, int]:
    """Carry out `pg_temp.planned_change` and log it; returns the added, removed and renamed."""
    if plan.to_remove or plan.to_rename:
        connection.execute(sql.lock_planned_pairs)

    def carried_out(count: int, statement: TextClause) -> int:
        return connection.execute(statement, {"run_id": run_id}).rowcount if count else 0

    removed = carried_out(plan.to_remove, sql.remove_pairs)
    renamed = carried_out(plan.to_rename, sql.rename_pairs)
    added = carried_out(plan.to_add, sql.add_pairs)
    return added, removed, renamed


def finish_run(
    connection: Connection,
    run_id: int,
    status: RunStatus,
    deltas: Deltas,
    reading: Reading,
    error: RunError | None,
) -> Run:
    """Record the outcome, in the transaction that holds the delta."""
    values = {
        "run_id": run_id,
        "status": status,
        **msgspec.structs.asdict(deltas),
        "measured_from": reading.measured_from,
        "source_reason": reading.reason,
        "error_code": error and error.code,
        "error_message": error and error.message,
    }
    return run_from_row(connection.execute(sql.finish_run, values).one())


def note_found(connection: Connection, run_id: int, error: RunError) -> Run:
    """Record what an applied run found wrong afterwards."""
    values = {"run_id": run_id, "error_code": error.code, "error_message": error.message}
    return run_from_row(connection.execute(sql.note_found, values).one())


def count_table(connection: Connection) -> Totals:
    """The size of the table, by reading its indexes."""
    return Totals(**connection.execute(sql.count_table).one()._mapping)


def note_totals(connection: Connection, run_id: int, totals: Totals) -> None:
    """Record the size of the table after a run, so that reading it later costs nothing."""
    connection.execute(sql.note_totals, {"run_id": run_id, **msgspec.structs.asdict(totals)})


def report_changes(connection: Connection, run_id: int, detail_type: str, name_length: int) -> None:
    """Put the logged changes of a run among the items that the outbox has begun to collect."""
    values = {"run_id": run_id, "detail_type": detail_type, "name_length": name_length}
    connection.execute(sql.report_changes, values)


def give_up_run(connection: Connection, run_id: int, status: RunStatus, error: RunError) -> None:
    """Close a run that changed nothing; a recorded outcome stays."""
    values = {
        "run_id": run_id,
        "status": status,
        "error_code": error.code,
        "error_message": error.message,
    }
    connection.execute(sql.give_up_run, values)


def find_evidence(
    connection: Connection, device_id: str, parameter_id: str, window: Window
) -> Evidence:
    """What is known of a pair, whether any table holds it or not.

    The work depends on the hour or two that are not materialized yet, not on the history.
    """
    values = {
        "device_id": device_id,
        "parameter_id": parameter_id,
        "max_key_bytes": MAX_KEY_BYTES,
        "unmaterialized_since": window.hot_bucket - BUCKET,
        "window_end": window.end,
    }
    return Evidence(**connection.execute(sql.find_evidence, values).one()._mapping)


def devices_named(connection: Connection, name: str, limit: int) -> list[Candidate]:
    """The devices of that name in upper or lower case, those of exactly that name first."""
    rows = connection.execute(sql.list_devices_named, {"name": name, "limit": limit})
    return [Candidate(**row._mapping) for row in rows]


def parameters_named(connection: Connection, name: str, limit: int) -> list[Candidate]:
    """The parameters of that name in upper or lower case, those of exactly that name first."""
    rows = connection.execute(sql.list_parameters_named, {"name": name, "limit": limit})
    return [Candidate(**row._mapping) for row in rows]


def short_retention(connection: Connection, window_minutes: int) -> str | None:
    """The retention of measurements, if it is shorter than the window."""

    def read(connection: Connection) -> Any:
        values = {"window_minutes": window_minutes}
        return connection.execute(sql.short_retention, values).scalars().first()

    found: str | None = database.advisory(connection, "retention of measurements", read)
    return found
