"""The platform's tables may have another shape: the migration says so before it begins."""

from datetime import timedelta

import psycopg2.errors
import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.database.repair import recreate_missing
from chalicelib.errors import MigrationError
from chalicelib.features.device_parameters.model import RunStatus
from chalicelib.features.device_parameters.verify import Reference, verify
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox, alembic_config

DEVICES = "iot_data.redshift_devices"
PARAMETERS = "iot_data.timescale_parameters"
MEASUREMENTS = "iot_data.timescale_measurements"
OF_ANOTHER_TYPE = [
    (f"ALTER TABLE {DEVICES} DROP COLUMN status", "has no column status, which must be boolean"),
    (
        f"ALTER TABLE {DEVICES} ALTER COLUMN status TYPE text",
        "status is text, and must be boolean",
    ),
    (
        f"ALTER TABLE {DEVICES} ALTER COLUMN device_id TYPE uuid USING device_id::uuid",
        "device_id is uuid, and must be text",
    ),
    (
        f"ALTER TABLE {PARAMETERS} ALTER COLUMN parameter_id TYPE bigint USING 1",
        "parameter_id is bigint, and must be text",
    ),
    (
        f"ALTER TABLE {MEASUREMENTS} ALTER COLUMN time TYPE timestamp",
        "time is timestamp without time zone, and must be timestamp with time zone",
    ),
]
WITHOUT_KEY = f"ALTER TABLE {DEVICES} DROP CONSTRAINT redshift_devices_pkey"


def refusal_of(migrator: Migrator) -> str:
    """Why the migration refuses; it has changed nothing."""
    before = migrator.catalogue()
    with pytest.raises(CommandError) as refused:
        migrator.upgrade()
    assert migrator.catalogue() == before
    return str(refused.value)


@pytest.mark.parametrize(("statement", "sentence"), OF_ANOTHER_TYPE)
def test_a_column_of_another_type_is_named(
    sources: Sandbox, migrator: Migrator, statement: str, sentence: str
) -> None:
    sources.rows(statement)
    assert sentence in refusal_of(migrator)


def test_all_that_is_wrong_is_said_at_once(sources: Sandbox, migrator: Migrator) -> None:
    for statement, _ in (OF_ANOTHER_TYPE[1], OF_ANOTHER_TYPE[4]):
        sources.rows(statement)
    sources.rows(f"DROP TABLE {PARAMETERS}")
    sources.rows("CREATE TABLE iot_data.audit_log (what text)")
    sources.rows("CREATE TABLE iot_data.device_state (device_id text)")
    refusal = refusal_of(migrator)
    assert refusal.startswith("5 things have to be put right first; nothing has been changed:\n- ")
    for part in (OF_ANOTHER_TYPE[1][1], OF_ANOTHER_TYPE[4][1], PARAMETERS, "audit_log"):
        assert part in refusal
    assert "device_state exists with the columns (device_id text)" in refusal


@pytest.mark.parametrize("name", ["outbox_events", "device_parameters_hourly"])
def test_a_name_that_is_taken_is_named_before_the_first_revision(
    sources: Sandbox, migrator: Migrator, name: str
) -> None:
    sources.rows(f"CREATE TABLE iot_data.{name} (what text)")
    assert f"are in use: iot_data.{name}; rename or drop" in refusal_of(migrator)


def test_a_database_that_has_lost_its_revision_is_stamped(
    sources: Sandbox, migrator: Migrator
) -> None:
    migrator.upgrade()
    sources.rows("DROP TABLE iot_data.device_parameters_version")
    assert "`alembic stamp head` makes it anew" in refusal_of(migrator)
    with pytest.raises(MigrationError, match="`alembic stamp head`"):
        recreate_missing()
    command.stamp(alembic_config(), "head")
    migrator.upgrade()


@pytest.mark.parametrize(
    "statement",
    [WITHOUT_KEY, f"{WITHOUT_KEY}, ADD PRIMARY KEY (device_id, created_at)"],
)
def test_devices_that_may_be_there_twice_are_refused_until_they_have_a_key(
    sources: Sandbox, migrator: Migrator, statement: str
) -> None:
    sources.rows(statement)
    remedy = f"CREATE UNIQUE INDEX ON {DEVICES} (device_id)"
    assert f"run `{remedy}`" in refusal_of(migrator)
    sources.rows(remedy)
    migrator.upgrade()


def test_ids_of_different_collations_are_refused(sources: Sandbox, migrator: Migrator) -> None:
    alter = "ALTER TABLE {} ALTER COLUMN device_id TYPE text COLLATE {}"
    sources.rows(alter.format(DEVICES, '"C"'))
    sources.rows(alter.format(MEASUREMENTS, '"POSIX"'))
    assert (
        "cannot be compared: iot_data.redshift_devices.device_id has C, "
        "iot_data.timescale_measurements.device_id has POSIX" in refusal_of(migrator)
    )


@pytest.mark.multi_backend  # for ICU, which the embedded database does not have
def test_ids_that_are_equal_without_being_the_same_are_refused(
    sources: Sandbox, migrator: Migrator
) -> None:
    try:
        sources.rows(
            "CREATE COLLATION iot_data.loose (provider = icu, locale = 'und-u-ks-level2', "
            "deterministic = false)"
        )
    except psycopg2.errors.FeatureNotSupported:
        pytest.skip("this PostgreSQL was built without ICU, which such collations need")
    sources.rows(f"ALTER TABLE {DEVICES} ALTER COLUMN device_id TYPE text COLLATE iot_data.loose")
    assert f"{DEVICES}.device_id has the collation loose" in refusal_of(migrator)


def test_other_shapes_that_can_be_read_are_taken(
    sources: Sandbox, migrator: Migrator, sync: SyncRunner, engine: Engine
) -> None:
    sources.clear()
    sources.rows(
        "CREATE SCHEMA iot_data; "
        "CREATE DOMAIN iot_data.identifier AS text; "
        "CREATE TABLE iot_data.fleet "
        "(device_id varchar(40), device_name text, status boolean); "
        f"CREATE VIEW {DEVICES} AS SELECT * FROM iot_data.fleet; "
        f"CREATE TABLE {PARAMETERS} "
        "(parameter_id iot_data.identifier UNIQUE, parameter_name text); "
        f"CREATE TABLE {MEASUREMENTS} (time timestamptz NOT NULL, "
        'device_id text COLLATE "C", parameter_id text, value double precision)'
    )
    sources.rows(f"SELECT create_hypertable('{MEASUREMENTS}', by_range('time'))")
    migrator.upgrade()
    sources.rows("INSERT INTO iot_data.fleet VALUES ('d', 'Door', true)")
    fleet = Fleet(sources)
    fleet.add_parameter("p", "Power")
    fleet.report("d", "p", sources.now())
    an_hour_ago = sources.now() - timedelta(hours=1)
    sources.rows(f"INSERT INTO {MEASUREMENTS} VALUES (%s, NULL, NULL, 1)", (an_hour_ago,))
    assert sync().status is RunStatus.SUCCEEDED
    assert fleet.known_pairs() == [("d", "Door", "p", "Power")]
    assert verify(engine, Reference.AGGREGATE, Deadline.after(60)).differences == []
    assert verify(engine, Reference.MEASUREMENTS, Deadline.after(60)).differences == []
