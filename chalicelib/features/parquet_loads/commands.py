"""Operator commands of the loads."""

import sys

import click

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.bodies import load_body
from chalicelib.features.parquet_loads.model import Load, LoadStatus, Location
from chalicelib.features.parquet_loads.settings import loads_from_environment
from chalicelib.settings import CHANGE_EVENT_BUS, database_from_environment
from chalicelib.terminal import (
    EXIT_FAILED,
    counts_line,
    json_option,
    log_quietly,
    print_json,
    reporting_errors,
    row_progress,
    say,
)

LOAD_SECONDS = 6 * 3600.0


@click.command()
@click.argument("source", metavar="FILE|s3://BUCKET/KEY")
@json_option
@reporting_errors
def load(source: str, as_json: bool) -> None:
    """Load a Parquet file, whose folder dataset=… says what it holds; once, however often asked.

    Rejected rows go to a file beside it: rejected/ and the path from the folder dataset=… on.
    """
    # Arrow is not needed for anything else here, and takes its time.
    from chalicelib.features.parquet_loads.load import LoadContext
    from chalicelib.features.parquet_loads.load import load as run_load
    from chalicelib.features.parquet_loads.sources import location_of, require_present

    log_quietly()
    engine = database.engine_for(database_from_environment())
    bus, deadline = CHANGE_EVENT_BUS.value_if_set(), Deadline.after(LOAD_SECONDS)
    context = LoadContext(engine, loads_from_environment(), bus, deadline)
    location = location_of(source)
    # A load that is recorded stays in the ledger, where a mistyped path should not be.
    require_present(location)
    with row_progress(is_shown=not as_json) as on_progress:
        loaded = run_load(context, location, on_progress)
    _show_load(loaded, as_json=as_json)
    sys.exit(0 if loaded.status is LoadStatus.SUCCEEDED else EXIT_FAILED)


COMMANDS = (load,)


def _show_load(loaded: Load, *, as_json: bool) -> None:
    body = load_body(loaded)
    if as_json:
        print_json(body)
        return
    again = ", as it was before" if loaded.is_repeated else f" in {body.duration_ms} ms"
    say((f"load {loaded.load_id}", "bold"), f" {loaded.status}{again}")
    say(counts_line(body.rows))
    if loaded.error:
        say((loaded.error.code, "red"), f": {loaded.error.message}")
    if loaded.rejects_key:
        rejects = Location(loaded.location.bucket, loaded.rejects_key).url
        say(("rejected rows:", "yellow"), f" {rejects}")
