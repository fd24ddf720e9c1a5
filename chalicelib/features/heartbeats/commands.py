"""Operator commands of heartbeats."""

import click

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats.forget import find_unknown, forget
from chalicelib.settings import database_from_environment
from chalicelib.terminal import actor, log_quietly, reporting_errors, say
from chalicelib.text import shown

FORGET_SECONDS = 600.0
_SHOWN = 10


@click.command()
@click.argument("device_ids", nargs=-1, metavar="[DEVICE_ID]…")
@click.option("--unknown", is_flag=True, help="All devices that are not in redshift_devices.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@reporting_errors
def forget_device(device_ids: tuple[str, ...], unknown: bool, yes: bool) -> None:
    """Forget the state of devices, their silence, and that they knocked.

    Exit code 1 where nothing was known of any of them.
    """
    if bool(device_ids) is unknown:
        raise click.UsageError("name devices, or say --unknown")
    log_quietly()
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(FORGET_SECONDS)
    chosen = list(device_ids) or find_unknown(engine, deadline)
    if unknown and chosen and not yes:
        _confirm(chosen)
    forgotten = forget(engine, deadline, chosen, actor=actor())
    say(f"{len(forgotten)} of {len(chosen)} devices forgotten.")
    if chosen and not forgotten:
        raise click.exceptions.Exit(1)


def _confirm(device_ids: list[str]) -> None:
    for device_id in device_ids[:_SHOWN]:
        say(shown(device_id))
    click.confirm(f"Forget {len(device_ids)} devices?", abort=True)


COMMANDS = (forget_device,)
