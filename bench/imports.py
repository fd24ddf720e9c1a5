"""`python -m bench.imports`: files of devices, against COPY of the same rows, and one by one.

Each import is carried out in a fresh process, from moto's S3. COPY writes the same rows into the
same tables, with their indexes, foreign keys and triggers, and decides nothing.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import boto3
import click
from moto.server import ThreadedMotoServer
from rich.console import Console
from sqlalchemy import Engine, text

from bench import databases, results
from bench.peak import peak_kb
from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices import registering
from chalicelib.features.devices.bodies import NewDevice
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.imports import ask
from chalicelib.features.devices.imports.bodies import NewImport
from chalicelib.features.devices.imports.carry_out import carry_out
from chalicelib.features.devices.imports.context import Importing
from chalicelib.features.devices.imports.model import ImportFormat, key_of
from chalicelib.ids import new_id
from chalicelib.settings import DatabaseSettings

KEPT = Path(__file__).parent / "results" / "imports.json"
ORGANIZATION, TYPE, BUCKET, ACTOR = "bench", "sensor", "bench-imports", Actor("bench")
INVOCATION_SECONDS = 60.0
ONE_BY_ONE = 300
HEAD = "name,deviceType,serialNumber,manufacturer,model,lat,lon,address,tags,connectivityType\n"
# What an import writes, as COPY takes it.
COPIED = {
    "devices": "device_id, organization_id, device_type_id, name, serial_number, latitude, "
    "longitude, address, connection, metadata, tags",
    "device_presence": "device_id, organization_id",
    "device_changes": "device_id, organization_id, action, actor, before, after",
    "redshift_devices": "device_id, device_name, status, device_type_id",
    "device_import_rows": "import_id, line, organization_id, device_id",
}
_ORGANIZATION = text(
    "INSERT INTO iot_data.organizations (organization_id, name) VALUES (:organization, 'Bench')"
)
_TYPE = text(
    "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
    "VALUES (:type, :type, 60)"
)
EMPTY = (
    "TRUNCATE iot_data.devices, iot_data.redshift_devices, iot_data.device_import_rows, "
    "iot_data.device_counts CASCADE"
)


@click.command()
@click.option("--rows", type=click.IntRange(min=1000), multiple=True, default=[10_000, 100_000])
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(rows: tuple[int, ...], out: Path) -> None:
    """Measure imports of ROWS devices, on the server that is named."""
    server = databases.server_from_environment()
    if server is None:
        raise click.UsageError(f"name a server in {databases.URL_VARIABLES[0]}")
    with databases.scratch(server) as settings, _bucket() as s3:
        engine = database.engine_for(settings.database)
        _prepare(engine)
        found = [_measure(engine, settings.database, s3, count) for count in rows]
        machine = results.machine_facts(results.server_facts(engine), is_embedded=False)
        machine["one_by_one_rows_per_second"] = _one_by_one(engine)
    out.write_text(json.dumps({"machine": machine, "imports": found}, indent=2) + "\n", "utf-8")
    Console().print_json(json.dumps(found))


def _measure(engine: Engine, settings: DatabaseSettings, s3: Any, count: int) -> dict[str, Any]:
    _execute(engine, EMPTY)
    file = HEAD + "".join(_line(number) for number in range(count))
    _ask(engine, s3, file)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        imported = process.submit(_carry_out, settings, dict(os.environ)).result()
    if imported["registered"] != count:
        raise click.ClickException(f"only {imported} of {count} rows were registered")
    copied = _copy(engine)
    seconds = sum(copied.values())
    return {
        "rows": count,
        "file_bytes": len(file.encode()),
        **imported,
        "rows_per_second": round(count / imported["seconds"]),
        "copy_seconds": {table: round(taken, 2) for table, taken in copied.items()},
        "times_copy": round(imported["seconds"] / seconds, 1),
    }


def _carry_out(settings: DatabaseSettings, environment: dict[str, str]) -> dict[str, Any]:
    """Invoke what is scheduled until nothing is left, and say how far memory rose meanwhile."""
    os.environ.update(environment)
    engine = database.engine_for(settings)
    with engine.connect():
        before = peak_kb()
    registered = invocations = 0
    started = time.perf_counter()
    while invocations == 0 or _is_unfinished(engine):
        deadline = Deadline.after(INVOCATION_SECONDS)
        done = carry_out(Importing(engine, deadline, BUCKET, 10**7, keeps_master=True))
        registered, invocations = registered + done.registered, invocations + 1
    return {
        "seconds": round(time.perf_counter() - started, 2),
        "registered": registered,
        "invocations": invocations,
        "peak_growth_mb": round((peak_kb() - before) / 1024, 1),
    }


def _copy(engine: Engine) -> dict[str, float]:
    """Seconds that COPY takes for what is there, by table, once it was taken away."""
    kept = {table: _copied_out(engine, table) for table in COPIED}
    _execute(engine, EMPTY)
    return {table: _copied_in(engine, table, rows) for table, rows in kept.items()}


def _copied_out(engine: Engine, table: str) -> StringIO:
    rows = StringIO()
    with _cursor(engine) as cursor:
        cursor.copy_expert(f"COPY iot_data.{table} ({COPIED[table]}) TO STDOUT", rows)
    return rows


def _copied_in(engine: Engine, table: str, rows: StringIO) -> float:
    rows.seek(0)
    started = time.perf_counter()
    with _cursor(engine) as cursor:
        cursor.copy_expert(f"COPY iot_data.{table} ({COPIED[table]}) FROM STDIN", rows)
    return time.perf_counter() - started


def _one_by_one(engine: Engine) -> int:
    """How many a second `POST /devices` registers, without HTTP: a transaction each."""
    request = Request(ACTOR, ORGANIZATION, lambda _: None, keeps_master=True)
    started = time.perf_counter()
    for number in range(ONE_BY_ONE):
        body = NewDevice(
            device_type=TYPE, name=f"Single {number}", metadata={"serialNumber": f"1-{number}"}
        )
        with database.transaction(engine, Deadline.after(60), ORGANIZATION) as connection:
            registering.register(
                connection, request, new_id("dev"), ORGANIZATION, body, is_adopted=False
            )
    return round(ONE_BY_ONE / (time.perf_counter() - started))


def _line(number: int) -> str:
    return (
        f"Sensor {number},{TYPE},SN-{number:08},SensorCorp,TSv2-{number % 7},"
        f"{number % 178 - 88}.25,{number % 358 - 178}.5,"
        f'"Office {number % 500}, Building {number % 40}",office;b{number % 40},cellular\n'
    )


def _ask(engine: Engine, s3: Any, file: str) -> None:
    import_id = new_id("import")
    s3.put_object(Bucket=BUCKET, Key=key_of(import_id), Body=file.encode())
    asked = NewImport(format=ImportFormat.CSV)
    with database.transaction(engine, Deadline.after(60), EVERY_ORGANIZATION) as connection:
        ask.add(connection, ACTOR, import_id, ORGANIZATION, asked, may_adopt=False)


def _is_unfinished(engine: Engine) -> bool:
    with engine.begin() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM iot_data.device_import_work")))


def _prepare(engine: Engine) -> None:
    """An organization, and a type of devices."""
    names = {"organization": ORGANIZATION, "type": TYPE}
    with engine.begin() as connection:
        connection.execute(_ORGANIZATION, names)
        connection.execute(_TYPE, names)


def _execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


@contextmanager
def _cursor(engine: Engine) -> Iterator[Any]:
    connection = engine.raw_connection()
    try:
        yield connection.cursor()
        connection.commit()
    finally:
        connection.close()


@contextmanager
def _bucket() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    try:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        yield s3
    finally:
        server.stop()


if __name__ == "__main__":
    main()
