"""Reading what is worth knowing, and is not worth failing for."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from chalicelib.database.transaction import configured
from chalicelib.database.translation import QUERY_CANCELED

T = TypeVar("T")

logger = logging.getLogger(__name__)

# Whoever is not told in time must have some left for doing without.
_SHARE_OF_TIME = text(
    "SELECT coalesce(least(:milliseconds, nullif(CAST(setting AS integer), 0) / 2), :milliseconds) "
    "FROM pg_settings WHERE name = 'statement_timeout'"
)


def advisory(
    connection: Connection,
    subject: str,
    read: Callable[[Connection], T],
    *,
    seconds: float | None = None,
    is_last: bool = False,
) -> T | None:
    """What *read* returns; None, and a line in the log, where the database refuses to say.

    With *seconds*, no statement of it takes longer, nor more than half of the time that statements
    have: it is None as well where that is too short. The transaction goes on either way, unless it
    *is_last* in it, and so needs nothing to go back to. A
    connection that is lost, or a time that is used up, is raised as ever: whatever comes next would
    fail as well.
    """
    limit = nullcontext() if seconds is None else _limited(connection, seconds)
    scope = nullcontext() if is_last else connection.begin_nested()
    try:
        with scope, limit:
            return read(connection)
    except OperationalError as error:
        is_late = getattr(error.orig, "pgcode", None) == QUERY_CANCELED
        if seconds is None or not is_late:
            raise
        _log(subject, error)
    except DBAPIError as error:
        _log(subject, error)
    return None


@contextmanager
def _limited(connection: Connection, seconds: float) -> Iterator[None]:
    values = {"milliseconds": int(seconds * 1000)}
    milliseconds = connection.execute(_SHARE_OF_TIME, values).scalar_one()
    with configured(connection, {"statement_timeout": str(milliseconds)}):
        yield


def _log(subject: str, error: DBAPIError) -> None:
    facts = {"subject": subject, "reason": str(error.orig).strip().partition("\n")[0]}
    logger.warning("advice_not_available", extra=facts)
