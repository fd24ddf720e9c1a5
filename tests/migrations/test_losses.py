"""A downgrade that would lose data refuses before it changes anything, unless it is told to."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from app import migrate
from chalicelib.database.schema import VERSIONS, head_revision
from chalicelib.errors import InvalidRequestError, MigrationError
from migrations.losses import relations_lost
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.migrations.conftest import Migrator
from tests.sandbox import PROJECT, Sandbox, alembic_config

SCRIPTS = ScriptDirectory.from_config(alembic_config())
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]
BASE = {"command": "downgrade", "revision": "base"}
VERSION = "SELECT version_num FROM iot_data.device_parameters_version"
# The columns of tables and aggregates: all that data can be in.
# By their numbers: a column that gets another name loses nothing.
COLUMNS = """
SELECT relname, attnum FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN timescaledb_information.continuous_aggregates
    ON view_schema = 'iot_data' AND view_name = relname
WHERE relnamespace = 'iot_data'::regnamespace
  AND (relkind IN ('r', 'p', 'm') OR view_name IS NOT NULL)
"""
RUN = """
INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at)
VALUES ('cli', 'succeeded', now(), 60, now())
"""
PAIRS = """
INSERT INTO iot_data.device_parameters
SELECT 'd' || number, 'Door', 'p', 'Power' FROM generate_series(1, %s) AS number
"""
HEARTBEAT = """
INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) VALUES ('d', 'a', now())
"""


def alembic(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def filled(sources: Sandbox, migrator: Migrator) -> Sandbox:
    """At head, with one run, which not the first revision on the way down would drop."""
    migrator.upgrade()
    sources.rows(RUN)
    return sources


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_a_revision_drops_is_foreseen(
    sources: Sandbox, migrator: Migrator, engine: Engine, revision: str
) -> None:
    script = SCRIPTS.get_revision(revision)
    migrator.upgrade(revision)
    before = set(sources.rows(COLUMNS))
    with engine.connect() as connection:
        foreseen = set(relations_lost(connection, [script.module]))
    migrator.downgrade(str(script.down_revision or "base"))
    lost = before - set(sources.rows(COLUMNS))
    assert {table for table, _ in lost} == foreseen


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("*.py")), ids=lambda path: path.stem)
def test_a_revision_uses_of_op_what_can_be_foreseen(path: Path) -> None:
    """Anything else, such as `op.drop_table`, would be missed by those who only look."""
    used = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "op"
    }
    assert used <= {"execute", "get_bind"}


def test_rows_are_kept_and_named(filled: Sandbox) -> None:
    filled.rows(HEARTBEAT)
    refused = alembic("downgrade", "base")
    assert refused.returncode != 0
    assert "iot_data.device_state (1 row), iot_data.sync_runs (1 row)" in refused.stderr
    assert "nothing has been changed" in refused.stderr
    assert "`alembic -x drop-data=yes downgrade …`" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert filled.value(VERSION) == head_revision(), "no revision has been taken back"
    assert filled.value("SELECT count(*) FROM iot_data.sync_runs") == 1


def test_a_downgrade_that_is_told_to_drops_them(filled: Sandbox) -> None:
    done = alembic("-x", "drop-data=yes", "downgrade", "base")
    assert done.returncode == 0, done.stderr
    assert filled.rows(VERSION) == []


def test_consent_has_one_spelling(filled: Sandbox) -> None:
    assert "-x drop-data takes yes" in alembic("-x", "drop-data=no", "downgrade", "base").stderr
    assert filled.value(VERSION) == head_revision()


def test_a_downgrade_that_leaves_the_rows_needs_no_consent(migrated: Sandbox) -> None:
    migrated.expect_rebuild()
    migrated.rows(PAIRS, (1,))
    command.downgrade(alembic_config(), "0003_device_parameters_runs")
    assert migrated.value("SELECT count(*) FROM iot_data.device_parameters") == 1


def test_many_rows_are_not_counted_to_the_end(filled: Sandbox) -> None:
    filled.rows(PAIRS, (1500,))
    with pytest.raises(CommandError, match=r"device_parameters \(more than 1,000 rows\)"):
        command.downgrade(alembic_config(), "base")


def test_what_the_aggregate_holds_is_data(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    """Measurements may be gone by then, and the aggregate all that is left of them."""
    migrated.expect_rebuild()
    fleet.add_pairs(2, migrated.now())
    sync(window_minutes=180)
    migrated.rows(
        "CALL refresh_continuous_aggregate('iot_data.device_parameters_hourly', NULL, NULL)"
    )
    for table in ("device_parameter_changes", "sync_runs", "device_parameters"):
        migrated.rows(f"DELETE FROM iot_data.{table}")
    command.downgrade(alembic_config(), "0003_device_parameters_runs")
    with pytest.raises(CommandError, match=r"iot_data\.device_parameters_hourly \(2 rows\); not"):
        command.downgrade(alembic_config(), "base")
    assert migrated.value(VERSION) == "0003_device_parameters_runs"


def test_the_function_refuses_and_obeys(filled: Sandbox) -> None:
    with pytest.raises(MigrationError, match=r'sync_runs \(1 row\).*`"drop_data": true` to the fu'):
        migrate(BASE, None)
    assert filled.value(VERSION) == head_revision()
    with pytest.raises(MigrationError, match="drop data for good"):
        migrate({**BASE, "drop_data": False}, None)
    assert migrate({**BASE, "drop_data": True}, None)["to"] is None


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({"drop_data": True}, "only a downgrade takes drop_data"),
        ({**BASE, "drop_data": "yes"}, "drop_data must be true or false"),
    ],
)
def test_consent_is_for_downgrades_and_plain(
    migrated: Sandbox, payload: object, sentence: str
) -> None:
    with pytest.raises(InvalidRequestError, match=sentence):
        migrate(payload, None)
