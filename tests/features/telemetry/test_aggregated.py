"""Records that a producer packed together come out as they went in, or are refused as a whole."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features.telemetry.aggregated import unpacked
from tests.features.telemetry.aggregating import (
    MAGIC,
    aggregated,
    field,
    record,
    sealed,
    varint,
)

MANY = settings(max_examples=150)
DATA = st.lists(st.binary(max_size=300), max_size=8)
# Which kinds of fields there are: numbers, eight bytes, bytes, the former groups, four bytes.
FIXED_64, GROUP, FIXED_32 = 1, 3, 5


@MANY
@given(DATA, st.booleans(), st.binary(max_size=10))
def test_records_come_out_as_they_went_in(
    records: list[bytes], has_hash_key: bool, tag: bytes
) -> None:
    packed = aggregated(records, has_hash_key=has_hash_key, tag=tag)
    assert unpacked(packed) == records


@MANY
@given(st.binary(max_size=100).filter(lambda data: not data.startswith(MAGIC)))
def test_what_is_not_aggregated_is_one_record(data: bytes) -> None:
    assert unpacked(data) == [data]


@MANY
@given(DATA.filter(bool), st.data())
def test_damage_of_any_byte_is_noticed(records: list[bytes], data: st.DataObject) -> None:
    packed = bytearray(aggregated(records))
    place = data.draw(st.integers(len(MAGIC), len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="digest"):
        unpacked(bytes(packed))


@MANY
@given(DATA, st.data())
def test_what_is_cut_is_noticed(records: list[bytes], data: st.DataObject) -> None:
    packed = aggregated(records)
    with pytest.raises(ValueError, match="digest"):
        unpacked(packed[: data.draw(st.integers(len(MAGIC), len(packed) - 1))])


@MANY
@given(st.binary(max_size=200))
def test_a_message_that_only_its_digest_fits_is_read_or_refused(message: bytes) -> None:
    """Whoever packs it wrongly has the digest right. It ends in records or in a `ValueError`."""
    try:
        found = unpacked(sealed(message))
    except ValueError:
        return
    assert sum(map(len, found)) <= len(message)


@MANY
@given(DATA.filter(bool), st.data())
def test_a_damaged_message_with_a_digest_of_its_own_is_read_or_refused(
    records: list[bytes], data: st.DataObject
) -> None:
    message = bytearray(aggregated(records)[len(MAGIC) : -16])
    place = data.draw(st.integers(0, len(message) - 1))
    message[place] ^= data.draw(st.integers(1, 255))
    with suppress(ValueError):
        assert len(unpacked(sealed(bytes(message)))) <= len(message)


def test_fields_of_other_kinds_are_passed_over() -> None:
    others = (
        field(9, 1 << 63)
        + varint(10 << 3 | FIXED_64) + b"12345678"
        + varint(11 << 3 | FIXED_32) + b"1234"
        + field(1000, b"unknown")
    )  # fmt: skip
    inner = others + record(b"{}") + others
    assert unpacked(sealed(others + field(3, inner) + others)) == [b"{}"]


@pytest.mark.parametrize(
    "message",
    [
        varint(3 << 3 | 2) + varint(100) + b"short",
        varint(3 << 3 | 2) + varint(1 << 63),
        varint(3 << 3 | 2),
        varint(3 << 3 | GROUP),
        varint(3 << 3 | 7),
        b"\xff" * 11,
        b"\x80",
        varint(9 << 3 | FIXED_64) + b"1234",
        varint(9 << 3 | FIXED_32) + b"123",
        field(3, varint(3 << 3 | 2) + varint(100)),
    ],
    ids=[
        *("too short", "an impossible length", "no length", "a group", "an unknown kind"),
        *("an endless number", "half a number", "half of eight", "half of four"),
        "a record that is cut",
    ],
)
def test_a_message_that_ends_in_the_middle_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="an aggregated record"):
        unpacked(sealed(message))


def test_a_record_without_data_is_one_without_text() -> None:
    assert unpacked(sealed(field(3, field(1, 0)) + field(3, record(b"{}")))) == [b"", b"{}"]


def test_of_several_data_the_last_counts_as_protobuf_has_it() -> None:
    assert unpacked(sealed(field(3, record(b"a") + field(3, b"b")))) == [b"b"]


def test_a_record_of_one_megabyte_is_unpacked() -> None:
    records = [b'{"deviceId": "dev-%d"}' % number for number in range(30_000)]
    packed = aggregated(records)
    assert len(packed) > 900_000
    assert unpacked(packed) == records
