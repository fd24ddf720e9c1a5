"""Remembering every key of a file, for a sink that cannot ask its database for duplicates."""

from array import array
from collections.abc import Iterator
from hashlib import blake2b

import pyarrow as pa

from chalicelib.features.parquet_loads.errors import FileTooLargeError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.rows import columns

MAX_ROWS = 8_000_000
_SLOTS_PER_ROW = 1.25
_WORD = 2**64 - 1


class Duplicates:
    """The keys of up to *row_count* rows as 128-bit fingerprints: 20 bytes of memory a row.

    The table is made once, for as many rows as the file's footer promises, and it never grows. A
    million rows take 20 MB. Eight million, the most that are accepted, take 160 MB. The probability
    that two of eight million different keys share a fingerprint is 1 in 10^25.
    """

    def __init__(self, dataset: Dataset, row_count: int) -> None:
        if row_count > MAX_ROWS:
            raise FileTooLargeError(
                f"duplicates can be found among {MAX_ROWS} rows, and the file has {row_count}",
                row_count=row_count,
            )
        self._names = [column.name for column in columns.columns_of(dataset) if column.is_key]
        self._slot_count = int(row_count * _SLOTS_PER_ROW) + 1
        # Each slot is a pair of words. A pair of zeros is a free slot.
        self._table = array("Q", bytes(16)) * self._slot_count

    @property
    def memory_bytes(self) -> int:
        """How much memory the table takes."""
        return len(self._table) * self._table.itemsize

    def later_ones(self, rows: pa.RecordBatch, bad: pa.BooleanArray) -> pa.BooleanArray:
        """Which of *rows*, in canonical form, repeat an earlier key. *bad* rows are passed over."""
        keys = zip(*self._key_columns(rows), strict=True)
        is_later = [
            not is_bad and not self._add(key)
            for key, is_bad in zip(keys, bad.to_pylist(), strict=True)
        ]
        return pa.array(is_later, pa.bool_())

    def _key_columns(self, rows: pa.RecordBatch) -> Iterator[list[object]]:
        for name in self._names:
            column = rows.column(name)
            is_instant = pa.types.is_timestamp(column.type)
            yield (column.cast(pa.int64()) if is_instant else column).to_pylist()

    def _add(self, key: tuple[object, ...]) -> bool:
        """Whether *key* is new. From now on it is known."""
        # repr keeps apart the keys ("a", "bc") and ("ab", "c"), which joining would confuse.
        digest = blake2b(repr(key).encode(), digest_size=16).digest()
        fingerprint = int.from_bytes(digest, "little") or 1
        high, low = fingerprint >> 64, fingerprint & _WORD
        table, slot = self._table, fingerprint % self._slot_count
        while table[2 * slot] or table[2 * slot + 1]:
            if table[2 * slot] == high and table[2 * slot + 1] == low:
                return False
            slot = (slot + 1) % self._slot_count
        table[2 * slot], table[2 * slot + 1] = high, low
        return True
