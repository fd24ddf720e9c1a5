"""Statements that are the same for all datasets, and the locks that keep loads apart by days."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from chalicelib.database.extension import require_hypertables
from chalicelib.database.statements import statements_beside
from chalicelib.features.parquet_loads.model import Dataset, Location, ObjectVersion
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange, bounds

sql = statements_beside(__file__)

# Any number will do, as long as every loader uses the same one.
_DAY_LOCK = 0x64617973  # "days"
# Several days share a slot. A server has no room for as many locks as a decade has days.
DAY_SLOTS = 64
# Duplicates and joins of a million rows are found in this memory. Larger ones go to disk.
WORK_MEM = "128MB"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def prepare_transaction(connection: Connection) -> None:
    """Give the statements of the transaction memory to sort and join, and UTC to read instants.

    They may also unpack as many compressed rows as they must. What keeps a load within bounds is
    its deadline.
    """
    require_hypertables(connection)
    connection.execute(sql.prepare_transaction, {"work_mem": WORK_MEM})
    connection.execute(sql.lift_decompression_limit)


def measure_staged(connection: Connection) -> tuple[int, TimeRange | None]:
    """How many rows are staged, and what they cover."""
    row = connection.execute(sql.measure_staged).one()
    return row.row_count, TimeRange(row.first, row.last) if row.row_count else None


def analyze_staged(connection: Connection) -> None:
    """Tell the planner what is staged."""
    connection.execute(sql.analyze_staged)


def forbid_nested_loops(connection: Connection) -> None:
    """Keep the planner from nested loops until the transaction ends."""
    connection.execute(sql.forbid_nested_loops)


def lock_days(connection: Connection, dataset: Dataset, ranges: list[TimeRange]) -> None:
    """Keep other loads of *dataset* away from the days of *ranges* until the transaction ends.

    Two objects may bring the same reading. The lock makes one of them at a time decide who wins.
    """
    connection.execute(sql.lock_days, _day_locks(dataset, ranges))


def try_lock_days(connection: Connection, dataset: Dataset, ranges: list[TimeRange]) -> bool:
    """Lock the days without waiting. Where that fails, some of the days may be locked anyway."""
    return bool(connection.execute(sql.try_lock_days, _day_locks(dataset, ranges)).scalar_one())


def day_slots(ranges: list[TimeRange]) -> set[int]:
    """The slots of the days that *ranges* touch; a long range touches all slots."""
    slots: set[int] = set()
    for covered in ranges:
        first, last = (
            (instant - _EPOCH) // timedelta(days=1) for instant in (covered.first, covered.last)
        )
        slots |= {day % DAY_SLOTS for day in range(first, min(last, first + DAY_SLOTS) + 1)}
    return slots


def former_range(connection: Connection, location: Location) -> TimeRange | None:
    """What the rows cover that an earlier load of this object brought; None if it brought none."""
    row = connection.execute(sql.find_object, _named(location)).one_or_none()
    if row is None or row.first_time is None:
        return None
    return TimeRange(row.first_time, row.last_time)


def save_object(
    connection: Connection, load_id: int, found: ObjectVersion, covered: TimeRange | None
) -> int:
    """Record what the object brings with this load, and return the object's id."""
    values = {
        **_named(found.location),
        **bounds(covered),
        "load_id": load_id,
        "modified_at": found.modified_at,
    }
    return int(connection.execute(sql.save_object, values).scalar_one())


def _day_locks(dataset: Dataset, ranges: list[TimeRange]) -> dict[str, Any]:
    key = _DAY_LOCK + list(Dataset).index(dataset)
    return {"key": key, "slots": sorted(day_slots(ranges))}


def _named(location: Location) -> dict[str, str]:
    return {"bucket": location.bucket, "object_key": location.key}
