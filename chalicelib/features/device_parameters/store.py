"""The statements of runs and pairs, as functions: a connection first, domain values out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, TextClause, text

from chalicelib import database
from chalicelib.database import schema
from chalicelib.database.extension import HIDING, require_nothing_hidden
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters.bodies import Changes, Run, RunError, Totals
from chalicelib.features.device_parameters.model import (
    BUCKET,
    MAX_KEY_BYTES,
    Evidence,
    EvidenceSource,
    Plan,
    Reading,
    RunStatus,
    Waiting,
    Window,
)
from chalicelib.features.device_parameters.pair_bodies import Candidate
from chalicelib.features.device_parameters.rows import first_changes, run_from_row

sql = statements_beside(__file__)


def _planned_from(evidence: TextClause) -> TextClause:
    return text(sql.plan_delta.text.replace("@evidence@", evidence.text))


_TRY_LOCK_OF_RUN = text(sql.try_lock_of_run.text.replace("@revision@", schema.FIND_REVISION))
_PLAN_FROM_MEASUREMENTS = _planned_from(sql.evidence_of_measurements)
_PLAN_FROM_BOTH = _planned_from(sql.evidence_of_both)
# What the plan is made with.
HASHING = {"enable_sort": "off", "enable_mergejoin": "off"}

# Any constant does, as long as every writer of device_parameters uses the same one.
_WRITER_LOCK = 0x6465765F706172  # "dev_par"
_OPENING_LOCK = _WRITER_LOCK + 1
# The first half of a lock's key; the other half is the run.
_RUN_LOCKS = 0x72756E73  # "runs"
# A function that has been asked to carry out a run takes it up within this time, or never.
ABANDONED_AFTER = timedelta(minutes=15)
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


@dataclass(frozen=True)
class Opened:
    """A run as it is recorded, whether it was so before, and the pause that is on."""

    run: Run
    is_new: bool
    paused_by: str | None
    paused_until: datetime | None


def open_run(
    connection: Connection, run_id: int, asked: Mapping[str, object], *, is_locked: bool
) -> Opened:
    """Record that a run is under way as it was *asked* for, and close those whose process is dead.

    Doing so again changes nothing. Where no instant is asked for, it is now.
    """
    values = {
        "run_id": run_id,
        **asked,
        "is_locked": is_locked,
        "lock_class": _RUN_LOCKS,
        "abandoned_after": ABANDONED_AFTER,
    }
    row = connection.execute(sql.open_run, values).one()
    return Opened(run_from_row(row), row.is_new, row.paused_by, row.paused_until)


def try_lock_of_run(connection: Connection, run_id: int | None) -> tuple[int, bool | None]:
    """Take the lock that says that a process carries the run out, until the transaction ends.

    Returns the id, that of the next run where none is given, and False where another process has
    the lock; None where one session cannot hold a lock while another works. Raises
    `SchemaOutdatedError` unless the database is at the revision that this code needs.
    """
    values = {"lock_class": _RUN_LOCKS, "run_id": run_id}
    row = connection.execute(_TRY_LOCK_OF_RUN, values).one()
    schema.require_revision(row.revision)
    return int(row.run_id), row.is_taken


def note_locked(connection: Connection, run_id: int) -> None:
    """Record that from now on the lock of the run says whether its process is alive."""
    connection.execute(sql.note_locked, {"run_id": run_id})


def wait_for_openings(connection: Connection) -> None:
    """Be the only one to open a run until the transaction ends."""
    connection.execute(sql.wait_for_openings, {"key": _OPENING_LOCK})


def become_writer(connection: Connection, run_id: int) -> Row[Any] | None:
    """Take the lock of the one writer until the transaction ends; None, at once, if it is taken.

    Returns the run as it stands, locked against being closed by someone else meanwhile, and whether
    one that opened later has already been applied.
    """
    values = {"key": _WRITER_LOCK, "run_id": run_id}
    return connection.execute(sql.become_writer, values).one_or_none()


def plan_delta(
    connection: Connection, reading: Reading, *, configured_minutes: int, work_mem_mb: int
) -> Plan:
    """Compare what was observed, as *reading* says, with the table: `pg_temp.planned_change`.

    Nothing but the counts leaves the database. The temporary table ends with the transaction.
    """
    window = reading.window
    values = {
        "first_bucket": window.first_bucket,
        "measured_from": reading.measured_from,
        "measured_start": reading.measured_start,
        "window_start": window.start,
        "window_end": window.end,
        "max_key_bytes": MAX_KEY_BYTES,
        "configured_minutes": configured_minutes,
        "work_mem": f"{work_mem_mb}MB",
        "examples": _EXAMPLES,
        "example_length": _EXAMPLE_LENGTH,
        "hiding": HIDING,
    }
    is_measured = reading.source is EvidenceSource.MEASUREMENTS
    planned = connection.execute(
        _PLAN_FROM_MEASUREMENTS if is_measured else _PLAN_FROM_BOTH, values
    )
    counts = dict(planned.one()._mapping)
    require_nothing_hidden(connection, counts.pop("hidden_by"))
    return Plan(**counts)


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


def apply_plan(
    connection: Connection,
    run_id: int,
    status: RunStatus,
    plan: Plan,
    waiting: Waiting,
    reading: Reading,
    error: RunError | None,
) -> Run:
    """Carry out `pg_temp.planned_change`, log it, and record the outcome of the run."""
    values = {
        "run_id": run_id,
        "status": status,
        "held": waiting.total,
        "observed": plan.observed,
        "unresolved": plan.unresolved,
        "set_aside": plan.set_aside,
        "measured_from": reading.measured_from,
        "source_reason": reading.reason,
        "error_code": error and error.code,
        "error_message": error and error.message,
    }
    return run_from_row(connection.execute(sql.apply_plan, values).one())


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
