"""`python -m bench.telemetry`: readings a second, from the event of a stream to the commit.

Limits and anomalies are judged, and each record has four metrics. Beside it stand a COPY of the
same readings into the same hypertable, which judges nothing and knows no repetition, and an INSERT
for each reading. Each consumer is a process of its own, with devices of its own, as a shard has.
"""

import base64
import io
import json
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from bench import databases, results
from chalicelib.database import Deadline, engine_for
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.telemetry import model
from chalicelib.features.telemetry.arriving import from_kinesis
from chalicelib.features.telemetry.context import Ingestion
from chalicelib.features.telemetry.ingest import ingest
from chalicelib.settings import DatabaseSettings

KEPT = Path(__file__).parent / "results" / "telemetry.json"
BATCHES = (100, 500, 10_000)
CONSUMERS = 4
METRICS = ("temperature", "humidity", "co2", "battery")
STEP = timedelta(seconds=10)
SECONDS = 4.0
LEAST_BATCHES = 5
_FILL = (
    "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('acme', 'Acme')",
    "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
    "VALUES ('type-1', 'sensor', 60)",
    "INSERT INTO iot_data.device_type_metrics (device_type_id, name, position, parameter_id, "
    "is_own_parameter, data_type, minimum, maximum, usual_minimum, usual_maximum) "
    "SELECT 'type-1', name, position, 'type-1.' || name, true, 'number', -1000, 5000, -900, 4900 "
    "FROM unnest(CAST(:metrics AS text[])) WITH ORDINALITY AS metric (name, position)",
    "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
    "SELECT 'dev-' || n, 'acme', 'type-1', 'Sensor ' || n FROM generate_series(1, :devices) AS n",
)
_INSERT = (
    "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value, quality) "
    "VALUES (%s, %s, %s, %s, 0) ON CONFLICT (time, device_id, parameter_id) DO NOTHING"
)
_COPY = (
    "COPY iot_data.timescale_measurements (time, device_id, parameter_id, value, quality) "
    "FROM STDIN"
)

Batch = list[dict[str, Any]]


@dataclass(frozen=True)
class Way:
    """One way to store a batch: what it makes of the batch beforehand, and what is measured."""

    prepare: Callable[[Batch], Any]
    store: Callable[[Engine, Any], None]


@dataclass(frozen=True)
class Rate:
    """Readings a second of so many consumers; *memory_mb* is the most that one of them had."""

    way: str
    records: int
    consumers: int
    readings_a_second: float
    memory_mb: float


@dataclass(frozen=True)
class Shard:
    """The devices of one consumer, from the first one on, and how much it stores."""

    way: str
    first: int
    records: int
    seconds: float


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
@click.option("--seconds", type=float, default=SECONDS, show_default=True)
def main(out: Path, seconds: float) -> None:
    """Measure each way at each size of a batch, on the server that is named."""
    server = databases.server_from_environment()
    if server is None:
        raise click.UsageError(f"name a server in {databases.URL_VARIABLES[0]}")
    rates: list[Rate] = []
    with databases.scratch(server) as settings:
        facts = _filled(settings)
        for records in BATCHES:
            for way, consumers in _cells():
                rates.append(_measured(settings.database, way, records, consumers, seconds))
                click.echo(f"{rates[-1].readings_a_second:>10,.0f} {way} {records} x {consumers}")
    machine = results.machine_facts(facts, is_embedded=False)
    document = {"machine": machine, "rates": [asdict(rate) for rate in rates]}
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    Console().print(_table(rates))


def _cells() -> Iterator[tuple[str, int]]:
    return ((way, consumers) for consumers in (1, CONSUMERS) for way in WAYS)


def _filled(settings: SyncSettings) -> dict[str, Any]:
    engine = engine_for(settings.database)
    values = {"metrics": list(METRICS), "devices": CONSUMERS * max(BATCHES)}
    with engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement), values)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    facts = results.server_facts(engine)
    engine.dispose()
    return facts


def _measured(
    where: DatabaseSettings, way: str, records: int, consumers: int, seconds: float
) -> Rate:
    shards = [
        Shard(way, 1 + number * max(BATCHES), records, seconds) for number in range(consumers)
    ]
    context = multiprocessing.get_context("spawn")
    with context.Pool(consumers) as pool:
        done = pool.starmap(_consume, [(where, shard) for shard in shards], chunksize=1)
    return Rate(
        way, records, consumers, sum(rate for rate, _ in done), max(memory for _, memory in done)
    )


def _consume(where: DatabaseSettings, shard: Shard) -> tuple[float, float]:
    """The readings a second of one consumer, by the batch of middle length, and its memory."""
    engine = engine_for(where)
    way = WAYS[shard.way]
    durations: list[float] = []
    dice = random.Random(shard.first)  # noqa: S311 no secret
    # Each measurement has times of its own.
    start = datetime.now(UTC) - timedelta(hours=dice.randrange(1, 100), seconds=os.getpid() % 3000)
    for number in range(10_000):
        prepared = way.prepare(_batch(shard, start + number * STEP, dice))
        began = time.perf_counter()
        way.store(engine, prepared)
        durations.append(time.perf_counter() - began)
        least = LEAST_BATCHES if durations[0] < shard.seconds else 2
        if sum(durations) > shard.seconds and len(durations) >= least:
            break
    engine.dispose()
    # The first batch connects, makes the rows of devices, and reads their type.
    rate = shard.records * len(METRICS) / median(durations[1:])
    return rate, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _batch(shard: Shard, at: datetime, dice: random.Random) -> Batch:
    return [
        {
            "deviceId": f"dev-{shard.first + number}",
            "timestamp": round(at.timestamp() * 1000),
            "data": {name: round(20 + dice.gauss(0, 1), 2) for name in METRICS},
        }
        for number in range(shard.records)
    ]


def _event(batch: Batch) -> dict[str, Any]:
    records = [
        {
            "data": base64.b64encode(json.dumps(record).encode()).decode(),
            "sequenceNumber": str(number),
            "approximateArrivalTimestamp": 1.0,
        }
        for number, record in enumerate(batch)
    ]
    return {"Records": [{"kinesis": record} for record in records]}


def _ingest(engine: Engine, event: dict[str, Any]) -> None:
    context = Ingestion(engine, Deadline.after(60), model.Way.KINESIS)
    outcome = ingest(context, from_kinesis(event))
    if outcome.rejects or not outcome.readings:
        raise RuntimeError(f"not all is right: {outcome.rejects[:1]}")


def _rows(batch: Batch) -> list[tuple[str, str, str, float]]:
    return [
        (
            datetime.fromtimestamp(record["timestamp"] / 1000, UTC).isoformat(),
            record["deviceId"],
            f"type-1.{name}",
            value,
        )
        for record in batch
        for name, value in record["data"].items()
    ]


def _lines(batch: Batch) -> str:
    return "".join(
        f"{at}\t{device}\t{name}\t{value}\t0\n" for at, device, name, value in _rows(batch)
    )


def _copy(engine: Engine, lines: str) -> None:
    with engine.begin() as connection:
        connection.connection.cursor().copy_expert(_COPY, io.StringIO(lines))


def _insert_each(engine: Engine, rows: list[tuple[str, str, str, float]]) -> None:
    with engine.begin() as connection:
        cursor = connection.connection.cursor()
        for row in rows:
            cursor.execute(_INSERT, row)


WAYS = {
    "ours": Way(_event, _ingest),
    "copy": Way(_lines, _copy),
    "row by row": Way(_rows, _insert_each),
}


def _table(rates: Sequence[Rate]) -> Table:
    table = Table("records a batch", *(f"{way} x {consumers}" for way, consumers in _cells()))
    for records in BATCHES:
        found = [rate for rate in rates if rate.records == records]
        table.add_row(f"{records:,}", *(f"{rate.readings_a_second:,.0f}" for rate in found))
    return table


if __name__ == "__main__":
    main()
