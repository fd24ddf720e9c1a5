"""`python -m bench.routes`: how long the routes take, with a small fleet and with a large one.

Measured where Lambda would call: from the API Gateway event to the answer, without the network
and without the authorizer, one request after the other on a warm container.
"""

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, text

from bench import databases, results
from chalicelib.database import Deadline, engine_for
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync

KEPT = Path(__file__).parent / "results" / "routes.json"
PARAMETERS = 10
RUNS = 2_000
WARM_UP, REQUESTS = 10, 300
WINDOW_MINUTES = timedelta(hours=4) // timedelta(minutes=1)
ROUTES = {
    "/health": "/health",
    "/status": "/status",
    "/runs": "/runs",
    "/runs, of one status": "/runs?status=failed",
    "/runs/{run_id}": "/runs/1",
    "/runs/{run_id}/changes": "/runs/1/changes",
    "/device-parameters": "/device-parameters",
    "/device-parameters, of a device": "/device-parameters?device_id=device-50",
    "/device-parameters, of a parameter": "/device-parameters?parameter_id=parameter-5",
    "/device-parameters, page of 500": "/device-parameters?limit=500",
    "/device-parameters, by a name": "/device-parameters?q=device%2050",
    "/device-parameters/{…}/{…}": "/device-parameters/device-50/parameter-5",
}

_FILL = (
    "INSERT INTO iot_data.redshift_devices (device_id, device_name, status) "
    "SELECT 'device-' || n, 'Device ' || n, true FROM generate_series(1, :devices) AS n",
    "INSERT INTO iot_data.timescale_parameters (parameter_id, parameter_name) "
    "SELECT 'parameter-' || n, 'Parameter ' || n FROM generate_series(1, :parameters) AS n",
    "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
    "SELECT date_trunc('hour', now()) - hour * interval '1 hour' + interval '10 minutes', "
    "device_id, parameter_id FROM generate_series(1, 3) AS hour, "
    "iot_data.redshift_devices, iot_data.timescale_parameters",
)
_REMEMBER_RUNS = (
    "INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at, "
    "finished_at, pair_count, device_count, parameter_count) SELECT 'schedule', 'succeeded', "
    "now(), 60, now(), now(), 1, 1, 1 FROM generate_series(1, :runs)"
)


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one route."""

    route: str
    pairs: int
    p50_ms: float
    p99_ms: float


@click.command()
@click.option("--pairs", type=int, multiple=True, default=(1_000, 500_000), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(pairs: tuple[int, ...], out: Path) -> None:
    """Measure every route at each number of PAIRS, on the server that is named, or embedded."""
    server = databases.server_from_environment()
    timings: list[Timing] = []
    facts: dict[str, str] = {}
    for count in pairs:
        with databases.scratch(server) as settings, environment_of(settings):
            facts = _fill(settings, count)
            timings += [_measure(route, path, count) for route, path in ROUTES.items()]
    machine = results.machine_facts(facts, is_embedded=server is None)
    document = {"machine": machine, "timings": [asdict(timing) for timing in timings]}
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    Console().print(_table(timings, pairs))


@contextmanager
def environment_of(settings: SyncSettings) -> Iterator[None]:
    """The application finds the database of *settings*, and everybody may do everything."""
    where = settings.database
    os.environ.update(
        AUTH_MODE="none",
        LOG_LEVEL="CRITICAL",
        TIMESCALE_DB_HOST=str(where.host),
        TIMESCALE_DB_PORT=str(where.port),
        TIMESCALE_DB_NAME=str(where.name),
        TIMESCALE_DB_USER=str(where.user),
        TIMESCALE_DB_PASSWORD=str(where.password),
        TIMESCALE_DB_SSLMODE=where.sslmode,
    )
    yield
    engine_for(where).dispose()


def _fill(settings: SyncSettings, pairs: int) -> dict[str, str]:
    """A fleet that has reported for three hours, its table, and a history of runs."""
    engine = engine_for(settings.database)
    values = {"devices": pairs // PARAMETERS, "parameters": PARAMETERS}
    with engine.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement), values)
    context = Sync(engine, settings, Deadline.after(600))
    sync(context, SyncRequest(Trigger.CLI, window_minutes=WINDOW_MINUTES))
    with engine.begin() as connection:
        connection.execute(text(_REMEMBER_RUNS), {"runs": RUNS})
        connection.execute(text("ANALYZE"))
        return _versions(connection)


def _versions(connection: Connection) -> dict[str, str]:
    extension = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    return {
        "postgresql": str(connection.execute(text("SHOW server_version")).scalar_one()),
        "timescaledb": str(connection.execute(text(extension)).scalar_one()),
    }


def _measure(route: str, path: str, pairs: int) -> Timing:
    # Here, not above: app.py reads AUTH_MODE when it is imported.
    from chalice.test import Client

    from app import app

    milliseconds = []
    with Client(app) as client:
        for _ in range(WARM_UP + REQUESTS):
            started = time.perf_counter()
            answer = client.http.get(path)
            milliseconds.append((time.perf_counter() - started) * 1000)
            if answer.status_code != 200:
                raise click.ClickException(f"{path} answered {answer.status_code}")
    percentiles = statistics.quantiles(milliseconds[WARM_UP:], n=100)
    return Timing(route, pairs, round(percentiles[49], 2), round(percentiles[98], 2))


def _table(timings: list[Timing], pairs: tuple[int, ...]) -> Table:
    table = Table(title="Milliseconds, p50 / p99")
    table.add_column("route", no_wrap=True)
    for count in pairs:
        table.add_column(f"{count:,} pairs", justify="right")
    for route in ROUTES:
        found = [timing for timing in timings if timing.route == route]
        table.add_row(route, *(f"{timing.p50_ms} / {timing.p99_ms}" for timing in found))
    return table


if __name__ == "__main__":
    main()
