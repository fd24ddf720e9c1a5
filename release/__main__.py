"""`python -m release --stage prod`: the package of a stage, ready for CloudFormation."""

import sys
from pathlib import Path

import click
from rich.console import Console

from release import report
from release.build import build
from release.errors import ReleaseRefusedError
from release.project import Project


@click.command()
@click.option("--stage", required=True, help="A stage of .chalice/config.json.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where deployment.zip, sam.json and the layer go.  [default: build/<stage>]",
)
def main(stage: str, out: Path | None) -> None:
    """Make the package of a stage, for the Python that runs this; exit with 1 if refused."""
    try:
        release = build(Project(), stage, out or Path("build") / stage)
    except ReleaseRefusedError as refusal:
        Console(stderr=True).print(
            f"[red]refused[/red]: {refusal}", highlight=False, soft_wrap=True
        )
        sys.exit(1)
    report.show(Console(), release)


if __name__ == "__main__":
    main()
