"""Which rows of a file may be loaded, and why the others may not."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads import columns, documents, faults, instants, numbers, texts
from chalicelib.features.parquet_loads.columns import ROW_NUMBER, Column, Kind
from chalicelib.features.parquet_loads.duplicates import Duplicates
from chalicelib.features.parquet_loads.errors import SchemaMismatchError
from chalicelib.features.parquet_loads.faults import Converted, Fault
from chalicelib.features.parquet_loads.model import Dataset, Reason

_NAMED_IN_MESSAGE = 10
_SHOWN = 80
_SEPARATOR = "; "
_CONVERTERS: dict[Kind, Callable[[pa.Array], Converted]] = {
    Kind.TIME: instants.convert,
    Kind.TEXT: texts.convert,
    Kind.NUMBER: numbers.convert,
    Kind.FLAG: texts.convert_flags,
    Kind.QUALITY: numbers.convert_quality,
    Kind.JSON: documents.convert,
}
REJECT_FIELDS = (
    ROW_NUMBER,
    pa.field("reason", pa.string(), nullable=False),
    pa.field("detail", pa.string(), nullable=False),
)


@dataclass(frozen=True)
class Checked:
    """One batch, divided: *good* in the canonical schema, *rejected* as it came and why.

    *rejected* has the columns of the file, then `row_number`, `reason` (the first fault) and
    `detail` (all of them). Invalid UTF-8 is shown as U+FFFD there, so that it can be opened, and of
    a text that no column can hold the beginning.
    """

    good: pa.RecordBatch
    rejected: pa.RecordBatch


class Validator:
    """Judges the rows of one file of *dataset*, batch by batch, in order.

    With *duplicates* it also rejects every row whose key an earlier good row of the file had: the
    first stays, whatever the later ones say. Without, that is left to who stages the rows.
    """

    def __init__(self, dataset: Dataset, duplicates: Duplicates | None = None) -> None:
        self._columns = columns.columns_of(dataset)
        self._schema = columns.canonical_schema(dataset)
        self._duplicates = duplicates

    def check_schema(self, schema: pa.Schema) -> None:
        """Raises one `SchemaMismatchError` that names every column that is not as it must be."""
        expected = {column.source: column for column in self._columns}
        names = schema.names
        repeated = sorted({name for name in names if name in expected and names.count(name) > 1})
        wrong = [
            _shown_type(expected[field.name], field.type)
            for field in schema
            if field.name in expected and not columns.accepts(expected[field.name], field.type)
        ]
        problems = {
            "missing": [name for name in expected if name not in names],
            "extra": [_shown(name) for name in names if name not in expected],
            "repeated": repeated,
            "wrong_type": wrong,
        }
        if any(problems.values()):
            raise SchemaMismatchError(_sentence(problems), **problems)

    def check(self, batch: pa.RecordBatch, first_row: int) -> Checked:
        """Divide *batch*, whose first row is row *first_row* of the file, counted from 0."""
        batch, unreadable = readable(batch)
        row_numbers = pa.arange(first_row, first_row + len(batch))
        converted = [_convert(column, batch, unreadable) for column in self._columns]
        rows = pa.RecordBatch.from_arrays(
            [*(column.values for column in converted), row_numbers], schema=self._schema
        )
        found = [fault for column in converted for fault in column.faults]
        found += self._repeated(rows, faults.any_of(found, len(rows)))
        bad = faults.any_of(found, len(rows))
        good = rows.filter(pc.invert(bad)) if found else rows
        return Checked(good, rejected(batch, row_numbers, bad, found))

    def _repeated(self, rows: pa.RecordBatch, bad: pa.BooleanArray) -> list[Fault]:
        if self._duplicates is None:
            return []
        keys = ", ".join(column.source for column in self._columns if column.is_key)
        mask = self._duplicates.later_ones(rows, bad)
        return faults.present(
            [Fault(Reason.DUPLICATE, mask, f"an earlier row has the same {keys}")]
        )


def readable(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, dict[str, pa.BooleanArray]]:
    """*batch* with every text as it can be shown, and by column where it is not UTF-8."""
    arrays, unreadable = [], {}
    for field, array in zip(batch.schema, batch.columns, strict=True):
        storage, mask = texts.readable(_storage(array))
        if mask is not None:
            unreadable[field.name] = mask
        arrays.append(_wrapped(storage, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema), unreadable


def rejects_schema(source: pa.Schema) -> pa.Schema:
    """The columns of *source*, any of them nullable, and what is wrong with the row."""
    return pa.schema([*(field.with_nullable(True) for field in source), *REJECT_FIELDS])


def rejected(
    batch: pa.RecordBatch, row_numbers: pa.Int64Array, bad: pa.BooleanArray, found: list[Fault]
) -> pa.RecordBatch:
    """The *bad* rows of *batch*, each with its number, its first fault and all it has."""
    batch = batch.filter(bad)
    reasons, details = pa.nulls(len(batch), pa.string()), pa.repeat("", len(batch))
    for fault in found:
        mask = fault.mask.filter(bad)
        reasons = pc.if_else(pc.and_(pc.is_null(reasons), mask), fault.reason.value, reasons)
        problem = pc.if_else(mask, fault.problem + _SEPARATOR, "")
        details = pc.binary_join_element_wise(details, problem, "")
    details = pc.utf8_rtrim(details, _SEPARATOR)
    arrays = [*batch.columns, row_numbers.filter(bad), reasons, details]
    return pa.RecordBatch.from_arrays(arrays, schema=rejects_schema(batch.schema))


def _convert(
    column: Column, batch: pa.RecordBatch, unreadable: dict[str, pa.BooleanArray]
) -> Converted:
    array = _storage(batch.column(column.source))
    converted = _converted(column, array)
    if column.source in unreadable:
        invalid = Fault(Reason.INVALID_UTF8, unreadable[column.source], "is not UTF-8")
        converted = replace(converted, faults=[invalid, *converted.faults])
    named = [replace(f, problem=f"{column.source} {f.problem}") for f in converted.faults]
    return replace(converted, faults=named)


def _converted(column: Column, array: pa.Array) -> Converted:
    if pa.types.is_null(columns.value_type(array.type)):
        return Converted(pa.nulls(len(array), columns.canonical_type(column)), [])
    convert = _CONVERTERS[column.kind]
    if column.kind is Kind.JSON and not pa.types.is_dictionary(array.type):
        array = _kernel_ready(array).dictionary_encode()
    if pa.types.is_dictionary(array.type):
        return faults.by_value(array, convert, is_nullable=column.is_nullable)
    return convert(_kernel_ready(array))


def _kernel_ready(array: pa.Array) -> pa.Array:
    """Not all kernels know views, and 32-bit offsets could overflow."""
    return array.cast(pa.large_string()) if columns.is_text(array.type) else array


def _storage(array: pa.Array) -> pa.Array:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _wrapped(storage: pa.Array, data_type: pa.DataType) -> pa.Array:
    if isinstance(data_type, pa.BaseExtensionType):
        return data_type.wrap_array(storage)
    return storage


def _sentence(problems: dict[str, list[str]]) -> str:
    named = [
        f"{kind.replace('_', ' ')}: {_listed(names)}" for kind, names in problems.items() if names
    ]
    return "the columns are not those of the dataset; " + "; ".join(named)


def _listed(names: list[str]) -> str:
    """The first of them: a file may have ten thousand columns, a log line may not."""
    more = len(names) - _NAMED_IN_MESSAGE
    listed = ", ".join(names[:_NAMED_IN_MESSAGE])
    return f"{listed} and {more} more" if more > 0 else listed


def _shown_type(column: Column, data_type: pa.DataType) -> str:
    wanted = columns.expectation(column)
    return f"{column.source} is {_shown(str(columns.value_type(data_type)))}, not {wanted}"


def _shown(text: str) -> str:
    """A name out of a file: of any length, with whatever characters."""
    printable = "".join(
        character if character.isprintable() else "?" for character in text[:_SHOWN]
    )
    return printable + ("…" if len(text) > _SHOWN else "")
