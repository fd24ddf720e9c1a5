"""`python -m bench.hours`: whether an hour takes longer to refresh as its chunk fills."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import click
import msgspec

from bench import data, databases, points, results
from bench.data import Fleet, sql
from bench.table import Rows, seconds_text, terminal_table, wide_console
from chalicelib.features.device_parameters.aggregate import AGGREGATES
from chalicelib.features.device_parameters.model import BUCKET

KEPT = Path(__file__).resolve().parent / "results" / "hours.json"
HEADERS = ["hours", "a chunk a day, s", "one chunk, s"]
_DAY = 24


class Document(msgspec.Struct):
    """The file of results: seconds for each hour, in order."""

    pairs: int
    machine: dict[str, Any]
    a_chunk_a_day: list[float]
    one_chunk: list[float]


def measure(fleet: Fleet, hours: int, report: Callable[[str], None]) -> list[float]:
    """Seconds to materialize each of *hours*, as a run does once the hour is over."""
    start = data.first_run_at(datetime.now(UTC), hours + 1) - data.RUN_AFTER
    data.install(fleet)
    taken = []
    for number in range(hours):
        hour = start + number * BUCKET
        data.live(fleet, hour, hour + BUCKET)
        began = time.perf_counter()
        data.remember(fleet, hour, hour + BUCKET)
        taken.append(time.perf_counter() - began)
        if number % _DAY == _DAY - 1:
            report(f"hour {number + 1}: {median(taken[-_DAY:]):.3f} s")
    return taken


def rows(document: Document) -> Rows:
    """The median of each day."""
    return [
        [
            f"{first + 1} to {first + _DAY}",
            seconds_text(median(document.a_chunk_a_day[first : first + _DAY])),
            seconds_text(median(document.one_chunk[first : first + _DAY])),
        ]
        for first in range(0, len(document.one_chunk), _DAY)
    ]


@click.command()
@click.option("--pairs", type=click.IntRange(min=100), default=10_000, show_default=True)
@click.option("--hours", type=click.IntRange(min=_DAY), default=10 * _DAY, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(pairs: int, hours: int, out: Path) -> None:
    """Refresh HOURS one by one, with a chunk a day as installed, and with one chunk for all."""
    console = wide_console()
    taken, machine = [], {}
    server = databases.server_from_environment()
    for is_one_chunk in (False, True):
        with databases.scratch(server) as settings:
            fleet = data.fleet_of(settings, pairs, readings_an_hour=1)
            if is_one_chunk:
                with fleet.engine.begin() as connection:
                    for name in AGGREGATES:
                        connection.execute(sql.widen_chunks, {"aggregate": f"iot_data.{name}"})
            taken.append(measure(fleet, hours, console.print))
            facts = results.server_facts(fleet.engine)
            machine = results.machine_facts(facts, is_embedded=server is None)
    document = Document(pairs, machine, *taken)
    points.write_json(out, document)
    console.print(terminal_table(f"{pairs:,} pairs", HEADERS, rows(document)))
    console.print(f"Written: {out}")


if __name__ == "__main__":
    main()
