"""Operator commands of the sync: the same use cases as the Lambda functions, from a terminal."""

import sys
from datetime import datetime

import click
from rich.table import Table

from chalicelib import database
from chalicelib.bodies import UNSET
from chalicelib.database import Deadline
from chalicelib.features.device_parameters import pausing
from chalicelib.features.device_parameters import verify as verifying
from chalicelib.features.device_parameters.backfill_commands import BACKFILL_COMMANDS
from chalicelib.features.device_parameters.bodies import Changes, Pause, RemovedPair, Run, Status
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.feature import MAX_WINDOW_MINUTES
from chalicelib.features.device_parameters.model import (
    Change,
    RunStatus,
    State,
    SyncRequest,
    Trigger,
)
from chalicelib.features.device_parameters.removals.commands import REMOVAL_COMMANDS
from chalicelib.features.device_parameters.request_bodies import MAX_PAUSE_MINUTES
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.features.device_parameters.status import read_status
from chalicelib.features.device_parameters.sync import RUN_TIME_LIMIT
from chalicelib.features.device_parameters.sync import sync as run_sync
from chalicelib.instants import instant
from chalicelib.terminal import (
    EXIT_FAILED,
    Instant,
    actor,
    asking_database,
    comment_option,
    console,
    counts_line,
    json_option,
    log_quietly,
    print_json,
    reporting_errors,
    say,
)
from chalicelib.text import shown

EXIT_CODES = {RunStatus.SUCCEEDED: 0, RunStatus.GUARDED: 3, RunStatus.SKIPPED: 4}
STATE_COLOURS = {"ok": "green", "stale": "yellow", "guarded": "yellow", "failing": "red"}
# Of each kind; with --json there are more.
CHANGES_PRINTED = 10
VERIFY_SECONDS = 3600.0

window_option = click.option(
    "--window-minutes",
    type=click.IntRange(1, MAX_WINDOW_MINUTES),
    help="Look back this far instead of CHECK_INTERVAL_MINUTES.",
)
as_of_option = click.option(
    "--as-of", type=Instant(), help="Replay the run of this instant, such as 2026-11-01T10:05:00Z."
)


@click.command()
@window_option
@as_of_option
@click.option("--force", is_flag=True, help="Remove whatever is not observed, held or not.")
@comment_option
@json_option
@reporting_errors
def sync(
    window_minutes: int | None,
    as_of: datetime | None,
    force: bool,
    comment: str | None,
    as_json: bool,
) -> None:
    """Run the sync now."""
    request = SyncRequest(
        Trigger.CLI,
        window_minutes,
        as_of,
        force=force,
        requested_by=actor().name,
        comment=comment,
    )
    run = run_sync(_sync_context(), request)
    _show_run(run, as_json=as_json)
    sys.exit(EXIT_CODES[run.status])


@click.command()
@window_option
@as_of_option
@click.option("--force", is_flag=True, help="Plan as if the guard were off.")
@json_option
@reporting_errors
def plan(window_minutes: int | None, as_of: datetime | None, force: bool, as_json: bool) -> None:
    """Show what a run would change, and leave the table as it is.

    Like a run, it materializes the closed hours of its window first.
    """
    request = SyncRequest(Trigger.CLI, window_minutes, as_of, dry_run=True, force=force)
    run = run_sync(_sync_context(), request)
    _show_run(run, as_json=as_json)
    sys.exit(EXIT_CODES[run.status])


@click.command()
@json_option
@reporting_errors
def status(as_json: bool) -> None:
    """Show the state, the last run and the size of the table; exit with 1 unless it is ok."""
    with asking_database() as connection:
        found = read_status(connection, sync_settings())
    if as_json:
        print_json(found)
    else:
        _show_status(found)
    sys.exit(0 if found.state is State.OK else EXIT_FAILED)


@click.command()
@click.option(
    "--against",
    type=click.Choice([reference.value for reference in verifying.Reference]),
    default=verifying.Reference.MEASUREMENTS.value,
    show_default=True,
    help="Compare the table with the measurements or the view it replaced, or the aggregate "
    "with the measurements.",
)
@click.option(
    "--repair",
    "is_repairing",
    is_flag=True,
    help="Materialize anew the hours in which the aggregate differs, and compare again.",
)
@reporting_errors
def verify(against: str, is_repairing: bool) -> None:
    """Compare with the measurements, in the window of the last applied run.

    Measurements that arrived since that run show as differences until the next one. Pairs whose
    removal is held show as extra for as long as they are.
    """
    configured = _configured()
    engine = database.engine_for(configured.database)
    reference = verifying.Reference(against)
    if is_repairing and reference is not verifying.Reference.AGGREGATE:
        raise click.UsageError("--repair is for --against aggregate; a run repairs the table")
    result = verifying.verify(engine, reference, Deadline.after(VERIFY_SECONDS))
    if is_repairing and result.differences:
        for span in verifying.repair(engine, configured, result.run):
            say(f"materialized anew {instant(span.start)} to {instant(span.end)}")
        result = verifying.verify(engine, reference, Deadline.after(VERIFY_SECONDS))
    _show_verification(result, against)


@click.command()
@click.option("--minutes", type=click.IntRange(1, MAX_PAUSE_MINUTES), default=60, show_default=True)
@comment_option
@reporting_errors
def pause(minutes: int, comment: str | None) -> None:
    """Skip scheduled runs, and those after loads, for a while; runs by hand go on."""
    with asking_database() as connection:
        paused = pausing.pause(connection, actor(), minutes, comment)
    say(f"scheduled runs are paused until {instant(paused.paused_until)}; `resume` ends that")


@click.command()
@comment_option
@reporting_errors
def resume(comment: str | None) -> None:
    """End the pause; the next scheduled run makes up for those that were skipped."""
    with asking_database() as connection:
        pausing.resume(connection, actor(), comment)
    say("scheduled runs go on")


COMMANDS = (sync, plan, status, verify, *BACKFILL_COMMANDS, pause, resume, *REMOVAL_COMMANDS)


def _configured() -> SyncSettings:
    log_quietly()
    return sync_settings()


def _sync_context() -> Sync:
    configured = _configured()
    engine = database.engine_for(configured.database)
    return Sync(engine, configured, Deadline.after(RUN_TIME_LIMIT.total_seconds()))


def _show_verification(result: verifying.Verification, against: str) -> None:
    """Show what differs, and exit with 1 where anything does."""
    as_of = instant(result.run.as_of)
    if not result.differences:
        say(("exact", "green"), f" against the {against}, as of {as_of}")
        return
    table = Table("difference", "count", "examples", title=f"Against the {against} at {as_of}")
    for difference in result.differences:
        examples = "\n".join(map(shown, difference.examples))
        table.add_row(difference.kind, f"{difference.total:,}", examples)
    console.print(table)
    sys.exit(EXIT_FAILED)


def _show_run(run: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(run)
        return
    title = "plan" if run.is_dry else f"run {run.run_id}"
    facts = f"as of {instant(run.as_of)}, window {run.window_minutes} minutes"
    say((title, "bold"), f" {run.status} in {run.duration_ms} ms, {facts}")
    say(counts_line(run.deltas))
    if run.error:
        say(run.error.message)
    if run.planned is not UNSET:
        _show_changes(run.planned)
        _show_refreshed(run)
    if run.status is RunStatus.GUARDED:
        say(
            (f"{run.deltas.held:,} removals are held:", "yellow"),
            " too much has fallen silent at once. Look at them with `cli.py removals`; what is "
            "really gone is let go by `cli.py release`.",
        )


def _show_refreshed(run: Run) -> None:
    """Say that a dry run has left the table as it was, and which hours it has materialized."""
    hours = run.window.closed_buckets
    span = f"{hours.start:%Y-%m-%d %H:%MZ} to {hours.end:%Y-%m-%d %H:%MZ}"
    done = f"; the closed hours from {span} are materialized" if hours.start < hours.end else ""
    say(f"the table is as it was{done}")


def _show_status(found: Status) -> None:
    say((found.state, f"bold {STATE_COLOURS.get(found.state, 'blue')}"))
    for name, run in (("last_run", found.last_run), ("last_success", found.last_success)):
        if run:
            facts = f"{run.run_id} {run.status}, as of {instant(run.as_of)}"
            say(f"{name}: {facts}; {counts_line(run.deltas)}")
    totals = f"{found.totals.devices:,} devices, {found.totals.parameters:,} parameters"
    say(f"totals: {totals}, {found.totals.pairs:,} pairs")
    if found.held_removals:
        say((f"{found.held_removals:,} removals wait:", "yellow"), " see `cli.py removals`")
    if found.pause:
        say(("paused", "yellow"), f" until {instant(found.pause.paused_until)}, {_by(found.pause)}")
    for warning in found.warnings:
        say(("warning:", "yellow"), f" {warning}")
    _show_changes(found.changes)


def _by(pause: Pause) -> str:
    why = f": {pause.comment}" if pause.comment else ""
    return f"by {pause.paused_by}{why}"


def _show_changes(changes: Changes) -> None:
    kinds = (*Change, "held")
    rows = [(kind, pair) for kind in kinds for pair in getattr(changes, kind)[:CHANGES_PRINTED]]
    if not rows:
        return
    is_cut = any(len(getattr(changes, kind)) > CHANGES_PRINTED for kind in kinds)
    table = Table("change", "device", "name", "parameter", "name", "reason")
    for change, pair in rows:
        reason = pair.reason if isinstance(pair, RemovedPair) else ""
        names = (pair.device_id, pair.device_name, pair.parameter_id, pair.parameter_name)
        table.add_row(change, *map(shown, names), reason)
    console.print(table)
    if changes.truncated or is_cut:
        say("… and more: these are the first of each kind")
