"""CloudWatch metrics of a load."""

from chalicelib import metrics
from chalicelib.features.parquet_loads.model import Load, LoadStatus

SERVICE = "parquet_loads"
# Stands for the dataset where the key does not name it.
_UNKNOWN = "unknown"


def publish_load(load: Load) -> None:
    """The rows of *load* by dataset; nothing for a version that had been loaded before."""
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
    """One load that ended with an exception."""
    metrics.publish(SERVICE, {"ProcessingErrors": 1}, {}, {"dataset": dataset or _UNKNOWN})
