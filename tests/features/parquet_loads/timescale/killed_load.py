"""Carries out one load and kills itself at a boundary of it, as a power failure would.

    python -m tests.features.parquet_loads.timescale.killed_load before:add_readings FILE

Beside the boundaries of `tests.interruption` there is `after:batch`: rows are on their way.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import chalicelib.features.parquet_loads
from chalicelib import settings
from chalicelib.database import Deadline, engine_for
from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads.load import LoadContext, load
from chalicelib.features.parquet_loads.settings import loads_from_environment
from chalicelib.features.parquet_loads.sources import location_of
from chalicelib.features.parquet_loads.timescale import csv_copy
from tests.features.parquet_loads.drop import Drop
from tests.interruption import die, interrupted_at, run_until_killed
from tests.sandbox import Sandbox

FEATURE = Path(chalicelib.features.parquet_loads.__path__[0])
BATCH = "after:batch"


@contextmanager
def interrupted(boundary: str, interrupt: Callable[[], None]) -> Iterator[None]:
    """Call *interrupt* whenever the application reaches *boundary*."""
    with ExitStack() as interruptions:
        if boundary == BATCH:
            interruptions.enter_context(_after_a_batch(interrupt))
        for queries in _files_with(boundary.partition(":")[2]):
            interruptions.enter_context(interrupted_at(queries, boundary, interrupt))
        yield


def _files_with(statement: str) -> list[Path]:
    """The files of SQL that have a *statement* of that name; each kind of dataset may have one."""
    return [path for path in FEATURE.rglob("*.sql") if statement in load_statements(path)]


@contextmanager
def _after_a_batch(interrupt: Callable[[], None]) -> Iterator[None]:
    as_csv = csv_copy.as_csv

    def then_interrupted(batch: Any) -> bytes:
        data = as_csv(batch)
        interrupt()
        return data

    with mock.patch.object(csv_copy, "as_csv", then_interrupted):
        yield


def kill_load_at(boundary: str, drop: Drop, sandbox: Sandbox) -> None:
    """Have a process die there while it loads the file `a`."""
    run_until_killed(
        sandbox, "tests.features.parquet_loads.timescale.killed_load", boundary, str(drop.path("a"))
    )


def main(boundary: str, source: str) -> None:
    engine = engine_for(settings.database_from_environment())
    bus = settings.CHANGE_EVENT_BUS.value_if_set()
    context = LoadContext(engine, loads_from_environment(), bus, Deadline.after(60))
    with interrupted(boundary, die):
        load(context, location_of(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
