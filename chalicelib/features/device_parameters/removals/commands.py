"""Commands for removals that wait for a person."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import reduce

import click
from rich.table import Table
from sqlalchemy import Connection

from chalicelib import bodies
from chalicelib.bodies import UNSET, UnsetType
from chalicelib.errors import InvalidRequestError
from chalicelib.features.device_parameters.model import Obstacle
from chalicelib.features.device_parameters.removals.bodies import (
    GroupCount,
    ReleaseRequest,
    RemovalFilter,
    RemovalQuery,
    RemovalReview,
)
from chalicelib.features.device_parameters.removals.csv_export import csv_lines
from chalicelib.features.device_parameters.removals.listings import list_removals
from chalicelib.features.device_parameters.removals.release import release as release_reviewed
from chalicelib.features.device_parameters.removals.review import review
from chalicelib.instants import instant
from chalicelib.paging import cursor
from chalicelib.terminal import (
    actor,
    asking_database,
    comment_option,
    console,
    json_option,
    log_quietly,
    print_json,
    print_lines,
    reporting_errors,
    say,
)
from chalicelib.text import shown

CSV_ROWS = 10_000
GROUPS_PRINTED = 10
_KINDS = {
    "reason": "reasons",
    "held for": "scopes",
    "site": "sites",
    "device type": "device_types",
    "parameter": "parameters",
}

Command = Callable[..., None]

_FILTERS = (
    click.option("--reason", type=click.Choice([one.value for one in Obstacle])),
    click.option("--site", "site_id", help="Only of devices with this location_id."),
    click.option("--type", "device_type_id", help="Only of devices with this device_type_id."),
    click.option("--device", "device_id", help="Only of this device."),
    click.option("--parameter", "parameter_id", help="Only of this parameter."),
)


def filtered(command: Command) -> Command:
    """A command with an option for each filter of held removals."""
    return reduce(lambda decorated, option: option(decorated), reversed(_FILTERS), command)


@click.command()
@filtered
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV.")
@json_option
@reporting_errors
def removals(as_csv: bool, as_json: bool, **wanted: str | None) -> None:
    """Show what the guard holds: how many, why, where, and since when the devices are silent."""
    with asking_database() as connection:
        if as_csv:
            for lines in _csv(connection, _filter(wanted)):
                print_lines(lines)
            return
        found = review(connection, _filter(wanted))
    if as_json:
        print_json(found)
        return
    _show(found)
    if found.count:
        say("To release exactly these, and nothing that is held later:")
        say(f"  cli.py release --token {found.token}")


@click.command()
@filtered
@click.option("--all", "is_all", is_flag=True, help="Release all that is held.")
@click.option("--token", help="Release what `removals` has counted, and nothing else.")
@comment_option
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@reporting_errors
def release(
    is_all: bool, token: str | None, comment: str | None, is_sure: bool, **wanted: str | None
) -> None:
    """Let removals go that somebody has looked at; the next run carries them out.

    Without a token this shows what is meant, asks, and releases what it has shown.
    """
    named = {name: value for name, value in wanted.items() if value is not None}
    if (token is not None) + is_all + bool(named) != 1:
        raise InvalidRequestError("say what to release: by --token, by filters, or --all")
    log_quietly()
    token = token or _confirmed(_filter(wanted), is_sure=is_sure)
    with asking_database() as connection:
        done = release_reviewed(connection, actor(), ReleaseRequest(token=token, comment=comment))
    say((f"{done.released:,} of {done.reviewed:,} are released,", "bold"), f" {done.held:,} wait.")
    say("`cli.py sync` removes those that are still not observed; so does the next scheduled run.")


REMOVAL_COMMANDS = (removals, release)


def _filter(wanted: dict[str, str | None]) -> RemovalFilter:
    given = {name: value for name, value in wanted.items() if value is not None}
    return bodies.read_texts(RemovalFilter, given)


def _confirmed(wanted: RemovalFilter, *, is_sure: bool) -> str:
    """The token of what was shown and agreed to."""
    with asking_database() as connection:
        found = review(connection, wanted)
    _show(found)
    if not found.count:
        raise InvalidRequestError("nothing of that kind is held")
    if not is_sure:
        click.confirm(f"Release these {found.count:,} removals?", abort=True)
    return found.token


def _csv(connection: Connection, wanted: RemovalFilter) -> Iterator[str]:
    """All of them, a page at a time."""
    after: str | UnsetType = UNSET
    while True:
        facts = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        query = RemovalQuery(**facts, limit=CSV_ROWS, after=after)
        found = list_removals(connection, query)
        yield csv_lines(found[:CSV_ROWS], with_headings=after is UNSET)
        if len(found) <= CSV_ROWS:
            return
        after = cursor((found[CSV_ROWS - 1].device_id, found[CSV_ROWS - 1].parameter_id))


def _show(found: RemovalReview) -> None:
    say((f"{found.count:,} removals wait.", "bold" if found.count else "green"))
    say(f"The newest measurement of any device is {_age(found.newest_measurement_at)}.")
    if not found.count:
        return
    if found.last_seen_from and found.last_seen_until:
        span = f"{instant(found.last_seen_from)} and {instant(found.last_seen_until)}"
        say(f"These were last seen between {span}.")
    table = Table("", "", "removals")
    for name, kind in _KINDS.items():
        _add_rows(table, name, getattr(found, kind))
    console.print(table)


def _age(newest: datetime | None) -> str:
    """How old *newest* is, by the clock of this machine, which need not be that of the database."""
    if newest is None:
        return "not there"
    minutes = max(int((datetime.now(UTC) - newest).total_seconds() // 60), 0)
    return f"{minutes:,} minutes old, from {instant(newest)}"


def _add_rows(table: Table, name: str, groups: list[GroupCount]) -> None:
    for group in groups[:GROUPS_PRINTED]:
        value = "not known" if group.value is None else shown(group.value)
        table.add_row(name, value, f"{group.count:,}")
    if len(groups) > GROUPS_PRINTED:
        table.add_row(name, "… and others", "")
