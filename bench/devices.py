"""`python -m bench.devices`: how long it takes to register, show and list devices.

As bench/routes.py does: from the API Gateway event to the answer, without the network and without
the authorizer, one request after the other on a warm container. One organization has all devices
but a hundredth, which a thousand others share.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from bench import databases, results
from bench.iot_core import iot_core
from bench.routes import environment_of
from chalicelib.database import engine_for
from chalicelib.features.device_parameters.settings import SyncSettings

KEPT = Path(__file__).parent / "results" / "devices.json"
WARM_UP, REQUESTS = 10, 200
# Serial numbers of the devices that are registered with things begin behind those of the others.
WITH_AWS = 1_000
# A request that takes this long in all is measured less often.
PATIENCE_SECONDS = 20.0
LIST = "/devices?organizationId=big"
SMALL = "/devices?organizationId=small-7"
LISTS = {
    "all": LIST,
    "of one of ten types": f"{LIST}&deviceType=type-3",
    "online (97 of 100)": f"{LIST}&status=online",
    "offline (1 of 100)": f"{LIST}&status=offline",
    "in maintenance (1 of 1,000)": f"{LIST}&status=maintenance",
    "connectivity=offline": f"{LIST}&connectivity=offline",
    "lifecycle=registered": f"{LIST}&lifecycle=registered",
    "offline, of a type": f"{LIST}&status=offline&deviceType=type-1",
    "a tag of half of them": f"{LIST}&tags=half-1",
    "a tag of 1 of 100": f"{LIST}&tags=percent-7",
    "a tag of 10 devices": f"{LIST}&tags=rare-7",
    "any of two tags of 1 of 100": f"{LIST}&tags=percent-7,percent-8",
    "both of two tags": f"{LIST}&tagsAll=half-1,percent-7",
    "any of two tags of half": f"{LIST}&tags=half-0,half-1",
    "q, a serial number": f"{LIST}&q=SN4711",
    "q, two words": f"{LIST}&q=sensor%20777",
    "q, a word of all": f"{LIST}&q=sensor",
    "location, a street": f"{LIST}&location=street%204711",
    "location, a city of 1 of 50": f"{LIST}&location=city%20c7",
    "near, 2 km": f"{LIST}&near=38,-122,2",
    "near, 20 km": f"{LIST}&near=38,-122,20",
    "by createdAt": f"{LIST}&sortBy=createdAt&sortOrder=desc",
    "by status": f"{LIST}&sortBy=status",
    "by lastSeen": f"{LIST}&sortBy=lastSeen&sortOrder=desc",
    "page 400": f"{LIST}&page=400",
    "all, of a small organization": SMALL,
    "a tag, of a small organization": f"{SMALL}&tags=half-1",
    "by lastSeen, of a small organization": f"{SMALL}&sortBy=lastSeen",
    "of all organizations": "/devices",
}

_FILL = (
    "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('big', 'Big')",
    "INSERT INTO iot_data.organizations (organization_id, name) "
    "SELECT 'small-' || n, 'Small' FROM generate_series(1, 1000) AS n",
    "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
    "SELECT 'type-' || n, 'type-' || n, 60 FROM generate_series(1, 10) AS n",
    "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name, "
    "serial_number, latitude, longitude, address, connection, metadata, tags, connectivity, "
    "maintenance_until) "
    "SELECT 'dev-' || substr(md5(CAST(n AS text)), 1, 20), "
    "CASE WHEN n % 100 = 99 THEN 'small-' || 1 + n / 100 % 1000 ELSE 'big' END, "
    "'type-' || 1 + n % 10, 'Sensor-' || n % 1000 || '-u' || n, 'SN' || n, "
    "37 + random() * 2, -123 + random() * 2, 'Street ' || n % 5000 || ', City c' || n % 50, "
    '\'{"type": "cellular", "simId": "sim-123456"}\', '
    "jsonb_build_object('manufacturer', 'SensorCorp', 'serialNumber', 'SN' || n), "
    "ARRAY['half-' || n % 2, 'percent-' || n % 100, 'rare-' || n / 10], "
    "CASE WHEN n % 100 = 0 THEN 'offline' WHEN n % 50 = 1 THEN 'never' ELSE 'online' END, "
    "CASE WHEN n % 1000 = 3 THEN TIMESTAMPTZ 'infinity' END "
    "FROM generate_series(1, :devices) AS n",
    # What the triggers would do row by row.
    "INSERT INTO iot_data.device_terms SELECT organization_id, term, device_id "
    "FROM iot_data.devices CROSS JOIN LATERAL iot_data.terms_of_device("
    "name || ' ' || serial_number || ' ' || substr(device_id, 5), address, tags) AS term ",
    "INSERT INTO iot_data.device_counts (organization_id, tag, device_type_id, status, lifecycle, "
    "connectivity, devices) SELECT organization_id, tag, device_type_id, status, lifecycle, "
    "connectivity, count(*) FROM iot_data.devices "
    "CROSS JOIN LATERAL unnest(array_append(tags, '')) AS tag GROUP BY 1, 2, 3, 4, 5, 6",
    "INSERT INTO iot_data.device_presence SELECT device_id, organization_id, "
    "CASE WHEN connectivity <> 'never' THEN now() - random() * interval '1 hour' END "
    "FROM iot_data.devices",
    "INSERT INTO iot_data.redshift_devices (device_id, device_name, status) "
    "SELECT device_id, name, true FROM iot_data.devices",
)
# They are made faster at the end than row by row.
_INDEXES = text(
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'iot_data' "
    "AND tablename = 'devices' AND indexname LIKE 'idx!_%' ESCAPE '!'"
)
_KEY_OF_TERMS = "device_terms_pkey"
# Whom the policies hold, as they do not hold a superuser.
_ROLE = "device_parameters_bench"
_PASSWORD = "bench"  # noqa: S105 of a role that is dropped at the end
_MAKE_ROLE = (
    f"CREATE ROLE {_ROLE} LOGIN PASSWORD '{_PASSWORD}'",
    f"GRANT USAGE ON SCHEMA iot_data TO {_ROLE}",
    f"GRANT ALL ON ALL TABLES IN SCHEMA iot_data TO {_ROLE}",
)
_DROP_ROLE = (f"DROP OWNED BY {_ROLE}", f"DROP ROLE {_ROLE}")
_VERSIONS = text(
    "SELECT current_setting('server_version') AS postgresql, "
    "(SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb"
)


@dataclass(frozen=True)
class Timing:
    """Milliseconds of one request."""

    request: str
    devices: int
    p50_ms: float
    p99_ms: float


@click.command()
@click.option("--devices", type=int, multiple=True, default=(1_000, 1_000_000), show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(devices: tuple[int, ...], out: Path) -> None:
    """Measure at each number of DEVICES, on the server that is named, or embedded."""
    server = databases.server_from_environment()
    timings: list[Timing] = []
    facts: dict[str, str] = {}
    for count in devices:
        with databases.scratch(server) as settings:
            engine = engine_for(settings.database)
            facts = fill(engine, count)
            with held_by_policies(engine), environment_of(as_role(settings)):
                for timing in measured(engine, count):
                    timings.append(timing)
                    click.echo(f"{timing.p50_ms:>9} {timing.p99_ms:>9}  {timing.request}")
    machine = results.machine_facts(facts, is_embedded=server is None)
    document = {"machine": machine, "timings": [asdict(timing) for timing in timings]}
    out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    Console().print(_table(timings, devices))


@contextmanager
def held_by_policies(engine: Engine) -> Iterator[None]:
    """The role that is measured, for as long as the context lasts."""
    _carry_out(engine, _MAKE_ROLE)
    try:
        yield
    finally:
        _carry_out(engine, _DROP_ROLE)


def _carry_out(engine: Engine, statements: tuple[str, ...]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def as_role(settings: SyncSettings) -> SyncSettings:
    """*settings* of the role that `held_by_policies` makes."""
    where = replace(settings.database, user=_ROLE, password=_PASSWORD)
    return replace(settings, database=where)


def fill(engine: Engine, devices: int) -> dict[str, str]:
    """Make *devices*; returns the versions of the server."""
    with engine.begin() as connection:
        indexes = connection.execute(_INDEXES).all()
        for index in indexes:
            connection.execute(text(f"DROP INDEX iot_data.{index.indexname}"))
        connection.execute(
            text(f"ALTER TABLE iot_data.device_terms DROP CONSTRAINT {_KEY_OF_TERMS}")
        )
        # Triggers, and keys of other tables, wait.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL work_mem = '256MB'"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        for statement in _FILL:
            connection.execute(text(statement), {"devices": devices})
        for index in indexes:
            connection.execute(text(index.indexdef))
        connection.execute(
            text(
                f"ALTER TABLE iot_data.device_terms ADD CONSTRAINT {_KEY_OF_TERMS} "
                "PRIMARY KEY (organization_id, term, device_id)"
            )
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        return dict(connection.execute(_VERSIONS).one()._mapping)


def measured(engine: Engine, devices: int) -> Iterator[Timing]:
    """How long each request takes."""
    # Here, not above: app.py reads AUTH_MODE when it is imported.
    from chalice.test import Client

    from app import app

    with engine.begin() as connection:
        found = text("SELECT device_id FROM iot_data.devices LIMIT :most")
        ids = connection.execute(found, {"most": WARM_UP + REQUESTS}).scalars().all()
    with Client(app) as client:

        def ask(method: str, path: str, body: object = None) -> None:
            headers = {"Content-Type": "application/json"}
            sent = b"" if body is None else json.dumps(body).encode()
            answer = client.http.request(method, path, headers=headers, body=sent)
            if answer.status_code not in (200, 201):
                raise click.ClickException(f"{path} answered {answer.status_code}: {answer.body!r}")

        for name, path in LISTS.items():
            yield _timed(f"list: {name}", devices, partial(_ask_for, ask, path))
        yield _timed("get", devices, lambda n: ask("GET", f"/devices/{ids[n % len(ids)]}"))
        yield _timed(
            "change",
            devices,
            lambda n: ask("PUT", f"/devices/{ids[n % len(ids)]}", {"name": f"N {n}"}),
        )
        yield _timed(
            "register", devices, lambda n: ask("POST", "/devices?organizationId=big", _new(n))
        )
        with iot_core():
            yield _timed(
                "register, with a thing and a certificate",
                devices,
                lambda n: ask("POST", "/devices?organizationId=big", _new(WITH_AWS + n)),
            )
        yield _timed(
            "delete",
            devices,
            lambda n: ask("DELETE", f"/devices/{ids[n]}") if n < len(ids) else None,
        )


def _ask_for(ask: Callable[[str, str], None], path: str, _: int) -> None:
    ask("GET", path)


def _new(number: int) -> dict[str, Any]:
    return {
        "deviceType": "type-3",
        "name": f"New {number}",
        "location": {"lat": 38.0, "lon": -122.0, "address": "Street 1, City 2"},
        "metadata": {"manufacturer": "SensorCorp", "serialNumber": f"NEW{number}"},
        "tags": ["half-1", "percent-7"],
    }


def _timed(name: str, devices: int, ask: Callable[[int], object]) -> Timing:
    milliseconds: list[float] = []
    began = time.perf_counter()
    for number in range(WARM_UP + REQUESTS):
        started = time.perf_counter()
        ask(number)
        milliseconds.append((time.perf_counter() - started) * 1000)
        if number > 2 * WARM_UP and started - began > PATIENCE_SECONDS:
            break
    percentiles = statistics.quantiles(milliseconds[WARM_UP:], n=100, method="inclusive")
    return Timing(name, devices, round(percentiles[49], 2), round(percentiles[98], 2))


def _table(timings: list[Timing], devices: tuple[int, ...]) -> Table:
    table = Table(title="Milliseconds, p50 / p99")
    table.add_column("request", no_wrap=True)
    for count in devices:
        table.add_column(f"{count:,} devices", justify="right")
    for name in dict.fromkeys(timing.request for timing in timings):
        found = [timing for timing in timings if timing.request == name]
        table.add_row(name, *(f"{timing.p50_ms} / {timing.p99_ms}" for timing in found))
    return table


if __name__ == "__main__":
    main()
