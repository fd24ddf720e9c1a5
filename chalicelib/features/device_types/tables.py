"""The tables of device types."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)

from chalicelib.database.tables import SCHEMA, instant_column, metadata


def _organization_column() -> Column[str]:
    """Null for what is the platform's, and everybody's to use."""
    return Column("organization_id", Text, ForeignKey(f"{SCHEMA}.organizations.organization_id"))


device_types = Table(
    "device_types",
    metadata,
    Column("device_type_id", Text, primary_key=True),
    _organization_column(),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("reporting_interval_seconds", Integer, nullable=False),
    instant_column("created_at", nullable=False, is_defaulted=True),
    instant_column("updated_at", nullable=False, is_defaulted=True),
    instant_column("removed_at"),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    Column("timestamp_path", Text),
    CheckConstraint(
        "reporting_interval_seconds > 0", name="device_types_reporting_interval_seconds_check"
    ),
    Index(
        "idx_device_types_name",
        "organization_id",
        "name",
        unique=True,
        postgresql_where=text("organization_id IS NOT NULL AND removed_at IS NULL"),
    ),
    Index(
        "idx_device_types_shared_name",
        "name",
        unique=True,
        postgresql_where=text("organization_id IS NULL AND removed_at IS NULL"),
    ),
)

# What a device calls its value, and the parameter that the value is a measurement of.
device_type_metrics = Table(
    "device_type_metrics",
    metadata,
    Column(
        "device_type_id",
        Text,
        ForeignKey(device_types.c.device_type_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", Text, primary_key=True),
    _organization_column(),
    Column("position", Integer, nullable=False),
    Column("parameter_id", Text, nullable=False),
    # Whether its row in the dictionary was made here, and is kept up.
    Column("is_own_parameter", Boolean, nullable=False),
    Column("label", Text),
    Column("description", Text),
    Column("data_type", Text, nullable=False),
    Column("unit", Text),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("conversion_scale", Double),
    Column("conversion_offset", Double),
    Column("conversion_unit", Text),
    Column("expression", Text),
    Column("path", Text),
    Column("usual_minimum", Double),
    Column("usual_maximum", Double),
    Column("usual_change_per_minute", Double),
    Column("is_deviation_watched", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint(
        "data_type IN ('number', 'integer', 'boolean')",
        name="device_type_metrics_data_type_check",
    ),
    CheckConstraint(
        "(conversion_scale IS NULL) = (conversion_offset IS NULL)",
        name="device_type_metrics_conversion_check",
    ),
    Index("idx_device_type_metrics_parameter", "device_type_id", "parameter_id", unique=True),
)
