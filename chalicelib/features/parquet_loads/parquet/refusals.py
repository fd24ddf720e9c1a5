"""What Arrow cannot do with a file, as an error that says that this file is not loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from chalicelib.features.parquet_loads.errors import (
    FileCorruptError,
    FileTooLargeError,
    FileUnsupportedError,
    UnloadableError,
)

_NO_MEMORY = "a part of the file that must be in memory at once does not fit"
# What Arrow says of codecs and encodings that it does not know, whatever class of error it raises.
_UNKNOWN_TO_ARROW = (
    "not yet implemented",
    "currently not supported",
    "unsupported compression codec",
    "unknown encoding type",
)


def unreadable(error: Exception) -> UnloadableError:
    """What *error*, raised while the file was read, says about the file."""
    if isinstance(error, MemoryError):
        return FileTooLargeError(_NO_MEMORY)
    said = str(error).lower()
    if isinstance(error, pa.ArrowNotImplementedError) or any(
        words in said for words in _UNKNOWN_TO_ARROW
    ):
        return FileUnsupportedError(f"the file cannot be read: {_first_line(error)}")
    return FileCorruptError(f"the file cannot be read: {_first_line(error)}")


@contextmanager
def judging(what: str = "rows") -> Iterator[None]:
    """Raises an `UnloadableError` where Arrow has no kernel for what is asked of *what*.

    It would have none the next time, so the invocation must not be repeated.
    """
    try:
        yield
    except pa.ArrowException as error:
        if isinstance(error, MemoryError):
            raise FileTooLargeError(_NO_MEMORY) from error
        raise FileUnsupportedError(f"{what} cannot be judged: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
