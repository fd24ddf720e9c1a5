"""The tables of users."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.database.tables import SCHEMA, instant_column, metadata
from chalicelib.due import due_columns

_ORGANIZATION = f"{SCHEMA}.organizations.organization_id"
_IS_THERE = text("removed_at IS NULL")


def _organization_column() -> Column[str]:
    return Column("organization_id", Text, ForeignKey(_ORGANIZATION), nullable=False)


users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    _organization_column(),
    # Who the issuer says it is; null until the user pool has made the identity.
    Column("subject", Text),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("phone_number", Text),
    Column("preferences", JSONB, nullable=False),
    Column("identity_error", Text),
    instant_column("created_at", nullable=False, is_defaulted=True),
    instant_column("updated_at", nullable=False, is_defaulted=True),
    instant_column("removed_at"),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="users_role_check"),
    Index("idx_users_subject", "subject", unique=True, postgresql_where=_IS_THERE),
    Index("idx_users_removed_subject", "subject", postgresql_where=text("removed_at IS NOT NULL")),
    Index(
        "idx_users_email",
        "organization_id",
        text("lower(email)"),
        unique=True,
        postgresql_where=_IS_THERE,
    ),
    *(
        Index(
            f"idx_users_by_{column}",
            "organization_id",
            column,
            "user_id",
            postgresql_where=_IS_THERE,
        )
        for column in ("name", "email", "role", "created_at")
    ),
)

# A token is at one device, and whoever uses that last is told there.
user_device_tokens = Table(
    "user_device_tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("user_id", Text, ForeignKey(users.c.user_id, ondelete="CASCADE"), nullable=False),
    _organization_column(),
    Column("platform", Text, nullable=False),
    instant_column("registered_at", nullable=False, is_defaulted=True),
    CheckConstraint(
        "platform IN ('android', 'ios', 'web')", name="user_device_tokens_platform_check"
    ),
    Index("idx_user_device_tokens_user", "user_id", "registered_at"),
)

# Users of whom the user pool has still to be told.
user_identity_work = Table(
    "user_identity_work",
    metadata,
    Column("user_id", Text, ForeignKey(users.c.user_id, ondelete="CASCADE"), primary_key=True),
    _organization_column(),
    *due_columns(),
    Index("idx_user_identity_work_due", "due_at", "user_id"),
)
