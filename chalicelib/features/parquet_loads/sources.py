"""Objects in S3 and files on a disk, as one thing to load from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from chalicelib.errors import InvalidRequestError
from chalicelib.features.parquet_loads import files, gateway
from chalicelib.features.parquet_loads.ledger import LOCAL, Location, ObjectVersion
from chalicelib.features.parquet_loads.model import rejected_key
from chalicelib.features.parquet_loads.read import ParquetSource, open_parquet
from chalicelib.features.parquet_loads.source_errors import ObjectChangedError

_S3 = "s3://"


def location_of(text: str) -> Location:
    """The object that `s3://bucket/key` names, or the file at a path."""
    if not text.startswith(_S3):
        return files.location_of(Path(text))
    bucket, _, key = text.removeprefix(_S3).partition("/")
    if not bucket or not key:
        raise InvalidRequestError(f"an object is s3://bucket/key, not {text[:200]!r}")
    return Location(bucket, key)


def look_at(location: Location) -> ObjectVersion:
    """What is there now; raises an `UnloadableError` where that cannot be loaded."""
    found: ObjectVersion = _keeper(location).look_at(location)
    return found


def require_unchanged(found: ObjectVersion) -> None:
    """Raises `ObjectChangedError` if another version is there now."""
    if look_at(found.location).version != found.version:
        raise ObjectChangedError(f"{found.location.url} has changed", url=found.location.url)


@contextmanager
def opened(found: ObjectVersion) -> Iterator[ParquetSource]:
    """That version as Parquet, its footer read; raises an `UnloadableError` where it is none."""
    is_local = found.location.bucket.startswith(LOCAL)
    source: Any = files.path_of(found.location) if is_local else gateway.RemoteFile(found)
    with open_parquet(source) as parquet:
        yield parquet


def rejects_of(location: Location) -> Location:
    """Where the rejected rows of an object go."""
    return replace(location, key=rejected_key(location.key))


def keep_rejects(location: Location, path: Path) -> None:
    """Put the rejected rows of *location*, a file at *path*, where they belong."""
    _keeper(location).keep(rejects_of(location), path)


def discard_rejects(location: Location) -> None:
    """Delete what an earlier version's rows were rejected to."""
    _keeper(location).discard(rejects_of(location))


def _keeper(location: Location) -> ModuleType:
    return files if location.bucket.startswith(LOCAL) else gateway
