"""A database that is not ready is left as it was, with a sentence that says what to do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from alembic.util import CommandError

from migrations import preflight
from tests.databases import connect, scratch_database
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox


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


def test_some_other_table_of_that_name_is_refused(sources: Sandbox, migrator: Migrator) -> None:
    sources.rows("CREATE TABLE iot_data.device_parameters (device_id text, colour text)")
    with refusal(migrator, "exists with the columns device_id, colour instead of"):
        migrator.upgrade()


@pytest.mark.multi_backend
def test_a_database_without_timescaledb_is_refused(
    database: Sandbox, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch_database(database.url, "_plain") as url:
        connection = connect(url)
        connection.cursor().execute("DROP EXTENSION timescaledb")
        connection.close()
        plain = Sandbox(url, is_multi_backend=True)
        monkeypatch.setenv("TIMESCALE_DB_NAME", str(url.database))
        with refusal(Migrator(plain), "has no TimescaleDB: run `CREATE EXTENSION timescaledb`"):
            Migrator(plain).upgrade()
        plain.close()


@pytest.mark.parametrize(
    ("version", "is_old"),
    [("2.20.3", True), ("2.21.0", False), ("2.9.1", True), ("3.0.0-dev", False)],
)
def test_an_old_timescaledb_is_refused(version: str, is_old: bool) -> None:
    assert preflight.is_too_old(version) is is_old


@pytest.mark.parametrize(
    ("licence", "is_apache"), [("apache", True), (None, True), ("timescale", False)]
)
def test_the_apache_edition_is_recognized(licence: str | None, is_apache: bool) -> None:
    assert preflight.lacks_community_features(licence) is is_apache


@pytest.mark.multi_backend
def test_the_apache_edition_is_refused(sources: Sandbox, migrator: Migrator) -> None:
    user = sources.value("SELECT quote_ident(current_user)")
    try:
        sources.rows("ALTER SYSTEM SET timescaledb.license = 'apache'")
        sources.rows("SELECT pg_reload_conf()")
    except psycopg2.Error as error:
        pytest.skip(f"{user} may not reconfigure this server: {error}")
    try:
        with refusal(migrator, "is the Apache edition, which has no continuous aggregates"):
            migrator.upgrade()
    finally:
        sources.rows("ALTER SYSTEM RESET timescaledb.license")
        sources.rows("SELECT pg_reload_conf()")


@pytest.mark.multi_backend
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
