"""The ledger of loads, and the lock that keeps two loads of one object apart."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Row

from chalicelib.database.statements import statements_beside
from chalicelib.features.parquet_loads.model import (
    Counts,
    Dataset,
    Load,
    LoadFailure,
    LoadStatus,
    Location,
    ObjectVersion,
    Sink,
)

sql = statements_beside(__file__)

# Any number will do, as long as every loader uses the same one.
_OBJECT_LOCK = 0x6C6F6164  # "load"


def open_load(
    connection: Connection,
    location: Location,
    sink: Sink,
    dataset: Dataset | None,
    found: ObjectVersion | None,
) -> Load:
    """Record that this version is being loaded. If it is loaded already, its load is returned.

    A load that failed, or that a dead process left running, starts over. Where the object could
    not be looked at, its version is unknown, and the load stands for the attempt.
    """
    values = {
        **_named(location),
        "version": found.version if found else "",
        "sink": sink,
        "dataset": dataset,
        "size_bytes": found.size if found else None,
        "modified_at": found.modified_at if found else None,
    }
    row = connection.execute(sql.open_load, values).one_or_none()
    return load_from_row(row or connection.execute(sql.find_load_of_version, values).one())


def find_load(connection: Connection, load_id: int) -> Load | None:
    """The load with that id."""
    row = connection.execute(sql.find_load, {"load_id": load_id}).one_or_none()
    return load_from_row(row) if row is not None else None


def lock_object(connection: Connection, location: Location) -> None:
    """Keep other loaders from this object until the transaction ends, after waiting for them."""
    connection.execute(sql.lock_object, {**_named(location), "seed": _OBJECT_LOCK})


def lock_load(connection: Connection, load_id: int) -> Load:
    """The load as it is recorded. It cannot change until the transaction ends."""
    return load_from_row(connection.execute(sql.lock_load, {"load_id": load_id}).one())


def finish_load(
    connection: Connection, load_id: int, counts: Counts, rejects_key: str | None
) -> Load:
    """Record that the load succeeded, and return it."""
    values = {"load_id": load_id, "rejects_key": rejects_key, **asdict(counts)}
    return load_from_row(connection.execute(sql.finish_load, values).one())


def give_up_load(
    connection: Connection,
    load_id: int,
    status: LoadStatus,
    failure: LoadFailure,
    counts: Counts,
    rejects_key: str | None,
) -> None:
    """Record that a load has loaded nothing, and why."""
    values = {
        "load_id": load_id,
        "status": status,
        "error_code": failure.code,
        "error_message": failure.message,
        "read": counts.read,
        "rejected": counts.rejected,
        "rejects_key": rejects_key,
    }
    connection.execute(sql.give_up_load, values)


def had_rejects(connection: Connection, location: Location) -> bool:
    """Whether any load of this object left rejected rows behind."""
    return bool(connection.execute(sql.had_rejects, _named(location)).scalar_one())


def load_from_row(row: Row[Any]) -> Load:
    """The load that a row of `parquet_loads` records."""
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
        error=LoadFailure(row.error_code, row.error_message or "") if row.error_code else None,
    )


def _named(location: Location) -> dict[str, str]:
    return {"bucket": location.bucket, "object_key": location.key}
