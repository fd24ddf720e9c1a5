"""`python -m bench.changes`: what many changes cost a run, beside the bare statements."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import click
import msgspec

from bench import data, databases, points, results
from bench.contestants import Trial, WrongResultError, ours
from bench.data import Fleet, sql
from bench.grid import prepare
from bench.table import Rows, seconds_text, terminal_table, wide_console
from chalicelib.features.device_parameters.model import BUCKET

KEPT = Path(__file__).resolve().parent / "results" / "changes.json"
HEADERS = ["what", "median, s", "samples"]
WINDOW_MINUTES = 60
_PAST_HOURS = 3


class Document(msgspec.Struct):
    """The file of results: seconds to the commit, every sample included."""

    pairs: int
    added: int
    removed: int
    machine: dict[str, Any]
    unchanged: list[float]
    changed: list[float]
    bare: list[float]

    @property
    def times_bare(self) -> float:
        """What the changes add to a run, over what the bare statements take."""
        return (median(self.changed) - median(self.unchanged)) / median(self.bare)


def measure(fleet: Fleet, repeats: int, report: Callable[[str], None]) -> dict[str, list[float]]:
    """A run without changes, one with all of them, and the bare statements, in turns."""
    hours = 2 * repeats
    as_of = data.first_run_at(datetime.now(UTC), hours)
    prepare(fleet, _PAST_HOURS, as_of)
    taken: dict[str, list[float]] = {"unchanged": [], "changed": [], "bare": []}
    for number in range(hours):
        data.live(fleet, as_of - BUCKET, as_of)
        trial = Trial(fleet, as_of, WINDOW_MINUTES)
        # Each follows the other as often as it is followed, and the first of them changes.
        name = "changed" if number % 4 in (1, 2) else "unchanged"
        taken[name].append(_run(trial, is_changed=name == "changed"))
        if name == "unchanged":
            taken["bare"].append(bare(fleet))
        data.settle(fleet)
        report(", ".join(f"{key} {values[-1]:.3f}" for key, values in taken.items() if values))
        as_of += BUCKET
    return taken


def _run(trial: Trial, *, is_changed: bool) -> float:
    if is_changed:
        data.disturb(trial.fleet)
        data.settle(trial.fleet)
    sample = ours(trial)
    expected = trial.fleet.change_count if is_changed else 0
    if sample.delta != (expected, expected):
        raise WrongResultError(f"the run found {sample.delta}, not {expected} of each")
    return sample.seconds


def bare(fleet: Fleet) -> float:
    """The same rows, known beforehand: a DELETE, an INSERT, and both into the log.

    They are logged as the changes of the last run, which has none, and taken from the log again.
    """
    data.disturb(fleet)
    with fleet.engine.begin() as connection:
        connection.execute(sql.prepare_bare_changes)
    data.settle(fleet)
    start = time.perf_counter()
    with fleet.engine.begin() as connection:
        for statement in (sql.remove_bare, sql.add_bare, sql.log_bare):
            connection.execute(statement)
    seconds = time.perf_counter() - start
    with fleet.engine.begin() as connection:
        connection.execute(sql.forget_bare_log)
        connection.execute(sql.drop_bare_changes)
    return seconds


def rows(document: Document) -> Rows:
    """The table."""
    names = {
        "a run that changes nothing": document.unchanged,
        f"a run that adds {document.added:,} and removes {document.removed:,}": document.changed,
        "the bare DELETE, INSERT and log of the same rows": document.bare,
    }
    return [
        [name, seconds_text(median(taken)), " ".join(f"{seconds:.3f}" for seconds in taken)]
        for name, taken in names.items()
    ]


def sentence(document: Document) -> str:
    """The ratio that counts."""
    return (
        f"At {document.pairs:,} pairs the changes take {document.times_bare:.2f} times as long in "
        "a run as by the bare statements; the goal is 2 at most."
    )


@click.command()
@click.option("--pairs", type=click.IntRange(min=1000), default=100_000, show_default=True)
@click.option("--changes", type=click.IntRange(min=1), help="[default: 8.5 % of the pairs]")
@click.option("--repeats", type=click.IntRange(min=3), default=5, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(pairs: int, changes: int | None, repeats: int, out: Path) -> None:
    """Measure a run that adds CHANGES pairs and removes as many."""
    count = changes or pairs * 85 // 1000
    console = wide_console()
    with databases.scratch(databases.server_from_environment()) as settings:
        fleet = data.fleet_of(settings, pairs, readings_an_hour=1, changes=count)
        taken = measure(fleet, repeats, console.print)
        facts = results.server_facts(fleet.engine)
    is_embedded = databases.server_from_environment() is None
    machine = results.machine_facts(facts, is_embedded=is_embedded)
    document = Document(pairs, count, count, machine, **taken)
    points.write_json(out, document)
    console.print(terminal_table(f"{pairs:,} pairs", HEADERS, rows(document)))
    console.print(f"{sentence(document)}\nWritten: {out}")


if __name__ == "__main__":
    main()
