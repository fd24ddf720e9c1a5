"""The tables this application owns, as SQLAlchemy Core, and the revision it expects them at."""

from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    column,
    func,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from chalicelib.errors import AggregateMissingError, SchemaOutdatedError

SCHEMA = "iot_data"
VERSION_TABLE = "alembic_version"
HEAD_REVISION = "20261121_07"

metadata = MetaData(schema=SCHEMA)


def _instant(name: str, *, nullable: bool = True, is_defaulted: bool = False) -> Column[object]:
    default = func.now() if is_defaulted else None
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable, server_default=default)


device_parameters = Table(
    "device_parameters",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("device_name", Text, nullable=False),
    Column("parameter_id", Text, primary_key=True),
    Column("parameter_name", Text, nullable=False),
    _instant("created_at", is_defaulted=True),
    _instant("updated_at", is_defaulted=True),
    Index("idx_device_parameters_device_id", "device_id"),
    Index("idx_device_parameters_parameter_id", "parameter_id"),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("run_id", BigInteger, Identity(always=False), primary_key=True),
    Column("trigger", Text, nullable=False),
    Column("status", Text, nullable=False),
    _instant("as_of", nullable=False),
    Column("window_minutes", Integer, nullable=False),
    _instant("started_at", nullable=False),
    _instant("finished_at"),
    *(
        Column(f"{name}_count", BigInteger, nullable=False, server_default=text("0"))
        for name in ("added", "removed", "renamed", "held", "observed", "unresolved")
    ),
    *(Column(f"{name}_count", BigInteger) for name in ("pair", "device", "parameter")),
    Column("error_code", Text),
    Column("error_message", Text),
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

# What is to be told to others, queued by the transaction that makes it true.
outbox_events = Table(
    "outbox_events",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False, server_default=func.gen_random_uuid()),
    Column("stream", Text, nullable=False),
    Column("batch_key", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("detail_type", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    _instant("occurred_at"),
    Column("attempt_count", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Index("idx_outbox_events_stream", "stream", "position"),
)

# The last state of each device, as the platform reads it.
device_state = Table(
    "device_state",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("site_id", Text, nullable=False),
    _instant("last_seen_ts", nullable=False),
    _instant("last_upload_ts"),
    Column("queue_depth", Integer),
    Column("agent_version", Text),
    Column("poll_interval_s", Integer),
    Column("cpu_pct", Double),
    Column("disk_free_gb", Double),
    Column("status", Text),
    _instant("updated_at", is_defaulted=True),
    CheckConstraint("status IN ('ready', 'degraded', 'error')", name="device_state_status_check"),
    Index("idx_device_state_last_seen", "last_seen_ts", "device_id"),
    Index("idx_device_state_site", "site_id", "last_seen_ts", "device_id"),
)


def _field(name: str, kind: TypeEngine[Any]) -> tuple[Column[Any], Column[object]]:
    return Column(name, kind), _instant(f"{name}_set_at", nullable=False)


# The same with the time of the heartbeat that set each field, by which heartbeats are merged.
device_state_fields = Table(
    "device_state_fields",
    metadata,
    Column(
        "device_id",
        Text(collation="C"),
        ForeignKey(device_state.c.device_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    _instant("last_seen_ts", nullable=False),
    Column("site_id", Text(collation="C"), nullable=False),
    *_field("last_upload_ts", TIMESTAMP(timezone=True)),
    *_field("queue_depth", Integer()),
    *_field("agent_version", Text(collation="C")),
    *_field("poll_interval_s", Integer()),
    *_field("cpu_pct", Double()),
    *_field("disk_free_gb", Double()),
    *_field("status", Text(collation="C")),
    postgresql_with={"fillfactor": 50},
)

# Those of which it is known, and was told, that they are silent.
stale_devices = Table(
    "stale_devices",
    metadata,
    Column(
        "device_id",
        Text,
        ForeignKey(device_state.c.device_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    _instant("silent_since", nullable=False),
    _instant("noticed_at", nullable=False),
)

# One row for each version of an object and each sink; the constraint makes a load happen once.
parquet_loads = Table(
    "parquet_loads",
    metadata,
    Column("load_id", BigInteger, Identity(always=False), primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("bucket", "object_key", "version", "sink")),
    Column("dataset", Text),
    Column("status", Text, nullable=False),
    Column("size_bytes", BigInteger),
    _instant("modified_at"),
    Column("attempt_count", Integer, nullable=False, server_default=text("1")),
    _instant("started_at", nullable=False),
    _instant("finished_at"),
    *(
        Column(f"{name}_count", BigInteger, nullable=False, server_default=text("0"))
        for name in (
            "read",
            "loaded",
            "rejected",
            "added",
            "changed",
            "removed",
            "shadowed",
            "batch",
        )
    ),
    *(Column(name, Text) for name in ("rejects_key", "error_code", "error_message")),
    CheckConstraint("sink IN ('timescale', 'timestream')", name="parquet_loads_sink_check"),
    CheckConstraint(
        "status IN ('running', 'succeeded', 'failed', 'superseded')",
        name="parquet_loads_status_check",
    ),
    UniqueConstraint("bucket", "object_key", "version", "sink", name="parquet_loads_object_key"),
    Index("idx_parquet_loads_status", "status", "load_id"),
    Index("idx_parquet_loads_dataset", "dataset", "load_id"),
)

# The objects whose rows are in TimescaleDB, with the span of time those rows cover.
parquet_objects = Table(
    "parquet_objects",
    metadata,
    Column("object_id", BigInteger, Identity(always=False), primary_key=True),
    Column("bucket", Text(collation="C"), nullable=False),
    Column("object_key", Text(collation="C"), nullable=False),
    Column("load_id", BigInteger, ForeignKey(parquet_loads.c.load_id), nullable=False),
    _instant("modified_at", nullable=False),
    _instant("first_time"),
    _instant("last_time"),
    UniqueConstraint("bucket", "object_key", name="parquet_objects_object_key"),
)

_ENERGY_KEY = ("dataset", "region", "energy_source", "measurement_type", "time")


def _energy_columns() -> list[Column[object]]:
    """Nothing but texts behind what is aligned to eight bytes."""
    return [
        _instant("time", nullable=False),
        Column("value", Double, nullable=False),
        Column("object_id", BigInteger, nullable=False),
        *(Column(name, Text, nullable=False) for name in _ENERGY_KEY[:4]),
        Column("unit", Text, nullable=False),
        Column("quality_flag", Text, nullable=False),
    ]


# A hypertable. The key is its only index: a series over time, and the last of each series.
energy_readings = Table(
    "energy_readings", metadata, *_energy_columns(), PrimaryKeyConstraint(*_ENERGY_KEY)
)

# Rows that are not in the hypertable because a newer object brings the same key.
energy_readings_shadowed = Table(
    "energy_readings_shadowed",
    metadata,
    *_energy_columns(),
    PrimaryKeyConstraint(*_ENERGY_KEY, "object_id"),
    Index("idx_energy_readings_shadowed_object", "object_id"),
)

# Which keys of timescale_measurements, which has no column for it, an object brings.
measurement_claims = Table(
    "measurement_claims",
    metadata,
    Column("object_id", BigInteger, ForeignKey(parquet_objects.c.object_id), nullable=False),
    Column("block", BigInteger, nullable=False),
    _instant("first_time", nullable=False),
    _instant("last_time", nullable=False),
    Column("times", ARRAY(TIMESTAMP(timezone=True)), nullable=False),
    Column("device_ids", ARRAY(Text), nullable=False),
    Column("parameter_ids", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("object_id", "block"),
    Index("idx_measurement_claims_times", "last_time", "first_time"),
)

measurements_shadowed = Table(
    "measurements_shadowed",
    metadata,
    _instant("time", nullable=False),
    Column("device_id", Text, nullable=False),
    Column("parameter_id", Text, nullable=False),
    Column("object_id", BigInteger, ForeignKey(parquet_objects.c.object_id), nullable=False),
    Column("value", Double),
    Column("quality", SmallInteger),
    Column("metadata", JSONB),
    PrimaryKeyConstraint("time", "device_id", "parameter_id", "object_id"),
    Index("idx_measurements_shadowed_object", "object_id"),
)


# Not in the metadata: Alembic must not take it for a table to create.
device_parameters_hourly = table(
    "device_parameters_hourly",
    column("bucket", TIMESTAMP(timezone=True)),
    column("device_id", Text),
    column("parameter_id", Text),
    column("last_seen_at", TIMESTAMP(timezone=True)),
    schema=SCHEMA,
)


def require_head(connection: Connection) -> None:
    """Raise `SchemaOutdatedError` unless the database is at the revision this code needs."""
    query = text(f"SELECT version_num FROM {SCHEMA}.{VERSION_TABLE}")  # noqa: S608 constants
    version = connection.execute(query).scalar_one_or_none()
    if version != HEAD_REVISION:
        raise SchemaOutdatedError(
            f"the database is at revision {version or 'base'}, this release needs {HEAD_REVISION}; "
            "run `alembic upgrade head`"
        )


def require_aggregate(connection: Connection) -> None:
    """Raise `AggregateMissingError` unless the continuous aggregate is there."""
    query = text(
        "SELECT FROM timescaledb_information.continuous_aggregates "
        "WHERE view_schema = 'iot_data' AND view_name = 'device_parameters_hourly'"
    )
    if connection.execute(query).one_or_none() is None:
        raise AggregateMissingError(
            "the continuous aggregate iot_data.device_parameters_hourly does not exist; "
            "migrate down to base and up again"
        )
