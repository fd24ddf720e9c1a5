"""Proving the table right, or showing where it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.device_parameters import store
from chalicelib.device_parameters.model import Difference, Run
from chalicelib.errors import UnknownResourceError

EXAMPLES = 20


class Reference(StrEnum):
    """What the table, or the aggregate, is compared with."""

    MEASUREMENTS = "measurements"
    AGGREGATE = "aggregate"
    LEGACY_VIEW = "legacy-view"


@dataclass(frozen=True)
class Verification:
    """The differences found, none if all is well, at the instant and window of *run*."""

    run: Run
    differences: list[Difference]


def verify(engine: Engine, reference: Reference, deadline: Deadline) -> Verification:
    """Compare against *reference*, in the window of the last applied run.

    Measurements that arrived or vanished since that run show as differences, until the next one.
    Raises `UnknownResourceError` where no run has been applied yet.
    """
    with database.transaction(engine, deadline) as connection:
        run = store.last_applied_run(connection)
        if run is None:
            raise UnknownResourceError("no run has been applied yet, so there is nothing to verify")
        return Verification(run, _COMPARISONS[reference](connection, run))


_COMPARISONS: dict[Reference, Callable[[Connection, Run], list[Difference]]] = {
    Reference.MEASUREMENTS: lambda connection, run: store.compare_with_measurements(
        connection, run.window, EXAMPLES
    ),
    Reference.AGGREGATE: lambda connection, run: store.compare_aggregate(
        connection, run.window, EXAMPLES
    ),
    Reference.LEGACY_VIEW: lambda connection, _: store.compare_with_legacy_view(
        connection, EXAMPLES
    ),
}
