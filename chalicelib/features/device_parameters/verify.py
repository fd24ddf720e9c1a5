"""Proving the table right, or showing where it is not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.extension import require_hypertables
from chalicelib.errors import UnknownResourceError
from chalicelib.features.device_parameters import comparisons, mending, run_log
from chalicelib.features.device_parameters.backfill import backfill
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.model import Difference, Span
from chalicelib.features.device_parameters.settings import SyncSettings

EXAMPLES = 20
REPAIR_QUERY_SECONDS = 3600.0


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
    Raises `UnknownResourceError` where no run has been applied yet, or there is no such view.
    """
    with database.transaction(engine, deadline) as connection:
        require_hypertables(connection)
        run = run_log.last_applied_run(connection)
        if run is None:
            raise UnknownResourceError("no run has been applied yet, so there is nothing to verify")
        return Verification(run, _COMPARISONS[reference](connection, run))


def repair(engine: Engine, settings: SyncSettings, run: Run) -> Iterator[Span]:
    """Materialize anew the hours of the run's window that differ, yielding each step when done.

    What the aggregate alone still knows, because its measurements were detached, goes as well.
    """
    with database.transaction(engine, Deadline.after(REPAIR_QUERY_SECONDS)) as connection:
        spans = mending.differing_spans(connection, run.window)
    steps = [step for span in spans for step in span.steps(mending.STEP)]
    return backfill(engine, settings, steps, is_forced=True)


def _against_measurements(connection: Connection, run: Run) -> list[Difference]:
    return comparisons.compare_with_measurements(connection, run.window, EXAMPLES)


def _against_aggregate(connection: Connection, run: Run) -> list[Difference]:
    return comparisons.compare_aggregate(connection, run.window, EXAMPLES)


def _against_legacy_view(connection: Connection, _: Run) -> list[Difference]:
    if not comparisons.has_legacy_view(connection):
        raise UnknownResourceError("this database never had a view for the table to replace")
    return comparisons.compare_with_legacy_view(connection, EXAMPLES)


_COMPARISONS: dict[Reference, Callable[[Connection, Run], list[Difference]]] = {
    Reference.MEASUREMENTS: _against_measurements,
    Reference.AGGREGATE: _against_aggregate,
    Reference.LEGACY_VIEW: _against_legacy_view,
}
