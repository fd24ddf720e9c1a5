"""CloudWatch metrics of a load; `feature.py` declares them."""

from chalicelib import metrics
from chalicelib.features.parquet_loads.feature import FEATURE, UNKNOWN_DATASET
from chalicelib.features.parquet_loads.model import Load, LoadStatus


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
    metrics.publish(FEATURE.name, counts, seconds, {"dataset": load.dataset or UNKNOWN_DATASET})


def publish_failure(dataset: str | None) -> None:
    """One load that ended with an exception."""
    metrics.publish(
        FEATURE.name, {"ProcessingErrors": 1}, {}, {"dataset": dataset or UNKNOWN_DATASET}
    )
