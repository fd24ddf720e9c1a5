"""Packs records as the Kinesis Producer Library does, by the format that it documents.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

import hashlib
from collections.abc import Sequence

MAGIC = b"\xf3\x89\x9a\xc2"
_VARINT, _BYTES = 0, 2


def varint(number: int) -> bytes:
    """*number*, seven bits a byte, the lowest first."""
    spelled = bytearray()
    while number > 0x7F:
        spelled.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*spelled, number])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a message: a number, or bytes, which may be a message."""
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    return varint(number << 3 | _BYTES) + varint(len(value)) + value


def record(data: bytes, key: int = 0, *, has_hash_key: bool = False, tag: bytes = b"") -> bytes:
    """A message Record: the places of its keys in the tables, its data, and a tag, if any."""
    hash_key = field(2, 0) if has_hash_key else b""
    tags = field(4, field(1, b"name") + field(2, tag)) if tag else b""
    return field(1, key) + hash_key + field(3, data) + tags


def sealed(message: bytes) -> bytes:
    """*message* between the magic number and its digest."""
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def aggregated(records: Sequence[bytes], *, has_hash_key: bool = False, tag: bytes = b"") -> bytes:
    """One record of Kinesis that holds *records*."""
    keys = [field(1, f"key-{number}".encode()) for number in range(min(len(records), 3))]
    hash_keys = [field(2, b"340282366920938463463374607431768211455")] if has_hash_key else []
    packed = [
        field(3, record(data, number % 3, has_hash_key=has_hash_key, tag=tag))
        for number, data in enumerate(records)
    ]
    return sealed(b"".join([*keys, *hash_keys, *packed]))
