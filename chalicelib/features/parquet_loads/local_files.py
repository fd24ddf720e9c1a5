"""Files on a disk, which the command line can load."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR

from chalicelib.features.parquet_loads.errors import ObjectForbiddenError, ObjectMissingError
from chalicelib.features.parquet_loads.model import LOCAL, Location, ObjectVersion


def location_of(path: Path) -> Location:
    """The directory that holds the folder `dataset=…` stands in for the bucket."""
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
    """The file as it is now. Raises `ObjectMissingError` or `ObjectForbiddenError`."""
    path = path_of(location)
    try:
        known = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise ObjectMissingError(f"there is no file {path}", path=str(path)) from None
    except PermissionError:
        raise ObjectForbiddenError(f"{path} may not be read", path=str(path)) from None
    if S_ISDIR(known.st_mode):
        raise ObjectMissingError(f"there is no file {path}: it is a folder", path=str(path))
    # A copy may keep the modification time of its original. The change time of the inode, however,
    # cannot be set.
    version = f"{known.st_size}@{known.st_mtime_ns}/{known.st_ctime_ns}"
    modified_at = datetime.fromtimestamp(known.st_mtime, UTC)
    return ObjectVersion(location, version, known.st_size, modified_at)


def keep(location: Location, path: Path) -> None:
    """Copy the file at *path* to *location*, replacing what is there."""
    target = path_of(location)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except PermissionError:
        raise ObjectForbiddenError(f"{target} may not be written", path=str(target)) from None


def discard(location: Location) -> None:
    """Delete the file, if there is one."""
    path_of(location).unlink(missing_ok=True)
