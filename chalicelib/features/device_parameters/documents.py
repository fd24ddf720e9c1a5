"""The JSON of this feature: runs, changes and the status of the whole."""

from datetime import timedelta
from typing import Any

from chalicelib.features.device_parameters.model import (
    Change,
    ChangeSample,
    Pair,
    PairChange,
    Run,
    Totals,
)
from chalicelib.instants import instant


def run_document(run: Run) -> dict[str, Any]:
    """One run; `duration_ms` is null while it runs, `planned` is there for a dry run only."""
    document: dict[str, Any] = {
        "run_id": run.run_id,
        "trigger": run.trigger,
        "status": run.status,
        "as_of": instant(run.as_of),
        "window_minutes": run.window_minutes,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at) if run.finished_at else None,
        "duration_ms": (run.finished_at - run.started_at) // timedelta(milliseconds=1)
        if run.finished_at
        else None,
        "deltas": vars(run.deltas),
        "error": vars(run.error) if run.error else None,
    }
    if run.planned is not None:
        document["planned"] = changes_document(run.planned)
    return document


def changes_document(sample: ChangeSample) -> dict[str, Any]:
    """The changes of a run by kind."""
    document: dict[str, Any] = {
        change.value: [_pair_document(pair) for pair in getattr(sample, change)]
        for change in Change
    }
    return {**document, "truncated": sample.truncated}


def change_document(change: PairChange) -> dict[str, Any]:
    """One line of a run's change log; `reason` is null except for a removal."""
    return {"change": change.change, **_pair_document(change), "reason": change.reason}


def pair_document(pair: Pair) -> dict[str, Any]:
    """One row of the table; `last_seen_at` is null until a closed bucket holds it."""
    return {
        "device_id": pair.device_id,
        "device_name": pair.device_name,
        "parameter_id": pair.parameter_id,
        "parameter_name": pair.parameter_name,
        "created_at": instant(pair.created_at),
        "updated_at": instant(pair.updated_at),
        "last_seen_at": instant(pair.last_seen_at) if pair.last_seen_at else None,
    }


def totals_document(totals: Totals | None) -> dict[str, int]:
    """The size of the table; zeros before the first run."""
    return vars(totals or Totals(0, 0, 0))


def _pair_document(pair: PairChange) -> dict[str, str]:
    document = {
        "device_id": pair.device_id,
        "device_name": pair.device_name,
        "parameter_id": pair.parameter_id,
        "parameter_name": pair.parameter_name,
    }
    return document if pair.reason is None else {**document, "reason": pair.reason}
