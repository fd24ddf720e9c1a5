"""The bodies of loads, by name."""

from chalicelib.features.parquet_loads.model import Dataset, LoadStatus, Sink
from chalicelib.openapi.shapes import (
    Schema,
    instant,
    member,
    nullable,
    page,
    record,
    schema_ref,
    text,
    whole,
)


def load_schemas() -> dict[str, Schema]:
    """All of them."""
    return {
        "Load": _load(),
        "LoadedRows": _loaded_rows(),
        "LoadError": _load_error(),
        "LoadPage": page("Load", "Loads, newest first."),
    }


def _load() -> Schema:
    return record(
        "One version of an object on its way into one sink.",
        load_id=whole("The number of the load.", minimum=1),
        bucket=text("The bucket; `file://` and a directory where a file was loaded from a disk."),
        key=text("The key of the object.", examples=["dataset=generation/year=2024/a.parquet"]),
        version=text(
            "The version id, or the ETag and when it was written; empty where the object could not "
            "be looked at."
        ),
        dataset=nullable(member(Dataset, "What the rows are readings of.")),
        sink=member(Sink, "Where the rows go."),
        status=member(LoadStatus, "How far it got; `superseded`: the object changed before."),
        size_bytes=nullable(whole("The size of the object.")),
        modified_at=nullable(instant("When the object was written.")),
        attempts=whole("How often this was begun.", minimum=1),
        started_at=instant("When it was begun, the last time."),
        finished_at=nullable(instant("When it ended.")),
        duration_ms=nullable(whole("How long that took.")),
        rows=schema_ref("LoadedRows"),
        batches=whole("In how many batches the rows were written."),
        rejects_key=nullable(text("The object of the same bucket that has the rejected rows.")),
        error=nullable(schema_ref("LoadError")),
    )


def _loaded_rows() -> Schema:
    return record(
        "The rows of a load.",
        read=whole("How many the object holds."),
        loaded=whole("How many of them are good."),
        rejected=whole("How many are bad; `rejects_key` has them with the reasons."),
        added=whole("How many readings are new."),
        changed=whole("How many readings have other values than before."),
        removed=whole("How many readings only the object's former version had."),
        shadowed=whole("How many good rows give way to those of a newer object."),
    )


def _load_error() -> Schema:
    return record(
        "Why a load did not succeed.",
        code=text("For programs.", examples=["not_parquet", "too_many_rejected"]),
        message=text("For people."),
    )
