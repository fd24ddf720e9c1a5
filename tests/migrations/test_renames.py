"""A database that an earlier release migrated, where the revisions had other names."""

import pytest
from alembic import command

from app import migrate
from chalicelib.database import engine_for, schema
from chalicelib.errors import SchemaOutdatedError
from chalicelib.features.device_parameters.settings import SyncSettings
from migrations.renames import FORMER_NAMES
from tests.migrations.conftest import Migrator
from tests.sandbox import PROJECT, Sandbox, alembic_config

THIRD, LAST = "20261121_03", "20261121_07"
VERSIONS = PROJECT / "migrations" / "versions"
_VERSION = "SELECT version_num FROM iot_data.alembic_version"
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
    sources.rows("UPDATE iot_data.alembic_version SET version_num = %s", (name,))
    return name


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
    answer = migrate({}, None)
    names = sorted(file.stem for file in VERSIONS.glob("[0-9]*.py"))
    assert answer["applied"] == names[names.index(FORMER_NAMES[former]) + 1 :]
    assert answer["to"] == schema.head_revision()


def test_until_it_is_migrated_the_application_says_what_to_do(
    former: str, configured: SyncSettings
) -> None:
    with (
        engine_for(configured.database).connect() as connection,
        pytest.raises(
            SchemaOutdatedError, match=f"at revision {former}, .* `alembic upgrade head`"
        ),
    ):
        schema.require_head(connection)


def test_a_database_of_this_release_is_left_as_it_is(migrated: Sandbox) -> None:
    command.upgrade(alembic_config(), "head")
    assert migrated.value(_VERSION) == schema.head_revision()


def test_every_former_name_has_a_revision_in_the_same_order() -> None:
    assert list(FORMER_NAMES) == sorted(FORMER_NAMES)
    assert list(FORMER_NAMES.values()) == sorted(FORMER_NAMES.values())
    names = {path.stem for path in schema.VERSIONS.glob("0*.py")}
    assert set(FORMER_NAMES.values()) <= names
