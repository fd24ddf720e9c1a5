"""Columns that a file leaves out because a folder of its key holds their one value.

Hive and Spark write `region=SE/part-0.parquet`, and leave `region` out of the file.
"""

import re
from decimal import Decimal
from urllib.parse import unquote

import pyarrow as pa

from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.rows.columns import Column, Kind, columns_of

_NULL = "__HIVE_DEFAULT_PARTITION__"
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)


def partition_columns(dataset: Dataset, key: str) -> dict[str, pa.Scalar]:
    """The columns of *dataset* that folders of *key* name, each with its value.

    A column that two folders name differently is left out, so that it is found missing.
    """
    folders = _folders(key)
    return {
        column.source: _scalar(column, *folders[column.source])
        for column in columns_of(dataset)
        if len(folders.get(column.source, ())) == 1
    }


def _folders(key: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for folder in key.split("/")[:-1]:
        name, is_column, value = folder.partition("=")
        if is_column:
            found.setdefault(unquote(name), set()).add(unquote(value))
    return found


def _scalar(column: Column, text: str) -> pa.Scalar:
    is_number = column.kind in (Kind.NUMBER, Kind.QUALITY)
    if text == _NULL:
        return pa.scalar(None, pa.float64() if is_number else pa.string())
    return pa.scalar(Decimal(text) if is_number and _NUMBER.fullmatch(text) else text)
