"""How long a batch takes, by size and by the way it is stored."""

import io
import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from bench.heartbeats.fleet import Fleet, Item
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import batch as batches
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import (
    DEFAULT_ADMISSION,
    MAX_BATCH,
    Report,
    merge,
)
from chalicelib.features.heartbeats.record import record

SIZES = (100, 1_000, MAX_BATCH)
_COLUMNS = (
    "device_id, site_id, last_seen_ts, status, agent_version, cpu_pct, disk_free_gb, queue_depth"
)
_VALUES = _COLUMNS.replace("last_seen_ts", "ts").split(", ")
_PLAIN_UPSERT = f"""
    INSERT INTO iot_data.device_state AS known ({_COLUMNS}, updated_at)
    SELECT {", ".join(_VALUES)}, now()
    FROM json_to_recordset(CAST(:rows AS json)) AS item (
        device_id text, site_id text, ts timestamptz, status text, agent_version text,
        cpu_pct double precision, disk_free_gb double precision, queue_depth integer
    )
    ORDER BY device_id
    ON CONFLICT (device_id) DO UPDATE
    SET site_id = excluded.site_id,
        last_seen_ts = greatest(excluded.last_seen_ts, known.last_seen_ts),
        status = excluded.status,
        agent_version = excluded.agent_version,
        cpu_pct = excluded.cpu_pct,
        disk_free_gb = excluded.disk_free_gb,
        queue_depth = excluded.queue_depth,
        updated_at = excluded.updated_at
"""  # noqa: S608 constants
_DROPPED = {"idx_device_state_site": "last_seen only", "idx_device_state_last_seen": "no index"}
_EXPLAIN = "EXPLAIN (ANALYZE, WAL, FORMAT JSON)"
_LATER = timedelta(seconds=1)
_TURNS = 7


def measure_batches(fleet: Fleet, repeats: int) -> list[dict[str, Any]]:
    """Every size by every contestant, in turns, on the same heartbeats."""
    fleet.execute("CREATE TABLE IF NOT EXISTS copied (LIKE iot_data.device_state)")
    return [_measure(fleet, size, repeats) for size in SIZES]


def measure_indexes(fleet: Fleet) -> dict[str, dict[str, dict[str, float]]]:
    """What the largest batch writes, with both indexes, with one, with none.

    It drops them, so it comes last. Bytes, because the time differs less than it varies.
    """
    found = {"both indexes": _written(fleet)}
    for name, label in _DROPPED.items():
        fleet.execute(f"DROP INDEX iot_data.{name}")
        found[label] = _written(fleet)
    return found


def _written(fleet: Fleet) -> dict[str, dict[str, float]]:
    """Write-ahead log of the same devices' heartbeats, merged and upserted in turns.

    The first touch of a page after a checkpoint logs the page, which is not what is asked here.
    """
    fleet.settle()
    items = fleet.sample(MAX_BATCH)
    taken: dict[str, list[dict[str, float]]] = {"this application": [], "one plain upsert": []}
    for turn in range(_TURNS):
        with fleet.engine.begin() as connection:
            devices = _devices(connection, items)
            later = [one._replace(seen_at=one.seen_at + turn * _LATER) for one in devices.values()]
            values = store.merge_values(later, DEFAULT_ADMISSION)
            merge_text = store.sql.merge_heartbeats.text
            taken["this application"].append(_log_of(connection, merge_text, values))
        with fleet.engine.begin() as connection:
            rows = {"rows": json.dumps(items)}
            taken["one plain upsert"].append(_log_of(connection, _PLAIN_UPSERT, rows))
    return {
        name: {what: statistics.median(one[what] for one in logs) for what in logs[0]}
        for name, logs in taken.items()
    }


def _log_of(connection: Connection, statement: str, values: Any) -> dict[str, float]:
    explained = connection.execute(text(f"{_EXPLAIN} {statement}"), values).scalar_one()
    plans = [explained[0]["Plan"]]
    # What a part of a plan writes is in the count of whatever it feeds as well.
    for plan in plans:
        plans.extend(plan.get("Plans", []))
    most = max(plans, key=lambda plan: plan["WAL Records"])
    return {"wal_records": most["WAL Records"], "wal_bytes": most["WAL Bytes"]}


def _measure(fleet: Fleet, size: int, repeats: int) -> dict[str, Any]:
    taken: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(repeats):
        for name, contestant in CONTESTANTS.items():
            taken[name].append(_seconds(contestant, fleet, fleet.sample(size)))
    medians = {name: statistics.median(samples) for name, samples in taken.items()}
    return {
        "size": size,
        "contestants": {
            name: {
                "median_seconds": round(median, 5),
                "rows_per_second": round(size / median),
                "times_copy": round(median / medians["COPY"], 1),
                "times_plain_upsert": round(median / medians["one plain upsert"], 2),
                "samples_seconds": [round(sample, 5) for sample in taken[name]],
            }
            for name, median in medians.items()
        },
    }


def _seconds(
    contestant: Callable[[Fleet, list[Item]], None], fleet: Fleet, items: list[Item]
) -> float:
    started = time.perf_counter()
    contestant(fleet, items)
    return time.perf_counter() - started


def _record(fleet: Fleet, items: list[Item]) -> None:
    record(fleet.engine, Deadline.after(600), batches.read_batch({"devices": items}))


def _devices(connection: Connection, items: list[Item]) -> dict[str, Report]:
    arrival = batches.arrival(store.database_clock(connection))
    reports, _ = batches.dated(batches.read_batch({"devices": items}), arrival)
    return merge(reports)


def _plain(fleet: Fleet, items: list[Item]) -> None:
    with fleet.engine.begin() as connection:
        connection.execute(text(_PLAIN_UPSERT), {"rows": json.dumps(items)})


def _row_by_row(fleet: Fleet, items: list[Item]) -> None:
    """One statement a heartbeat, and one commit for all of them, which flatters it."""
    with fleet.engine.begin() as connection:
        for item in items:
            connection.execute(text(_PLAIN_UPSERT), {"rows": json.dumps([item])})


def _copy(fleet: Fleet, items: list[Item]) -> None:
    lines = ("\t".join(str(item[name]) for name in _VALUES) for item in items)
    body = io.StringIO("\n".join(lines) + "\n")
    with fleet.engine.begin() as connection:
        cursor = connection.connection.cursor()
        cursor.copy_expert(f"COPY copied ({_COLUMNS}) FROM STDIN", body)


CONTESTANTS: dict[str, Callable[[Fleet, list[Item]], None]] = {
    "this application": _record,
    "one plain upsert": _plain,
    "row by row": _row_by_row,
    "COPY": _copy,
}
