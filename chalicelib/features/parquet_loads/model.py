"""What is loaded, from where, and what became of it. Standard library only."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.features.parquet_loads.errors import UnknownDatasetError

REJECTS_PREFIX = "rejected/"
# How the name of a directory that stands in for a bucket begins.
LOCAL = "file://"

# The endings of an upload that is under way, and of the mark that Hadoop leaves for a folder.
_UNFINISHED = ("._COPYING_", "_$folder$")
NOT_DATA = "the key is not that of data: it is a folder, or a part of it begins with _ or ."
_DATASET = re.compile(r"(?:^|/)dataset=([^/]*)(?=/)")


class Dataset(StrEnum):
    """What the rows of a file are readings of."""

    GENERATION = "generation"
    CONSUMPTION = "consumption"
    TRANSMISSION = "transmission"
    MEASUREMENTS = "measurements"

    @property
    def is_energy(self) -> bool:
        """Whether these are readings of regions; measurements are readings of devices."""
        return self is not Dataset.MEASUREMENTS


class Sink(StrEnum):
    """The database that the rows are written to."""

    TIMESCALE = "timescale"
    TIMESTREAM = "timestream"


class LoadStatus(StrEnum):
    """How far a load got. It is `superseded` if its object changed before it was done."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Location:
    """Where an object is. A directory may stand in for the bucket; its name begins `file://`."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """The location in one piece, for messages and logs."""
        root = self.bucket if self.bucket.startswith(LOCAL) else f"s3://{self.bucket}"
        return f"{root}/{self.key}"


@dataclass(frozen=True)
class ObjectVersion:
    """An object as it was when it was looked at.

    Where two objects bring the same reading, the object that was modified later wins. S3 counts
    whole seconds, so two objects may tie; then the bucket and the key decide.
    """

    location: Location
    version: str
    size: int
    modified_at: datetime
    etag: str = ""


@dataclass(frozen=True)
class Counts:
    """The rows of a load.

    `loaded` counts the good rows. In TimescaleDB some of them are new (`added`), some replace
    other values (`changed`), and some are there already. A row is kept aside (`shadowed`) where a
    newer object brings the same reading. `removed` counts the readings that the object's former
    version brought and the present one does not.
    """

    read: int = 0
    loaded: int = 0
    rejected: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    shadowed: int = 0
    batch: int = 0

    @property
    def has_changes(self) -> bool:
        """Whether the table now holds other readings than before."""
        return self.added + self.changed + self.removed > 0


@dataclass(frozen=True)
class LoadFailure:
    """Why a load did not succeed."""

    code: str
    message: str


@dataclass(frozen=True)
class Load:
    """One version of an object on its way into one sink.

    *is_repeated* is set where this version had been loaded before it was asked for.
    """

    load_id: int
    location: Location
    version: str
    sink: Sink
    dataset: Dataset | None
    status: LoadStatus
    size_bytes: int | None
    modified_at: datetime | None
    attempt_count: int
    started_at: datetime
    finished_at: datetime | None = None
    counts: Counts = field(default_factory=Counts)
    rejects_key: str | None = None
    error: LoadFailure | None = None
    is_repeated: bool = False


def dataset_of(key: str) -> Dataset:
    """The dataset that a folder `dataset=…` of *key* names; the key is URL-decoded already.

    Raises `UnknownDatasetError` where there is no such folder, more than one, or an unknown name.
    """
    names = _DATASET.findall(key)
    if len(names) != 1:
        raise UnknownDatasetError(
            f"the key must have one folder dataset=…, not {len(names)}", key=key
        )
    try:
        return Dataset(names[0])
    except ValueError:
        known = ", ".join(Dataset)
        raise UnknownDatasetError(
            f"the dataset must be one of {known}, not {names[0][:40]!r}", key=key
        ) from None


def rejected_key(key: str) -> str:
    """Where the rejected rows of the file at *key* go, in the same bucket."""
    return REJECTS_PREFIX + key


def is_rejects_key(key: str) -> bool:
    """Whether *key* holds rejected rows, and so must never be loaded.

    Only a folder at the top of the bucket counts. A folder of that name further down may belong
    to anybody.
    """
    return key.startswith(REJECTS_PREFIX)


def is_data_key(key: str) -> bool:
    """Whether *key* holds data, rather than rejected rows, a folder, or what a writer hides.

    A writer hides files also by the folder that they lie in, at any depth: Spark writes a copy of
    every file below `_temporary`, before it moves the file to its place.
    """
    if is_rejects_key(key) or key.endswith(("/", *_UNFINISHED)):
        return False
    return not any(map(_is_hidden, key.split("/")))


def _is_hidden(part: str) -> bool:
    """Spark's rule. With `=`, it is the folder of a column whose name begins with `_`."""
    return part.startswith(".") or (part.startswith("_") and "=" not in part)
