"""Fixtures: a database in a known state, a fleet to report for, and the sync to run."""

import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline, engine_for
from chalicelib.features.device_parameters.model import Run, SyncRequest, Trigger
from chalicelib.features.device_parameters.sync import Sync
from chalicelib.features.device_parameters.sync import sync as run_sync
from chalicelib.settings import Settings, from_environment
from tests import databases
from tests.aws import Aws, moto_server
from tests.databases import DatabaseChoice
from tests.fleet import Fleet
from tests.sandbox import Sandbox

# Read when app.py is imported: the tests of access, which need doors that shut, make their own.
os.environ["AUTH_MODE"] = "none"

CHOICE = pytest.StashKey[DatabaseChoice]()
# What the developer's own environment may say must not decide how a test ends.
OPTIONAL_VARIABLES = (
    *("CHECK_INTERVAL_MINUTES", "SYNC_INTERVAL_MINUTES", "SYNC_SCHEDULE", "LOG_LEVEL"),
    *("REMOVAL_GUARD_PERCENT", "REMOVAL_GUARD_MIN_PAIRS", "HISTORY_RETENTION_DAYS"),
    *("REFRESH_WORK_MEM_MB", "MIGRATION_LOCK_TIMEOUT", "SYNC_FUNCTION_NAME", "CORS_ALLOW_ORIGIN"),
    *("CHANGE_EVENT_BUS", "METRICS_NAMESPACE"),
    *("TIMESCALE_DB_SECRET_ARN",),
    *("STALE_AFTER_SECONDS", "HEARTBEAT_CHECK_SCHEDULE", "HEARTBEAT_QUEUE"),
    *("LOAD_SINK", "MAX_REJECTED_PERCENT", "MAX_BATCH_SIZE", "MAX_RETRIES"),
    *("TIMESTREAM_MAX_BATCH_SIZE", "TIMESTREAM_MAX_RETRIES"),
    *("TIMESTREAM_DATABASE_NAME", "GENERATION_TABLE_NAME", "CONSUMPTION_TABLE_NAME"),
    *("TRANSMISSION_TABLE_NAME", "AWS_ENDPOINT_URL_TIMESTREAM_WRITE", "AWS_ENDPOINT_URL"),
)


class SyncRunner(Protocol):
    """The `sync` fixture: a run with these values, the rest as configured."""

    def __call__(
        self,
        as_of: datetime | None = None,
        window_minutes: int | None = None,
        *,
        force: bool = False,
        dry_run: bool = False,
        seconds: float = 60,
        **changed: Any,
    ) -> Run: ...


def pytest_configure(config: pytest.Config) -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[CHOICE] = databases.choose()


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.stash[CHOICE].label}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.stash[CHOICE].is_multi_backend:
        return
    reason = f"the embedded database has one backend: {databases.REMEDY}"
    for item in items:
        if item.get_closest_marker("multi_backend"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def database(pytestconfig: pytest.Config) -> Iterator[Sandbox]:
    """The tests' database, in whatever state; ask for `sources` or `migrated` instead."""
    choice = pytestconfig.stash[CHOICE]
    with choice.open() as url:
        sandbox = Sandbox(url, is_multi_backend=choice.is_multi_backend)
        try:
            yield sandbox
        finally:
            engine_for(sandbox.settings).dispose()
            sandbox.close()


@pytest.fixture
def environment(database: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables of the application, for this database."""
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)
    for name in OPTIONAL_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def log_as_it_was() -> Iterator[None]:
    """Whatever the test does to the log's set-up, the next test does not see it."""
    root, ours = logging.getLogger(), logging.getLogger("chalicelib")
    kept = root.handlers[:], root.level, ours.level
    yield
    root.handlers = kept[0]
    root.setLevel(kept[1])
    ours.setLevel(kept[2])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Moto's server in place of AWS, empty."""
    with moto_server() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        yield aws


@pytest.fixture
def sources(database: Sandbox, environment: None) -> Sandbox:
    """The platform's tables, empty; nothing of ours."""
    database.create_sources()
    return database


@pytest.fixture
def migrated(database: Sandbox, environment: None) -> Sandbox:
    """Everything at head, every table empty."""
    database.migrate()
    return database


@pytest.fixture
def configured(environment: None) -> Settings:
    """What the application reads from that environment."""
    return from_environment()


@pytest.fixture
def engine(configured: Settings) -> Engine:
    """The application's own pooled engine."""
    return engine_for(configured.database)


@pytest.fixture
def fleet(migrated: Sandbox) -> Fleet:
    """A fleet without devices, in a migrated database."""
    return Fleet(migrated)


@pytest.fixture
def sync(migrated: Sandbox, engine: Engine, configured: Settings) -> SyncRunner:
    """Runs the sync and returns the run."""

    def run(
        as_of: datetime | None = None,
        window_minutes: int | None = None,
        *,
        force: bool = False,
        dry_run: bool = False,
        seconds: float = 60,
        **changed: Any,
    ) -> Run:
        context = Sync(engine, replace(configured, **changed), Deadline.after(seconds))
        request = SyncRequest(Trigger.CLI, window_minutes, as_of, dry_run, force)
        return run_sync(context, request)

    return run
