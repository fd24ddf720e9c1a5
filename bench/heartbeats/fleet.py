"""A database with a fleet in it, and the heartbeats it sends."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, Engine, create_engine, text

from bench import databases
from chalicelib.database import Deadline, engine_for
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.model import MAX_BATCH
from chalicelib.features.heartbeats.record import record
from chalicelib.settings import DatabaseSettings

SITES = 1_000
_REGISTER = text(
    "INSERT INTO iot_data.redshift_devices (device_id, status) "
    "SELECT 'hvac-unit-' || lpad(CAST(number AS text), 7, '0'), true "
    "FROM generate_series(0, :devices - 1) AS number"
)
# The same fleet and the same heartbeats each time.
chance = random.Random(1)  # noqa: S311 nothing secret

Item = dict[str, Any]


@dataclass(frozen=True)
class Fleet:
    """*devices* devices, all of them known to the database."""

    settings: DatabaseSettings
    devices: int

    @property
    def engine(self) -> Engine:
        """The application's own engine."""
        return engine_for(self.settings)

    def sample(self, size: int) -> list[Item]:
        """Heartbeats of some devices, as they come in."""
        return [item(number) for number in chance.sample(range(self.devices), size)]

    def execute(self, statement: str) -> None:
        """Carry out a statement outside of a transaction, as VACUUM needs it."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text(statement))

    def value(self, query: str) -> Any:
        """The one value that *query* returns."""
        with self.engine.connect() as connection:
            return connection.execute(text(query)).scalar_one()

    def settle(self) -> None:
        """Clear away what earlier measurements have left behind."""
        self.execute(
            "VACUUM (ANALYZE) iot_data.device_state, iot_data.device_state_fields, "
            "iot_data.redshift_devices"
        )
        self.execute("CHECKPOINT")

    def versions(self) -> dict[str, str]:
        """The versions of the server and of its extension."""
        extension = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
        return {
            "postgresql": str(self.value("SHOW server_version")),
            "timescaledb": str(self.value(extension)),
        }


@contextmanager
def fleet_of(server: URL, devices: int) -> Iterator[Fleet]:
    """A scratch database in which *devices* devices have reported once, in no order."""
    with databases.scratch(server) as settings:
        fleet = Fleet(settings.database, devices)
        with fleet.engine.begin() as connection:
            connection.execute(_REGISTER, {"devices": devices})
        numbers = list(range(devices))
        chance.shuffle(numbers)
        for start in range(0, devices, MAX_BATCH):
            items = [item(number) for number in numbers[start : start + MAX_BATCH]]
            record(fleet.engine, Deadline.after(600), read_batch({"devices": items}))
        fleet.settle()
        yield fleet


def item(number: int) -> Item:
    """What a device says of itself."""
    return {
        "device_id": f"hvac-unit-{number:07}",
        "site_id": f"building-{number % SITES}",
        "status": "ready",
        "agent_version": "1.0.0",
        "cpu_pct": round(chance.random() * 100, 1),
        "disk_free_gb": 45.2,
        "queue_depth": 3,
        "ts": datetime.now(UTC).isoformat(),
    }


def separate_engine(fleet: Fleet) -> Engine:
    """An engine with one connection of its own, for a writer among others."""
    return create_engine(fleet.engine.url, pool_size=1, max_overflow=0)
