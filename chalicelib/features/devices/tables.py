"""The tables of devices."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.database.tables import SCHEMA, instant_column, metadata

_IS_THERE = text("lifecycle <> 'deleted'")
_STATUS = """
CASE
    WHEN lifecycle = 'deleted' THEN 'deleted'
    WHEN maintenance_until IS NOT NULL THEN 'maintenance'
    WHEN connectivity = 'never' THEN 'registered'
    ELSE connectivity
END
"""


def _listed(name: str, *columns: str) -> Index:
    return Index(f"idx_devices_by_{name}", *columns, "device_id", postgresql_where=_IS_THERE)


def _organization_column() -> Column[str]:
    organization = ForeignKey(f"{SCHEMA}.organizations.organization_id")
    return Column("organization_id", Text, organization, nullable=False)


devices = Table(
    "devices",
    metadata,
    Column("device_id", Text, primary_key=True),
    _organization_column(),
    Column(
        "device_type_id",
        Text,
        ForeignKey(f"{SCHEMA}.device_types.device_type_id"),
        nullable=False,
    ),
    Column("name", Text, nullable=False),
    Column("serial_number", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("address", Text),
    Column("connection", JSONB, nullable=False, server_default=text("'{}'")),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("firmware_version", Text),
    Column("lifecycle", Text, nullable=False, server_default=text("'registered'")),
    Column("connectivity", Text, nullable=False, server_default=text("'never'")),
    instant_column("connectivity_since"),
    instant_column("maintenance_until"),
    # What people are shown; what it is made of is kept apart.
    Column("status", Text, Computed(_STATUS, persisted=True), nullable=False),
    instant_column("created_at", nullable=False, is_defaulted=True),
    instant_column("updated_at", nullable=False, is_defaulted=True),
    instant_column("deleted_at"),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    # Which of the strips around the globe it is in, each about a kilometre wide.
    Column("latitude_strip", Integer, Computed("floor(latitude * 100)", persisted=True)),
    CheckConstraint(
        "lifecycle IN ('registered', 'active', 'deleted')", name="devices_lifecycle_check"
    ),
    CheckConstraint(
        "connectivity IN ('never', 'online', 'offline')", name="devices_connectivity_check"
    ),
    Index(
        "idx_devices_serial_number",
        "organization_id",
        "serial_number",
        unique=True,
        postgresql_where=_IS_THERE,
    ),
    _listed("name", "organization_id", "name"),
    _listed("status", "organization_id", "status"),
    _listed("created_at", "organization_id", "created_at"),
    _listed("status_and_name", "organization_id", "status", "name"),
    _listed("type_and_name", "organization_id", "device_type_id", "name"),
    _listed("name_of_all", "name"),
    Index(
        "idx_devices_place",
        "organization_id",
        "latitude_strip",
        "longitude",
        postgresql_where=text("lifecycle <> 'deleted' AND latitude IS NOT NULL"),
    ),
    Index(
        "idx_devices_maintenance",
        "maintenance_until",
        postgresql_where=text("maintenance_until IS NOT NULL"),
    ),
)


def _device_column(*, is_key: bool = False) -> Column[str]:
    device = ForeignKey(devices.c.device_id, ondelete="CASCADE")
    return Column("device_id", Text, device, primary_key=is_key, nullable=False)


# Changes with every reading, and so is kept out of the row that has all the indexes; here nothing
# that changes so is in an index.
device_presence = Table(
    "device_presence",
    metadata,
    _device_column(is_key=True),
    _organization_column(),
    instant_column("last_seen_at"),
    # For how long it may be silent, and what it counts as, as the last check found.
    Column("silent_after", Interval),
    Column("is_online", Boolean),
    Index(
        "idx_device_presence_unknown",
        "device_id",
        postgresql_where=text("silent_after IS NULL"),
    ),
    postgresql_with={"fillfactor": 70},
)

device_changes = Table(
    "device_changes",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True),
    _device_column(),
    _organization_column(),
    instant_column("changed_at", nullable=False, is_defaulted=True),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Index("idx_device_changes_device", "device_id", "change_id"),
)


# How many devices are how, as sums of what has been added and taken away.
device_counts = Table(
    "device_counts",
    metadata,
    Column("count_id", BigInteger, Identity(always=True), primary_key=True),
    Column("organization_id", Text, nullable=False),
    # Empty where all devices are counted, whatever their tags.
    Column("tag", Text, nullable=False),
    Column("device_type_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("lifecycle", Text, nullable=False),
    Column("connectivity", Text, nullable=False),
    Column("devices", BigInteger, nullable=False),
    Index(
        "idx_device_counts_group",
        "organization_id",
        "tag",
        "device_type_id",
        "status",
        "lifecycle",
        "connectivity",
    ),
)
# By what devices are found: tags, words, and words of addresses, each after a letter for its kind.
device_terms = Table(
    "device_terms",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("term", Text(collation="C"), primary_key=True),
    Column("device_id", Text, primary_key=True),
)
# Triggers keep both up with whatever becomes of devices.
devices.add_is_dependent_on(device_counts)
devices.add_is_dependent_on(device_terms)
