"""Which file was loaded, the energy readings, and what each file brought."""

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.database.tables import instant_column, metadata

# One row for each version of an object and each sink; the constraint makes a load happen once.
parquet_loads = Table(
    "parquet_loads",
    metadata,
    Column("load_id", BigInteger, Identity(always=False), primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("bucket", "object_key", "version", "sink")),
    Column("dataset", Text),
    Column("status", Text, nullable=False),
    Column("size_bytes", BigInteger),
    instant_column("modified_at"),
    Column("attempt_count", Integer, nullable=False, server_default=text("1")),
    instant_column("started_at", nullable=False),
    instant_column("finished_at"),
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
    instant_column("modified_at", nullable=False),
    instant_column("first_time"),
    instant_column("last_time"),
    UniqueConstraint("bucket", "object_key", name="parquet_objects_object_key"),
)

_ENERGY_KEY = ("dataset", "region", "energy_source", "measurement_type", "time")


def _energy_columns() -> list[Column[object]]:
    """Nothing but texts behind what is aligned to eight bytes."""
    return [
        instant_column("time", nullable=False),
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
    instant_column("first_time", nullable=False),
    instant_column("last_time", nullable=False),
    Column("times", ARRAY(TIMESTAMP(timezone=True)), nullable=False),
    Column("device_ids", ARRAY(Text), nullable=False),
    Column("parameter_ids", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("object_id", "block"),
    Index("idx_measurement_claims_times", "last_time", "first_time"),
)

measurements_shadowed = Table(
    "measurements_shadowed",
    metadata,
    instant_column("time", nullable=False),
    Column("device_id", Text, nullable=False),
    Column("parameter_id", Text, nullable=False),
    Column("object_id", BigInteger, ForeignKey(parquet_objects.c.object_id), nullable=False),
    Column("value", Double),
    Column("quality", SmallInteger),
    Column("metadata", JSONB),
    PrimaryKeyConstraint("time", "device_id", "parameter_id", "object_id"),
    Index("idx_measurements_shadowed_object", "object_id"),
)
