"""What the operator's commands share: the terminal, exit codes, and errors as sentences."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chalicelib.errors import ApplicationError, InvalidRequestError, InvalidSettingError
from chalicelib.features.device_parameters import payload

console = Console()
errors = Console(stderr=True)

EXIT_FAILED, EXIT_USAGE = 1, 2


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant with its zone."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return payload.checked_instant(param.name or "instant" if param else "instant", value)
        except InvalidRequestError as error:
            self.fail(error.message, param, ctx)


def reporting_errors(command: Callable[..., None]) -> Callable[..., None]:
    """One sentence on standard error and an exit code, in place of a stack trace."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ApplicationError as error:
            errors.print(f"[red]{error.code}[/red]: {error.message}", highlight=False)
            is_usage = isinstance(error, InvalidSettingError | InvalidRequestError)
            sys.exit(EXIT_USAGE if is_usage else EXIT_FAILED)

    return run


@contextmanager
def row_progress(*, is_shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar for a file of rows, told how many are read and how many there are."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=errors, disable=not is_shown, transient=True
    ) as progress:
        task = progress.add_task("reading rows", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def print_json(document: dict[str, Any]) -> None:
    """The JSON of the API, for other programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
