"""A platform that has device_state already keeps it; some other table of that name is refused."""

import pytest
from alembic.util import CommandError

from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox

# As the platform's own documentation has it.
TABLE = """
CREATE TABLE iot_data.device_state (
    device_id TEXT PRIMARY KEY,
    site_id TEXT NOT NULL,
    last_seen_ts TIMESTAMP WITH TIME ZONE NOT NULL,
    last_upload_ts TIMESTAMP WITH TIME ZONE,
    queue_depth INTEGER,
    agent_version TEXT,
    poll_interval_s INTEGER,
    cpu_pct FLOAT,
    disk_free_gb FLOAT,
    status TEXT CHECK (status IN ('ready','degraded','error')),
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
)
"""
VIEW = """
CREATE OR REPLACE VIEW iot_data.v_devices_stale AS
SELECT device_id, site_id, last_seen_ts, now() - last_seen_ts AS age
FROM iot_data.device_state
WHERE now() - last_seen_ts > interval '120 seconds'
"""
SHAPE = """
SELECT string_agg(column_name || ' ' || data_type || ' ' || is_nullable, ', '
                  ORDER BY ordinal_position)
FROM information_schema.columns
WHERE table_schema = 'iot_data' AND table_name = %s
"""
CHECKS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'iot_data.device_state'::regclass ORDER BY 1
"""
DEFINITION = "SELECT pg_get_viewdef('iot_data.v_devices_stale'::regclass)"


def test_the_table_and_the_view_are_as_documented(sources: Sandbox, migrator: Migrator) -> None:
    sources.rows(TABLE)
    sources.rows(VIEW)
    shapes = [sources.value(SHAPE, (name,)) for name in ("device_state", "v_devices_stale")]
    documented = (shapes, sources.rows(CHECKS), sources.value(DEFINITION))
    sources.rows("DROP TABLE iot_data.device_state CASCADE")
    migrator.upgrade()
    shapes = [sources.value(SHAPE, (name,)) for name in ("device_state", "v_devices_stale")]
    assert (shapes, sources.rows(CHECKS), sources.value(DEFINITION)) == documented


def test_a_table_that_is_there_is_adopted_and_outlives_the_downgrade(
    sources: Sandbox, migrator: Migrator
) -> None:
    sources.rows(TABLE)
    sources.rows(VIEW)
    sources.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "VALUES ('d', 'a', now())"
    )
    before = migrator.catalogue()
    migrator.upgrade()
    assert sources.value("SELECT device_id FROM iot_data.device_state") == "d"
    migrator.downgrade("0005_outbox_events")
    migrator.upgrade()
    migrator.downgrade()
    assert [name for name in migrator.catalogue() if "_version" not in name] == before
    assert sources.value("SELECT device_id FROM iot_data.device_state") == "d"


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "CREATE TABLE iot_data.device_state (device_id text)",
            r"device_state exists with the columns \(device_id text\) and no primary key",
        ),
        (
            TABLE.replace("queue_depth INTEGER", "queue_depth BIGINT"),
            "queue_depth bigint.*rename or drop it",
        ),
        (TABLE.replace(" PRIMARY KEY", " NOT NULL"), "and no primary key instead of"),
        (
            "CREATE VIEW iot_data.device_state AS SELECT 'd' AS device_id",
            "device_state exists with the columns",
        ),
        (
            "CREATE VIEW iot_data.v_devices_stale AS SELECT 'd' AS device_id",
            r"v_devices_stale exists with the columns \(device_id text\), and is not the view",
        ),
        (
            "CREATE TABLE iot_data.v_devices_stale (device_id text)",
            "v_devices_stale exists with the columns",
        ),
    ],
)
def test_something_else_of_that_name_is_refused(
    sources: Sandbox, migrator: Migrator, statement: str, sentence: str
) -> None:
    migrator.upgrade("0005_outbox_events")
    sources.rows(statement)
    before = migrator.catalogue()
    with pytest.raises(CommandError, match=sentence):
        migrator.upgrade()
    assert migrator.catalogue() == before
