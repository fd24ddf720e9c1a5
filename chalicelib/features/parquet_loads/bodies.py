"""The bodies of loads."""

from datetime import timedelta
from typing import Annotated

from chalicelib.bodies import UNSET, Body, Count, Instant, Meta, SerialNumber, UnsetType
from chalicelib.features.parquet_loads import model
from chalicelib.features.parquet_loads.model import Dataset, LoadStatus, Sink
from chalicelib.paging import PageQuery

LoadId = Annotated[SerialNumber, Meta(description="The number of the load.", examples=[43])]


class LoadedRows(Body):
    """The rows of a load."""

    read: Annotated[Count, Meta(description="How many the object holds.")]
    loaded: Annotated[Count, Meta(description="How many of them are good.")]
    rejected: Annotated[
        Count, Meta(description="How many are bad; `rejects_key` has them with the reasons.")
    ]
    added: Annotated[Count, Meta(description="How many readings are new.")]
    changed: Annotated[Count, Meta(description="How many readings have other values than before.")]
    removed: Annotated[
        Count, Meta(description="How many readings only the object's former version had.")
    ]
    shadowed: Annotated[
        Count, Meta(description="How many good rows give way to those of a newer object.")
    ]


class LoadError(Body):
    """Why a load did not succeed."""

    code: Annotated[
        str, Meta(description="For programs.", examples=["not_parquet", "too_many_rejected"])
    ]
    message: Annotated[str, Meta(description="For people.")]


class Load(Body):
    """One version of an object on its way into one sink."""

    load_id: LoadId
    bucket: Annotated[
        str,
        Meta(
            description="The bucket. For a file that was loaded from a disk, `file://` and the "
            "directory."
        ),
    ]
    key: Annotated[
        str,
        Meta(
            description="The key of the object.",
            examples=["dataset=generation/year=2024/a.parquet"],
        ),
    ]
    version: Annotated[
        str,
        Meta(
            description="The version id, or the ETag and when it was written. Empty where the "
            "object could not be looked at."
        ),
    ]
    dataset: Annotated[Dataset | None, Meta(description="What the rows are readings of.")]
    sink: Annotated[Sink, Meta(description="Where the rows go.")]
    status: Annotated[
        LoadStatus,
        Meta(description="How far it got. `superseded`: the object changed before it was done."),
    ]
    size_bytes: Annotated[Count | None, Meta(description="The size of the object.")]
    modified_at: Annotated[Instant | None, Meta(description="When the object was written.")]
    attempts: Annotated[SerialNumber, Meta(description="How often this was begun.")]
    started_at: Annotated[Instant, Meta(description="When it was begun, the last time.")]
    finished_at: Annotated[Instant | None, Meta(description="When it ended.")]
    duration_ms: Annotated[
        Count | None, Meta(description="How long that took; null while it runs.")
    ]
    rows: LoadedRows
    batches: Annotated[Count, Meta(description="In how many batches the rows were written.")]
    rejects_key: Annotated[
        str | None,
        Meta(description="The object of the same bucket that has the rejected rows."),
    ]
    error: LoadError | None


class LoadQuery(PageQuery):
    """Which loads."""

    status: (
        Annotated[LoadStatus, Meta(description="Only loads in this status.", examples=["failed"])]
        | UnsetType
    ) = UNSET
    dataset: (
        Annotated[Dataset, Meta(description="Only loads of this dataset.", examples=["generation"])]
        | UnsetType
    ) = UNSET


def load_body(load: model.Load) -> Load:
    """*load* as others see it."""
    counts = dict(vars(load.counts))
    batches = counts.pop("batch")
    took = load.finished_at - load.started_at if load.finished_at else None
    return Load(
        load_id=load.load_id,
        bucket=load.location.bucket,
        key=load.location.key,
        version=load.version,
        dataset=load.dataset,
        sink=load.sink,
        status=load.status,
        size_bytes=load.size_bytes,
        modified_at=load.modified_at,
        attempts=load.attempt_count,
        started_at=load.started_at,
        finished_at=load.finished_at,
        duration_ms=None if took is None else took // timedelta(milliseconds=1),
        rows=LoadedRows(**counts),
        batches=batches,
        rejects_key=load.rejects_key,
        error=LoadError(**vars(load.error)) if load.error else None,
    )
