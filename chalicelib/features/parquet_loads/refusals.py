"""Rows that the database refuses: for this moment, or for good."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import ApplicationError, DatabaseBusyError, DatabaseRefusedError
from chalicelib.features.parquet_loads.errors import DuplicateReadingsError, RowsRefusedError
from chalicelib.features.parquet_loads.tables import (
    energy_readings_shadowed,
    measurement_claims,
    measurements_shadowed,
)

_UNIQUE_VIOLATION = "23505"
# What a value, a constraint or a limit of the server rules out. The rows will be no different.
_REFUSED_ROWS = ("22", "23", "54")
# Nobody writes these but loads, which keep each other away.
_WRITTEN_BY_LOADS_ONLY = {
    table.name for table in (energy_readings_shadowed, measurement_claims, measurements_shadowed)
}
_KEY = "(time, device_id, parameter_id)"
_REPEATED_IN_TABLE = (
    "iot_data.timescale_measurements has a reading twice that this file brings: remove the "
    f"duplicates, give the table the key {_KEY}, and load the file again"
)
_REFUSED_AGAIN = (
    "its readings were refused twice: load the file again when no other program writes the same "
    f"readings; if that fails as well, the table has another unique key than {_KEY}"
)


class Refusals:
    """What the database refuses of one load. The load is repeated once where that may help.

    Other programs write the platform's table too, and may add a reading of the file after the load
    has looked. A load that is repeated sees it.
    """

    def __init__(self) -> None:
        self._is_repetition = False

    @contextmanager
    def told_apart(self) -> Iterator[None]:
        """Raises `DatabaseBusyError` where the load should be repeated, or why it cannot be."""
        try:
            yield
        except DatabaseRefusedError as error:
            sqlstate = error.details.get("sqlstate") or ""
            if not sqlstate.startswith(_REFUSED_ROWS):
                raise
            is_duplicate = sqlstate == _UNIQUE_VIOLATION
            raise self._duplicate(error) if is_duplicate else _refused(error) from error

    def _duplicate(self, error: DatabaseRefusedError) -> ApplicationError:
        if error.details.get("table") in _WRITTEN_BY_LOADS_ONLY:
            return DuplicateReadingsError(f"{_REPEATED_IN_TABLE} ({error.message})")
        if self._is_repetition:
            return DuplicateReadingsError(f"{_REFUSED_AGAIN} ({error.message})")
        self._is_repetition = True
        return DatabaseBusyError(error.message, **error.details)


def _refused(error: DatabaseRefusedError) -> RowsRefusedError:
    return RowsRefusedError(f"the database refuses rows of the file: {error.message}")
