"""A database that is not ready is left as it was, with a sentence that says what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from alembic.util import CommandError
from sqlalchemy import create_engine

from migrations import preflight
from tests.databases import connect, scratch_database
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox

COLUMNS = (
    "device_id text NOT NULL, device_name text NOT NULL, parameter_id text NOT NULL, "
    "parameter_name text NOT NULL, created_at timestamptz, updated_at timestamptz"
)
KEY = "PRIMARY KEY (device_id, parameter_id)"


@contextmanager
def refusal(migrator: Migrator, sentence: str) -> Iterator[None]:
    before = migrator.catalogue()
    with pytest.raises(CommandError, match=sentence):
        yield
    assert migrator.catalogue() == before


@pytest.mark.parametrize(
    "table", ["redshift_devices", "timescale_measurements", "timescale_parameters"]
)
def test_a_missing_source_table_is_named(sources: Sandbox, migrator: Migrator, table: str) -> None:
    sources.rows(f"DROP TABLE iot_data.{table}")
    with refusal(migrator, f"source tables are missing: iot_data.{table};"):
        migrator.upgrade()


def test_a_missing_schema_names_every_table(sources: Sandbox, migrator: Migrator) -> None:
    sources.clear()
    with refusal(migrator, "redshift_devices, .*timescale_measurements, .*timescale_parameters"):
        migrator.upgrade()


def test_measurements_in_an_ordinary_table_are_refused(
    migrator: Migrator, replace_hypertable: Callable[[], None]
) -> None:
    replace_hypertable()
    with refusal(migrator, "is not a hypertable: convert it with `SELECT create_hypertable"):
        migrator.upgrade()


def test_a_taken_legacy_name_is_refused(sources: Sandbox, migrator: Migrator) -> None:
    for name in ("device_parameters", "device_parameters_legacy_view"):
        sources.rows(f"CREATE VIEW iot_data.{name} AS SELECT 1 AS one")
    with refusal(migrator, "is taken: rename or drop one of them"):
        migrator.upgrade()


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        ("device_id text, colour text", r"columns \(device_id text, colour text\) and no primary"),
        (COLUMNS, "and no primary key instead of"),
        (f"{COLUMNS}, PRIMARY KEY (parameter_id, device_id)", r"\(parameter_id, device_id\) inst"),
        (f"{COLUMNS.replace('name text', 'name varchar(3)')}, {KEY}", "character varying"),
    ],
)
def test_some_other_table_of_that_name_is_refused(
    sources: Sandbox, migrator: Migrator, definition: str, sentence: str
) -> None:
    sources.rows(f"CREATE TABLE iot_data.device_parameters ({definition})")
    with refusal(migrator, sentence):
        migrator.upgrade()


@pytest.mark.postgresql
def test_a_database_without_timescaledb_is_refused(
    database: Sandbox, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch_database(database.url, "DROP EXTENSION IF EXISTS timescaledb", "_bare") as url:
        bare = Sandbox(url, is_multi_backend=True)
        monkeypatch.setenv("TIMESCALE_DB_NAME", str(url.database))
        with refusal(Migrator(bare), "has no TimescaleDB: run `CREATE EXTENSION timescaledb`"):
            Migrator(bare).upgrade()
        bare.close()


@pytest.mark.parametrize(
    ("version", "is_old"),
    [("2.20.3", True), ("2.21.0", False), ("2.9.1", True), ("3.0.0-dev", False)],
)
def test_an_old_timescaledb_is_refused(version: str, is_old: bool) -> None:
    assert preflight.is_too_old(version) is is_old


@pytest.mark.parametrize("licence", ["apache", None])
def test_the_apache_edition_is_refused(
    migrator: Migrator, monkeypatch: pytest.MonkeyPatch, licence: str | None
) -> None:
    """A server reads its licence once, when it starts: only the reading of it is replaced."""
    monkeypatch.setattr(preflight, "licence_of", lambda _: licence)
    with refusal(migrator, "is the Apache edition, which has no continuous aggregates"):
        migrator.upgrade()


def test_the_community_edition_is_read_from_the_server(sources: Sandbox) -> None:
    engine = create_engine(sources.url)
    with engine.connect() as connection:
        assert preflight.licence_of(connection) == "timescale"
    engine.dispose()


@pytest.mark.postgresql
def test_a_second_migrator_gives_up_with_a_sentence(
    sources: Sandbox, migrator: Migrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATION_LOCK_TIMEOUT", "100ms")
    other = connect(sources.url)
    try:
        other.cursor().execute("SELECT pg_advisory_lock(%s)", (preflight.MIGRATION_LOCK,))
        with refusal(migrator, "another migration has been running"):
            migrator.upgrade()
    finally:
        other.close()
    migrator.upgrade()
