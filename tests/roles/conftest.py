"""Fixtures: a platform in whose database the application may do what it needs, and no more."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from alembic import command

from app import app
from chalicelib.database import engine_for
from chalicelib.http.gate import declared_routes
from chalicelib.settings import database_from_environment
from stack.database_roles import REFRESH, RUNTIME, role_name
from tests.databases import connect
from tests.house.uses import uses
from tests.migrations.test_legacy_view import VIEW
from tests.roles import doing, grants
from tests.sandbox import Sandbox, alembic_config
from tests.test_cli import _logging

__all__ = ["_logging"]

SUFFIX = f"_test_{os.getpid()}"
MIGRATOR = f"device_parameters_migrator{SUFFIX}"
PASSWORD = "pass"
# All that migrating needs. The last line is for the tables that the view to be replaced reads.
_FOR_THE_MIGRATOR = f"""
CREATE ROLE {MIGRATOR} LOGIN PASSWORD '{PASSWORD}';
GRANT USAGE, CREATE ON SCHEMA iot_data TO {MIGRATOR};
GRANT SELECT ON iot_data.timescale_measurements TO {MIGRATOR};
GRANT SELECT ON iot_data.redshift_devices, iot_data.timescale_parameters TO {MIGRATOR};
"""
# Objects outside of iot_data, and objects of other applications, that no role of ours may touch.
_OTHERS = """
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.payroll (amount integer);
CREATE MATERIALIZED VIEW iot_data.daily
WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS
SELECT time_bucket('1 day', time) AS bucket, count(*) FROM iot_data.timescale_measurements
GROUP BY bucket WITH NO DATA;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {migrator};
"""


def own(role: str) -> str:
    """The name under which these tests have *role*."""
    return f"{role_name(role)}{SUFFIX}"


@dataclass(frozen=True)
class Platform:
    """A database with a role to migrate it and, once they are made, those to run in it."""

    sandbox: Sandbox
    become: Callable[[str], None]

    def grant(self) -> None:
        """Run the scripts, under roles of this test's own."""
        for role, script in grants.SCRIPTS.items():
            self.sandbox.rows(grants.renamed(script, SUFFIX))
            self.sandbox.rows(f"ALTER ROLE {own(role)} PASSWORD '{PASSWORD}'")

    def migrate(self) -> None:
        """Migrate up to head, as the migrator."""
        self.become(MIGRATOR)
        self.sandbox.upgrade()

    def downgrade(self) -> None:
        """Migrate down to base, as the migrator, whatever is in the tables."""
        self.become(MIGRATOR)
        command.downgrade(alembic_config(drop_data=True), "base")

    def complaints(
        self, role: str = RUNTIME, feature: str | None = None, login: str | None = None
    ) -> Iterator[str]:
        """What goes wrong when all, or one, of the features do all that they do as *role*.

        They use connections of *login*, or of the role itself.
        """
        self.become(login or own(role))
        engine_for(database_from_environment()).dispose()
        told = uses(role)
        for name, use in told.items():
            if feature in (None, name):
                self.sandbox.empty()
                yield from use(self.sandbox)
                yield from _lists(role, name)
        for name in sorted({route.feature.name for route in declared_routes(app)} - told.keys()):
            if feature in (None, name):
                yield from _lists(role, name)

    def attempt(self, role: str, statement: str) -> None:
        """Carry out *statement*, in plain SQL, as *role*."""
        connection = connect(self.sandbox.url.set(username=role, password=PASSWORD))
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()


def _lists(role: str, feature: str) -> Iterator[str]:
    """Every address of a feature that can be asked for without knowing a name."""
    for route in declared_routes(app):
        is_asked = role == RUNTIME and feature == route.feature.name
        if is_asked and "GET" in route.methods and "{" not in route.address:
            yield from doing.request("GET", route.address)


@pytest.fixture(scope="module")
def server(postgresql: Sandbox) -> Iterator[Sandbox]:
    """A database of its own with the platform's tables, a view to replace, and a migrator."""
    with postgresql.neighbour("_roles") as sandbox:
        sandbox.create_sources()
        sandbox.rows(_FOR_THE_MIGRATOR)
        sandbox.rows(VIEW.format(kind="VIEW"))
        sandbox.rows(f"ALTER VIEW iot_data.device_parameters OWNER TO {MIGRATOR}")
        sandbox.rows(_OTHERS.format(database=sandbox.url.database, migrator=MIGRATOR))
        yield sandbox
    for role in (*map(own, (*grants.ROLES, REFRESH)), MIGRATOR):
        postgresql.rows(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def platform(
    server: Sandbox, environment: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    """That database; `become` decides whom the environment names."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    # Wide enough for a bucket that has closed.
    monkeypatch.setenv("CHECK_INTERVAL_MINUTES", "180")

    def become(role: str) -> None:
        monkeypatch.setenv("TIMESCALE_DB_USER", role)
        monkeypatch.setenv("TIMESCALE_DB_PASSWORD", PASSWORD)

    yield Platform(server, become)
    engine_for(database_from_environment()).dispose()


@pytest.fixture
def granted(platform: Platform) -> Platform:
    """Migrated by the one role, ready for the others, and empty."""
    platform.migrate()
    platform.grant()
    platform.sandbox.empty()
    return platform
