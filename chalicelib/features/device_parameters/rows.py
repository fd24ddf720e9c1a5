"""Bodies out of result rows."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, TextClause

from chalicelib.features.device_parameters.bodies import (
    Changes,
    Deltas,
    NamedPair,
    RemovedPair,
    Run,
    RunError,
    RunEvidence,
)
from chalicelib.features.device_parameters.model import (
    Change,
    GuardMode,
    Obstacle,
    Reading,
    RunStatus,
    Trigger,
    observation_window,
)


def run_from_row(row: Row[Any]) -> Run:
    """A row of `sync_runs`."""
    return Run(
        run_id=row.run_id,
        trigger=Trigger(row.trigger),
        status=RunStatus(row.status),
        as_of=row.as_of,
        window_minutes=row.window_minutes,
        started_at=row.started_at,
        finished_at=row.finished_at,
        guard=GuardMode(row.guard),
        requested_by=row.requested_by,
        comment=row.comment,
        deltas=Deltas(
            added=row.added_count,
            removed=row.removed_count,
            renamed=row.renamed_count,
            held=row.held_count,
            observed=row.observed_count,
            unresolved=row.unresolved_count,
        ),
        evidence=_evidence(row),
        error=RunError(code=row.error_code, message=row.error_message or "")
        if row.error_code
        else None,
    )


def _evidence(row: Row[Any]) -> RunEvidence | None:
    if row.measured_from is None:
        return None
    window = observation_window(row.as_of, timedelta(minutes=row.window_minutes))
    reading = Reading(window, row.measured_from, row.source_reason)
    return RunEvidence(reading.source, reading.measured_start, reading.reason)


def first_changes(
    connection: Connection, statement: TextClause, values: dict[str, Any], limit: int
) -> Changes:
    """The first *limit* changes of each kind; *statement* takes `change` and `limit`.

    What is held is no change, and is left to the caller.
    """
    # One more than is wanted shows whether there are more.
    rows = {
        change: list(
            connection.execute(statement, {**values, "change": change, "limit": limit + 1})
        )
        for change in Change
    }
    return Changes(
        added=[_named_pair(row) for row in rows[Change.ADDED][:limit]],
        removed=[_removed_pair(row) for row in rows[Change.REMOVED][:limit]],
        renamed=[_named_pair(row) for row in rows[Change.RENAMED][:limit]],
        truncated=any(len(found) > limit for found in rows.values()),
    )


def _named_pair(row: Row[Any]) -> NamedPair:
    return NamedPair(**_names(row))


def _removed_pair(row: Row[Any]) -> RemovedPair:
    return RemovedPair(**_names(row), reason=Obstacle(row.reason))


def _names(row: Row[Any]) -> dict[str, str]:
    return {
        "device_id": row.device_id,
        "device_name": row.device_name,
        "parameter_id": row.parameter_id,
        "parameter_name": row.parameter_name,
    }
