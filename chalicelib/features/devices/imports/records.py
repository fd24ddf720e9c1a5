"""From the bytes of a file to its records, each with the line on which it begins.

A record of CSV is as RFC 4180 has it: cells in quotes may hold line ends. Where a quote is left
open, or a record is too long, its first line is refused, and the next line is taken for the next
record: one mistake does not take the rest of the file along.
"""

import re
from collections.abc import Callable, Iterator

from chalicelib.features.devices.imports.model import (
    MAX_RECORD_BYTES,
    ImportFormat,
    Place,
    Record,
    Refusal,
)
from chalicelib.features.devices.imports.window import Window

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK_LINES = re.compile(rb"(?:\r?\n)+")
# A cell, in quotes or without, and what ends it. The second group is never tried from inside of
# the first: no text takes longer than its length.
_CELL = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)"(?=,|\r?\n|\r?\Z)|([^",\n]*))(,|\r?\n|\r?\Z)')
_CODE = "INVALID_REQUEST"
_FIELD = "line"
_TOO_LONG = Refusal(_CODE, f"the line is longer than {MAX_RECORD_BYTES:,} bytes", _FIELD)
_MISQUOTED = Refusal(
    _CODE, "a quote is left open, or stands inside of a cell that does not begin with one", _FIELD
)


def records_of(window: Window, place: Place, spelling: ImportFormat) -> Iterator[Record]:
    """The records from *place* on. Blank lines are records without cells, which say nothing."""
    split = _SPLITS[spelling]
    if place.offset == 0 and _has_mark(window):
        place = Place(len(BYTE_ORDER_MARK))
    while place.offset < window.size:
        record = _blank(window, place) or split(window, place)
        yield record
        place = record.after


def _has_mark(window: Window) -> bool:
    index = window.holding(0, len(BYTE_ORDER_MARK))
    return window.data.startswith(BYTE_ORDER_MARK, index)


def _blank(window: Window, place: Place) -> Record | None:
    index = window.holding(place.offset, MAX_RECORD_BYTES)
    found = _BLANK_LINES.match(window.data, index)
    if found is None:
        return None
    after = Place(place.offset + len(found[0]), place.lines + found[0].count(b"\n"))
    return Record(place.lines + 1, (), after)


def _line(window: Window, place: Place) -> Record:
    """The line at *place* as the one cell of a record."""
    index, limit = _reach(window, place)
    end = window.data.find(b"\n", index, limit)
    if end < 0 and not _is_end(window, limit):
        return _refused(window, place, _TOO_LONG)
    cells = (window.data[index : limit if end < 0 else end].removesuffix(b"\r"),)
    return _found(window, place, cells, limit if end < 0 else end + 1)


def _cells(window: Window, place: Place) -> Record:
    """The cells of the record at *place*."""
    index, limit = _reach(window, place)
    end = window.data.find(b"\n", index, limit)
    if end >= 0 and window.data.find(b'"', index, end) < 0:
        cells = window.data[index:end].removesuffix(b"\r").split(b",")
        return _found(window, place, tuple(cells), end + 1)
    return _cells_with_quotes(window, place)


def _cells_with_quotes(window: Window, place: Place) -> Record:
    at, limit = _reach(window, place)
    cells = []
    while found := _CELL.match(window.data, at, limit):
        cells.append(_cell(found))
        at = found.end()
        if found[3] == b",":
            continue
        if found[3].endswith(b"\n") or _is_end(window, limit):
            return _found(window, place, tuple(cells), at)
        break
    is_cut = not _is_end(window, limit) and window.data.find(b"\n", at, limit) < 0
    return _refused(window, place, _TOO_LONG if is_cut else _MISQUOTED)


def _cell(found: re.Match[bytes]) -> bytes:
    if found[1] is not None:
        return found[1].replace(b'""', b'"')
    return found[2] if found[3] == b"," else found[2].removesuffix(b"\r")


def _reach(window: Window, place: Place) -> tuple[int, int]:
    """Where in the window the record begins, and where it has to have ended."""
    index = window.holding(place.offset, MAX_RECORD_BYTES)
    return index, min(index + MAX_RECORD_BYTES, len(window.data))


def _is_end(window: Window, limit: int) -> bool:
    return window.is_last and limit == len(window.data)


def _found(window: Window, place: Place, cells: tuple[bytes, ...], end: int) -> Record:
    index = window.holding(place.offset, 1)
    lines = place.lines + window.data.count(b"\n", index, end)
    return Record(place.lines + 1, cells, Place(place.offset + end - index, lines))


def _refused(window: Window, place: Place, refusal: Refusal) -> Record:
    after = Place(window.after_line(place.offset), place.lines + 1)
    return Record(place.lines + 1, (), after, refusal)


_SPLITS: dict[ImportFormat, Callable[[Window, Place], Record]] = {
    ImportFormat.CSV: _cells,
    ImportFormat.NDJSON: _line,
}
