"""Recreating what somebody has dropped of what the revisions made.

Alembic is imported when it is needed: no function but `migrate` should pay for it.
"""

from typing import Any

from chalicelib.database.deadline import Deadline
from chalicelib.database.schema import ALEMBIC_INI
from chalicelib.errors import MigrationError

# The comment of an aggregate that has been recreated, until it holds the past again.
TO_BE_REFILLED = "recreated, to be refilled"
GRANT_AGAIN = (
    "where the functions log in as roles of their own, run docs/runtime-role.sql and "
    "docs/loader-role.sql again: what is recreated has lost its grants"
)
# For whoever has no command line where the database is.
REMAINS_TO_BE_DONE = (
    "a continuous aggregate that has been recreated holds its window again after the next run, "
    "and its past after `cli.py repair`",
    GRANT_AGAIN,
)


def recreate_missing(deadline: Deadline | None = None) -> list[str]:
    """Recreate, as the revisions do, what they have made and is gone; a sentence for each.

    No other migrator is at work meanwhile, and all of it commits at once. Raises `MigrationError`,
    with nothing changed, where something else stands in the way.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    told: list[str] = []

    def recreate(heads: tuple[str, ...], context: Any) -> list[Any]:
        from migrations import recreation

        if not heads:
            raise CommandError(
                "this database has not been migrated; run `alembic upgrade head`, or, where only "
                "the table of its revision was dropped, `alembic stamp head`"
            )
        revisions = [script.module for script in scripts.iterate_revisions(heads, "base")][::-1]
        told.extend(recreation.recreate_missing(context.connection, revisions))
        context.connection.commit()
        return []  # No revision is applied.

    config = Config(ALEMBIC_INI, attributes={"logs": False, "deadline": deadline})
    scripts = ScriptDirectory.from_config(config)
    try:
        with EnvironmentContext(config, scripts, fn=recreate, dont_mutate=True):
            scripts.run_env()
    except CommandError as error:
        raise MigrationError(str(error)) from error
    return told
