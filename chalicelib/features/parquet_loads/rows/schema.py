"""Whether the columns of a file are those of its dataset."""

from collections.abc import Iterator

import pyarrow as pa

from chalicelib.features.parquet_loads.errors import SchemaMismatchError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.value_types import value_type
from chalicelib.features.parquet_loads.rows.columns import (
    Column,
    Kind,
    accepts,
    columns_of,
    expectation,
    is_local_time,
)

_NAMED_IN_MESSAGE = 10
_SHOWN_CHARACTERS = 80


def require_columns(dataset: Dataset, schema: pa.Schema, zone: str | None = None) -> None:
    """Raises one `SchemaMismatchError` that names every column that is not as it must be.

    With *zone*, a timestamp needs none of its own.
    """
    expected = {column.source: column for column in columns_of(dataset)}
    names = schema.names
    problems = {
        "missing": [name for name in expected if name not in names],
        "extra": [_shown(name) for name in names if name not in expected],
        "repeated": sorted({name for name in expected if names.count(name) > 1}),
        "wrong_type": [
            _mismatch(expected[field.name], field.type)
            for field in schema
            if field.name in expected
            and not accepts(expected[field.name], field.type, assumes_zone=zone is not None)
        ],
    }
    if any(problems.values()):
        sentence = "; ".join([_sentence(problems), *_remedies(expected, schema, problems)])
        raise SchemaMismatchError(sentence, **problems)


def _mismatch(column: Column, data_type: pa.DataType) -> str:
    actual = _shown(str(value_type(data_type)))
    return f"{column.source} is {actual}, not {expectation(column)}"


def _sentence(problems: dict[str, list[str]]) -> str:
    named = [
        f"{kind.replace('_', ' ')}: {_listed(names)}" for kind, names in problems.items() if names
    ]
    return "the columns are not those of the dataset; " + "; ".join(named)


def _remedies(
    expected: dict[str, Column], schema: pa.Schema, problems: dict[str, list[str]]
) -> Iterator[str]:
    is_time = {name for name, column in expected.items() if column.kind is Kind.TIME}
    if any(field.name in is_time and is_local_time(field.type) for field in schema):
        yield "ASSUME_TIME_ZONE can say in which zone times without one are"
    if problems["missing"]:
        yield f"a folder of the key can hold a column, as in {problems['missing'][0]}=…/"


def _listed(names: list[str]) -> str:
    """The first of *names*: a file may have ten thousand columns, which no log line should hold."""
    more = len(names) - _NAMED_IN_MESSAGE
    listed = ", ".join(names[:_NAMED_IN_MESSAGE])
    return f"{listed} and {more} more" if more > 0 else listed


def _shown(text: str) -> str:
    """A name out of a file, which may be of any length and hold any characters."""
    printable = "".join(
        character if character.isprintable() else "?" for character in text[:_SHOWN_CHARACTERS]
    )
    return printable + ("…" if len(text) > _SHOWN_CHARACTERS else "")
