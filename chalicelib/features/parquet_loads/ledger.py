"""What is loaded, and what became of it. Standard library only."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.features.parquet_loads.model import Dataset


class Sink(StrEnum):
    """Where rows go."""

    TIMESCALE = "timescale"
    TIMESTREAM = "timestream"


class LoadStatus(StrEnum):
    """How far a load got; `superseded` is one whose object changed before it was done."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Location:
    """Where an object is. A directory stands in for a bucket; its name then begins `file://`."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """The same for people."""
        root = self.bucket if self.bucket.startswith(LOCAL) else f"s3://{self.bucket}"
        return f"{root}/{self.key}"


LOCAL = "file://"


@dataclass(frozen=True)
class ObjectVersion:
    """An object as it was when it was looked at.

    Of two objects that bring the same reading, the one modified later wins, and the bucket and
    the key decide where S3, which counts whole seconds, calls it a tie.
    """

    location: Location
    version: str
    size: int
    modified_at: datetime
    etag: str = ""


@dataclass(frozen=True)
class Counts:
    """The rows of a load.

    `loaded` were good. Of them TimescaleDB has some newly (`added`), some with other values than
    before (`changed`), some as before; some it keeps aside, because a newer object brings the
    same reading (`shadowed`). `removed` are readings that only the object's former version had.
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
        """Whether any reading is another than before."""
        return self.added + self.changed + self.removed > 0


@dataclass(frozen=True)
class Failure:
    """Why a load did not succeed."""

    code: str
    message: str


@dataclass(frozen=True)
class Load:
    """One version of an object on its way into one sink.

    *is_repeated* where the version had been loaded when it was asked for.
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
    error: Failure | None = None
    is_repeated: bool = False


@dataclass(frozen=True)
class Span:
    """From the first reading to the last, both inclusive."""

    first: datetime
    last: datetime
