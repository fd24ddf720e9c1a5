"""Operator commands: the same use cases as the Lambda functions, from a terminal.

Exit codes: 0 done, 1 failed or different, 2 wrong usage or settings, 3 removals held by the
guard, 4 skipped because another run was at work.
"""

import os
import sys
from datetime import datetime, timedelta
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from chalicelib import database, logs, settings
from chalicelib.database import Deadline
from chalicelib.features.device_parameters import backfill as backfilling
from chalicelib.features.device_parameters import documents
from chalicelib.features.device_parameters import verify as verifying
from chalicelib.features.device_parameters.model import Change, Run, RunStatus, SyncRequest, Trigger
from chalicelib.features.device_parameters.status import read_status, status_document
from chalicelib.features.device_parameters.sync import RUN_TIME_LIMIT, Sync
from chalicelib.features.device_parameters.sync import sync as run_sync
from chalicelib.features.parquet_loads.load_documents import load_document
from chalicelib.features.parquet_loads.model import Load, LoadStatus, Location
from chalicelib.features.parquet_loads.settings import loads_from_environment
from chalicelib.instants import instant
from chalicelib.settings import MAX_WINDOW_MINUTES, Settings
from terminal import EXIT_FAILED, Instant, console, print_json, reporting_errors, row_progress

EXIT_CODES = {RunStatus.SUCCEEDED: 0, RunStatus.GUARDED: 3, RunStatus.SKIPPED: 4}
STATE_COLOURS = {"ok": "green", "stale": "yellow", "guarded": "yellow", "failing": "red"}
QUERY_SECONDS = 60.0
VERIFY_SECONDS = 3600.0
LOAD_SECONDS = 6 * 3600.0

window_option = click.option(
    "--window-minutes",
    type=click.IntRange(1, MAX_WINDOW_MINUTES),
    help="Look back this far instead of CHECK_INTERVAL_MINUTES.",
)
as_of_option = click.option(
    "--as-of", type=Instant(), help="Replay the run of this instant, such as 2026-11-01T10:05:00Z."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the JSON of the API.")


@click.group(help=__doc__)
def cli() -> None:
    """Set the terminal up; each command reads the settings it needs."""


@cli.command()
@window_option
@as_of_option
@click.option("--force", is_flag=True, help="Carry out removals even if the guard would hold them.")
@json_option
@reporting_errors
def sync(window_minutes: int | None, as_of: datetime | None, force: bool, as_json: bool) -> None:
    """Run the sync now."""
    request = SyncRequest(Trigger.CLI, window_minutes, as_of, force=force)
    run = run_sync(_sync_context(), request)
    _show_run(run, as_json=as_json)
    sys.exit(EXIT_CODES[run.status])


@cli.command()
@window_option
@as_of_option
@click.option("--force", is_flag=True, help="Plan as if the guard were off.")
@json_option
@reporting_errors
def plan(window_minutes: int | None, as_of: datetime | None, force: bool, as_json: bool) -> None:
    """Show what a run would change, and change nothing."""
    request = SyncRequest(Trigger.CLI, window_minutes, as_of, dry_run=True, force=force)
    run = run_sync(_sync_context(), request)
    _show_run(run, as_json=as_json)
    sys.exit(EXIT_CODES[run.status])


@cli.command()
@json_option
@reporting_errors
def status(as_json: bool) -> None:
    """Show the state, the last run and the size of the table; exit with 1 unless it is ok."""
    configured = _configured()
    engine = database.engine_for(configured.database)
    with database.transaction(engine, Deadline.after(QUERY_SECONDS)) as connection:
        document = status_document(read_status(connection, configured))
    if as_json:
        print_json(document)
    else:
        _show_status(document)
    sys.exit(0 if document["state"] == "ok" else EXIT_FAILED)


@cli.command()
@click.option(
    "--against",
    type=click.Choice([reference.value for reference in verifying.Reference]),
    default=verifying.Reference.MEASUREMENTS.value,
    show_default=True,
    help="Compare the table with the measurements or the view it replaced, or the aggregate "
    "with the measurements.",
)
@reporting_errors
def verify(against: str) -> None:
    """Compare with the measurements, in the window of the last applied run.

    Measurements that arrived since that run show as differences until the next one.
    """
    engine = database.engine_for(_configured().database)
    reference = verifying.Reference(against)
    result = verifying.verify(engine, reference, Deadline.after(VERIFY_SECONDS))
    as_of = instant(result.run.as_of)
    if not result.differences:
        console.print(f"[green]exact[/green] against the {against}, as of {as_of}")
        return
    table = Table("difference", "count", "examples", title=f"Against the {against} at {as_of}")
    for difference in result.differences:
        table.add_row(difference.kind, f"{difference.total:,}", "\n".join(difference.examples))
    console.print(table)
    sys.exit(EXIT_FAILED)


@cli.command()
@click.option("--from", "start", type=Instant(), help="Default: the oldest measurement.")
@click.option("--to", "end", type=Instant(), help="Default: the bucket that is still filling.")
@click.option("--step-hours", type=click.IntRange(1, 24 * 31), default=24, show_default=True)
@reporting_errors
def backfill(start: datetime | None, end: datetime | None, step_hours: int) -> None:
    """Materialize the past in bounded steps; break off and repeat at will."""
    configured = _configured()
    engine = database.engine_for(configured.database)
    span = backfilling.span_to_backfill(engine, start, end)
    if span is None:
        console.print("there are no measurements to materialize")
        return
    steps = span.steps(timedelta(hours=step_hours))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("materializing", total=len(steps))
        for step in backfilling.backfill(engine, configured, steps):
            progress.update(task, advance=1, description=f"up to {step.end:%Y-%m-%d %H:%MZ}")
    console.print(f"materialized {span.start:%Y-%m-%d %H:%MZ} to {span.end:%Y-%m-%d %H:%MZ}")


@cli.command()
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
    from chalicelib.features.parquet_loads.sources import location_of

    configured, deadline = _configured(), Deadline.after(LOAD_SECONDS)
    engine = database.engine_for(configured.database)
    context = LoadContext(engine, loads_from_environment(), configured.change_event_bus, deadline)
    with row_progress(is_shown=not as_json) as on_progress:
        loaded = run_load(context, location_of(source), on_progress)
    _show_load(loaded, as_json=as_json)
    sys.exit(0 if loaded.status is LoadStatus.SUCCEEDED else EXIT_FAILED)


@cli.command()
@click.option("--once", is_flag=True, help="End by itself after showing GET /status once.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True)
@reporting_errors
def demo(once: bool, port: int) -> None:
    """Live through a day of a small fleet on an embedded database, then serve the page."""
    # Development only: neither the embedded database nor the scenario is deployed.
    from devdb.demo import run_demo
    from devdb.errors import EmbeddedDatabaseError

    try:
        run_demo(console, is_once=once, port=port)
    except EmbeddedDatabaseError as error:
        raise click.ClickException(str(error)) from error


def _configured() -> Settings:
    # A terminal already shows the result; the log's INFO lines would only repeat it.
    logs.configure_plain(settings.log_level({"LOG_LEVEL": "WARNING", **os.environ}))
    return settings.from_environment()


def _sync_context() -> Sync:
    configured = _configured()
    engine = database.engine_for(configured.database)
    return Sync(engine, configured, Deadline.after(RUN_TIME_LIMIT.total_seconds()))


def _show_run(run: Run, *, as_json: bool) -> None:
    document = documents.run_document(run)
    if as_json:
        print_json(document)
        return
    title = "plan" if run.is_dry else f"run {run.run_id}"
    console.print(
        f"[bold]{title}[/bold] {run.status} in {document['duration_ms']} ms, as of "
        f"{document['as_of']}, window {run.window_minutes} minutes",
        highlight=False,
    )
    console.print(_deltas_line(document["deltas"]), highlight=False)
    if run.error:
        console.print(run.error.message, highlight=False)
    if run.planned:
        _show_changes(document["planned"])
    if run.status is RunStatus.GUARDED:
        console.print(
            f"[yellow]{run.deltas.held:,} removals are held:[/yellow] that is more than the guard "
            "allows at once. Look at `plan`, then release them with `sync --force`."
        )


def _show_load(loaded: Load, *, as_json: bool) -> None:
    document = load_document(loaded)
    if as_json:
        print_json(document)
        return
    again = ", as it was before" if loaded.is_repeated else f" in {document['duration_ms']} ms"
    console.print(f"[bold]load {loaded.load_id}[/bold] {loaded.status}{again}", highlight=False)
    console.print(_deltas_line(document["rows"]), highlight=False)
    if loaded.error:
        console.print(f"[red]{loaded.error.code}[/red]: {loaded.error.message}", highlight=False)
    if loaded.rejects_key:
        rejects = Location(loaded.location.bucket, loaded.rejects_key).url
        console.print(f"[yellow]rejected rows:[/yellow] {rejects}", highlight=False, soft_wrap=True)


def _show_status(document: dict[str, Any]) -> None:
    state = document["state"]
    console.print(f"[bold {STATE_COLOURS.get(state, 'blue')}]{state}[/]")
    for name in ("last_run", "last_success"):
        run = document[name]
        if run:
            facts = f"{run['run_id']} {run['status']}, as of {run['as_of']}"
            console.print(f"{name}: {facts}; {_deltas_line(run['deltas'])}", highlight=False)
    totals = ", ".join(f"{count:,} {name}" for name, count in document["totals"].items())
    console.print(f"totals: {totals}", highlight=False)
    for warning in document["warnings"]:
        console.print(f"[yellow]warning:[/yellow] {warning}")
    _show_changes(document["changes"])


def _deltas_line(deltas: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in deltas.items())


def _show_changes(changes: dict[str, Any]) -> None:
    rows = [(change, pair) for change in Change for pair in changes[change]]
    if not rows:
        return
    table = Table("change", "device", "name", "parameter", "name", "reason")
    for change, pair in rows:
        names = (pair["device_id"], pair["device_name"], pair["parameter_id"])
        table.add_row(change, *names, pair["parameter_name"], pair.get("reason", ""))
    console.print(table)
    if changes["truncated"]:
        console.print("… and more: these are the first of each kind")


if __name__ == "__main__":
    cli()
