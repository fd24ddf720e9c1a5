"""A database that an earlier release migrated: revisions, and their table, had other names."""

import pytest
from alembic import command

from app import migrate
from chalicelib import database
from chalicelib.database import Deadline, engine_for, schema
from chalicelib.errors import SchemaOutdatedError
from chalicelib.features.device_parameters.settings import SyncSettings
from migrations.renames import FORMER_NAMES
from tests.migrations.conftest import Migrator
from tests.sandbox import PROJECT, Sandbox, alembic_config

THIRD, LAST = "20261121_03", "20261121_07"
VERSIONS = PROJECT / "migrations" / "versions"
_VERSION = "SELECT version_num FROM iot_data.device_parameters_version"
# As Alembic makes it.
_OF_THE_PLATFORM = (
    "CREATE TABLE iot_data.alembic_version (version_num varchar(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)
# Tables that every one of the revisions below has.
_REMEMBER = (
    "INSERT INTO iot_data.device_parameters VALUES ('d', 'Door', 'p', 'Power')",
    "INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at) "
    "VALUES ('cli', 'running', now(), 60, now())",
)
_REMEMBERED = (
    "SELECT device_name, (SELECT count(*) FROM iot_data.sync_runs) FROM iot_data.device_parameters"
)


@pytest.fixture(params=[THIRD, LAST])
def former(request: pytest.FixtureRequest, sources: Sandbox, migrator: Migrator) -> str:
    """The name under which the database, which has rows, remembers its revision."""
    name: str = request.param
    migrator.upgrade(FORMER_NAMES[name])
    for statement in _REMEMBER:
        sources.rows(statement)
    put_back(sources, name)
    return name


def put_back(sources: Sandbox, name: str) -> None:
    """Have the database remember the revision *name* as a release before this one did."""
    sources.rows("UPDATE iot_data.device_parameters_version SET version_num = %s", (name,))
    sources.rows("ALTER TABLE iot_data.device_parameters_version RENAME TO alembic_version")
    sources.rows(
        "ALTER TABLE iot_data.alembic_version "
        "RENAME CONSTRAINT device_parameters_version_pkc TO alembic_version_pkc"
    )


def test_it_goes_up_keeps_its_rows_and_goes_down(
    former: str, sources: Sandbox, migrator: Migrator
) -> None:
    migrator.upgrade()
    assert sources.value(_VERSION) == schema.head_revision()
    assert sources.rows(_REMEMBERED) == [("Door", 1)]
    migrator.downgrade(FORMER_NAMES[THIRD], drop_data=True)
    assert sources.value(_VERSION) == FORMER_NAMES[THIRD]
    assert sources.rows(_REMEMBERED) == [("Door", 1)]
    migrator.downgrade(drop_data=True)
    assert sources.rows(_VERSION) == []


def test_it_can_go_down_at_once(former: str, sources: Sandbox, migrator: Migrator) -> None:
    migrator.downgrade(FORMER_NAMES[THIRD], drop_data=True)
    assert sources.value(_VERSION) == FORMER_NAMES[THIRD]
    assert sources.rows(_REMEMBERED) == [("Door", 1)]


def test_only_what_is_new_is_applied(former: str, migrator: Migrator) -> None:
    assert migrate({"command": "current"}, None)["from"] == former
    answer = migrate({}, None)
    assert answer["from"] == former
    names = sorted(file.stem for file in VERSIONS.glob("[0-9]*.py"))
    assert answer["applied"] == names[names.index(FORMER_NAMES[former]) + 1 :]
    assert answer["to"] == schema.head_revision()


def test_until_it_is_migrated_the_application_says_what_to_do(
    former: str, configured: SyncSettings
) -> None:
    with (
        pytest.raises(
            SchemaOutdatedError, match=r"device_parameters_version.* run `alembic upgrade head`"
        ),
        database.transaction(engine_for(configured.database), Deadline.after(60)) as connection,
    ):
        schema.require_head(connection)


def test_a_database_of_this_release_is_left_as_it_is(migrated: Sandbox) -> None:
    command.upgrade(alembic_config(), "head")
    assert migrated.value(_VERSION) == schema.head_revision()


def test_a_database_at_head_under_the_former_name_keeps_its_grants(
    sources: Sandbox, migrator: Migrator
) -> None:
    migrator.upgrade()
    put_back(sources, schema.head_revision())
    sources.rows("GRANT SELECT ON iot_data.alembic_version TO PUBLIC")
    assert migrate({}, None)["applied"] == []
    assert sources.value(_VERSION) == schema.head_revision()
    assert sources.value(
        "SELECT has_table_privilege('public', 'iot_data.device_parameters_version', 'SELECT')"
    )
    # Nothing of the former name is left in the way of the platform.
    sources.rows(_OF_THE_PLATFORM)


@pytest.mark.parametrize("versions", [[], ["ae1027a6acf"], ["0005_outbox_events", "ae1027a6acf"]])
def test_what_the_platform_keeps_its_own_revisions_in_is_left_as_it_is(
    sources: Sandbox, migrator: Migrator, versions: list[str]
) -> None:
    sources.rows(_OF_THE_PLATFORM)
    for version in versions:
        sources.rows("INSERT INTO iot_data.alembic_version VALUES (%s)", (version,))
    assert migrate({}, None)["from"] is None
    assert sources.value(_VERSION) == schema.head_revision()
    migrator.downgrade()
    kept = sources.rows("SELECT version_num FROM iot_data.alembic_version ORDER BY 1")
    assert [version for [version] in kept] == versions


def test_some_other_table_of_that_name_is_left_as_it_is(
    sources: Sandbox, migrator: Migrator
) -> None:
    sources.rows("CREATE TABLE iot_data.alembic_version AS SELECT 1 AS major, 2 AS minor")
    migrator.upgrade()
    assert sources.rows("TABLE iot_data.alembic_version") == [(1, 2)]


def test_every_former_name_has_a_revision_in_the_same_order() -> None:
    assert list(FORMER_NAMES) == sorted(FORMER_NAMES)
    assert list(FORMER_NAMES.values()) == sorted(FORMER_NAMES.values())
    names = {path.stem for path in schema.VERSIONS.glob("0*.py")}
    assert set(FORMER_NAMES.values()) <= names
