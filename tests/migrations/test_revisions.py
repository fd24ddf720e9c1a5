"""Every revision goes up, down and up again, and the schema in code is the schema in SQL."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from chalicelib.database.schema import VERSIONS, head_revision
from tests.migrations.conftest import Migrator
from tests.sandbox import PROJECT, Sandbox, alembic_config

SCRIPTS = ScriptDirectory.from_config(alembic_config())
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


def test_a_revision_is_named_as_its_file_and_numbered_without_a_gap() -> None:
    scripts = [SCRIPTS.get_revision(revision) for revision in REVISIONS]
    assert [Path(script.path).stem for script in scripts] == REVISIONS
    assert [int(revision[:4]) for revision in REVISIONS] == list(range(1, len(REVISIONS) + 1))
    assert {revision[4] for revision in REVISIONS} == {"_"}


def test_there_is_one_line_of_revisions_and_no_other_file() -> None:
    files = sorted(path.stem for path in VERSIONS.glob("*.py"))
    assert files == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_s_name_fits_the_column_it_is_kept_in(revision: str) -> None:
    assert len(revision) <= 32


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_goes_up_down_and_up(migrator: Migrator, revision: str) -> None:
    parent = SCRIPTS.get_revision(revision).down_revision
    migrator.upgrade(str(parent)) if parent else None
    before = migrator.shape()
    migrator.upgrade(revision)
    after = migrator.shape()
    assert after != before
    migrator.downgrade(str(parent) if parent else "base")
    # Alembic's own table comes with the first revision and stays.
    assert [name for name in migrator.shape() if "_version" not in name] == [
        name for name in before if "_version" not in name
    ]
    migrator.upgrade(revision)
    assert migrator.shape() == after


def test_a_dropped_aggregate_does_not_bar_the_way_down(
    sources: Sandbox, migrator: Migrator
) -> None:
    migrator.upgrade()
    complete = migrator.catalogue()
    sources.rows("DROP MATERIALIZED VIEW iot_data.device_parameters_hourly CASCADE")
    migrator.downgrade()
    migrator.upgrade()
    assert migrator.catalogue() == complete


def test_the_code_expects_the_newest_revision() -> None:
    assert SCRIPTS.get_current_head() == head_revision()


def test_autogenerate_finds_nothing_to_do(migrated: Sandbox) -> None:
    command.check(alembic_config())


@pytest.mark.parametrize("aggregate", ["device_parameters_hourly", "device_parameter_sets_hourly"])
def test_an_aggregate_is_materialized_only_and_compressible_and_empty(
    migrated: Sandbox, aggregate: str
) -> None:
    [facts] = migrated.rows(
        "SELECT materialized_only, compression_enabled "
        "FROM timescaledb_information.continuous_aggregates "
        "WHERE view_schema = 'iot_data' AND view_name = %s",
        (aggregate,),
    )
    assert facts == (True, True)
    assert migrated.value(f"SELECT count(*) FROM iot_data.{aggregate}") == 0


def test_the_command_line_migrates_from_the_environment(sources: Sandbox) -> None:
    sources.expect_rebuild()
    result = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    version = sources.value("SELECT version_num FROM iot_data.device_parameters_version")
    assert version == head_revision()


@pytest.mark.parametrize("variable", ["TIMESCALE_DB_HOST", "TIMESCALE_DB_PASSWORD"])
def test_the_command_line_names_a_missing_variable(
    sources: Sandbox, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    result = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode != 0
    assert f"{variable} is not set" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
