"""The JSON of a load."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.features.parquet_loads.model import Load
from chalicelib.instants import instant


def load_document(load: Load) -> dict[str, Any]:
    """One load; `duration_ms` is null while it runs."""
    return {
        "load_id": load.load_id,
        "bucket": load.location.bucket,
        "key": load.location.key,
        "version": load.version,
        "dataset": load.dataset,
        "sink": load.sink,
        "status": load.status,
        "size_bytes": load.size_bytes,
        "modified_at": _instant_or_none(load.modified_at),
        "attempts": load.attempt_count,
        "started_at": instant(load.started_at),
        "finished_at": _instant_or_none(load.finished_at),
        "duration_ms": (load.finished_at - load.started_at) // timedelta(milliseconds=1)
        if load.finished_at
        else None,
        "rows": _rows(load),
        "batches": load.counts.batch,
        "rejects_key": load.rejects_key,
        "error": vars(load.error) if load.error else None,
    }


def _rows(load: Load) -> dict[str, int]:
    return {name: count for name, count in vars(load.counts).items() if name != "batch"}


def _instant_or_none(value: datetime | None) -> str | None:
    return instant(value) if value else None
