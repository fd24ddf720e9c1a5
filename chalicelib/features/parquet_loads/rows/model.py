"""Which values a row may hold, and why a row is rejected. Standard library only."""

from datetime import UTC, datetime
from enum import StrEnum

# Both sinks can hold these times: Timestream counts nanoseconds since 1970 in 63 bits.
EARLIEST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_TIME = datetime(2262, 4, 11, 23, 47, 16, 854_775, tzinfo=UTC)
# An index entry of PostgreSQL holds 2 704 bytes, and the longest key is a time and three texts.
MAX_TEXT_BYTES = 512
MAX_METADATA_BYTES = 8_192
# Up to this number, every whole number is a double of its own.
MAX_EXACT_INTEGER = 2**53
# Up to this many digits, every decimal is a double of its own.
MAX_DECIMAL_DIGITS = 15


class QualityFlag(StrEnum):
    """How far an energy reading is to be trusted.

    A `good` reading was measured. An `estimated` one was computed in place of a measurement. A
    `suspect` one failed a plausibility check. A `bad` one is known to be wrong and is kept for the
    record. There is no `missing`, because a reading without a value is no reading.
    """

    GOOD = "good"
    ESTIMATED = "estimated"
    SUSPECT = "suspect"
    BAD = "bad"


class Reason(StrEnum):
    """Why a row is rejected. If there are several reasons, the one of the first column counts."""

    MISSING = "missing"
    INVALID_UTF8 = "invalid_utf8"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    NUL_CHARACTER = "nul_character"
    TIME_MALFORMED = "time_malformed"
    TIME_WITHOUT_ZONE = "time_without_zone"
    TIME_AMBIGUOUS = "time_ambiguous"
    TIME_TOO_PRECISE = "time_too_precise"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    NOT_FINITE = "not_finite"
    INEXACT_NUMBER = "inexact_number"
    UNKNOWN_QUALITY = "unknown_quality"
    MALFORMED_JSON = "malformed_json"
    DUPLICATE = "duplicate"
    # These are found only where rows go to Timestream.
    TIME_TOO_FINE = "time_too_fine"
    DIMENSIONS_TOO_LONG = "dimensions_too_long"
    CONFLICTING_ROW = "conflicting_row"
    REFUSED = "refused"
