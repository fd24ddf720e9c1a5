"""`python -m bench.timestream`: how fast rows become records, and records are sent.

Records are built from Arrow batches, by the application and by a plain loop over rows. Requests go
to the tests' Timestream in a process of its own, which answers after a fixed time; it is no
measure of the real one, only of what is left to the client.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import click
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from bench import results
from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.timestream.write_requests import (
    DIMENSIONS,
    WriteRequest,
    plan,
)
from chalicelib.features.parquet_loads.timestream.writer import TimestreamWriter

KEPT = Path(__file__).parent / "results" / "timestream.json"
DATASET = "generation"
STUB = "tests.features.parquet_loads.timestream.stub"
ROWS, BATCH_ROWS = 60_000, 50_000
REQUEST_RECORDS = 100
IN_FLIGHT = (1, 4, 8)
START = datetime(2024, 1, 1, tzinfo=UTC)

Requests = Iterator[WriteRequest]


@dataclass(frozen=True)
class Shape:
    """How many series the rows belong to, and whether they come series by series."""

    name: str
    series: int
    is_sorted: bool


SHAPES = (
    Shape("one series", 1, is_sorted=True),
    Shape("40 series, interleaved", 40, is_sorted=False),
    Shape("2 000 series, interleaved", 2_000, is_sorted=False),
)


@dataclass(frozen=True)
class Building:
    """Rows a second, before anything is sent."""

    shape: str
    way: str
    build_rows_per_second: int
    serialise_rows_per_second: int
    request_bytes: int


@dataclass(frozen=True)
class Sending:
    """A whole load against the stub."""

    shape: str
    in_flight: int
    latency_ms: float
    rows_per_second: int
    requests_per_second: int


@click.command()
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("--latency-ms", type=float, multiple=True, default=(0.0, 20.0), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(repeats: int, latency_ms: tuple[float, ...], out: Path) -> None:
    """Measure building and sending; medians of REPEATS."""
    os.environ |= {"AWS_DEFAULT_REGION": "eu-central-1"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    built = [_building(shape, way, repeats) for shape in SHAPES for way in WAYS]
    sent = [
        _sending(SHAPES[1], in_flight, latency, repeats)
        for latency in latency_ms
        for in_flight in IN_FLIGHT
    ]
    document = {
        "machine": results.machine_facts({}, is_embedded=False),
        "rows": ROWS,
        "building": [asdict(each) for each in built],
        "sending": [asdict(each) for each in sent],
    }
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    Console().print(_table("Building", built), _table("Sending", sent))


def _batches(shape: Shape) -> list[pa.RecordBatch]:
    """Hourly readings of every series."""
    rows = [_row(number, shape) for number in range(ROWS)]
    whole = pa.Table.from_pylist(rows)
    times = whole["time"].cast(pa.timestamp("us", "UTC"))
    whole = whole.set_column(whole.schema.get_field_index("time"), "time", times)
    return list(whole.to_batches(max_chunksize=BATCH_ROWS))


def _row(number: int, shape: Shape) -> dict[str, Any]:
    hour, series = divmod(number, shape.series)
    return {
        "time": START + timedelta(hours=hour % 20_000, milliseconds=hour // 20_000),
        "region": f"region-{series // 8}",
        "value": (number * 7919 % 100_003) / 97,
        "unit": "MW",
        "energy_source": ("hydro", "wind", "solar", "nuclear")[series % 4],
        "measurement_type": "power",
        "quality_flag": ("good", "estimated")[series // 4 % 2],
        "row_number": number,
    }


def _application(batch: pa.RecordBatch) -> Requests:
    return plan(batch, DATASET).requests(1, REQUEST_RECORDS)


def _row_by_row(batch: pa.RecordBatch) -> Requests:
    """The obvious loop, each record complete in itself."""
    rows = batch.to_pylist()
    for start in range(0, len(rows), REQUEST_RECORDS):
        part = rows[start : start + REQUEST_RECORDS]
        yield WriteRequest(
            {}, [_complete(row) for row in part], [row["row_number"] for row in part]
        )


def _complete(row: dict[str, Any]) -> dict[str, Any]:
    values = {**row, "dataset_type": DATASET}
    return {
        "Time": str(int(row["time"].timestamp() * 1000)),
        "TimeUnit": "MILLISECONDS",
        "Dimensions": [
            {"Name": name, "Value": values[name]} for name in DIMENSIONS if values[name]
        ],
        "MeasureName": "value",
        "MeasureValue": repr(row["value"]),
        "MeasureValueType": "DOUBLE",
        "Version": 1,
    }


@dataclass(frozen=True)
class Way:
    """How records are built, and whether the SDK validates them before it sends them."""

    name: str
    build: Callable[[pa.RecordBatch], Requests]
    is_validated: bool


WAYS = (
    Way("this application", _application, is_validated=False),
    Way("row by row", _row_by_row, is_validated=False),
    Way("row by row, validated by the SDK", _row_by_row, is_validated=True),
)


def _building(shape: Shape, way: Way, repeats: int) -> Building:
    batches = _batches(shape)
    serialise = _serialiser(way.is_validated)
    build_seconds, serialise_seconds = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        requests = [request for batch in batches for request in way.build(batch)]
        built = time.perf_counter()
        sizes = [serialise(request) for request in requests]
        build_seconds.append(built - started)
        serialise_seconds.append(time.perf_counter() - built)
    return Building(
        shape=shape.name,
        way=way.name,
        build_rows_per_second=round(ROWS / median(build_seconds)),
        serialise_rows_per_second=round(ROWS / median(serialise_seconds)),
        request_bytes=round(sum(sizes) / len(sizes)),
    )


def _serialiser(is_validated: bool) -> Callable[[WriteRequest], int]:
    """What the SDK does to a request before it is signed: the size of the body is returned."""
    import boto3
    from botocore.config import Config

    client = boto3.client("timestream-write", config=Config(parameter_validation=is_validated))
    operation = client.meta.service_model.operation_model("WriteRecords")

    def serialise(request: WriteRequest) -> int:
        parameters = {
            "DatabaseName": "energy",
            "TableName": DATASET,
            "CommonAttributes": request.common,
            "Records": request.records,
        }
        return len(client._serializer.serialize_to_request(parameters, operation)["body"])

    return serialise


def _sending(shape: Shape, in_flight: int, latency_ms: float, repeats: int) -> Sending:
    batches = _batches(shape)
    with _stub(latency_ms / 1000) as url:
        seconds = [_load(url, batches, version, in_flight) for version in range(1, repeats + 1)]
    rows_per_second = round(ROWS / median(seconds))
    requests_per_second = round(rows_per_second / REQUEST_RECORDS)
    return Sending(shape.name, in_flight, latency_ms, rows_per_second, requests_per_second)


def _load(url: str, batches: list[pa.RecordBatch], version: int, in_flight: int) -> float:
    settings = TimestreamSettings("energy", {DATASET: DATASET}, REQUEST_RECORDS, 3, url)
    started = time.perf_counter()
    deadline = Deadline.after(3600)
    with TimestreamWriter(settings, DATASET, version, deadline, in_flight=in_flight) as sink:
        for batch in batches:
            sink.write(batch)
        result = sink.close()
    if result.written != ROWS:
        raise click.ClickException(f"{result.written} of {ROWS} rows were written")
    return time.perf_counter() - started


@contextmanager
def _stub(latency_seconds: float) -> Iterator[str]:
    command = [sys.executable, "-m", STUB, str(latency_seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603
        try:
            yield str(process.stdout and process.stdout.readline()).strip()
        finally:
            # The stub serves until its input ends.
            process.communicate()


def _table(title: str, rows: list[Any]) -> Table:
    table = Table(title=title)
    for name in asdict(rows[0]):
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(
            *(
                f"{value:,}" if isinstance(value, int) else str(value)
                for value in asdict(row).values()
            )
        )
    return table


if __name__ == "__main__":
    main()
