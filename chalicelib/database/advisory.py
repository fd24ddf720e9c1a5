"""Reading what is worth knowing, and is not worth failing for."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError

T = TypeVar("T")

logger = logging.getLogger(__name__)


def advisory(connection: Connection, subject: str, read: Callable[[Connection], T]) -> T | None:
    """What *read* returns; None, and a line in the log, where the database refuses to say.

    The transaction goes on either way. A connection that is lost, or a time that is used up, is
    raised as ever: whatever comes next would fail as well.
    """
    try:
        with connection.begin_nested():
            return read(connection)
    except OperationalError:
        raise
    except DBAPIError as error:
        facts = {"subject": subject, "reason": str(error.orig).strip().partition("\n")[0]}
        logger.warning("advice_not_available", extra=facts)
        return None
