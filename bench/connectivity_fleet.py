"""Devices for `bench.connectivity`, all of them online, with a clock that a measurement turns."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline, engine_for
from chalicelib.features.devices.connectivity import store
from chalicelib.features.devices.connectivity.decide import Checked, step
from chalicelib.features.devices.connectivity.model import Rules
from chalicelib.settings import DatabaseSettings

ORGANIZATIONS, INTERVAL_SECONDS = 100, 900
SLOTS = INTERVAL_SECONDS // 60
MINUTE = timedelta(minutes=1)
RULES = Rules(3, 120, timedelta(minutes=15), 50, 20)
# The system counts a hundredth of a second as one.
_TICKS = 100
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
WHERE number % {SLOTS} = :slot AND number / {SLOTS} % :among = 0
ON CONFLICT DO NOTHING
"""  # noqa: S608 constants


@dataclass(frozen=True)
class Taken:
    """How long something took: by the clock, and of one processor of the server."""

    seconds: float
    cpu_seconds: float


@dataclass
class Fleet:
    """Devices that are all online, and the clock that the checks are given.

    *checking* is who checks: the policies hold them, as they do not hold the *owner*.
    """

    owner: DatabaseSettings
    checking: DatabaseSettings
    devices: int
    metrics: int
    now: datetime

    def run(self, statements: str, **values: Any) -> None:
        """Carry out statements in a transaction that sees all organizations."""
        with self._transaction(self.owner) as connection:
            connection.execute(text(statements), values)

    def fill(self) -> None:
        """The devices, and what they have reported in the last quarter of an hour.

        Without triggers, and with indexes that are made afterwards: else it takes a quarter of an
        hour.
        """
        with engine_for(self.owner).begin() as connection:
            indexes = connection.execute(text(_INDEXES)).all()
        for index in indexes:
            self.run(f"DROP INDEX iot_data.{index.indexname}")
        self.run(_FILL, devices=self.devices, at=self.now)
        for index in indexes:
            self.run(index.indexdef)
        for slot in range(SLOTS):
            self.report(slot, self.now - slot * MINUTE)
        self.settle()

    def report(self, slot: int, at: datetime, *, among: int = 1) -> None:
        """The devices whose turn it is, or one *among* several of them, report within a minute."""
        values = {"slot": slot % SLOTS, "at": at, "among": among}
        self.run(_REPORT, devices=self.devices, metrics=self.metrics, **values)

    def settle(self) -> None:
        """Clear away what earlier measurements have left behind."""
        with engine_for(self.owner).connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))

    def check(self, *, minutes: int = 1) -> dict[str, Any]:
        """Minutes later: the transactions of the check, and how long they took."""
        self.now += minutes * MINUTE
        first, found = self._step(is_rest=False)
        taken = [first]
        while found.is_more or found.is_behind:
            one, rest = self._step(is_rest=found.is_more)
            taken.append(one)
            found = found.and_then(rest)
        return {
            "seconds": round(sum(one.seconds for one in taken), 2),
            "cpu_seconds": round(sum(one.cpu_seconds for one in taken), 2),
            "first_transaction_seconds": round(first.seconds, 2),
            "transactions": len(taken),
            "became_online": found.became_online,
            "became_offline": found.became_offline,
            "fleets_held": found.fleets_held,
            "events": self._events(),
        }

    def floor(self, statement: str, **values: Any) -> Taken:
        """How long a plain statement takes, which is taken back."""
        with self._transaction(self.owner) as connection:
            with _measured(connection) as taken:
                connection.execute(text(statement), values)
            connection.rollback()
        return taken[0]

    @contextmanager
    def _transaction(self, who: DatabaseSettings) -> Iterator[Connection]:
        deadline = Deadline.after(3600)
        with database.transaction(engine_for(who), deadline, EVERY_ORGANIZATION) as connection:
            yield connection

    def _step(self, *, is_rest: bool) -> tuple[Taken, Checked]:
        with self._transaction(self.checking) as connection, _measured(connection) as taken:
            store.try_lock_check(connection)
            found = step(connection, self.now, RULES, is_told=True, is_rest=is_rest)
        return taken[0], found

    def _events(self) -> int:
        with engine_for(self.owner).begin() as connection:
            events = connection.execute(text("SELECT count(*) FROM iot_data.outbox_events"))
            connection.execute(text("DELETE FROM iot_data.outbox_events"))
            return int(events.scalar_one())


def versions(engine: Engine) -> dict[str, str]:
    """What the server is."""
    extension = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
    with engine.connect() as connection:
        return {
            "postgresql": str(connection.execute(text("SHOW server_version")).scalar_one()),
            "timescaledb": str(connection.execute(text(extension)).scalar_one()),
        }


@contextmanager
def _measured(connection: Connection) -> Iterator[list[Taken]]:
    """A list that has how long it took when the context has ended.

    What the session's process took of a processor says more than the clock, where others wait for
    the same one; only this system knows it.
    """
    pid: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    taken: list[Taken] = []
    cpu, started = _cpu_seconds(pid), time.perf_counter()
    yield taken
    taken.append(Taken(time.perf_counter() - started, _cpu_seconds(pid) - cpu))


def _cpu_seconds(pid: int) -> float:
    process = Path(f"/proc/{pid}/stat")
    if not process.exists():
        return 0.0
    fields = process.read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
