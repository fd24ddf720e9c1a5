"""Files on a disk, where the command line loads them from."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.features.parquet_loads.errors import ObjectForbiddenError, ObjectMissingError
from chalicelib.features.parquet_loads.ledger import LOCAL, Location, ObjectVersion


def location_of(path: Path) -> Location:
    """What would be the bucket is the directory that holds the folder `dataset=…`."""
    whole = path.resolve()
    parts = whole.parts
    depth = next(
        (depth for depth, part in enumerate(parts) if part.startswith("dataset=")), len(parts) - 1
    )
    return Location(LOCAL + str(Path(*parts[:depth])), "/".join(parts[depth:]))


def path_of(location: Location) -> Path:
    """Where the file is."""
    return Path(location.bucket.removeprefix(LOCAL)) / location.key


def look_at(location: Location) -> ObjectVersion:
    """What is there now; raises `ObjectMissingError` and `ObjectForbiddenError`."""
    path = path_of(location)
    try:
        known = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectMissingError(f"there is no file {path}", path=str(path)) from None
    except PermissionError:
        raise ObjectForbiddenError(f"{path} may not be read", path=str(path)) from None
    # A copy may keep the time of its original, but nobody sets when an inode was changed.
    version = f"{known.st_size}@{known.st_mtime_ns}/{known.st_ctime_ns}"
    modified_at = datetime.fromtimestamp(known.st_mtime, UTC)
    return ObjectVersion(location, version, known.st_size, modified_at)


def keep(location: Location, path: Path) -> None:
    """Put the file at *path* there, in place of what there is."""
    target = path_of(location)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except PermissionError:
        raise ObjectForbiddenError(f"{target} may not be written", path=str(target)) from None


def discard(location: Location) -> None:
    """Delete what is there, if anything."""
    path_of(location).unlink(missing_ok=True)
