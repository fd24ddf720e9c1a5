"""Files of any bytes fall into records, each on a line, and none is lost."""

import csv
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.features.devices.imports import records as records_module
from chalicelib.features.devices.imports import window as window_module
from chalicelib.features.devices.imports.model import (
    MAX_RECORD_BYTES,
    ImportFormat,
    Place,
    Record,
)
from chalicelib.features.devices.imports.records import records_of
from chalicelib.features.devices.imports.window import Window

START = Place()
FORMATS = pytest.mark.parametrize("spelling", list(ImportFormat))
# What files of rows are made of, and what breaks them.
PIECES = st.sampled_from(
    [
        b'"',
        b'""',
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b"a",
        b"name",
        b"{}",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\0",
    ]
)
FILES = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=60).map(b"".join))


def window_on(data: bytes) -> Window:
    return Window(lambda start, end: data[start:end], len(data))


def records(data: bytes, spelling: ImportFormat, place: Place = START) -> list[Record]:
    return list(records_of(window_on(data), place, spelling))


def rows(data: bytes, spelling: ImportFormat) -> list[Record]:
    return [one for one in records(data, spelling) if one.cells or one.refusal]


def cells(data: bytes) -> list[tuple[bytes, ...]]:
    return [one.cells for one in rows(data, ImportFormat.CSV)]


@FORMATS
@given(data=FILES)
def test_every_byte_is_of_one_record(spelling: ImportFormat, data: bytes) -> None:
    ends = [one.after.offset for one in records(data, spelling)]
    assert ends == sorted(set(ends))
    assert ends[-1:] == [len(data)] or data in (b"", b"\xef\xbb\xbf")


@FORMATS
@given(data=FILES)
def test_a_record_is_on_the_line_on_which_an_editor_shows_it(
    spelling: ImportFormat, data: bytes
) -> None:
    start = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    for one in records(data, spelling):
        assert one.line == data.count(b"\n", 0, start) + 1
        start = one.after.offset


@FORMATS
@given(data=FILES, chosen=st.integers(0, 60))
def test_whoever_goes_on_in_the_middle_finds_the_same(
    spelling: ImportFormat, data: bytes, chosen: int
) -> None:
    whole = records(data, spelling)
    if chosen < len(whole):
        assert records(data, spelling, whole[chosen].after) == whole[chosen + 1 :]


@FORMATS
@given(data=FILES, size=st.integers(13, 40))
def test_it_does_not_matter_how_much_is_read_at_once(
    spelling: ImportFormat, data: bytes, size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records_module, "MAX_RECORD_BYTES", 12)
        whole = rows(data, spelling)
        patch.setattr(window_module, "WINDOW_BYTES", size)
        assert rows(data, spelling) == whole


@given(
    table=st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=2),
        max_size=6,
    ),
    # With a bare line feed, the module leaves carriage returns without quotes.
    dialect=st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]),
)
def test_what_others_write_as_csv_is_read_as_it_was(
    table: list[list[str]], dialect: tuple[str, Any]
) -> None:
    written = StringIO()
    line_end, quoting = dialect
    csv.writer(written, lineterminator=line_end, quoting=quoting).writerows(table)
    assert cells(b"\xef\xbb\xbf" + written.getvalue().encode()) == [
        tuple(cell.encode() for cell in row) for row in table
    ]


def test_a_quote_that_is_left_open_takes_no_more_than_its_line() -> None:
    found = rows(b'a,b\n"left,open\nc,d\n', ImportFormat.CSV)
    assert [(one.line, one.cells) for one in found] == [
        (1, (b"a", b"b")),
        (2, ()),
        (3, (b"c", b"d")),
    ]
    assert found[1].refusal is not None
    assert "quote" in found[1].refusal.message


@pytest.mark.parametrize("line", [b'5" pipe,x', b'"a"b,x', b'a,"b" ,c'])
def test_a_quote_where_none_may_be_is_refused_with_its_line_only(line: bytes) -> None:
    found = rows(line + b"\nc,d\n", ImportFormat.CSV)
    assert [one.refusal is None for one in found] == [False, True]


@FORMATS
def test_a_line_of_any_length_is_passed_over_in_a_bounded_window(spelling: ImportFormat) -> None:
    long = b"x" * (5 * 2**20)
    data = b"a\n" + long + b"\nb\n"
    peak = 0

    def read(start: int, end: int) -> bytes:
        nonlocal peak
        peak = max(peak, end - start)
        return data[start:end]

    found = list(records_of(Window(read, len(data)), Place(), spelling))
    assert [one.cells for one in found] == [(b"a",), (), (b"b",)]
    assert found[1].refusal is not None
    assert f"{MAX_RECORD_BYTES:,} bytes" in found[1].refusal.message
    assert peak <= 2**20


@FORMATS
@pytest.mark.parametrize("excess", [0, 1])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_may_be_exactly_as_long_as_is_said(
    spelling: ImportFormat, excess: int, end: bytes
) -> None:
    line = b"x" * (MAX_RECORD_BYTES - len(end) + excess)
    [found] = rows(line + end, spelling)
    assert (found.refusal is None) is (excess == 0)


@pytest.mark.parametrize("piece", [b'"', b'""', b'"x', b'",', b'"\n', b"a\n", b"\n"])
def test_no_file_is_slow_to_take_apart(piece: bytes) -> None:
    """A minute, or for ever, is what nested repetition in the pattern would take."""
    data = piece * (2**16 // len(piece))
    assert rows(data, ImportFormat.CSV) is not None
