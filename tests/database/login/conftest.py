"""Fixtures: a secret, the service that keeps it, and a database that asks for what it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, text

from chalicelib.database import Deadline, engine_for, transaction
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.features.device_parameters.sync import sync as run_sync
from tests.database.login import doorkeeper, secrets_manager
from tests.database.login.doorkeeper import Door
from tests.database.login.secrets_manager import SecretsManager
from tests.sandbox import Sandbox

PASSWORD = "s3cr3t-the-first"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretsManager]:
    """The service, in place of AWS's."""
    with secrets_manager.serving() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield service


@dataclass
class Account:
    """A login at the database, and the secret that says what it is."""

    door: Door
    arn: str
    secrets: SecretsManager
    content: dict[str, Any]
    configured: SyncSettings

    @property
    def engine(self) -> Engine:
        """The application's own pooled engine."""
        return engine_for(self.configured.database)

    def rotate(self, password: str) -> None:
        """Change the password as a rotation does: in the database first, then in the secret."""
        self.door.change_password(password)
        self.change_secret(password)

    def change_secret(self, password: str) -> None:
        """Change the password in the secret alone."""
        self.secrets.change(self.arn, {**self.content, "password": password})

    def connect(self) -> int:
        """Carry out a transaction, on a connection of the pool or a new one."""
        with transaction(self.engine, Deadline.after(60)) as connection:
            return int(connection.execute(text("SELECT 1")).scalar_one())

    def sync(self) -> Run:
        """Carry out a run, as the application is configured."""
        context = Sync(self.engine, self.configured, Deadline.after(60))
        return run_sync(context, SyncRequest(Trigger.SCHEDULE))


OpenAccount = Callable[[Door], Account]


@pytest.fixture
def open_account(
    environment: None, database: Sandbox, secrets: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> OpenAccount:
    """Makes the login of a door the application's own: the environment names only the secret."""

    def build(door: Door) -> Account:
        content = {
            **{"engine": "postgres", "dbInstanceIdentifier": "platform"},
            **{"host": door.host, "port": door.port, "dbname": database.url.database},
            **{"username": door.user, "password": PASSWORD},
        }
        door.change_password(PASSWORD)
        arn = secrets.keep(content)
        for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD"):
            monkeypatch.delenv(f"TIMESCALE_DB_{name}")
        monkeypatch.setenv("TIMESCALE_DB_SECRET_ARN", arn)
        return Account(door, arn, secrets, content, sync_settings())

    return build


@pytest.fixture
def account(migrated: Sandbox, open_account: OpenAccount) -> Iterator[Account]:
    """The application knows only the ARN of a secret, and the database checks passwords."""
    with doorkeeper.guarded(migrated) as door:
        account = open_account(door)
        yield account
        account.engine.dispose()


@pytest.fixture
def refused(migrated: Sandbox, open_account: OpenAccount) -> Iterator[Account]:
    """The same, where the database lets nobody in, and counts who tries."""
    with doorkeeper.doorkeeper(migrated) as door:
        account = open_account(door)
        door.change_password("of no use")
        yield account
        account.engine.dispose()
