"""Validated rows as Timestream records, divided into requests.

The rows of a series are brought together first. What the records of a request have in common is
then sent once, as common attributes. That is most of every record, and sending it would take most
of the time. The column `unit` is not sent, because the required record has no place for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

DATASET_TYPE = "dataset_type"
# The dimensions in the order in which a record lists them.
DIMENSIONS = ("region", DATASET_TYPE, "energy_source", "measurement_type", "quality_flag")
TIME_TOO_FINE = "time_too_fine"
DIMENSIONS_TOO_LONG = "dimensions_too_long"
# The limit for the names and values of all dimensions of a record, in UTF-8. Because of one record
# beyond it, Timestream would refuse the whole request.
MAX_SERIES_BYTES = 2048

_COLUMNS = tuple(name for name in DIMENSIONS if name != DATASET_TYPE)
_IN_EVERY_RECORD = {
    "TimeUnit": "MILLISECONDS",
    "MeasureName": "value",
    "MeasureValueType": "DOUBLE",
}
_ABSENT = -1

Dimensions = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was not written: its place in the file, and the reason."""

    row_number: int
    reason: str


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """The contents of one `WriteRecords`, and the rows its records were made of, in order."""

    common: dict[str, Any]
    records: list[dict[str, Any]]
    row_numbers: list[int]


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows to write, series by series, and the rows that cannot be written."""

    rejected: list[RejectedRow]
    times: list[str]
    values: list[str]
    row_numbers: list[int]
    series: "Series"

    def requests(self, version: int, size: int) -> Iterator[WriteRequest]:
        """As few requests as possible: each but the last has *size* records."""
        for start in range(0, len(self.row_numbers), size):
            stop = min(start + size, len(self.row_numbers))
            shared, own = self.series.split(start, stop)
            common = {**_IN_EVERY_RECORD, "Version": version, "Dimensions": shared}
            yield WriteRequest(
                common, self._records(start, stop, own), self.row_numbers[start:stop]
            )

    def _records(self, start: int, stop: int, own: list[Dimensions]) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = [
            {"Time": time, "MeasureValue": value}
            for time, value in zip(self.times[start:stop], self.values[start:stop], strict=True)
        ]
        for record, dimensions in zip(records, own, strict=False):
            if dimensions:
                record["Dimensions"] = dimensions
        return records


@dataclass(frozen=True, slots=True)
class Series:
    """The dimensions of rows that are sorted by them, beginning with the column that varies least.

    For each column, *codes* holds an index into its *values* for every row, or `_ABSENT`.
    """

    dataset: str
    columns: list[str]
    codes: list[list[int]]
    values: list[list[str]]

    def split(self, start: int, stop: int) -> tuple[Dimensions, list[Dimensions]]:
        """The dimensions that these rows share, and the further ones of each row, if any."""
        shared = self._shared_columns(start, stop)
        first = tuple(codes[start] for codes in self.codes[:shared])
        common = self._dimensions(0, first, {DATASET_TYPE: self.dataset})
        if shared == len(self.columns):
            return common, []
        keys = list(zip(*(codes[start:stop] for codes in self.codes[shared:]), strict=True))
        known = {key: self._dimensions(shared, key, {}) for key in set(keys)}
        return common, [known[key] for key in keys]

    def _shared_columns(self, start: int, stop: int) -> int:
        """How many leading columns are constant. In sorted rows, comparing the ends is enough."""
        for count, codes in enumerate(self.codes):
            if codes[start] != codes[stop - 1]:
                return count
        return len(self.codes)

    def _dimensions(self, first: int, key: tuple[int, ...], others: dict[str, str]) -> Dimensions:
        """The dimensions with these codes of the columns from *first* on, without absent values."""
        named = others | {
            self.columns[first + offset]: self.values[first + offset][code]
            for offset, code in enumerate(key)
            if code != _ABSENT
        }
        return [{"Name": name, "Value": named[name]} for name in DIMENSIONS if name in named]


def plan(batch: pa.RecordBatch, dataset: str) -> Plan:
    """How to write *batch*, whose rows are valid but may not suit Timestream."""
    microseconds = batch["time"].cast(pa.int64())
    columns = _dimension_columns(batch)
    reasons = _reasons(microseconds, _series_bytes(columns, dataset))
    rows = pa.record_batch(
        {
            **columns,
            "time": pc.divide(microseconds, 1000),
            "value": batch["value"],
            "row_number": batch["row_number"],
        }
    )
    rejected = _rejected(rows, reasons)
    return _by_series(rows.filter(pc.is_null(reasons)) if rejected else rows, dataset, rejected)


def unwritable_reasons(batch: pa.RecordBatch, dataset: str) -> pa.Array:
    """For each row, the reason why Timestream cannot hold it; null where it can."""
    microseconds = batch["time"].cast(pa.int64())
    return _reasons(microseconds, _series_bytes(_dimension_columns(batch), dataset))


def _dimension_columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return {name: _without_empty(batch[name]) for name in _COLUMNS}


def _without_empty(column: pa.Array) -> pa.Array:
    texts = column.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _series_bytes(columns: dict[str, pa.Array], dataset: str) -> pa.Array:
    total: Any = len(DATASET_TYPE) + len(dataset.encode())
    for name, column in columns.items():
        length = pc.add(pc.binary_length(column), len(name))
        total = pc.add(pc.fill_null(length, 0), total)
    return total


def _reasons(microseconds: pa.Array, series_bytes: pa.Array) -> pa.Array:
    # Times are not cut to milliseconds: two readings of a series could become one, and one of them
    # would be lost.
    whole_milliseconds = pc.multiply(pc.divide(microseconds, 1000), 1000)
    problems = {
        TIME_TOO_FINE: pc.not_equal(whole_milliseconds, microseconds),
        DIMENSIONS_TOO_LONG: pc.greater(series_bytes, MAX_SERIES_BYTES),
    }
    return pc.case_when(pc.make_struct(*problems.values()), *problems)


def _rejected(rows: pa.RecordBatch, reasons: pa.Array) -> list[RejectedRow]:
    if reasons.null_count == len(reasons):
        return []
    is_rejected = pc.is_valid(reasons)
    row_numbers = rows["row_number"].filter(is_rejected).to_pylist()
    return list(map(RejectedRow, row_numbers, reasons.filter(is_rejected).to_pylist()))


def _by_series(rows: pa.RecordBatch, dataset: str, rejected: list[RejectedRow]) -> Plan:
    """Sort the rows by series. Within a series they keep the order of the file."""
    encoded = {name: rows[name].dictionary_encode() for name in _COLUMNS}
    columns = sorted(_COLUMNS, key=lambda name: _distinct_count(encoded[name]))
    codes = pa.record_batch({name: encoded[name].indices.fill_null(_ABSENT) for name in columns})
    order = pc.sort_indices(codes, sort_keys=[(name, "ascending") for name in columns])
    rows, codes = rows.take(order), codes.take(order)
    return Plan(
        rejected=rejected,
        times=rows["time"].cast(pa.string()).to_pylist(),
        # Arrow writes the shortest text that reads back as the same double.
        values=rows["value"].cast(pa.string()).to_pylist(),
        row_numbers=rows["row_number"].to_pylist(),
        series=Series(
            dataset=dataset,
            columns=columns,
            codes=[codes[name].to_pylist() for name in columns],
            values=[encoded[name].dictionary.to_pylist() for name in columns],
        ),
    )


def _distinct_count(encoded: pa.DictionaryArray) -> int:
    return len(encoded.dictionary) + int(encoded.null_count > 0)
