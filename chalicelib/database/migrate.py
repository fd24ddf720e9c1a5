"""Migrations as a Lambda function: it has the revisions in its package, and a way into the VPC.

Alembic is imported when it is needed: no other function should pay for it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib import database
from chalicelib.database import Deadline, engine_for, schema, tables
from chalicelib.errors import InvalidRequestError, MigrationError
from chalicelib.settings import database_from_environment

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger(__name__)

# At the root of the project, and of the package.
ALEMBIC_INI = Path(__file__).resolve().parents[2] / "alembic.ini"
HEAD = "head"
# Outside of Lambda, which ends a migration after as long at the latest.
TIME_LIMIT_SECONDS = 900.0


class Command(StrEnum):
    """What a migration may be asked to do."""

    CURRENT = "current"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"


@dataclass(frozen=True)
class MigrationRequest:
    """A command, and the revision it goes to."""

    command: Command
    revision: str


@dataclass
class Applied:
    """Notes each revision that Alembic has applied or reverted."""

    revisions: list[str] = field(default_factory=list)

    def note(self, *, step: Any, **_: Any) -> None:
        """What Alembic calls after each of them, inside its transaction."""
        self.revisions.append(step.up_revision_id)
        facts = {"revision": step.up_revision_id, "is_upgrade": step.is_upgrade}
        logger.info("revision_applied", extra=facts)


def migrate(payload: object, context: Any = None) -> dict[str, Any]:
    """Bring the schema where *payload* says: `{}` for head, `command` and `revision` otherwise.

    Returns the revision before and after, null where there is none, and those applied in between.
    Raises `InvalidRequestError` for a payload that is malformed, and `MigrationError` where it
    cannot be done, with the sentence of Alembic or of the checks before the first revision.
    """
    request = migration_request(payload)
    deadline = Deadline.of_invocation(context, TIME_LIMIT_SECONDS)
    before = _current_revision(deadline)
    if request.command is Command.CURRENT:
        return {"from": before, "to": before, "applied": []}
    applied = _carry_out(request, deadline)
    after = _current_revision(deadline)
    logger.info("migrated", extra={"from": before, "to": after, "applied": applied})
    return {"from": before, "to": after, "applied": applied}


def migration_request(payload: object) -> MigrationRequest:
    """*payload* as a request; raises `InvalidRequestError` naming what is unknown or malformed."""
    if not isinstance(payload, Mapping):
        raise InvalidRequestError("the payload must be a JSON object")
    unknown = sorted(set(payload) - {"command", "revision"})
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0]!r}: a migration takes command, revision",
            parameter=unknown[0],
        )
    command = _checked_command(payload.get("command", Command.UPGRADE))
    return MigrationRequest(command, _checked_revision(payload.get("revision"), command))


def _checked_command(value: object) -> Command:
    if not isinstance(value, str) or value not in list(Command):
        raise InvalidRequestError(
            f"command must be one of {', '.join(Command)}", parameter="command"
        )
    return Command(value)


def _checked_revision(value: object, command: Command) -> str:
    if value is None and command is Command.DOWNGRADE:
        raise InvalidRequestError(
            "a downgrade must name its revision, such as base", parameter="revision"
        )
    if value is not None and command is Command.CURRENT:
        raise InvalidRequestError("current takes no revision", parameter="revision")
    if value is None:
        return HEAD
    if not isinstance(value, str) or not value:
        raise InvalidRequestError("revision must be the name of a revision", parameter="revision")
    return value


def _carry_out(request: MigrationRequest, deadline: Deadline) -> list[str]:
    from alembic import command
    from alembic.util import CommandError

    applied = Applied()
    run = command.downgrade if request.command is Command.DOWNGRADE else command.upgrade
    try:
        run(_config(applied, deadline), request.revision)
    except CommandError as error:
        raise MigrationError(f"{error}{_so_far(applied)}", applied=applied.revisions) from error
    return applied.revisions


def _so_far(applied: Applied) -> str:
    """Each revision commits on its own, so those before the one that failed stay."""
    return f" (applied before: {', '.join(applied.revisions)})" if applied.revisions else ""


def _config(applied: Applied, deadline: Deadline) -> "Config":
    from alembic.config import Config

    # Each line of the log is one JSON object: the file's own logging is for a terminal.
    attributes = {"logs": False, "deadline": deadline, "on_version_apply": applied.note}
    return Config(ALEMBIC_INI, attributes=attributes)


def _current_revision(deadline: Deadline) -> str | None:
    from alembic.migration import MigrationContext

    options = {
        "version_table": schema.VERSION_TABLE,
        "version_table_schema": tables.SCHEMA,
    }
    engine = engine_for(database_from_environment())
    with database.transaction(engine, deadline) as connection:
        return MigrationContext.configure(connection, opts=options).get_current_revision()
