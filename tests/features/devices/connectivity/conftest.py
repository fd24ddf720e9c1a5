"""A fleet of devices whose clock a test turns, and checks at any instant."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.connectivity import store
from chalicelib.features.devices.connectivity.decide import Checked, step
from chalicelib.features.devices.connectivity.model import Rules
from tests.sandbox import Sandbox

START = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
RULES = Rules(
    intervals=3,
    at_least_seconds=120,
    lateness=timedelta(minutes=15),
    guard_percent=50,
    guard_min_devices=20,
)


@dataclass
class Devices:
    """Devices in the database, and a clock that only moves when it is told to."""

    sandbox: Sandbox
    engine: Engine
    rules: Rules = RULES
    now: datetime = START
    types: set[int] = field(default_factory=set)

    def add(self, *names: str, interval: int = 60, organization: str = "o") -> None:
        """Register devices that report every *interval* seconds."""
        self.sandbox.rows(
            "INSERT INTO iot_data.organizations (organization_id, name) "
            "VALUES (%(o)s, %(o)s) ON CONFLICT DO NOTHING",
            {"o": organization},
        )
        self.sandbox.rows(
            "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
            "VALUES (%(t)s, %(t)s, %(seconds)s) ON CONFLICT DO NOTHING",
            {"t": f"type-{interval}", "seconds": interval},
        )
        self.sandbox.rows(
            "INSERT INTO iot_data.devices "
            "(device_id, organization_id, device_type_id, name, created_at) "
            "SELECT name, %s, %s, name, %s FROM unnest(%s) AS name",
            (organization, f"type-{interval}", START, list(names)),
        )
        self.sandbox.rows(
            "INSERT INTO iot_data.device_presence (device_id, organization_id) "
            "SELECT name, %s FROM unnest(%s) AS name",
            (organization, list(names)),
        )

    def retype(self, name: str, interval: int) -> None:
        """Make the device one of another type, as a change of it does."""
        self.sandbox.rows(
            "UPDATE iot_data.devices SET device_type_id = %s WHERE device_id = %s",
            (f"type-{interval}", name),
        )
        self._ask_again(name)

    def delete(self, name: str) -> None:
        """Delete the device, as whoever may does."""
        self.sandbox.rows(
            "UPDATE iot_data.devices SET lifecycle = 'deleted' WHERE device_id = %s", (name,)
        )
        self._ask_again(name)

    def _ask_again(self, name: str) -> None:
        with database.transaction(
            self.engine, Deadline.after(60), EVERY_ORGANIZATION
        ) as connection:
            store.ask_again(connection, name)

    def report(self, *names: str, at: datetime | None = None) -> None:
        """A reading of each device."""
        self.sandbox.rows(
            "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
            "SELECT %s, name, 'p', 1 FROM unnest(%s) AS name ON CONFLICT DO NOTHING",
            (at or self.now, list(names)),
        )

    def beat(self, name: str, at: datetime | None = None) -> None:
        """A heartbeat of the device."""
        self.sandbox.rows(
            "INSERT INTO iot_data.device_state AS known (device_id, site_id, last_seen_ts) "
            "VALUES (%s, 's', %s) ON CONFLICT (device_id) DO UPDATE "
            "SET last_seen_ts = greatest(known.last_seen_ts, excluded.last_seen_ts)",
            (name, at or self.now),
        )

    def wait(self, **length: float) -> None:
        """Let time go by."""
        self.now += timedelta(**length)

    def check(self, *, is_told: bool = False, batch: int = 10_000, **rules: Any) -> Checked:
        """A check at this instant, with as many steps as it takes."""
        used = replace(self.rules, **rules)
        found = self._step(used, is_told=is_told, batch=batch)
        while found.is_behind or found.is_more:
            rest = self._step(used, is_told=is_told, batch=batch, is_rest=found.is_more)
            found = found.and_then(rest)
        return found

    def _step(self, rules: Rules, **how: Any) -> Checked:
        deadline = Deadline.after(60)
        with database.transaction(self.engine, deadline, EVERY_ORGANIZATION) as connection:
            assert store.try_lock_check(connection)
            return step(connection, self.now, rules, **how)

    def minutes(self, count: int, *reporting: str) -> None:
        """So many minutes, in each of which these devices report, and a check follows."""
        for _ in range(count):
            self.wait(minutes=1)
            if reporting:
                self.report(*reporting)
            self.check()

    def silence(self) -> None:
        """Half an hour in which nobody reports; the checks of its beginning and of its end."""
        self.minutes(4)
        self.wait(minutes=25)
        self.minutes(1)

    def transitions(self) -> list[tuple[str, str, float]]:
        """All there were, in order: the device, what it became, and the seconds since the start."""
        return [
            (device, "online" if is_online else "offline", (at - START).total_seconds())
            for device, is_online, at in self.sandbox.rows(
                "SELECT device_id, is_online, happened_at FROM iot_data.device_transitions "
                "ORDER BY transition_id"
            )
        ]

    def connectivity(self, name: str) -> str:
        """What the device counts as."""
        found: str = self.sandbox.value(
            "SELECT connectivity FROM iot_data.devices WHERE device_id = %s", (name,)
        )
        return found


@pytest.fixture
def devices(migrated: Sandbox, engine: Engine) -> Devices:
    """No devices yet."""
    return Devices(migrated, engine)
