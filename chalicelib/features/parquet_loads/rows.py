"""Loads out of result rows."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Row

from chalicelib.features.parquet_loads.ledger import (
    Counts,
    Failure,
    Load,
    LoadStatus,
    Location,
    Sink,
)
from chalicelib.features.parquet_loads.model import Dataset


def load_from_row(row: Row[Any]) -> Load:
    """A row of `parquet_loads`."""
    counts = {count.name: getattr(row, f"{count.name}_count") for count in fields(Counts)}
    return Load(
        load_id=row.load_id,
        location=Location(row.bucket, row.object_key),
        version=row.version,
        sink=Sink(row.sink),
        dataset=Dataset(row.dataset) if row.dataset else None,
        status=LoadStatus(row.status),
        size_bytes=row.size_bytes,
        modified_at=row.modified_at,
        attempt_count=row.attempt_count,
        started_at=row.started_at,
        finished_at=row.finished_at,
        counts=Counts(**counts),
        rejects_key=row.rejects_key,
        error=Failure(row.error_code, row.error_message or "") if row.error_code else None,
    )
