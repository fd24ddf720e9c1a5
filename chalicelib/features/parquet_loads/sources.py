"""Where files are loaded from: objects in S3 and files on a disk, used alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from chalicelib.errors import InvalidRequestError
from chalicelib.features.parquet_loads import gateway, local_files
from chalicelib.features.parquet_loads.errors import (
    NothingToLoadError,
    ObjectChangedError,
    ObjectMissingError,
    UnloadableError,
)
from chalicelib.features.parquet_loads.model import (
    LOCAL,
    Location,
    ObjectVersion,
    dataset_of,
    rejected_key,
)
from chalicelib.features.parquet_loads.parquet.read import ParquetSource, open_parquet
from chalicelib.features.parquet_loads.rows.partitions import partition_columns

_S3 = "s3://"


def location_of(text: str) -> Location:
    """The object that `s3://bucket/key` names, or the file at a path."""
    if not text.startswith(_S3):
        return local_files.location_of(Path(text))
    bucket, _, key = text.removeprefix(_S3).partition("/")
    if not bucket or not key:
        raise InvalidRequestError(f"an object is s3://bucket/key, not {text[:200]!r}")
    return Location(bucket, key)


def look_at(location: Location) -> ObjectVersion:
    """The object as it is now. Raises an `UnloadableError` where it cannot be loaded."""
    found: ObjectVersion = _storage(location).look_at(location)
    return found


def require_present(location: Location) -> None:
    """Raises `NothingToLoadError` if nothing is there; whatever else is wrong is for the load."""
    try:
        look_at(location)
    except ObjectMissingError as error:
        raise NothingToLoadError(error.message, **error.details) from None
    except UnloadableError:
        return


def require_unchanged(found: ObjectVersion) -> None:
    """Raises `ObjectChangedError` if another version is there now."""
    if look_at(found.location).version != found.version:
        raise ObjectChangedError(f"{found.location.url} has changed", url=found.location.url)


@contextmanager
def opened(found: ObjectVersion) -> Iterator[ParquetSource]:
    """That version as an open Parquet file. Raises an `UnloadableError` where it is not Parquet."""
    is_local = found.location.bucket.startswith(LOCAL)
    source: Any = local_files.path_of(found.location) if is_local else gateway.RemoteFile(found)
    with open_parquet(source) as parquet:
        parquet.complete(partition_columns(dataset_of(found.location.key), found.location.key))
        yield parquet


def rejects_location(location: Location) -> Location:
    """Where the rejected rows of the object at *location* go."""
    return replace(location, key=rejected_key(location.key))


def keep_rejects(location: Location, path: Path) -> None:
    """Copy the rejected rows of the object at *location*, a file at *path*, to their place."""
    _storage(location).keep(rejects_location(location), path)


def discard_rejects(location: Location) -> None:
    """Delete the rejected rows that an earlier version of the object left."""
    _storage(location).discard(rejects_location(location))


def _storage(location: Location) -> ModuleType:
    return local_files if location.bucket.startswith(LOCAL) else gateway
