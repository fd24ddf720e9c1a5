"""A Parquet file as a stream of small batches, whatever its size and whatever wrote it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib.features.parquet_loads.errors import (
    FileCorruptError,
    NotParquetError,
    ObjectForbiddenError,
    ObjectMissingError,
    UnloadableError,
)
from chalicelib.features.parquet_loads.parquet.constants import with_columns, with_fields
from chalicelib.features.parquet_loads.parquet.footer import Footer, RowGroup, read_footer
from chalicelib.features.parquet_loads.parquet.int96 import (
    READ_AS_SECONDS,
    int96_columns,
    require_nanoseconds,
)
from chalicelib.features.parquet_loads.parquet.pages import GuardedFile
from chalicelib.features.parquet_loads.parquet.refusals import unreadable
from chalicelib.features.parquet_loads.parquet.value_types import (
    is_text,
    plain_batch,
    plain_schema,
    plain_type,
    value_type,
)

MAX_BATCH_ROWS = 16_384
_MIN_BATCH_ROWS = 16
_BATCH_BYTES = 8 * 2**20
# Where texts share prefixes, nothing in the file says how large a page becomes. So only a few rows
# are read at a time.
_PREFIXED_ROWS = 64
# Each column has one such buffer. It is the least that one request to the source asks for.
_BUFFER_BYTES = 2**20
_READER_ERRORS = (pa.ArrowException, OSError, MemoryError, ValueError, TypeError, KeyError)


def open_parquet(
    source: str | Path | BinaryIO, buffer_bytes: int = _BUFFER_BYTES
) -> "ParquetSource":
    """Open *source*, a path or a binary file that can seek, and read its footer.

    Raises an `UnloadableError` that says why the file cannot be loaded. Errors that a file of the
    caller's own raises while it is read come through unchanged.
    """
    if not isinstance(source, str | Path):
        return ParquetSource(source, buffer_bytes)
    handle = _open(Path(source))
    try:
        return ParquetSource(handle, buffer_bytes, is_owner=True)
    except BaseException:
        handle.close()
        raise


class ParquetSource:
    """An open Parquet file. *num_rows* is what the footer promises, and reading checks that."""

    def __init__(self, handle: BinaryIO, buffer_bytes: int, *, is_owner: bool = False) -> None:
        self._handle = handle
        self._is_owner = is_owner
        self._guarded = GuardedFile(handle)
        self._footer = read_footer(self._guarded)
        self._buffer_bytes = buffer_bytes
        self._added: dict[str, pa.Scalar] = {}
        self._is_exact = False
        with self._as_our_errors():
            self._file = _parquet_file(self._guarded, self._footer, buffer_bytes)
            self.schema = plain_schema(self._file.schema_arrow)
        self.num_rows = sum(group.num_rows for group in self._footer.row_groups)

    def complete(self, values: Mapping[str, pa.Scalar]) -> None:
        """Give every batch a column for each of *values* that the file has no column for."""
        self._added = {name: each for name, each in values.items() if name not in self.schema.names}
        self.schema = with_fields(self.schema, self._added)

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Every row, in order, as batches with the number of their first row, counted from 0.

        A row group is never in memory as a whole. What is in memory is a buffer and a page for
        each column, and one batch. Calling this again starts over.
        """
        self._require_exact_instants()
        first_row = 0
        for batch in _joined(self._pieces()):
            yield first_row, with_columns(batch, self._added)
            first_row += len(batch)

    def column(self, name: str) -> Iterator[pa.Array]:
        """All values of the column *name*, in order; no other column is read.

        The values must be of a fixed size, because `MAX_BATCH_ROWS` of them are in memory at once.
        """
        self._require_exact_instants()
        for piece in self._column_pieces(self._file, [name]):
            yield piece.column(0)

    def close(self) -> None:
        """Close what was opened here. A file that the caller opened stays open."""
        self._file.close()
        if self._is_owner:
            self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def _require_exact_instants(self) -> None:
        """Raises where instants would wrap round; where there are such columns, it reads them."""
        names = [] if self._is_exact else int96_columns(self._file)
        if names:
            with self._as_our_errors():
                file = _opened(self._guarded, self._buffer_bytes, **READ_AS_SECONDS)
            pieces = self._column_pieces(file, names)
            require_nanoseconds((name, piece.column(name)) for piece in pieces for name in names)
        self._is_exact = True

    def _column_pieces(self, file: Any, names: list[str]) -> Iterator[pa.RecordBatch]:
        for index, group in self._filled_groups():
            yield from self._pieces_of(file, index, group, MAX_BATCH_ROWS, names)

    def _pieces(self) -> Iterator[pa.RecordBatch]:
        for index, group in self._filled_groups():
            missing = group.num_rows
            rows = _PREFIXED_ROWS if self._footer.has_shared_prefixes else _batch_rows(group)
            for piece in self._pieces_of(self._file, index, group, rows):
                missing -= len(piece)
                yield piece
            if missing:
                raise FileCorruptError(
                    f"a row group does not have the {group.num_rows} rows it promises"
                )

    def _filled_groups(self) -> Iterator[tuple[int, RowGroup]]:
        return (
            (index, group) for index, group in enumerate(self._footer.row_groups) if group.num_rows
        )

    def _pieces_of(
        self,
        file: Any,
        index: int,
        group: RowGroup,
        rows: int,
        columns: list[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        self._guarded.expect(group.extents)
        with self._as_our_errors():
            pieces = file.iter_batches(rows, row_groups=[index], columns=columns, use_threads=False)
        while True:
            with self._as_our_errors():
                piece = next(pieces, None)
            if piece is None:
                return
            _require_valid(piece)
            with self._as_our_errors():
                piece = plain_batch(piece)
            yield piece

    @contextmanager
    def _as_our_errors(self) -> Iterator[None]:
        try:
            yield
        except UnloadableError:
            raise
        except _READER_ERRORS as error:
            if self._guarded.error is not None:
                raise self._guarded.error from None
            raise unreadable(error) from error


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ObjectMissingError(f"there is no file {path}", path=str(path)) from None
    except PermissionError:
        raise ObjectForbiddenError(f"{path} may not be read", path=str(path)) from None
    except IsADirectoryError:
        raise NotParquetError(f"{path} is a directory", path=str(path)) from None


def _opened(source: GuardedFile, buffer_bytes: int, **more: Any) -> Any:
    # With pre-buffering, or without a buffer, Arrow would read the columns of a row group whole.
    return pq.ParquetFile(
        source,
        pre_buffer=False,
        buffer_size=buffer_bytes,
        page_checksum_verification=True,
        arrow_extensions_enabled=False,
        **more,
    )


def _parquet_file(source: GuardedFile, footer: Footer, buffer_bytes: int) -> Any:
    file = _opened(source, buffer_bytes)
    if file.metadata.num_rows != sum(group.num_rows for group in footer.row_groups):
        raise FileCorruptError("the footer contradicts itself about the number of rows")
    encoded = _dictionary_columns(_legible(file.schema_arrow), footer)
    if not encoded:
        return file
    return _opened(source, buffer_bytes, metadata=file.metadata, read_dictionary=encoded)


def _dictionary_columns(schema: pa.Schema, footer: Footer) -> list[str]:
    """The columns of text to read as dictionaries, so that a repeated text is held and judged once.

    One long text and a million references to it are a small page, but would be a huge column.
    Columns with values outside of a dictionary are left out. Their values would pile up in a
    dictionary that Arrow keeps for as long as the row group lasts.
    """
    texts = [field.name for field in schema if is_text(value_type(plain_type(field.type)))]
    return [name for name in texts if name not in footer.spelled_out]


def _legible(schema: pa.Schema) -> pa.Schema:
    """*schema*, whose names and zones are known to be text afterwards.

    Arrow decodes them only when they are asked for, and raises then.
    """
    for field in schema:
        str(field)
        data_type = value_type(field.type)
        if pa.types.is_timestamp(data_type):
            str(data_type.tz)
    return schema


def _batch_rows(group: RowGroup) -> int:
    """How many average rows make a batch of sensible size."""
    fitting = _BATCH_BYTES // max(group.row_bytes, 1)
    return min(MAX_BATCH_ROWS, max(_MIN_BATCH_ROWS, fitting))


def _joined(pieces: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """*pieces* in order, small ones joined, because judging a batch has a cost of its own."""
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for piece in pieces:
        if pending and (rows + len(piece) > MAX_BATCH_ROWS or size + piece.nbytes > _BATCH_BYTES):
            yield pa.concat_batches(pending)
            pending, rows, size = [], 0, 0
        pending.append(piece)
        rows, size = rows + len(piece), size + piece.nbytes
    if rows:
        yield pa.concat_batches(pending)


def _require_valid(batch: pa.RecordBatch) -> None:
    """Arrow does not check that the indices of a column are within its dictionary."""
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            bounds = pc.min_max(column.indices).as_py()
            if bounds["min"] is not None and not (
                bounds["min"] >= 0 and bounds["max"] < len(column.dictionary)
            ):
                raise FileCorruptError("a column refers to values that its dictionary lacks")
