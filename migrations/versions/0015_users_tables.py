"""Keep the users of organizations, what they want, and what the user pool has still to be told."""

from alembic import op

from migrations.isolation import isolated

revision = "0015_users_tables"
down_revision = "0014_organizations_table"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE iot_data.users (
            user_id text PRIMARY KEY,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            subject text,
            email text NOT NULL,
            name text NOT NULL,
            role text NOT NULL
                CONSTRAINT users_role_check CHECK (role IN ('viewer', 'operator', 'admin')),
            phone_number text,
            preferences jsonb NOT NULL,
            identity_error text,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            removed_at timestamptz,
            version bigint NOT NULL DEFAULT 1
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_users_subject ON iot_data.users (subject)
        WHERE removed_at IS NULL
        """
    )
    # Who was removed, and still shows a token, is found as well.
    op.execute(
        """
        CREATE INDEX idx_users_removed_subject ON iot_data.users (subject)
        WHERE removed_at IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_users_email ON iot_data.users (organization_id, lower(email))
        WHERE removed_at IS NULL
        """
    )
    for column in ("name", "email", "role", "created_at"):
        op.execute(
            f"""
            CREATE INDEX idx_users_by_{column}
            ON iot_data.users (organization_id, {column}, user_id)
            WHERE removed_at IS NULL
            """
        )
    # A token is at one device, and whoever uses that last is told there.
    op.execute(
        """
        CREATE TABLE iot_data.user_device_tokens (
            token text PRIMARY KEY,
            user_id text NOT NULL REFERENCES iot_data.users ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            platform text NOT NULL
                CONSTRAINT user_device_tokens_platform_check
                CHECK (platform IN ('android', 'ios', 'web')),
            registered_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_user_device_tokens_user
        ON iot_data.user_device_tokens (user_id, registered_at)
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.user_identity_work (
            user_id text PRIMARY KEY REFERENCES iot_data.users ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            asked_at timestamptz NOT NULL DEFAULT now(),
            due_at timestamptz NOT NULL DEFAULT now(),
            claim_id uuid,
            attempt_count integer NOT NULL DEFAULT 0,
            last_error text
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_user_identity_work_due
        ON iot_data.user_identity_work (due_at, user_id)
        """
    )
    for table in ("users", "user_device_tokens", "user_identity_work"):
        for statement in isolated(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.user_identity_work")
    op.execute("DROP TABLE iot_data.user_device_tokens")
    op.execute("DROP TABLE iot_data.users")
