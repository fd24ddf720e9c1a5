"""Fixtures: a database in a known state, a fleet to report for, and the sync to run."""

import logging
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import hypothesis
import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline, engine_for
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.features.device_parameters.sync import sync as run_sync
from stack.declared import DECLARED
from tests.aws import Aws, moto_server
from tests.fleet import Fleet
from tests.sandbox import Sandbox

# How long an example takes says something about the machine, and nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
# This is read when app.py is imported. The tests of access make closed applications of their own.
os.environ["AUTH_MODE"] = "none"

pytest_plugins = ["tests.servers", "tests.people", "tests.isolation.logins"]
# What the developer's own environment may say must not decide how a test ends.
DECLARED_VARIABLES = {
    name
    for feature in DECLARED
    for setting in feature.settings
    for name in (setting.name, setting.former_name)
    if name is not None
}


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


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def environment(database: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables of the application, for this database."""
    for name in DECLARED_VARIABLES - {"AUTH_MODE"}:
        monkeypatch.delenv(name, raising=False)
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """The next test does not see what this one does to the set-up of the log."""
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
def configured(environment: None) -> SyncSettings:
    """What the application reads from that environment."""
    return sync_settings()


@pytest.fixture
def engine(configured: SyncSettings) -> Engine:
    """The application's own pooled engine."""
    return engine_for(configured.database)


@pytest.fixture
def fleet(migrated: Sandbox) -> Fleet:
    """A fleet without devices, in a migrated database."""
    return Fleet(migrated)


@pytest.fixture
def sync(migrated: Sandbox, engine: Engine, configured: SyncSettings) -> SyncRunner:
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
