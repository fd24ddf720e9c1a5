"""A database without TimescaleDB, in which the application runs nevertheless.

All revisions run on it: stand-ins take the place of the functions they call, and clauses that only
TimescaleDB understands are left out. What is claimed about locks, lost connections and rights can
be shown there; what is claimed about chunks and refreshes cannot.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Engine, event

from migrations import preflight
from tests.sandbox import SERIES, Sandbox

_TIMESCALE_ONLY = re.compile(r"WITH\s*\(\s*timescaledb\.[^)]*\)|WITH NO DATA")
# What is set of an aggregate that exists, as a statement of its own or within a block.
_SET_OF_AGGREGATE = re.compile(r"ALTER MATERIALIZED VIEW [\w.]+\s+SET \(\s*timescaledb\.[^)]*\);?")
AGGREGATES = ("device_parameters_hourly", "device_parameter_sets_hourly")


class PlainSandbox(Sandbox):
    """A database without TimescaleDB, which the application and its revisions do not notice."""

    SET_UP = Path(__file__).with_name("timescale_stand_ins.sql").read_text("utf-8")

    def rows(self, query: str, values: object = None) -> list[tuple[Any, ...]]:
        return super().rows(_made_plain(query), values)

    def upgrade(self, revision: str = "head") -> None:
        with _revisions_made_plain():
            super().upgrade(revision)

    def _empty_series(self) -> None:
        self.rows(f"TRUNCATE {', '.join(SERIES)}")
        # Refreshing takes rights that a test may have taken away.
        for aggregate in AGGREGATES:
            if self.rows(f"SELECT FROM iot_data.{aggregate} LIMIT 1"):
                self.rows(f"REFRESH MATERIALIZED VIEW iot_data.{aggregate}")


def _made_plain(statement: str) -> str:
    plain = _TIMESCALE_ONLY.sub("", _SET_OF_AGGREGATE.sub("", statement))
    return plain if plain.strip() else "SELECT 1"


@contextmanager
def _revisions_made_plain() -> Iterator[None]:
    """Alembic's way on a database whose missing TimescaleDB is overlooked."""

    def leave_out(*asked: Any) -> tuple[str, Any]:
        _connection, _cursor, statement, parameters, *_ = asked
        return _made_plain(statement), parameters

    event.listen(Engine, "before_cursor_execute", leave_out, retval=True)
    try:
        with mock.patch.object(preflight, "require_sources"):
            yield
    finally:
        event.remove(Engine, "before_cursor_execute", leave_out)
