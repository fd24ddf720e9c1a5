"""Whoever reads or writes while a table is locked is told so, in time, and may ask again."""

from collections.abc import Iterator

import pytest
from chalice.test import Client
from click.testing import CliRunner
from sqlalchemy import text

from app import app
from chalicelib.database import RESERVE_SECONDS
from chalicelib.errors import DatabaseBusyError
from chalicelib.http import writing
from cli import cli
from tests.databases import connect
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
# What is left for a statement after the reserve.
PATIENCE_SECONDS = RESERVE_SECONDS + 0.5


@pytest.fixture
def locked(migrated: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody changes the tables of runs and heartbeats, and readers soon lose patience."""
    monkeypatch.setattr("chalicelib.http.requests.REQUEST_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("chalicelib.terminal.QUERY_SECONDS", PATIENCE_SECONDS)
    other = connect(migrated.url)
    other.autocommit = False
    other.cursor().execute("LOCK TABLE iot_data.sync_runs, iot_data.device_state")
    try:
        yield
    finally:
        other.close()


@pytest.mark.parametrize("path", ["/status", "/runs", "/runs/1", "/devices/d/state"])
def test_a_read_of_a_locked_table_says_that_the_database_is_busy(locked: None, path: str) -> None:
    with Client(app) as client:
        response = client.http.get(path)
    error = response.json_body["error"]
    assert (response.status_code, error["code"]) == (503, "DATABASE_BUSY")
    assert error["message"] == "the database is busy, or a table is locked"


def test_a_write_to_a_locked_table_says_that_the_database_is_busy(locked: None) -> None:
    with pytest.raises(DatabaseBusyError):
        writing(lambda connection: connection.execute(text("DELETE FROM iot_data.sync_runs")))


@pytest.mark.usefixtures("log_as_it_was")
def test_the_command_line_says_that_the_database_is_busy(locked: None) -> None:
    result = CliRunner().invoke(cli, ["status"])
    assert result.exit_code == 1
    assert result.stderr == (
        "DATABASE_BUSY: a statement was cancelled: canceling statement due to statement timeout\n"
    )
