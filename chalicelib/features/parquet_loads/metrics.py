"""CloudWatch metrics of a load."""

from chalicelib import metrics
from chalicelib.features.parquet_loads.ledger import Load, LoadStatus

SERVICE = "parquet_loads"
# Where the key does not say which dataset it is.
_UNKNOWN = "unknown"


def publish_load(load: Load) -> None:
    """What was processed, by dataset; nothing for a version that had been loaded before."""
    if load.is_repeated:
        return
    counts: dict[str, float] = {
        "RecordsProcessed": load.counts.loaded,
        "RecordsRejected": load.counts.rejected,
        "BatchesProcessed": load.counts.batch,
        "ProcessingErrors": int(load.status is LoadStatus.FAILED),
    }
    seconds = {}
    if load.finished_at is not None:
        seconds["LoadDuration"] = (load.finished_at - load.started_at).total_seconds()
    metrics.publish(SERVICE, counts, seconds, {"dataset": load.dataset or _UNKNOWN})


def publish_failure(dataset: str | None) -> None:
    """One load that raised."""
    metrics.publish(SERVICE, {"ProcessingErrors": 1}, {}, {"dataset": dataset or _UNKNOWN})
