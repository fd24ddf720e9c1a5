"""What somebody has dropped is recreated as the revisions make it, and the rest is left alone."""

import threading

import pytest
from alembic.script import ScriptDirectory

from app import migrate
from chalicelib.database.repair import recreate_missing
from chalicelib.database.schema import VERSION_TABLE
from chalicelib.errors import MigrationError
from chalicelib.features import gathered_metadata
from migrations import preflight
from migrations.preflight import SOURCE_TABLES
from tests.databases import connect
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox, alembic_config

REPAIR = {"command": "repair"}
AGGREGATE = "iot_data.device_parameters_hourly"
SETS = "iot_data.device_parameter_sets_hourly"
# The sets are made of the pairs, and go with them.
DROP_AGGREGATE = f"DROP MATERIALIZED VIEW {AGGREGATE} CASCADE"
RECREATED = [f"recreated the continuous aggregate {name}, empty" for name in (AGGREGATE, SETS)]
RUN = """
INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at)
VALUES ('cli', 'succeeded', now(), 60, now()) RETURNING run_id
"""
CHANGE = """
INSERT INTO iot_data.device_parameter_changes
    (run_id, change, device_id, device_name, parameter_id, parameter_name)
VALUES (%s, 'added', 'd', 'Door', 'p', 'Power')
"""
MADE_BY_HAND = f"""
CREATE MATERIALIZED VIEW {AGGREGATE}
WITH (timescaledb.continuous, timescaledb.materialized_only = %s) AS
SELECT time_bucket('{{width}}', time) AS bucket, device_id, parameter_id,
       max(time) AS last_seen_at
FROM iot_data.timescale_measurements GROUP BY bucket, device_id, parameter_id WITH NO DATA
"""
# Columns, constraints, indexes, definitions and whether a table is a hypertable: all that a
# revision makes, less the numbers that TimescaleDB gives.
SHAPE = r"""
SELECT format('%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod),
              concat_ws(' ', attnotnull, attidentity, attcollation::regcollation,
                        pg_get_expr(adbin, adrelid)))
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relnamespace = 'iot_data'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
UNION ALL
SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'iot_data'::regnamespace
UNION ALL
SELECT regexp_replace(indexdef, '_hypertable_\d+', '') FROM pg_indexes
WHERE schemaname = 'iot_data' OR indexname LIKE 'idx\_device\_parameter%'
UNION ALL
SELECT concat_ws(' ', relname, pg_get_viewdef(oid), reloptions) FROM pg_class
WHERE relnamespace = 'iot_data'::regnamespace AND relkind = 'v' AND relname LIKE 'v\_%'
UNION ALL
SELECT concat_ws(' ', relname, relrowsecurity, relforcerowsecurity) FROM pg_class
WHERE relnamespace = 'iot_data'::regnamespace AND relkind = 'r'
UNION ALL
SELECT concat_ws(' ', polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid),
                 pg_get_expr(polwithcheck, polrelid))
FROM pg_policy
UNION ALL
SELECT format('%s %s', relname, reloptions) FROM pg_class
WHERE relnamespace = 'iot_data'::regnamespace AND relkind = 'r'
UNION ALL
SELECT hypertable_name FROM timescaledb_information.hypertables
WHERE hypertable_schema = 'iot_data'
UNION ALL
SELECT format('%s %s %s', view_name, materialized_only, view_definition)
FROM timescaledb_information.continuous_aggregates
ORDER BY 1
"""
# Tables, aggregates and views of the revisions: all that there is but the platform's.
MADE = f"""
SELECT relname FROM pg_class
WHERE relnamespace = 'iot_data'::regnamespace AND relkind IN ('r', 'v')
  AND relname NOT IN ('{"', '".join((*SOURCE_TABLES, VERSION_TABLE))}')
"""
OURS = [table.name for table in gathered_metadata().sorted_tables]


def shape(sandbox: Sandbox) -> list[str]:
    return [line for [line] in sandbox.rows(SHAPE)]


@pytest.fixture
def ours(migrated: Sandbox) -> Sandbox:
    """A database at head, which a test may take apart."""
    migrated.expect_rebuild()
    return migrated


@pytest.mark.parametrize("name", OURS)
def test_a_table_comes_back_as_it_was_made(ours: Sandbox, name: str) -> None:
    complete = shape(ours)
    ours.rows(f"DROP TABLE iot_data.{name} CASCADE")
    told = recreate_missing()
    assert told[0] == (
        f"recreated the table iot_data.{name}, empty: what was in it does not come back"
    )
    assert shape(ours) == complete
    assert recreate_missing() == []


def test_everything_comes_back_at_once(ours: Sandbox) -> None:
    complete, made = shape(ours), ours.rows(MADE)
    ours.rows("; ".join([DROP_AGGREGATE, *(f"DROP TABLE iot_data.{n} CASCADE" for n in OURS)]))
    assert len(recreate_missing()) == len(made)
    assert shape(ours) == complete


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DROP VIEW iot_data.v_devices_stale", "recreated the view iot_data.v_devices_stale"),
        # A later revision replaces what an earlier one has made.
        ("DROP VIEW iot_data.v_device_types", "recreated the view iot_data.v_device_types"),
        (
            "DROP INDEX iot_data.idx_sync_runs_status",
            "recreated the index idx_sync_runs_status of iot_data.sync_runs",
        ),
        (f"DROP MATERIALIZED VIEW {SETS}", RECREATED[1]),
        (
            "DROP INDEX _timescaledb_internal.idx_device_parameter_sets_hourly_device",
            f"recreated the index idx_device_parameter_sets_hourly_device of {SETS}",
        ),
        (
            "ALTER TABLE iot_data.parquet_objects DROP CONSTRAINT parquet_objects_load_id_fkey",
            "restored the foreign key of iot_data.parquet_objects to iot_data.parquet_loads",
        ),
    ],
)
def test_whatever_is_missing_is_recreated_and_named(
    ours: Sandbox, statement: str, sentence: str
) -> None:
    complete = shape(ours)
    ours.rows(statement)
    assert recreate_missing() == [sentence]
    assert shape(ours) == complete
    assert recreate_missing() == []


def test_no_row_of_other_tables_is_touched(ours: Sandbox) -> None:
    ours.rows(CHANGE, (ours.value(RUN),))
    ours.rows("DROP VIEW iot_data.v_devices_stale")
    ours.rows(DROP_AGGREGATE)
    recreate_missing()
    assert ours.rows("SELECT run_id, change FROM iot_data.device_parameter_changes") == [
        (1, "added")
    ]
    assert ours.value("SELECT count(*) FROM iot_data.sync_runs") == 1


def test_what_refers_to_lost_rows_stays_and_their_numbers_are_not_given_again(
    ours: Sandbox,
) -> None:
    ours.rows("SELECT setval('iot_data.sync_runs_run_id_seq', 41)")
    ours.rows(CHANGE, (ours.value(RUN),))
    ours.rows("DROP TABLE iot_data.sync_runs CASCADE")
    assert recreate_missing()[1:] == [
        "restored the foreign key of iot_data.device_parameter_changes to iot_data.sync_runs, "
        "for new rows only: some refer to what is gone",
        "iot_data.sync_runs goes on after run_id 42, which is in use",
    ]
    assert ours.rows("SELECT run_id FROM iot_data.device_parameter_changes") == [(42,)]
    assert ours.value(RUN) == 43
    with pytest.raises(Exception, match="violates foreign key"):
        ours.rows(CHANGE, (7,))
    assert recreate_missing() == []


def test_readings_do_not_become_another_files(ours: Sandbox) -> None:
    """They name their file by its number, without a foreign key."""
    ours.rows(
        "INSERT INTO iot_data.energy_readings VALUES (now(), 1, 9, 'd', 'r', 's', 'm', 'u', 'q')"
    )
    ours.rows("DROP TABLE iot_data.parquet_objects CASCADE")
    assert "iot_data.parquet_objects goes on after object_id 9, which is in use" in (
        recreate_missing()
    )


def test_real_time_is_switched_off_without_loss(ours: Sandbox) -> None:
    complete = shape(ours)
    ours.rows(f"ALTER MATERIALIZED VIEW {AGGREGATE} SET (timescaledb.materialized_only = false)")
    assert recreate_missing() == [f"set {AGGREGATE} back to what is materialized only"]
    assert shape(ours) == complete


def test_an_aggregate_recreated_by_hand_gets_what_is_made_of_it(ours: Sandbox) -> None:
    ours.rows(DROP_AGGREGATE)
    ours.rows(MADE_BY_HAND.format(width="1 hour"), (False,))
    assert recreate_missing() == [
        f"set {AGGREGATE} back to what is materialized only",
        RECREATED[1],
    ]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (MADE_BY_HAND.format(width="1 day") % "true", "is not defined as this release defines it"),
        (
            f"CREATE VIEW {AGGREGATE} AS SELECT now() AS bucket",
            "is not a continuous aggregate",
        ),
        (f"CREATE TABLE {AGGREGATE} (bucket timestamptz)", "is not a continuous aggregate"),
    ],
)
def test_another_aggregate_of_that_name_is_named_and_nothing_changed(
    ours: Sandbox, statement: str, sentence: str
) -> None:
    ours.rows(DROP_AGGREGATE)
    ours.rows(statement)
    ours.rows("DROP TABLE iot_data.device_parameters CASCADE")
    before = shape(ours)
    with pytest.raises(MigrationError, match=f"{sentence}; nothing has been repaired") as refusal:
        recreate_missing()
    assert "Give it another name" in str(refusal.value)
    assert shape(ours) == before


def test_another_table_of_that_name_is_not_advised_away(ours: Sandbox) -> None:
    ours.rows("ALTER TABLE iot_data.device_state ADD COLUMN colour text")
    ours.rows(DROP_AGGREGATE)
    before = shape(ours)
    with pytest.raises(MigrationError, match="colour text") as refusal:
        recreate_missing()
    assert "drop" not in str(refusal.value)
    assert shape(ours) == before


def test_a_repair_that_is_cut_off_leaves_nothing_half_done(
    ours: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = shape(ours)
    ours.rows(DROP_AGGREGATE)
    ours.rows("DROP TABLE iot_data.measurements_shadowed")
    before = shape(ours)

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("migrations.references.restore_foreign_keys", cut_off)
        with pytest.raises(KeyboardInterrupt):
            recreate_missing()
    assert shape(ours) == before
    recreate_missing()
    assert shape(ours) == complete


@pytest.mark.multi_backend
def test_two_repairs_at_once_recreate_once(ours: Sandbox) -> None:
    complete = shape(ours)
    ours.rows(DROP_AGGREGATE)
    holder = connect(ours.url)
    holder.cursor().execute("SELECT pg_advisory_lock(%s)", (preflight.MIGRATION_LOCK,))
    told: list[list[str]] = []
    repair = threading.Thread(target=lambda: told.append(recreate_missing()))
    repair.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not ours.value(waiting):
        assert repair.is_alive()
    assert told == []
    holder.close()
    repair.join()
    assert told == [RECREATED]
    assert shape(ours) == complete


def test_only_what_the_revision_has_made_is_expected(sources: Sandbox, migrator: Migrator) -> None:
    migrator.upgrade("0004_device_parameters_last_seen")
    before = shape(sources)
    assert recreate_missing() == []
    sources.rows("DROP TABLE iot_data.device_parameters")
    recreate_missing()
    assert shape(sources) == before


def test_a_database_without_a_revision_is_not_repaired_but_migrated(sources: Sandbox) -> None:
    with pytest.raises(MigrationError, match="run `alembic upgrade head`"):
        recreate_missing()


def test_the_function_repairs_and_says_what_is_left_to_do(ours: Sandbox) -> None:
    complete = shape(ours)
    ours.rows(DROP_AGGREGATE)
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    answer = migrate(REPAIR, None)
    assert (answer["from"], answer["to"], answer["applied"]) == (head, head, [])
    *recreated, refill, grants = answer["repaired"]
    assert recreated == RECREATED
    assert "after the next run" in refill
    assert "docs/runtime-role.sql" in grants
    assert shape(ours) == complete
    assert migrate(REPAIR, None)["repaired"] == []
