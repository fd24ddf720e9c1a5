"""Many writers at once on the same devices: no deadlock, and nothing gets lost."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.heartbeats.fleet import Fleet, chance, item, separate_engine
from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import DEFAULT_ADMISSION, Report, merge

WRITERS, BATCHES, BATCH_SIZE, DEVICES = 16, 10, 1_000, 5_000
_ANY_AGE = timedelta(days=1)
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def measure_writers(fleet: Fleet) -> dict[str, Any]:
    """Each writer stores batches of its own. Each batch has its own order, and its own second."""
    written = [[_batch() for _ in range(BATCHES)] for _ in range(WRITERS)]
    before = fleet.value(_DEADLOCKS)
    started = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda batches: _write(fleet, batches), written))
    seconds = time.perf_counter() - started
    reports = [report for batches in written for batch in batches for report in batch]
    return {
        "writers": WRITERS,
        "devices": DEVICES,
        "heartbeats": len(reports),
        "seconds": round(seconds, 2),
        "rows_per_second": round(len(reports) / seconds),
        "deadlocks": fleet.value(_DEADLOCKS) - before,
        "fields_lost": _count_lost(fleet, reports),
    }


def _batch() -> list[Report]:
    now = datetime.now(UTC)
    reports = []
    for number in chance.choices(range(DEVICES), k=BATCH_SIZE):
        fields = item(number)
        device_id, _ = fields.pop("device_id"), fields.pop("ts")
        fields.pop(chance.choice(["status", "agent_version", "cpu_pct"]))
        seen_at = now + timedelta(microseconds=chance.randrange(10**6))
        reports.append(Report(device_id, seen_at, fields))
    return reports


def _write(fleet: Fleet, batches: list[list[Report]]) -> None:
    engine = separate_engine(fleet)
    try:
        for batch in batches:
            # The application would try a deadlock again; here it is an error.
            with database.transaction(engine, Deadline.after(120)) as connection:
                store.merge_heartbeats(connection, merge(batch), DEFAULT_ADMISSION)
    finally:
        engine.dispose()


def _count_lost(fleet: Fleet, reports: list[Report]) -> int:
    """How many fields are not what the model says."""
    wanted = merge(reports)
    with fleet.engine.begin() as connection:
        states = {
            device_id: store.find_state(connection, device_id, _ANY_AGE, EVERY_ORGANIZATION)
            for device_id in wanted
        }
    return sum(
        getattr(states[device_id], name) != value
        for device_id, report in wanted.items()
        for name, value in report.fields.items()
    )
