"""Fixtures: the application on a login that the policies hold, and on one that sees everything."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from chalicelib.database import engine_for
from chalicelib.settings import database_from_environment
from stack.database_roles import RUNTIME, role_name
from tests.people import People
from tests.roles.grants import SCRIPTS, renamed
from tests.sandbox import Sandbox

SUFFIX = f"_isolation_{os.getpid()}"
LOGIN = f"{role_name(RUNTIME)}{SUFFIX}"
REFRESH = f"device_parameters_refresh{SUFFIX}"
PASSWORD = "pass"


@pytest.fixture(scope="session")
def _login(postgresql: Sandbox) -> Iterator[str]:
    yield LOGIN
    postgresql.clear()
    postgresql.rows(f"DROP OWNED BY {LOGIN}; DROP OWNED BY {REFRESH}")
    postgresql.rows(f"DROP ROLE {LOGIN}; DROP ROLE {REFRESH}")


@pytest.fixture
def runtime_login(
    _login: str, migrated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sandbox]:
    """The application logs in as the role that the functions have."""
    migrated.rows(renamed(SCRIPTS[RUNTIME], SUFFIX))
    migrated.rows(f"ALTER ROLE {LOGIN} PASSWORD '{PASSWORD}'")
    monkeypatch.setenv("TIMESCALE_DB_USER", LOGIN)
    monkeypatch.setenv("TIMESCALE_DB_PASSWORD", PASSWORD)
    yield migrated
    engine_for(database_from_environment()).dispose()


@pytest.fixture
def runtime_engine(runtime_login: Sandbox) -> Engine:
    """The application's pooled engine, as that role."""
    return engine_for(database_from_environment())


@pytest.fixture(params=["by its code", "and by the policies below it"])
def isolated_people(request: pytest.FixtureRequest, people: People) -> People:
    """People of an application that is held to its organizations by its code, and below it."""
    if request.param != "by its code":
        request.getfixturevalue("runtime_login")
    return people
