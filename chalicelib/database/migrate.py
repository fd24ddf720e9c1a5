"""Migrations as a Lambda function: it has the revisions in its package, and a way into the VPC.

Alembic is imported when it is needed: no other function should pay for it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib import database
from chalicelib.database import Deadline, engine_for, repair, tables
from chalicelib.database.schema import ALEMBIC_INI
from chalicelib.errors import InvalidRequestError, MigrationError
from chalicelib.settings import database_from_environment

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger(__name__)

HEAD = "head"
# Outside of Lambda, which ends a migration after as long at the latest.
TIME_LIMIT_SECONDS = 900.0


class Command(StrEnum):
    """What a migration may be asked to do."""

    CURRENT = "current"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    REPAIR = "repair"


@dataclass(frozen=True)
class MigrationRequest:
    """A command, the revision it goes to, and whether rows may be lost on the way down."""

    command: Command
    revision: str = HEAD
    drop_data: bool = False


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

    Returns the revision before and after, null where there is none, and those applied in between;
    for a repair, a sentence for each thing that has been repaired.
    Raises `InvalidRequestError` for a payload that is malformed, and `MigrationError` where it
    cannot be done, with the sentence of Alembic or of the checks before the first revision.
    """
    request = migration_request(payload)
    deadline = Deadline.of_invocation(context, TIME_LIMIT_SECONDS)
    before = _current_revision(deadline)
    stayed: dict[str, Any] = {"from": before, "to": before, "applied": []}
    if request.command is Command.CURRENT:
        return stayed
    if request.command is Command.REPAIR:
        return {**stayed, "repaired": _repaired(deadline)}
    applied = _carry_out(request, deadline)
    after = _current_revision(deadline)
    logger.info("migrated", extra={"from": before, "to": after, "applied": applied})
    return {"from": before, "to": after, "applied": applied}


def migration_request(payload: object) -> MigrationRequest:
    """*payload* as a request; raises `InvalidRequestError` naming what is unknown or malformed."""
    if not isinstance(payload, Mapping):
        raise InvalidRequestError("the payload must be a JSON object")
    unknown = sorted(set(payload) - {"command", "revision", "drop_data"})
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0]!r}: a migration takes command, revision, drop_data",
            parameter=unknown[0],
        )
    command = _checked_command(payload.get("command", Command.UPGRADE))
    return MigrationRequest(
        command,
        _checked_revision(payload.get("revision"), command),
        drop_data=_checked_consent(payload.get("drop_data"), command),
    )


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
    if value is not None and command in (Command.CURRENT, Command.REPAIR):
        raise InvalidRequestError(f"{command} takes no revision", parameter="revision")
    if value is None:
        return HEAD
    if not isinstance(value, str) or not value:
        raise InvalidRequestError("revision must be the name of a revision", parameter="revision")
    return value


def _checked_consent(value: object, command: Command) -> bool:
    if value is None:
        return False
    if command is not Command.DOWNGRADE:
        raise InvalidRequestError("only a downgrade takes drop_data", parameter="drop_data")
    if not isinstance(value, bool):
        raise InvalidRequestError("drop_data must be true or false", parameter="drop_data")
    return value


def _repaired(deadline: Deadline) -> list[str]:
    """What has been repaired, and what is left to do after that."""
    told = repair.recreate_missing(deadline)
    logger.info("repaired", extra={"repaired": told})
    return [*told, *repair.REMAINS_TO_BE_DONE] if told else []


def _carry_out(request: MigrationRequest, deadline: Deadline) -> list[str]:
    from alembic import command
    from alembic.util import CommandError

    applied = Applied()
    run = command.downgrade if request.command is Command.DOWNGRADE else command.upgrade
    try:
        run(_config(applied, deadline, request), request.revision)
    except CommandError as error:
        raise MigrationError(f"{error}{_so_far(applied)}", applied=applied.revisions) from error
    return applied.revisions


def _so_far(applied: Applied) -> str:
    """Each revision commits on its own, so those before the one that failed stay."""
    return f" (applied before: {', '.join(applied.revisions)})" if applied.revisions else ""


def _config(applied: Applied, deadline: Deadline, request: MigrationRequest) -> "Config":
    from alembic.config import Config

    # Each line of the log is one JSON object: the file's own logging is for a terminal.
    attributes = {
        "logs": False,
        "deadline": deadline,
        "on_version_apply": applied.note,
        "drop_data": request.drop_data,
    }
    return Config(ALEMBIC_INI, attributes=attributes)


def _current_revision(deadline: Deadline) -> str | None:
    from alembic.migration import MigrationContext

    from migrations.renames import version_table

    engine = engine_for(database_from_environment())
    with database.transaction(engine, deadline) as connection:
        options = {
            "version_table": version_table(connection),
            "version_table_schema": tables.SCHEMA,
        }
        return MigrationContext.configure(connection, opts=options).get_current_revision()
