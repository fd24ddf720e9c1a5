"""`python -m bench.loads`: how fast a Parquet file becomes rows of a hypertable, in what memory.

The same rows go into the same empty tables in several ways, each once a round: by a plain COPY of
rows that are CSV already, which is the fastest way there is; by COPY straight from the file; by
this application, which judges every row, finds what is repeated, can take all of it back, and does
that in one transaction; and a thousand rows a statement, by `execute_values`.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from bench import databases, results
from bench.load_ways import (
    DEFAULTS,
    GROUP_ROWS,
    KINDS,
    Kind,
    Trial,
    add_another,
    copy,
    empty,
    encoded,
    insert_in_pages,
    load_with_the_application,
    write,
)
from bench.peak import peak_kb
from chalicelib import database
from chalicelib.settings import DatabaseSettings

KEPT = Path(__file__).parent / "results" / "loads.json"
FLOOR = "COPY, rows encoded before"
_CLAIMS = """
SELECT pg_total_relation_size('iot_data.measurement_claims'),
       hypertable_size('iot_data.timescale_measurements')
"""


@click.command()
@click.option("--rows", type=click.IntRange(GROUP_ROWS), default=1_000_000, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--large",
    type=click.IntRange(2),
    default=100,
    show_default=True,
    help="For memory: how many times the rows of a file of 100 000.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(rows: int, repeats: int, large: int, out: Path) -> None:
    """Measure throughput and memory; medians of REPEATS."""
    server = databases.server_from_environment()
    with tempfile.TemporaryDirectory() as directory, databases.scratch(server) as configured:
        engine = database.engine_for(configured.database)
        with engine.begin() as connection:
            connection.execute(text(DEFAULTS))
        speeds: list[dict[str, Any]] = []
        for kind in KINDS:
            path = Path(directory) / f"dataset={kind.dataset}" / "speed.parquet"
            speeds += _speeds(Trial(engine, kind, path), rows, repeats)
        claims = _claims(engine)
        memory = [
            _memory(configured.database, engine, kind, GROUP_ROWS * times, Path(directory))
            for kind in KINDS
            for times in (1, large)
        ]
    machine = results.machine_facts({}, is_embedded=server is None)
    document = {"machine": machine, "rows": rows, "speeds": speeds, "claims": claims}
    out.write_text(json.dumps({**document, "memory": memory}, indent=2) + "\n", encoding="utf-8")
    Console().print(_shown("Speed", speeds), _shown("Memory", memory), claims)


def _speeds(trial: Trial, rows: int, repeats: int) -> list[dict[str, Any]]:
    """Round by round, so that whatever else the machine does meets all ways alike."""
    samples: dict[str, list[float]] = {}
    for _ in range(repeats):
        for way, seconds in _round(trial, rows):
            samples.setdefault(way, []).append(seconds)
    floor = median(samples[FLOOR])
    return [
        {
            "dataset": trial.kind.dataset,
            "way": way,
            "seconds": round(median(taken), 2),
            "rows_per_second": round(rows / median(taken)),
            "times_copy": round(median(taken) / floor, 2),
            "samples": [round(sample, 2) for sample in taken],
        }
        for way, taken in samples.items()
    ]


def _round(trial: Trial, rows: int) -> Iterator[tuple[str, float]]:
    """Every way once."""
    write(trial.path, trial.kind, rows)
    chunks = list(encoded(trial.path))
    empty(trial.engine)
    yield FLOOR, _timed(lambda: copy(trial, iter(chunks)))
    chunks.clear()
    empty(trial.engine)
    yield "COPY from the file", _timed(lambda: copy(trial, encoded(trial.path)))
    empty(trial.engine)
    yield "`execute_values`", _timed(lambda: insert_in_pages(trial))
    empty(trial.engine)
    add_another(trial)
    yield "this application, beside others", _timed(lambda: load_with_the_application(trial))
    empty(trial.engine)
    yield "this application", _timed(lambda: load_with_the_application(trial))
    for way, change in (("the same rows in a new file", 0.0), ("every tenth value changed", 1.0)):
        write(trial.path, trial.kind, rows, change)
        yield way, _timed(lambda: load_with_the_application(trial))
    write(trial.path, trial.kind, rows, repeated=1)
    empty(trial.engine)
    yield "one row repeated at the end", _timed(lambda: load_with_the_application(trial))


def _timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _claims(engine: Engine) -> dict[str, int]:
    """What it costs to remember which object brought which measurements, in bytes."""
    with engine.connect() as connection:
        claims, measurements = connection.execute(text(_CLAIMS)).one()
    return {"claims_bytes": claims, "measurements_bytes": measurements}


def _memory(
    settings: DatabaseSettings, engine: Engine, kind: Kind, rows: int, directory: Path
) -> dict[str, Any]:
    """The peak of a fresh process that does nothing else."""
    path = write(directory / f"dataset={kind.dataset}" / f"{rows}.parquet", kind, rows)
    empty(engine)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        peak = process.submit(_peak_kb, settings, kind, path).result()
    size = path.stat().st_size
    path.unlink()
    return {"dataset": kind.dataset, "rows": rows, "file_bytes": size, "peak_mb": peak // 1024}


def _peak_kb(settings: DatabaseSettings, kind: Kind, path: Path) -> int:
    load_with_the_application(Trial(database.engine_for(settings), kind, path))
    return peak_kb()


def _shown(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(
            *(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row.values())
        )
    return table


if __name__ == "__main__":
    main()
