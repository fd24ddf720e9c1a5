"""`python -m bench.million`: what the largest things that can happen to a large fleet cost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import msgspec
from sqlalchemy import TextClause

from bench import data, databases, points, results
from bench.contestants import Trial, ours_with
from bench.data import Fleet, sql
from bench.peak import peak_kb
from bench.table import Rows, seconds_text, terminal_table, wide_console
from bench.watch import Cost, backend_peak_kb, watching
from chalicelib.features.device_parameters.model import BUCKET

KEPT = Path(__file__).resolve().parent / "results" / "million.json"
HEADERS = [
    "what",
    "changed",
    "commit, s",
    "in all, s",
    "source",
    "WAL, MB",
    "of the table",
    "temp files, MB",
    "server, MB",
    "client, MB",
]
_HOURS_OF_STEPS = 6
_LEAST_PAST = timedelta(hours=26)
_HOUR, _DAY = 60, 24 * 60


class Step(msgspec.Struct):
    """What one step took, of the clock, of the client and of one session of the server."""

    name: str
    total_seconds: float
    changed: int
    client_peak_growth_kb: int
    backend_peak_kb: int | None
    commit_seconds: float | None = None
    source: str = ""
    reason: str = ""
    cost: Cost = msgspec.field(default_factory=Cost)


class Document(msgspec.Struct):
    """The file of results."""

    pairs: int
    days: int
    machine: dict[str, Any]
    steps: list[Step]


Work = Callable[[], dict[str, Any]]


@dataclass
class Scenario:
    """A fleet, and the instant of its next run."""

    fleet: Fleet
    as_of: datetime

    def run(
        self, name: str, window_minutes: int, *, force: bool = False, is_inspected: bool = False
    ) -> Step:
        """One run an hour later, after that hour's readings have arrived."""
        data.live(self.fleet, self.as_of - BUCKET, self.as_of)
        trial = Trial(self.fleet, self.as_of, window_minutes)
        self.as_of += BUCKET
        return self._watch(name, Run(trial, force), is_inspected=is_inspected)

    def backfill(self, name: str, past: timedelta) -> Step:
        """Materialize the past."""
        end = self.as_of - BUCKET
        return self._watch(name, Backfill(self.fleet, end - past, end))

    def change(self, statement: TextClause) -> None:
        """Change the master data, and let the server settle down."""
        with self.fleet.engine.begin() as connection:
            connection.execute(statement)
        data.settle(self.fleet)

    def _watch(self, name: str, work: Work, *, is_inspected: bool = False) -> Step:
        with (
            watching(self.fleet.engine, inspect_table=is_inspected) as cost,
            ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process,
        ):
            taken = process.submit(_measured, self.fleet, work).result()
        return Step(name, cost=cost, **taken)


@dataclass(frozen=True)
class Run:
    """A run of the application; it goes to another process."""

    trial: Trial
    is_forced: bool

    def __call__(self) -> dict[str, Any]:
        sample, run = ours_with(self.trial, force=self.is_forced)
        return {
            "commit_seconds": sample.seconds,
            "total_seconds": sample.detail["total_seconds"],
            "changed": run.deltas.added + run.deltas.removed + run.deltas.renamed,
            **sample.notes,
        }


@dataclass(frozen=True)
class Backfill:
    """What `cli.py backfill` does; it goes to another process."""

    fleet: Fleet
    start: datetime
    end: datetime

    def __call__(self) -> dict[str, Any]:
        began = perf_counter()
        data.remember(self.fleet, self.start, self.end)
        return {"total_seconds": perf_counter() - began, "changed": 0}


def _measured(fleet: Fleet, work: Work) -> dict[str, Any]:
    """In a process of its own, whose peak and whose sessions nothing else has raised before."""
    with fleet.engine.connect():
        before = peak_kb()
    taken = work()
    grown = peak_kb() - before
    backend = backend_peak_kb(fleet.engine)
    fleet.engine.dispose()
    return {**taken, "client_peak_growth_kb": grown, "backend_peak_kb": backend}


def measure(fleet: Fleet, days: int, report: Callable[[str], None]) -> Iterator[Step]:
    """Every step in the order in which an installation would go through them."""
    first = data.first_run_at(datetime.now(UTC), _HOURS_OF_STEPS)
    past = max(timedelta(days=days) + BUCKET, _LEAST_PAST)
    data.install(fleet)
    with data.loading(fleet):
        data.live(fleet, first - BUCKET - past, first - BUCKET)
    data.settle(fleet)
    report(f"{fleet.pairs:,} pairs and {past} are loaded")
    return _go_through(Scenario(fleet, first), timedelta(days=days))


def _go_through(scenario: Scenario, past: timedelta) -> Iterator[Step]:
    yield scenario.run("first run ever, 1 h", _HOUR)
    yield scenario.backfill(f"backfill of {past // timedelta(days=1)} d", past)
    data.tend(scenario.fleet, past)
    for name, window_minutes in {"steady, 1 h": _HOUR, "steady, 24 h": _DAY}.items():
        data.disturb(scenario.fleet)
        data.settle(scenario.fleet)
        yield scenario.run(name, window_minutes, is_inspected=True)
    data.settle(scenario.fleet)
    yield scenario.run("nothing changed, 1 h", _HOUR, is_inspected=True)
    scenario.change(sql.rename_devices)
    yield scenario.run("all renamed, 1 h", _HOUR)
    scenario.change(sql.switch_devices_off)
    yield scenario.run("all removed, forced, 1 h", _HOUR, force=True)


def step_row(step: Step) -> list[str]:
    """One row of the table."""
    cost = step.cost
    return [
        step.name,
        f"{step.changed:,}",
        seconds_text(step.commit_seconds) if step.commit_seconds is not None else "",
        seconds_text(step.total_seconds),
        step.source,
        _megabytes(cost.wal_bytes),
        _of_table(cost),
        _megabytes(cost.temp_bytes),
        _megabytes(step.backend_peak_kb and step.backend_peak_kb * 1024),
        _megabytes(step.client_peak_growth_kb * 1024),
    ]


def rows(document: Document) -> Rows:
    """The whole table."""
    return [step_row(step) for step in document.steps]


def _of_table(cost: Cost) -> str:
    written = f"{cost.table_rows_written:,} rows"
    return written if cost.table_wal_bytes is None else f"{written}, {cost.table_wal_bytes:,} B"


def _megabytes(count: int | None) -> str:
    return "" if count is None else f"{count / 2**20:,.1f}"


@click.command()
@click.option("--pairs", type=click.IntRange(min=100), default=1_000_000, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(pairs: int, days: int, out: Path) -> None:
    """Measure the first run, steady runs, a backfill of DAYS, and changes of everything.

    One reading an hour. The server has to be one that nobody else uses: its log is shared.
    """
    server = databases.server_from_environment()
    if server is None:
        raise click.UsageError(f"name a server in {databases.URL_VARIABLES[0]}")
    console = wide_console()
    with databases.scratch(server) as settings:
        fleet = data.fleet_of(settings, pairs, readings_an_hour=1)
        machine = results.machine_facts(results.server_facts(fleet.engine), is_embedded=False)
        document = Document(pairs, days, machine, [])
        for step in measure(fleet, days, console.print):
            console.print("  ".join(step_row(step)))
            document.steps.append(step)
            points.write_json(out, document)
    console.print(terminal_table(f"{pairs:,} pairs", HEADERS, rows(document)))
    console.print(f"Written: {out}")


if __name__ == "__main__":
    main()
