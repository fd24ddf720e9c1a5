"""Operator commands that materialize the past: of an aggregate that is there, or was dropped."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chalicelib import database
from chalicelib.database.repair import GRANT_AGAIN
from chalicelib.features.device_parameters import backfill as backfilling
from chalicelib.features.device_parameters import repair as repairing
from chalicelib.features.device_parameters.model import Span
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.terminal import Instant, console, log_quietly, reporting_errors, say

NOTHING_MEASURED = "there are no measurements to materialize"

step_option = click.option(
    "--step-hours", type=click.IntRange(1, 24 * 31), default=24, show_default=True
)

force_option = click.option(
    "--force", is_flag=True, help="Materialize anew what seems to be up to date."
)


@click.command()
@click.option("--from", "start", type=Instant(), help="Default: the oldest measurement.")
@click.option("--to", "end", type=Instant(), help="Default: the bucket that is still filling.")
@step_option
@force_option
@reporting_errors
def backfill(start: datetime | None, end: datetime | None, step_hours: int, force: bool) -> None:
    """Materialize the past in bounded steps. It may be broken off and repeated at any time."""
    configured = _configured()
    engine = database.engine_for(configured.database)
    span = backfilling.span_to_backfill(engine, start, end)
    if span is None:
        say(NOTHING_MEASURED)
        return
    steps = span.steps(timedelta(hours=step_hours))
    done = backfilling.backfill(engine, configured, steps, is_forced=force)
    _show_steps(span, len(steps), done)


@click.command()
@step_option
@force_option
@reporting_errors
def repair(step_hours: int, force: bool) -> None:
    """Recreate what was dropped of our tables, views, indexes and the aggregate.

    The aggregate is refilled from the measurements; with --force, wherever they are. What is there
    stays as it is. Repairing may be broken off and repeated at any time.
    """
    configured = _configured()
    engine = database.engine_for(configured.database)
    recreated = repairing.recreate_missing()
    for sentence in recreated:
        say(sentence)
    if any(sentence.startswith("recreated") for sentence in recreated):
        say(GRANT_AGAIN)
    span, step = repairing.span_to_refill(engine, is_forced=force), timedelta(hours=step_hours)
    if span:
        done = repairing.refill(engine, configured, span, step, is_forced=force)
        _show_steps(span, len(span.steps(step)), done)
    elif not recreated:
        say("nothing is missing")


BACKFILL_COMMANDS = (backfill, repair)


def _configured() -> SyncSettings:
    log_quietly()
    return sync_settings()


def _show_steps(span: Span, count: int, steps: Iterator[Span]) -> None:
    """Show a bar that goes on with each of *steps*, and what has been materialized in the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("materializing", total=count)
        for step in steps:
            progress.update(task, advance=1, description=f"up to {step.end:%Y-%m-%d %H:%MZ}")
    done = f"materialized {span.start:%Y-%m-%d %H:%MZ} to {span.end:%Y-%m-%d %H:%MZ}"
    say(done if count else NOTHING_MEASURED)
