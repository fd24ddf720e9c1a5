"""Runs the revisions against the database that the environment variables name."""

from collections.abc import MutableMapping
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.runtime.migration import RevisionStep
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline, schema, tables
from chalicelib.errors import ApplicationError
from chalicelib.features import FEATURES, gathered_metadata
from chalicelib.settings import MIGRATION_LOCK_TIMEOUT, database_from_environment
from migrations import losses, preflight, sessions
from migrations.renames import rename_what_had_another_name

# Waiting for a lock queues every reader behind the waiting migration, so it gives up early.
LOCK_TIMEOUT = MIGRATION_LOCK_TIMEOUT.value()

METADATA = gathered_metadata()
AGGREGATES = [name for feature in FEATURES for name in feature.aggregates]

if context.config.config_file_name is not None and context.config.attributes.get("logs", True):
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def run_migrations() -> None:
    """Each revision in a transaction of its own, with no other migrator at work."""
    if context.is_offline_mode():
        raise CommandError("offline mode (--sql) is not supported: the checks need a database")
    try:
        _run_against(database.engine_for(database_from_environment()))
    except ApplicationError as error:
        raise CommandError(error.message) from error


def _run_against(engine: Engine) -> None:
    try:
        with (
            database.translated_errors(),
            sessions.no_other_migrator(engine, LOCK_TIMEOUT),
            sessions.configured(engine, LOCK_TIMEOUT, _deadline()) as connection,
        ):
            rename_what_had_another_name(connection)
            _configure(connection)
            _check_before_first_revision(connection)
            _check_before_way_down(connection)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        engine.dispose()


def _deadline() -> Deadline | None:
    """By when a migration that has a deadline ends itself, and says so."""
    deadline: Deadline | None = context.config.attributes.get("deadline")
    return deadline


def _configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        version_table=schema.VERSION_TABLE,
        version_table_schema=tables.SCHEMA,
        transaction_per_migration=True,
        include_schemas=True,
        include_name=_is_ours,
        compare_server_default=True,
        on_version_apply=context.config.attributes.get("on_version_apply", ()),
    )


def _is_ours(name: str | None, kind: str, parents: MutableMapping[Any, str | None]) -> bool:
    """Keep autogenerate away from the tables that others own."""
    if kind == "schema":
        return name == tables.SCHEMA
    if kind == "table":
        return f"{tables.SCHEMA}.{name}" in METADATA.tables
    return True


def _check_before_first_revision(connection: Connection) -> None:
    """Alembic creates its version table before the first revision; the checks come before both."""
    migration = context.get_context()
    if not migration.get_current_heads() and not migration.opts.get("dont_mutate"):
        ours = [*(table.name for table in METADATA.tables.values()), *AGGREGATES]
        upwards = [step.revision.module for step in _steps() if step.is_upgrade]
        # To stamp a database creates nothing.
        preflight.require_sources(connection, ours if upwards else [], upwards)
    connection.commit()


def _check_before_way_down(connection: Connection) -> None:
    """Revisions commit one by one: all that is to be taken back is looked at before the first."""
    if not _may_drop_data():
        downwards = [step.revision.module for step in _steps() if step.is_downgrade]
        losses.require_consent(connection, downwards)
    connection.commit()


def _steps() -> list[RevisionStep]:
    migration = context.get_context()
    # Commands that go nowhere, such as `check`, have none.
    if "destination_rev" not in migration.opts:
        return []
    steps = migration.opts["fn"](migration.get_current_heads(), migration)
    return [step for step in steps if isinstance(step, RevisionStep)]


def _may_drop_data() -> bool:
    given = context.get_x_argument(as_dictionary=True).get("drop-data")
    if given not in (None, "yes"):
        raise CommandError("-x drop-data takes yes, and nothing else")
    return given == "yes" or context.config.attributes.get("drop_data") is True


run_migrations()
