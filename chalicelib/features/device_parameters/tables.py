"""The table, the runs and what they changed."""

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    column,
    false,
    table,
    text,
    true,
)

from chalicelib.database.tables import SCHEMA, instant_column, metadata

device_parameters = Table(
    "device_parameters",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("device_name", Text, nullable=False),
    Column("parameter_id", Text, primary_key=True),
    Column("parameter_name", Text, nullable=False),
    instant_column("created_at", is_defaulted=True),
    instant_column("updated_at", is_defaulted=True),
    Index("idx_device_parameters_device_id", "device_id"),
    Index("idx_device_parameters_parameter_id", "parameter_id"),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("run_id", BigInteger, Identity(always=False), primary_key=True),
    Column("trigger", Text, nullable=False),
    Column("status", Text, nullable=False),
    instant_column("as_of", nullable=False),
    Column("window_minutes", Integer, nullable=False),
    instant_column("started_at", nullable=False),
    instant_column("finished_at"),
    *(
        Column(f"{name}_count", BigInteger, nullable=False, server_default=text("0"))
        for name in (
            *("added", "removed", "renamed", "held", "observed", "unresolved"),
            "set_aside",
        )
    ),
    *(Column(f"{name}_count", BigInteger) for name in ("pair", "device", "parameter")),
    Column("error_code", Text),
    Column("error_message", Text),
    Column("guard", Text, nullable=False, server_default="on"),
    Column("requested_by", Text),
    Column("comment", Text),
    Column("is_locked", Boolean, nullable=False, server_default=false()),
    instant_column("measured_from"),
    Column("source_reason", Text),
    CheckConstraint("guard IN ('on', 'strict', 'released')", name="sync_runs_guard_check"),
    CheckConstraint(
        "trigger IN ('schedule', 'api', 'cli', 'event')", name="sync_runs_trigger_check"
    ),
    CheckConstraint(
        "status IN ('running', 'succeeded', 'guarded', 'failed', 'skipped')",
        name="sync_runs_status_check",
    ),
    CheckConstraint("window_minutes > 0", name="sync_runs_window_minutes_check"),
    Index("idx_sync_runs_status", "status", text("run_id DESC")),
    Index("idx_sync_runs_trigger", "trigger", text("run_id DESC")),
    Index("idx_sync_runs_started_at", "started_at"),
)

# The key serves the history of one pair, the index the changes of one run.
device_parameter_changes = Table(
    "device_parameter_changes",
    metadata,
    Column("device_id", Text, nullable=False),
    Column("parameter_id", Text, nullable=False),
    Column("run_id", BigInteger, ForeignKey(sync_runs.c.run_id), nullable=False),
    Column("change", Text, nullable=False),
    Column("reason", Text),
    Column("device_name", Text, nullable=False),
    Column("parameter_name", Text, nullable=False),
    Column("is_released", Boolean, nullable=False, server_default=false()),
    PrimaryKeyConstraint("device_id", "parameter_id", "run_id"),
    CheckConstraint(
        "change IN ('added', 'removed', 'renamed')", name="device_parameter_changes_change_check"
    ),
    CheckConstraint(
        "(change = 'removed') = (reason IS NOT NULL) AND reason IN "
        "('window_expired', 'device_inactive', 'device_unknown', 'parameter_unknown')",
        name="device_parameter_changes_reason_check",
    ),
    Index("idx_device_parameter_changes_run", "run_id", "change", "device_id", "parameter_id"),
)

# Removals that wait for a person, or for the run that follows their release.
held_removals = Table(
    "held_removals",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("parameter_id", Text, primary_key=True),
    Column("held_id", BigInteger, Identity(always=False), unique=True),
    Column("device_name", Text, nullable=False),
    Column("parameter_name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("site_id", Text),
    Column("device_type_id", Text),
    instant_column("last_seen_at"),
    Column("run_id", BigInteger, nullable=False),
    instant_column("held_at", nullable=False, is_defaulted=True),
    instant_column("released_at"),
    Column("released_by", Text),
    CheckConstraint(
        "scope IN ('table', 'site', 'device_type', 'window')", name="held_removals_scope_check"
    ),
    CheckConstraint(
        "reason IN ('window_expired', 'device_inactive', 'device_unknown', 'parameter_unknown')",
        name="held_removals_reason_check",
    ),
)

# One row while the runs that no person asks for are paused.
sync_pause = Table(
    "sync_pause",
    metadata,
    Column("is_paused", Boolean, primary_key=True, server_default=true()),
    instant_column("paused_at", nullable=False, is_defaulted=True),
    instant_column("paused_until", nullable=False),
    Column("paused_by", Text, nullable=False),
    Column("comment", Text),
    CheckConstraint("is_paused", name="sync_pause_only_one_check"),
)

# Not in the metadata: Alembic must not take it for a table to create.
device_parameter_sets_hourly = table(
    "device_parameter_sets_hourly",
    column("bucket", TIMESTAMP(timezone=True)),
    column("device_id", Text),
    # The text of an array, in the order of the other one.
    column("parameter_ids", Text),
    column("last_seen_ats", ARRAY(TIMESTAMP(timezone=True))),
    schema=SCHEMA,
)
