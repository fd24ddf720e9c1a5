"""CloudWatch metrics of a load."""

from chalicelib import metrics
from chalicelib.features.parquet_loads.feature import FEATURE, UNKNOWN_DATASET
from chalicelib.features.parquet_loads.ledger import Load, LoadStatus


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
    metrics.publish(FEATURE.name, counts, seconds, {"dataset": load.dataset or UNKNOWN_DATASET})


def publish_failure(dataset: str | None) -> None:
    """One load that raised."""
    metrics.publish(
        FEATURE.name, {"ProcessingErrors": 1}, {}, {"dataset": dataset or UNKNOWN_DATASET}
    )
