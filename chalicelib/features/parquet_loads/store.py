"""The ledger, the objects, and the locks that keep loads apart."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads.ledger import (
    Counts,
    Failure,
    Load,
    LoadStatus,
    Location,
    ObjectVersion,
    Sink,
    Span,
)
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.rows import load_from_row

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_OPEN_LOAD = _statements["open_load"]
_FIND_LOAD_OF_VERSION = _statements["find_load_of_version"]
_FIND_LOAD = _statements["find_load"]
_LOCK_OBJECT = _statements["lock_object"]
_LOCK_DAYS = _statements["lock_days"]
_TRY_LOCK_DAYS = _statements["try_lock_days"]
_LOCK_LOAD = _statements["lock_load"]
_FINISH_LOAD = _statements["finish_load"]
_GIVE_UP_LOAD = _statements["give_up_load"]
_HAD_REJECTS = _statements["had_rejects"]
_PREPARE_TRANSACTION = _statements["prepare_transaction"]
_FIND_OBJECT = _statements["find_object"]
_SAVE_OBJECT = _statements["save_object"]

# Any constants do, as long as every loader uses the same ones.
_OBJECT_LOCK = 0x6C6F6164  # "load"
_DAY_LOCK = 0x64617973  # "days"
# Days share a slot: a lock a day of a decade would be more than a server has room for.
DAY_SLOTS = 64
# Duplicates and joins of a million rows are found in memory; what is more goes to disk.
WORK_MEM = "128MB"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_load(
    connection: Connection,
    location: Location,
    sink: Sink,
    dataset: Dataset | None,
    found: ObjectVersion | None,
) -> Load:
    """Record that this version is being loaded; one that is loaded already is returned as it is.

    A load that failed, or that a dead process left running, starts over. Without a version,
    because the object could not be looked at, the load stands for the attempt.
    """
    values = {
        **_named(location),
        "version": found.version if found else "",
        "sink": sink,
        "dataset": dataset,
        "size_bytes": found.size if found else None,
        "modified_at": found.modified_at if found else None,
    }
    row = connection.execute(_OPEN_LOAD, values).one_or_none()
    return load_from_row(row or connection.execute(_FIND_LOAD_OF_VERSION, values).one())


def prepare_transaction(connection: Connection) -> None:
    """Give the statements of the transaction room to sort and to join, and UTC to read instants."""
    connection.execute(_PREPARE_TRANSACTION, {"work_mem": WORK_MEM})


def find_load(connection: Connection, load_id: int) -> Load | None:
    """The load of that id."""
    row = connection.execute(_FIND_LOAD, {"load_id": load_id}).one_or_none()
    return load_from_row(row) if row is not None else None


def lock_object(connection: Connection, location: Location) -> None:
    """Become the one loader of this object until the transaction ends; wait for others."""
    connection.execute(_LOCK_OBJECT, {**_named(location), "seed": _OBJECT_LOCK})


def lock_load(connection: Connection, load_id: int) -> Load:
    """The load as it is recorded, and will stay until the transaction ends."""
    return load_from_row(connection.execute(_LOCK_LOAD, {"load_id": load_id}).one())


def lock_days(connection: Connection, dataset: Dataset, spans: list[Span]) -> None:
    """Keep other loads of *dataset* away from the days of *spans* until the transaction ends.

    Two objects may bring the same reading: who wins is decided by one of them at a time.
    """
    connection.execute(_LOCK_DAYS, _day_locks(dataset, spans))


def try_lock_days(connection: Connection, dataset: Dataset, spans: list[Span]) -> bool:
    """The same without waiting. Some of the days may be locked even if not all could be."""
    return bool(connection.execute(_TRY_LOCK_DAYS, _day_locks(dataset, spans)).scalar_one())


def day_slots(spans: list[Span]) -> set[int]:
    """The slots of the days that *spans* touch; all of them for a long one."""
    slots: set[int] = set()
    for span in spans:
        first, last = (
            (instant - _EPOCH) // timedelta(days=1) for instant in (span.first, span.last)
        )
        slots |= {day % DAY_SLOTS for day in range(first, min(last, first + DAY_SLOTS) + 1)}
    return slots


def finish_load(
    connection: Connection, load_id: int, counts: Counts, rejects_key: str | None
) -> Load:
    """Record that the load succeeded, and return it."""
    values = {"load_id": load_id, "rejects_key": rejects_key, **asdict(counts)}
    return load_from_row(connection.execute(_FINISH_LOAD, values).one())


def give_up_load(
    connection: Connection,
    load_id: int,
    status: LoadStatus,
    failure: Failure,
    counts: Counts,
    rejects_key: str | None,
) -> None:
    """Close a load that loaded nothing."""
    values = {
        "load_id": load_id,
        "status": status,
        "error_code": failure.code,
        "error_message": failure.message,
        "read": counts.read,
        "rejected": counts.rejected,
        "rejects_key": rejects_key,
    }
    connection.execute(_GIVE_UP_LOAD, values)


def had_rejects(connection: Connection, location: Location) -> bool:
    """Whether any load of this object left rejected rows behind."""
    return bool(connection.execute(_HAD_REJECTS, _named(location)).scalar_one())


def former_span(connection: Connection, location: Location) -> Span | None:
    """What the rows cover that an earlier load of this object brought; None if it brought none."""
    row = connection.execute(_FIND_OBJECT, _named(location)).one_or_none()
    if row is None or row.first_time is None:
        return None
    return Span(row.first_time, row.last_time)


def save_object(
    connection: Connection, load_id: int, found: ObjectVersion, span: Span | None
) -> int:
    """Record what the object brings as of this load; returns the object's id."""
    values = {
        **_named(found.location),
        "load_id": load_id,
        "modified_at": found.modified_at,
        "first_time": span.first if span else None,
        "last_time": span.last if span else None,
    }
    return int(connection.execute(_SAVE_OBJECT, values).scalar_one())


def _day_locks(dataset: Dataset, spans: list[Span]) -> dict[str, Any]:
    key = _DAY_LOCK + list(Dataset).index(dataset)
    return {"key": key, "slots": sorted(day_slots(spans))}


def _named(location: Location) -> dict[str, str]:
    return {"bucket": location.bucket, "object_key": location.key}
