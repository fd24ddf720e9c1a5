"""What a file may hold, where its rejects go, and why a row is one. Standard library only."""

import re
from datetime import UTC, datetime
from enum import StrEnum

from chalicelib.features.parquet_loads.errors import UnknownDatasetError

# What both sinks can hold: Timestream counts nanoseconds since 1970 in 63 bits.
EARLIEST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_TIME = datetime(2262, 4, 11, 23, 47, 16, 854_775, tzinfo=UTC)
# A PostgreSQL index entry holds 2 704 bytes, and the longest key is a time and three texts.
MAX_TEXT_BYTES = 512
MAX_METADATA_BYTES = 8_192
# Up to here every whole number is a double of its own.
MAX_EXACT_INTEGER = 2**53
REJECTS_PREFIX = "rejected/"

_DATASET = re.compile(r"(?:^|/)dataset=([^/]*)(?=/)")


class Dataset(StrEnum):
    """What the rows of a file are readings of."""

    GENERATION = "generation"
    CONSUMPTION = "consumption"
    TRANSMISSION = "transmission"
    MEASUREMENTS = "measurements"

    @property
    def is_energy(self) -> bool:
        """Whether these are readings of regions; the others are those of devices."""
        return self is not Dataset.MEASUREMENTS


class QualityFlag(StrEnum):
    """How far an energy reading is to be trusted.

    `good` was measured, `estimated` computed in place of a measurement, `suspect` failed a
    plausibility check, `bad` is known to be wrong and kept for the record. There is no `missing`:
    a reading without a value is none.
    """

    GOOD = "good"
    ESTIMATED = "estimated"
    SUSPECT = "suspect"
    BAD = "bad"


class Reason(StrEnum):
    """Why a row is rejected. A row with several faults has the first, its columns in order."""

    MISSING = "missing"
    INVALID_UTF8 = "invalid_utf8"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    NUL_CHARACTER = "nul_character"
    TIME_MALFORMED = "time_malformed"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_TOO_PRECISE = "time_too_precise"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    NOT_FINITE = "not_finite"
    INEXACT_NUMBER = "inexact_number"
    UNKNOWN_QUALITY = "unknown_quality"
    MALFORMED_JSON = "malformed_json"
    DUPLICATE = "duplicate"
    # What only Timestream minds.
    TIME_TOO_FINE = "time_too_fine"
    DIMENSIONS_TOO_LONG = "dimensions_too_long"
    CONFLICTING_ROW = "conflicting_row"
    REFUSED = "refused"


def dataset_of(key: str) -> Dataset:
    """The dataset that a folder `dataset=…` of *key* names; the key is URL-decoded already.

    Raises `UnknownDatasetError` where there is none, more than one, or one that is unknown.
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

    The prefix must be the whole of the bucket's: a folder of that name further down is anybody's.
    """
    return key.startswith(REJECTS_PREFIX)
