"""Pausing the runs that nobody asks for, while the platform's own data is being worked on."""

from datetime import timedelta

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.audit import Actor
from chalicelib.database.statements import statements_beside
from chalicelib.errors import UnknownResourceError
from chalicelib.features.device_parameters.bodies import Pause

sql = statements_beside(__file__)


def active_pause(connection: Connection) -> Pause | None:
    """The pause that is on now; one that is over has ended by itself."""
    row = connection.execute(sql.find_pause).one_or_none()
    return Pause(**row._mapping) if row is not None else None


def pause(connection: Connection, actor: Actor, minutes: int, comment: str | None) -> Pause:
    """Pause for *minutes* from now on; a pause that is on already takes the new end."""
    before = active_pause(connection)
    values = {"length": timedelta(minutes=minutes), "paused_by": actor.name, "comment": comment}
    paused = Pause(**connection.execute(sql.pause, values).one()._mapping)
    _note(connection, actor, "runs.paused", before, paused, comment)
    return paused


def resume(connection: Connection, actor: Actor, comment: str | None = None) -> None:
    """End the pause; raises `UnknownResourceError` where none is on."""
    before = active_pause(connection)
    if before is None:
        raise UnknownResourceError("the runs are not paused")
    connection.execute(sql.resume)
    _note(connection, actor, "runs.resumed", before, None, comment)


def _note(
    connection: Connection,
    actor: Actor,
    action: str,
    before: Pause | None,
    after: Pause | None,
    comment: str | None,
) -> None:
    audit.record(
        connection,
        actor,
        action,
        "runs",
        before=_end_of(before),
        after=_end_of(after),
        comment=comment,
    )


def _end_of(pause: Pause | None) -> dict[str, object] | None:
    return None if pause is None else {"paused_until": pause.paused_until}
