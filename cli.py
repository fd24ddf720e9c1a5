"""Operator commands: the same use cases as the Lambda functions, from a terminal.

Exit codes: 0 done, 1 failed or different, 2 wrong usage or settings, 3 removals held by the
guard, 4 skipped because another run was at work.
"""

import click

from chalicelib.features import modules
from chalicelib.service import commands as service_commands
from chalicelib.terminal import console, reporting_errors


@click.group(help=__doc__)
def cli() -> None:
    """Set the terminal up; each command reads the settings it needs."""


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


for module in (*modules("commands"), service_commands):
    for command in module.COMMANDS:
        cli.add_command(command)


if __name__ == "__main__":
    cli()
