"""`python -m bench`: measure the grid, print its tables, write the results and their plots."""

from pathlib import Path

import click
from rich.console import Console

from bench import databases, plots, points
from bench.grid import SIZES, Place, measure_place
from bench.points import Point
from bench.table import (
    HEADERS,
    point_rows,
    point_title,
    reasons,
    server_text,
    terminal_table,
    verdict_rows,
    verdict_sentence,
    wide_console,
)

_ROOT = Path(__file__).resolve().parent.parent
# Only a full run on a server replaces the results that the repository keeps.
KEPT = _ROOT / "bench" / "results"
_PASSING = _ROOT / "build" / "bench"
_CAPTION = (
    "Medians of seconds. commit: until the delta of this application is committed; in all: with "
    "the refresh that follows. ~: extrapolated from a sample of the devices. floor: read and hash "
    "both sets, write nothing. x best: the commit over the best other contestant. (!): misses."
)


def _places(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> list[Place]:
    try:
        return [Place.parse(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(
            f"say PAIRSxREADINGSxHOURS, such as 10000x4x26: {error}"
        ) from error


@click.command()
@click.option("--sizes", type=click.Choice(list(SIZES)), default="small", show_default=True)
@click.option(
    "--point",
    "places",
    multiple=True,
    callback=_places,
    help="Instead: PAIRSxREADINGSxHOURS, such as 10000x4x26, as often as you like",
)
@click.option("--repeats", type=click.IntRange(min=3), default=3, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where results go  [default: bench/results if full, else build/bench]",
)
def main(sizes: str, places: list[Place], repeats: int, out: Path | None) -> None:
    """Measure one steady-state run against its alternatives.

    In scratch databases on the TimescaleDB server that BENCH_DATABASE_URL (or TEST_DATABASE_URL)
    names, or else on the embedded one, which takes only small sizes. Each point is written when it
    is done, and replaces what was measured there before.
    """
    console = wide_console()
    server = databases.server_from_environment()
    if server is None and (places or sizes != "small"):
        raise click.UsageError("the embedded database takes small sizes only: name a server")
    directory = out or (KEPT if sizes == "full" else _PASSING)
    measured = []
    for place in places or SIZES[sizes]:
        point = measure_place(server, place, repeats, console.print)
        points.keep(directory / "grid.json", [point])
        measured.append(point)
        show_point(console, point)
    show_verdict(console, measured)
    plots.plot(directory, points.read(directory / "grid.json"))
    console.print(f"Written: {directory}/grid.json and grid-….svg")


def show_point(console: Console, point: Point) -> None:
    """The table of one point, and what it was measured on."""
    rows = point_rows(point)
    console.print(terminal_table(point_title(point), HEADERS, rows, _CAPTION))
    for line in (*reasons(point), server_text(point.machine)):
        console.print(line)


def show_verdict(console: Console, measured: list[Point]) -> None:
    """The table that says where the goals are met."""
    headers, rows = verdict_rows(measured)
    title = "The commit over the best other contestant · times as fast as DISTINCT"
    console.print(terminal_table(title, headers, rows))
    console.print(verdict_sentence(measured))


if __name__ == "__main__":
    main()
