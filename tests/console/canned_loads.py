"""What a ledger of loads would answer: one that failed, one under way, one with bad rows."""

from datetime import datetime, timedelta

from tests.console.canned import Document, instant

DATASETS = ("generation", "consumption", "transmission", "measurements")
_ROWS = ("read", "loaded", "rejected", "added", "changed", "removed", "shadowed")


def loads(now: datetime, number: int = 30) -> list[Document]:
    """Newest first, ten minutes apart."""
    return [_nth_load(load_id, now, number) for load_id in range(number, 0, -1)]


def _nth_load(load_id: int, now: datetime, newest: int) -> Document:
    started_at = now - timedelta(minutes=10 * (newest - load_id) + 2)
    dataset = DATASETS[load_id % 4]
    if load_id == newest:
        return load(load_id, dataset, started_at, "running")
    if load_id == newest - 2:
        error = {"code": "not_parquet", "message": "the object does not end like a Parquet file"}
        return {**load(load_id, dataset, started_at, "failed"), "error": error}
    rejected = 3 if load_id % 5 == 0 else 0
    return load(
        load_id, dataset, started_at, read=50_000, loaded=50_000 - rejected, rejected=rejected
    )


def load(
    load_id: int, dataset: str, started_at: datetime, status: str = "succeeded", **rows: int
) -> Document:
    """One version of one file on its way."""
    is_over = status != "running"
    key = f"dataset={dataset}/year=2026/month=11/readings-{load_id:05}.parquet"
    return {
        "load_id": load_id,
        "bucket": "platform-readings",
        "key": key,
        "version": "3sL4kqtJlcpXroDTDmJ-rmSpXd3dIbrHY",
        "dataset": dataset,
        "sink": "timescale",
        "status": status,
        "size_bytes": 4_215_330,
        "modified_at": instant(started_at - timedelta(minutes=1)),
        "attempts": 1,
        "started_at": instant(started_at),
        "finished_at": instant(started_at + timedelta(seconds=4)) if is_over else None,
        "duration_ms": 4_312 if is_over else None,
        "rows": {**dict.fromkeys(_ROWS, 0), **rows},
        "batches": 5,
        "rejects_key": f"rejected/{key}" if rows.get("rejected") else None,
        "error": None,
    }
