"""What the commands for operators share: the terminal, exit codes, and errors as sentences.

No Lambda function imports it: its libraries are not in the package.
"""

import getpass
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from sqlalchemy import Connection

from chalicelib import database, logs
from chalicelib.audit import MAX_COMMENT_LENGTH, Actor
from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError, InvalidRequestError, InvalidSettingError
from chalicelib.instants import read_instant
from chalicelib.settings import LOG_LEVEL, database_from_environment
from chalicelib.text import is_storable_text, shown

# What is printed holds names that others chose: square brackets and `:bomb:` are no markup there.
console = Console(markup=False, emoji=False, highlight=False)
errors = Console(markup=False, emoji=False, highlight=False, stderr=True)

EXIT_FAILED, EXIT_USAGE = 1, 2
QUERY_SECONDS = 60.0


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant with its zone."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            return read_instant(param.name or "instant" if param else "instant", value)
        except InvalidRequestError as error:
            self.fail(error.message, param, ctx)


class Comment(click.ParamType[str]):
    """The reason for what a command does, within the limits that hold for it over HTTP."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not is_storable_text(text):
            self.fail("holds a character no text may hold", param, ctx)
        if len(text) > MAX_COMMENT_LENGTH:
            self.fail(f"may have {MAX_COMMENT_LENGTH} characters at most", param, ctx)
        return text


comment_option = click.option("--comment", type=Comment(), help="Why, for the audit log.")


def reporting_errors(command: Callable[..., None]) -> Callable[..., None]:
    """One sentence on standard error and an exit code, in place of a stack trace."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ApplicationError as error:
            say((error.code, "red"), f": {error.message}", on=errors)
            is_usage = isinstance(error, InvalidSettingError | InvalidRequestError)
            sys.exit(EXIT_USAGE if is_usage else EXIT_FAILED)

    return run


def say(*parts: str | tuple[str, str], on: Console = console) -> None:
    """Print a line of *parts*, each a text, or a text and its style.

    Whatever is in the texts is shown, and obeyed by nobody.
    """
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    on.print(Text.assemble(*((shown(text), style) for text, style in styled)), soft_wrap=True)


@contextmanager
def row_progress(*, is_shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar for a file of rows, told how many are read and how many there are."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=errors, disable=not is_shown, transient=True
    ) as progress:
        task = progress.add_task("reading rows", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def asking_database() -> Iterator[Connection]:
    """The transaction of a command that asks the database something, or tells it a little."""
    log_quietly()
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(QUERY_SECONDS)
    with database.busy_when_late(), database.transaction(engine, deadline) as connection:
        yield connection


def actor() -> Actor:
    """Whoever gives the command, for the audit log: the user of this machine."""
    return Actor(f"cli:{getpass.getuser()}@{socket.gethostname()}")


def log_quietly() -> None:
    """A terminal already shows the result; the log's INFO lines would only repeat it."""
    logs.configure_plain(LOG_LEVEL.value({"LOG_LEVEL": "WARNING", **os.environ}))


def print_lines(lines: str) -> None:
    """Print *lines* as they are for another program; what would steer a terminal is spelled."""
    if console.is_terminal:
        lines = "".join(f"{shown(line)}\n" for line in lines.splitlines())
    sys.stdout.write(lines)


def print_json(body: object) -> None:
    """The JSON of the API, for other programs; what would steer a terminal is escaped in it."""
    lines = msgspec.json.format(msgspec.json.encode(body), indent=2).decode().split("\n")
    click.echo("\n".join("".join(map(_json_character, line)) for line in lines))


def _json_character(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def counts_line(counts: object) -> str:
    """The counts of a body in one line."""
    named = msgspec.to_builtins(counts)
    return ", ".join(f"{name} {count:,}" for name, count in named.items())


json_option = click.option("--json", "as_json", is_flag=True, help="Print the JSON of the API.")
