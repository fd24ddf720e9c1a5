"""What an import is, and where in its file it stands. Standard library only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

# In the request itself; API Gateway and Lambda take a few times as much.
MAX_DATA_BYTES = 2**20
# In the bucket: 100 000 rows, each described with all that may be said of a device.
MAX_FILE_BYTES = 2**28
# Of a row, with its line end. A body of `POST /devices` in which every field is as long as it may
# be has less, unless all of it is in scripts that take several bytes a letter.
MAX_RECORD_BYTES = 2**16
# How much of a file is in memory at once, besides the rows of a batch.
WINDOW_BYTES = 2**20
# A batch is one transaction.
BATCH_ROWS = 500
BATCH_BYTES = 2**20
UPLOAD_TIME = timedelta(hours=1)
KEY_PREFIX = "device-imports/"

# Part of a file: from one offset up to another.
Read = Callable[[int, int], bytes]


class ImportFormat(StrEnum):
    """How the rows of a file are spelled."""

    CSV = "csv"
    NDJSON = "ndjson"


class ImportStatus(StrEnum):
    """How far an import has come."""

    AWAITING_UPLOAD = "awaiting_upload"
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of a row."""

    REGISTERED = "registered"
    REFUSED = "refused"


class ImportSort(StrEnum):
    """By what imports are listed."""

    CREATED_AT = "createdAt"


@dataclass(frozen=True)
class Place:
    """A place in a file: an offset in bytes, and how many line ends are before it."""

    offset: int = 0
    lines: int = 0


@dataclass(frozen=True)
class Refusal:
    """Why a row has become no device: a code, a sentence, and the field that is to blame."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True)
class Record:
    """A row of a file as it was found, on *line*; the next one begins at *after*.

    It has *cells*, which is a single one in a file without columns, or is refused already.
    """

    line: int
    cells: tuple[bytes, ...]
    after: Place
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Row:
    """A row of a file, on *line*: the JSON of a device, or why it is none."""

    line: int
    value: Any = None
    refusal: Refusal | None = None


@dataclass(frozen=True)
class Registered:
    """The row on *line* is the device of that id."""

    line: int
    device_id: str


@dataclass(frozen=True)
class Refused:
    """The row on *line* has become no device."""

    line: int
    refusal: Refusal


@dataclass(frozen=True)
class Upload:
    """How the file of an import gets into the bucket: a form that is posted to *url*."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class FoundObject:
    """An object of the bucket as it is now."""

    etag: str
    size: int


def key_of(import_id: str) -> str:
    """Where in the bucket the file of an import is."""
    return f"{KEY_PREFIX}{import_id}"
