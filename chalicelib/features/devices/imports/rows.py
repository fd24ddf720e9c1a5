"""From the records of a file to rows: the JSON that `POST /devices` takes, or a refusal."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.features.devices.imports.errors import FileRefusedError
from chalicelib.features.devices.imports.model import ImportFormat, Record, Refusal, Row

# By column, where in the body of `POST /devices` it goes.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "deviceType": ("deviceType",),
    "deviceId": ("deviceId",),
    "lat": ("location", "lat"),
    "lon": ("location", "lon"),
    "address": ("location", "address"),
    "connectivityType": ("connectivity", "type"),
    "simId": ("connectivity", "simId"),
    "ipAddress": ("connectivity", "ipAddress"),
    "manufacturer": ("metadata", "manufacturer"),
    "model": ("metadata", "model"),
    "serialNumber": ("metadata", "serialNumber"),
    "tags": ("tags",),
    "csr": ("csr",),
}
NEEDED = ("name", "deviceType")
METADATA = "metadata."
_SHOWN = 40
_NUMBERS = ("lat", "lon")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")
_CODE = "INVALID_REQUEST"
_NO_TEXT = Refusal(_CODE, "the line is not UTF-8", "line")
# As a request is refused whose body is none.
_NO_JSON = Refusal(_CODE, "the body must be JSON", "body")


def columns_of(record: Record) -> tuple[str, ...]:
    """The columns that the head of a CSV file names; raises `FileRefusedError`."""
    if record.refusal is not None:
        raise FileRefusedError(f"line {record.line}: {record.refusal.message}")
    try:
        names = tuple(cell.decode().strip() for cell in record.cells)
    except UnicodeDecodeError:
        raise FileRefusedError(
            f"line {record.line}: the names of the columns are not UTF-8: save the file as that"
        ) from None
    _require_columns(record.line, names)
    return names


def row_of(record: Record, spelling: ImportFormat, columns: Sequence[str]) -> Row:
    """The row that *record* is, in a file of these *columns*."""
    if record.refusal is not None:
        return Row(record.line, refusal=record.refusal)
    try:
        texts = [cell.decode() for cell in record.cells]
    except UnicodeDecodeError:
        return Row(record.line, refusal=_NO_TEXT)
    if spelling is ImportFormat.NDJSON:
        return _row_of_json(record.line, texts[0])
    return _row_of_texts(record.line, columns, texts)


def _require_columns(line: int, names: Sequence[str]) -> None:
    for name in names:
        if name not in COLUMNS and not _is_of_metadata(name):
            raise FileRefusedError(
                f"line {line}: unknown column {name[:_SHOWN]!r}: this takes "
                f"{', '.join(COLUMNS)}, and {METADATA}… for all else, with commas between them"
            )
    places = [_place_of(name) for name in names]
    for name, place in zip(names, places, strict=True):
        if places.count(place) > 1:
            raise FileRefusedError(f"line {line}: the column {name[:_SHOWN]!r} is there twice")
    for name in NEEDED:
        if name not in names:
            raise FileRefusedError(f"line {line}: the column {name!r} is missing")


def _row_of_json(line: int, text: str) -> Row:
    try:
        return Row(line, json.loads(text))
    except (ValueError, RecursionError):
        return Row(line, refusal=_NO_JSON)


def _row_of_texts(line: int, columns: Sequence[str], texts: Sequence[str]) -> Row:
    if len(texts) != len(columns):
        told = f"the line has {len(texts)} cells, and the head of the file {len(columns)}"
        return Row(line, refusal=Refusal(_CODE, told, "line"))
    body: dict[str, Any] = {}
    for column, text in zip(columns, texts, strict=True):
        # What is empty is not known.
        if text:
            *parents, name = _place_of(column)
            inside = body
            for parent in parents:
                inside = inside.setdefault(parent, {})
            inside[name] = _value(column, text)
    return Row(line, body)


def _is_of_metadata(column: str) -> bool:
    return column.startswith(METADATA) and column != METADATA


def _place_of(column: str) -> tuple[str, ...]:
    if column in COLUMNS:
        return COLUMNS[column]
    return "metadata", column.removeprefix(METADATA)


def _value(column: str, text: str) -> Any:
    """What *text* means in the column; what is no number stays, and is refused as a text."""
    if column == "tags":
        return [tag.strip() for tag in text.split(";") if tag.strip()]
    if column in _NUMBERS and _NUMBER.fullmatch(text):
        return float(text)
    return text
