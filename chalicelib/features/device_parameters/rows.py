"""Domain values out of result rows."""

from typing import Any

from sqlalchemy import Connection, Row, TextClause

from chalicelib.features.device_parameters.model import (
    Change,
    ChangeSample,
    Deltas,
    Failure,
    PairChange,
    Run,
    RunStatus,
    Trigger,
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
        deltas=Deltas(
            added=row.added_count,
            removed=row.removed_count,
            renamed=row.renamed_count,
            held=row.held_count,
            observed=row.observed_count,
            unresolved=row.unresolved_count,
        ),
        error=Failure(row.error_code, row.error_message or "") if row.error_code else None,
    )


def change_sample(
    connection: Connection, statement: TextClause, values: dict[str, Any], limit: int
) -> ChangeSample:
    """What *statement*, which takes `change` and `limit`, finds of each kind of change."""
    # One more than wanted tells whether there were more.
    found = {
        change: [
            PairChange(Change(row.change), *row[1:])
            for row in connection.execute(
                statement, {**values, "change": change, "limit": limit + 1}
            )
        ]
        for change in Change
    }
    return ChangeSample(
        **{change.value: changes[:limit] for change, changes in found.items()},
        truncated=any(len(changes) > limit for changes in found.values()),
    )
