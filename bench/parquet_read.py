"""`python -m bench.parquet_read`: what reading and judging a file costs, and one 100 times larger.

Every figure is that of a fresh process, so that its peak memory is its own. To load the rows is not
part of it.
"""

import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.peak import peak_kb

KEPT = Path(__file__).parent / "results" / "parquet_read.json"
_BATCH = 100_000
_FIRST_INSTANT = 1_704_067_200_000_000
LAYOUTS = {"1 M a row group": 2**20, "one row group": 2**40}


@dataclass(frozen=True)
class Reading:
    """One file, read and judged once."""

    dataset: str
    layout: str
    rows: int
    megabytes: float
    import_seconds: float
    cpu_seconds: float
    imported_mb: float
    peak_mb: float


@click.command()
@click.option("--rows", type=int, default=50_000, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(rows: int, out: Path) -> None:
    """Read files of ROWS and of 100 times as many rows, of either kind and layout."""
    # Here, not above: the processes that measure import this module, and should import little.
    from bench import results

    readings = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.parquet"
        for dataset in ("generation", "measurements"):
            for layout in LAYOUTS:
                for count in (rows, 100 * rows):
                    _in_a_process(_write, path, dataset, layout, count)
                    readings.append(_in_a_process(_read, path, dataset, layout, count))
    machine = results.machine_facts({}, is_embedded=False)
    document = {"machine": machine, "readings": [asdict(reading) for reading in readings]}
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    Console().print(_table(readings))


def _in_a_process(function: Any, *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def _read(path: Path, dataset: str, layout: str, rows: int) -> Reading:
    started = time.perf_counter()
    from chalicelib.features.parquet_loads.model import Dataset
    from chalicelib.features.parquet_loads.parquet.read import open_parquet
    from chalicelib.features.parquet_loads.rows.schema import require_columns
    from chalicelib.features.parquet_loads.rows.validation import Validator

    imported, imported_kb, cpu = time.perf_counter(), peak_kb(), time.process_time()
    validator = Validator(Dataset(dataset))
    with open_parquet(path) as source:
        require_columns(Dataset(dataset), source.schema)
        good = sum(len(validator.check(batch, row).good) for row, batch in source.batches())
    seconds = time.process_time() - cpu
    if good != rows:
        sys.exit(f"{good} rows of {rows} were good")
    return Reading(
        dataset=dataset,
        layout=layout,
        rows=rows,
        megabytes=round(path.stat().st_size / 2**20, 1),
        import_seconds=round(imported - started, 3),
        cpu_seconds=round(seconds, 2),
        imported_mb=round(imported_kb / 1024, 1),
        peak_mb=round(peak_kb() / 1024, 1),
    )


def _write(path: Path, dataset: str, layout: str, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_batches(_batches(dataset, rows))
    pq.write_table(content, path, row_group_size=LAYOUTS[layout])


def _batches(dataset: str, rows: int) -> Iterator[Any]:
    import pyarrow as pa

    make = _measurements if dataset == "measurements" else _generation
    chance = random.Random(1)  # noqa: S311 the same file every time, not a secret
    for start in range(0, rows, _BATCH):
        yield pa.record_batch(make(range(start, min(start + _BATCH, rows)), chance))


def _generation(numbers: range, chance: random.Random) -> dict[str, Any]:
    """Text for instants, as in the requirement: 50 regions a second."""
    stamps = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(n // 50)) for n in numbers]
    return {
        "timestamp": stamps,
        "region": [f"SE{n % 50}" for n in numbers],
        "value": [chance.uniform(0, 500) for _ in numbers],
        "unit": ["MW"] * len(numbers),
        "energy_source": ["hydro"] * len(numbers),
        "measurement_type": ["power"] * len(numbers),
        "quality_flag": ["good" if n % 20 else "estimated" for n in numbers],
    }


def _measurements(numbers: range, chance: random.Random) -> dict[str, Any]:
    """A thousand devices of ten parameters, and metadata that hardly repeats on every fourth."""
    import pyarrow as pa

    stamps = [_FIRST_INSTANT + n // 10_000 * 1_000_000 for n in numbers]
    return {
        "time": pa.array(stamps, pa.timestamp("us", "UTC")),
        "device_id": [f"device-{n // 10 % 1000:06d}" for n in numbers],
        "parameter_id": [f"parameter-{n % 10}" for n in numbers],
        "value": [chance.uniform(0, 500) for _ in numbers],
        "quality": pa.array([n % 3 for n in numbers], pa.int16()),
        "metadata": [
            f'{{"sequence": {n}, "site": "north"}}' if n % 4 == 0 else None for n in numbers
        ],
    }


def _table(readings: list[Reading]) -> Table:
    table = Table(title="Reading and judging a Parquet file, by CPU time")
    for name in (
        "dataset",
        "layout",
        "rows",
        "MB",
        "CPU s",
        "rows/s",
        "peak MB",
        "imports MB",
    ):
        table.add_column(
            name, no_wrap=True, justify="left" if name in ("dataset", "layout") else "right"
        )
    for reading in readings:
        table.add_row(
            reading.dataset,
            reading.layout,
            f"{reading.rows:,}",
            f"{reading.megabytes}",
            f"{reading.cpu_seconds}",
            f"{reading.rows / reading.cpu_seconds:,.0f}",
            f"{reading.peak_mb}",
            f"{reading.imported_mb}",
        )
    return table


if __name__ == "__main__":
    main()
