"""Fixtures: devices that were last seen some time ago, and the check that looks for them."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.heartbeats.bodies import SilenceCheck
from chalicelib.features.heartbeats.check import check
from chalicelib.features.heartbeats.model import Admission, UnknownDevices
from tests.aws import Aws
from tests.outbox.listener import Listener
from tests.sandbox import Sandbox

BUS = "changes"
# Most tests are about what heartbeats add up to, whoever they are from.
ANYBODY = Admission(UnknownDevices.ACCEPT)


class Devices:
    """Devices that were last seen at some time ago, as a test says."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def seen(self, device_id: str, age: timedelta, site_id: str = "a") -> None:
        self._sandbox.rows(
            "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
            "VALUES (%(device)s, %(site)s, now() - %(age)s) ON CONFLICT (device_id) DO UPDATE "
            "SET last_seen_ts = excluded.last_seen_ts, site_id = excluded.site_id",
            {"device": device_id, "site": site_id, "age": age},
        )

    def seen_many(self, count: int, age: timedelta, site_id: str = "a") -> None:
        self._sandbox.rows(
            "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
            "SELECT %(site)s || '-' || n, %(site)s, now() - %(age)s "
            "FROM generate_series(1, %(count)s) AS n ON CONFLICT (device_id) DO UPDATE "
            "SET last_seen_ts = excluded.last_seen_ts",
            {"count": count, "site": site_id, "age": age},
        )


@pytest.fixture
def migrated(migrated: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Everything at head, every table empty; heartbeats of any device are stored."""
    monkeypatch.setenv("UNKNOWN_DEVICES", ANYBODY.unknown.value)
    return migrated


@pytest.fixture
def devices(migrated: Sandbox) -> Devices:
    return Devices(migrated)


@pytest.fixture
def listener(aws: Aws) -> Listener:
    """The bus, with somebody listening to all of it."""
    return Listener(aws, BUS)


@pytest.fixture
def check_once(migrated: Sandbox, engine: Engine) -> Callable[..., SilenceCheck]:
    """Carries out one check."""

    def run_check(stale_after_seconds: int = 120, bus: str | None = BUS) -> SilenceCheck:
        deadline = Deadline.after(60)
        return check(engine, deadline, stale_after_seconds=stale_after_seconds, bus=bus)

    return run_check


@pytest.fixture
def check_untold(check_once: Callable[..., SilenceCheck]) -> Callable[..., SilenceCheck]:
    """Carries out one check, which tells nobody."""
    return partial(check_once, bus=None)
