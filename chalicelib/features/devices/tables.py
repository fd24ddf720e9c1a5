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
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.database.tables import SCHEMA, instant_column, metadata
from chalicelib.due import due_columns
from chalicelib.features.devices.imports import tables as imports

# Whoever gathers tables looks here only.
device_imports = imports.device_imports
device_import_rows = imports.device_import_rows
device_import_work = imports.device_import_work

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
        "idx_devices_not_online",
        "device_id",
        postgresql_where=text("connectivity <> 'online' AND lifecycle <> 'deleted'"),
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


# Changes with every reading, and so is kept out of the row that has all the indexes.
device_presence = Table(
    "device_presence",
    metadata,
    _device_column(is_key=True),
    _organization_column(),
    instant_column("last_seen_at"),
    Index("idx_device_presence_last_seen", "organization_id", "last_seen_at", "device_id"),
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


def _identified_device_column(*, is_key: bool = False) -> Column[str]:
    """What stands there leads to what is at AWS: it goes with no device."""
    return Column(
        "device_id", Text, ForeignKey(devices.c.device_id), primary_key=is_key, nullable=False
    )


device_things = Table(
    "device_things",
    metadata,
    _identified_device_column(is_key=True),
    _organization_column(),
    Column("mark", Text, nullable=False),
    Column("wanted", Text, nullable=False, server_default=text("'there'")),
    Column("state", Text, nullable=False, server_default=text("'absent'")),
    instant_column("created_at", nullable=False, is_defaulted=True),
    CheckConstraint("wanted IN ('there', 'absent')", name="device_things_wanted_check"),
    # One that is being made may be there or not.
    CheckConstraint("state IN ('there', 'making', 'absent')", name="device_things_state_check"),
)

device_certificates = Table(
    "device_certificates",
    metadata,
    Column("certificate_id", Text, primary_key=True),
    _identified_device_column(),
    _organization_column(),
    Column("public_key_sha256", Text, nullable=False),
    # Null where the key pair was made here: the private key is kept nowhere.
    Column("csr", Text),
    Column("wanted", Text, nullable=False, server_default=text("'active'")),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("revokes_others", Boolean, nullable=False, server_default=text("false")),
    Column("refusal", Text),
    Column("aws_certificate_id", Text),
    Column("arn", Text),
    Column("pem", Text),
    instant_column("expires_at"),
    instant_column("created_at", nullable=False, is_defaulted=True),
    # Since when AWS may have a certificate of which nothing stands here.
    instant_column("attempted_at"),
    instant_column("activated_at"),
    instant_column("switched_off_at"),
    CheckConstraint(
        "wanted IN ('active', 'inactive', 'revoked', 'undone')",
        name="device_certificates_wanted_check",
    ),
    CheckConstraint(
        "state IN ('pending', 'active', 'inactive', 'revoked', 'undone')",
        name="device_certificates_state_check",
    ),
    Index("idx_device_certificates_aws_id", "aws_certificate_id", unique=True),
    # A key has one certificate. One that was revoked, because others may know it, gets no further.
    Index(
        "idx_device_certificates_key",
        "public_key_sha256",
        unique=True,
        postgresql_where=text("state <> wanted OR state IN ('active', 'revoked')"),
    ),
    Index("idx_device_certificates_device", "device_id", "created_at"),
)

# Devices of which IoT Core has still to be told.
device_identity_work = Table(
    "device_identity_work",
    metadata,
    _identified_device_column(is_key=True),
    _organization_column(),
    *due_columns(),
    Index("idx_device_identity_work_due", "due_at", "device_id"),
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

# Each time a device was noticed to be online, or not any more. Without foreign keys: they are
# written a hundred thousand at once, from the devices themselves.
device_transitions = Table(
    "device_transitions",
    metadata,
    Column("transition_id", BigInteger, Identity(always=True), primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("is_online", Boolean, nullable=False),
    instant_column("happened_at", nullable=False),
    instant_column("noticed_at", nullable=False),
    Column("in_maintenance", Boolean, nullable=False),
    Index("idx_device_transitions_device", "device_id", "transition_id"),
)

# Organizations whose devices are not declared offline, because nothing is heard of anybody.
connectivity_holds = Table(
    "connectivity_holds",
    metadata,
    Column(
        "organization_id",
        Text,
        ForeignKey(f"{SCHEMA}.organizations.organization_id"),
        primary_key=True,
    ),
    instant_column("since", nullable=False),
    instant_column("quiet_since", nullable=False),
    Column("patience", Interval, nullable=False),
    Column("silent_count", BigInteger, nullable=False),
    Column("device_count", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    instant_column("resumed_at"),
    instant_column("released_at"),
    Column("released_by", Text),
    Column("comment", Text),
    instant_column("let_go_at"),
)

# Devices of which the next check decides, whatever it would look at otherwise.
connectivity_rechecks = Table(
    "connectivity_rechecks",
    metadata,
    Column("recheck_id", BigInteger, Identity(always=True), primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
)

# How far the last check got: one row.
connectivity_checkpoint = Table(
    "connectivity_checkpoint",
    metadata,
    Column("is_only", Boolean, primary_key=True, server_default=true()),
    instant_column("read_until", nullable=False),
    instant_column("decided_at"),
    instant_column("newest_reading_at"),
    instant_column("newest_heartbeat_at"),
    Column("heard_count", BigInteger, nullable=False),
    Column("limits", JSONB, nullable=False),
    CheckConstraint("is_only", name="connectivity_checkpoint_is_only_check"),
)
