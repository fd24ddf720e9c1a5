"""`python -m bench.connectivity`: the minute's check of who is online, at a million devices."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from sqlalchemy import Engine, text

from bench import databases, results
from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline, engine_for
from chalicelib.features.devices.connectivity import store
from chalicelib.features.devices.connectivity.decide import Checked, step
from chalicelib.features.devices.connectivity.model import Rules
from chalicelib.settings import DatabaseSettings

KEPT = Path(__file__).resolve().parent / "results" / "connectivity.json"
ORGANIZATIONS, INTERVAL_SECONDS = 100, 900
SLOTS = INTERVAL_SECONDS // 60
MINUTE = timedelta(minutes=1)
RULES = Rules(3, 120, timedelta(minutes=15), 50, 20)
_NAME = "'dev-' || lpad(CAST(number AS text), 20, '0')"
_FILL = f"""
SET LOCAL session_replication_role = replica;
INSERT INTO iot_data.organizations (organization_id, name)
SELECT 'org-' || number, 'Organization ' || number
FROM generate_series(0, {ORGANIZATIONS - 1}) AS number;
INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds)
VALUES ('type', 'sensor', {INTERVAL_SECONDS});
INSERT INTO iot_data.devices (
    device_id, organization_id, device_type_id, name, serial_number, address, latitude, longitude,
    tags, lifecycle, connectivity, connectivity_since
)
SELECT {_NAME}, 'org-' || number % {ORGANIZATIONS}, 'type', 'Sensor ' || number, 'SN' || number,
       'Office ' || number % 400 || ', Building ' || number % 70,
       -60 + number % 120, -170 + number % 340,
       ARRAY['office', 'building-' || number % 70], 'active', 'online', CAST(:at AS timestamptz)
FROM generate_series(0, :devices - 1) AS number;
INSERT INTO iot_data.device_presence (
    device_id, organization_id, last_seen_at, silent_after, is_online
)
SELECT {_NAME}, 'org-' || number % {ORGANIZATIONS},
       CAST(:at AS timestamptz) - make_interval(mins => CAST(number % {SLOTS} AS integer)),
       make_interval(secs => {RULES.intervals * INTERVAL_SECONDS}), true
FROM generate_series(0, :devices - 1) AS number;
INSERT INTO iot_data.device_counts (
    organization_id, tag, device_type_id, status, lifecycle, connectivity, devices
)
SELECT organization_id, tag, device_type_id, status, lifecycle, connectivity, count(*)
FROM iot_data.devices
CROSS JOIN LATERAL unnest(array_append(tags, '')) AS tag
GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO iot_data.connectivity_checkpoint (
    read_until, decided_at, newest_reading_at, heard_count, limits
)
VALUES (:at, :at, :at, :devices / {SLOTS}, '{{}}')
"""  # noqa: S608 constants
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'iot_data' AND tablename IN ('devices', 'device_presence')
  AND indexname LIKE 'idx%'
"""
_REPORT = f"""
INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value)
SELECT CAST(:at AS timestamptz) - make_interval(secs => (number / {SLOTS}) % 50), {_NAME},
       'parameter-' || parameter, 1
FROM generate_series(0, :devices - 1) AS number,
     generate_series(1, :metrics) AS parameter
WHERE number % {SLOTS} = :slot
"""  # noqa: S608 constants
_SILENT = """
UPDATE iot_data.device_presence
SET last_seen_at = CAST(:at AS timestamptz) - interval '30 seconds'
WHERE device_id IN (
    SELECT device_id FROM iot_data.devices
    WHERE connectivity = 'online' ORDER BY device_id LIMIT :count
)
"""
_RETURN = """
INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value)
SELECT :at, device_id, 'parameter-0', 1 FROM iot_data.devices WHERE connectivity = 'offline'
"""
_BRING = """
EXPLAIN (ANALYZE, WAL, FORMAT JSON)
UPDATE iot_data.device_presence SET last_seen_at = last_seen_at + interval '1 second'
WHERE hashtext(device_id) % 15 = 0
"""


@dataclass
class Fleet:
    """A million devices, all online, and the clock that the checks are given."""

    settings: DatabaseSettings
    devices: int
    metrics: int
    now: datetime

    @property
    def engine(self) -> Engine:
        """The application's own engine."""
        return engine_for(self.settings)

    def run(self, statements: str, **values: Any) -> None:
        """Carry out statements in a transaction that sees all organizations."""
        with database.transaction(
            self.engine, Deadline.after(3600), EVERY_ORGANIZATION
        ) as connection:
            connection.execute(text(statements), values)

    def fill(self) -> None:
        """The devices, and what they have reported in the last quarter of an hour.

        Without triggers, and with indexes that are made afterwards: else it takes a quarter of an
        hour. The counts of devices, which a trigger keeps, begin at nothing.
        """
        with self.engine.begin() as connection:
            indexes = connection.execute(text(_INDEXES)).all()
        for index in indexes:
            self.run(f"DROP INDEX iot_data.{index.indexname}")
        self.run(_FILL, devices=self.devices, at=self.now)
        for index in indexes:
            self.run(index.indexdef)
        for slot in range(SLOTS):
            self.report(slot, self.now - slot * MINUTE)
        self.settle()

    def report(self, slot: int, at: datetime) -> None:
        """The devices whose turn it is report all their metrics within a minute."""
        self.run(_REPORT, devices=self.devices, metrics=self.metrics, slot=slot, at=at)

    def settle(self) -> None:
        """Clear away what earlier measurements have left behind."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))

    def check(self) -> dict[str, Any]:
        """A minute later: the transactions of the check, and how long they took."""
        self.now += MINUTE
        taken, found = self._step(is_rest=False)
        first, steps = taken, 1
        while found.is_more or found.is_behind:
            seconds, rest = self._step(is_rest=found.is_more)
            taken, steps, found = taken + seconds, steps + 1, found.and_then(rest)
        return {
            "seconds": round(taken, 2),
            "first_transaction_seconds": round(first, 2),
            "transactions": steps,
            "became_online": found.became_online,
            "became_offline": found.became_offline,
            "events": self._events(),
        }

    def _step(self, *, is_rest: bool) -> tuple[float, Checked]:
        started = time.perf_counter()
        with database.transaction(
            self.engine, Deadline.after(3600), EVERY_ORGANIZATION
        ) as connection:
            store.try_lock_check(connection)
            found = step(connection, self.now, RULES, is_told=True, is_rest=is_rest)
        return time.perf_counter() - started, found

    def _events(self) -> int:
        with self.engine.begin() as connection:
            events = connection.execute(text("SELECT count(*) FROM iot_data.outbox_events"))
            connection.execute(text("DELETE FROM iot_data.outbox_events"))
            return int(events.scalar_one())


@click.command()
@click.option("--devices", type=click.IntRange(min=10_000), default=1_000_000, show_default=True)
@click.option("--metrics", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=KEPT)
def main(devices: int, metrics: int, out: Path) -> None:
    """Measure the check of DEVICES devices, each of which reports METRICS metrics in 15 minutes."""
    server = databases.server_from_environment()
    if server is None:
        raise click.UsageError(f"name a server in {databases.URL_VARIABLES[0]}")
    with databases.scratch(server) as settings:
        start = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        fleet = Fleet(settings.database, devices, metrics, start)
        fleet.fill()
        found = {"devices": devices, "metrics": metrics, **_measure(fleet)}
        machine = results.machine_facts(_versions(fleet), is_embedded=False)
    out.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    Console().print_json(json.dumps(found))


def _measure(fleet: Fleet) -> dict[str, Any]:
    silent = fleet.devices // 10
    checks = {"nobody is heard of": fleet.check()}
    for turn in range(3):
        fleet.report(turn + 1, fleet.now + MINUTE)
        checks[f"a fifteenth is heard of, {turn + 1}"] = fleet.check()
    fleet.run(_SILENT, at=fleet.now - 3 * SLOTS * MINUTE + MINUTE, count=silent)
    fleet.settle()
    fleet.report(4, fleet.now + MINUTE)
    checks["a tenth falls silent"] = fleet.check()
    fleet.run(_RETURN, at=fleet.now + MINUTE / 2)
    fleet.report(5, fleet.now + MINUTE)
    fleet.settle()
    checks["the tenth comes back"] = fleet.check()
    fleet.run("UPDATE iot_data.connectivity_checkpoint SET decided_at = NULL")
    checks["all are decided of anew"] = fleet.check()
    return {"checks": checks, "presence": _presence(fleet)}


def _presence(fleet: Fleet) -> dict[str, Any]:
    """What it costs to bring a fifteenth forward, with the index by last seen and without."""
    found = {"with the index": _brought(fleet)}
    fleet.run("DROP INDEX iot_data.idx_device_presence_last_seen")
    found["without"] = _brought(fleet)
    return found


def _brought(fleet: Fleet) -> dict[str, Any]:
    fleet.settle()
    with database.transaction(fleet.engine, Deadline.after(3600), EVERY_ORGANIZATION) as connection:
        connection.execute(text(_BRING))
        plan = connection.execute(text(_BRING)).scalar_one()[0]
    return {
        "rows": plan["Plan"]["Plans"][0]["Actual Rows"],
        "milliseconds": round(plan["Execution Time"]),
        "wal_megabytes": round(plan["Plan"]["WAL Bytes"] / 2**20, 1),
    }


def _versions(fleet: Fleet) -> dict[str, str]:
    extension = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    with fleet.engine.connect() as connection:
        return {
            "postgresql": str(connection.execute(text("SHOW server_version")).scalar_one()),
            "timescaledb": str(connection.execute(text(extension)).scalar_one()),
        }


if __name__ == "__main__":
    main()
