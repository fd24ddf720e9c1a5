"""`python -m bench`: measure, print a table, write the results and their plots."""

from pathlib import Path

import click
from rich.console import Console

from bench import databases, plots, results
from bench.series import SERIES, SIZES, Benchmark
from bench.table import table

_ROOT = Path(__file__).resolve().parent.parent
# Only a full run on a server replaces the results that the repository keeps.
_KEPT = _ROOT / "bench" / "results"
_PASSING = _ROOT / "build" / "bench"


@click.command()
@click.option("--sizes", type=click.Choice(list(SIZES)), default="small", show_default=True)
@click.option("--series", type=click.Choice([*SERIES, "all"]), default="all", show_default=True)
@click.option("--repeats", type=click.IntRange(min=3), default=3, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where results go  [default: bench/results if full, else build/bench]",
)
def main(sizes: str, series: str, repeats: int, out: Path | None) -> None:
    """Measure one steady-state run against its alternatives.

    In a scratch database on the TimescaleDB server that BENCH_DATABASE_URL (or
    TEST_DATABASE_URL) names, or else on the embedded one, which takes only small sizes.
    """
    console = Console()
    server = databases.server_from_environment()
    if server is None and sizes != "small":
        raise click.UsageError("the embedded database takes small sizes only: name a server")
    benchmark = Benchmark(server, SIZES[sizes], repeats, console.print)
    directory = out or (_KEPT if sizes == "full" else _PASSING)
    for name in SERIES if series == "all" else [series]:
        _run(console, benchmark, name, directory)


def _run(console: Console, benchmark: Benchmark, series: str, directory: Path) -> None:
    points = list(SERIES[series](benchmark))
    machine = results.machine_facts(points[-1].server, is_embedded=benchmark.server is None)
    results.write(directory / f"{series}.json", series, machine, points)
    plots.plot(directory / f"{series}.svg", series, points)
    console.print(table(f"One run, by {plots.AXES[series][0]}", points))
    console.print(f"Written: {directory / series}.json and .svg\n", soft_wrap=True)


if __name__ == "__main__":
    main()
