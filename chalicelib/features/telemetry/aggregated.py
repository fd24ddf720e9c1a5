"""Records of Kinesis that hold several others, as the Kinesis Producer Library packs them.

The format is short and settled, and the packages that read it bring protobuf along, which costs
each cold start:
https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import hashlib
from collections.abc import Iterator

_MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
# Fields of the messages AggregatedRecord and Record.
_RECORDS = 3
_DATA = 3
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10


def unpacked(data: bytes) -> list[bytes]:
    """The records in *data*, in order; what is not aggregated is one record.

    Raises `ValueError` where it says that it is aggregated and is damaged.
    """
    if not data.startswith(_MAGIC):
        return [data]
    body, digest = data[len(_MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.md5(body, usedforsecurity=False).digest() != digest:
        raise ValueError("the digest of an aggregated record does not fit")
    return [_data_of(record) for number, record in _fields(body) if number == _RECORDS]


def _data_of(record: bytes) -> bytes:
    """What is in *record*; of several the last counts, as protobuf has it."""
    data = b""
    for number, value in _fields(record):
        if number == _DATA:
            data = value
    return data


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of *message* that hold bytes, each with its number."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            length, place = _varint(message, place)
            yield number, message[place : place + length]
            place += length
        elif kind == _VARINT:
            _, place = _varint(message, place)
        elif kind in (_FIXED_64, _FIXED_32):
            place += 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError("an aggregated record has a field of an unknown kind")
        if place > len(message):
            raise ValueError("an aggregated record ends too early")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """The number that begins at *place*, seven bits a byte, and the place after it."""
    value = 0
    for index, byte in enumerate(message[place : place + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise ValueError("an aggregated record has a number without an end")
