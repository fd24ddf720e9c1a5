"""Handing what is refused to the queue of dead letters: at least once, after it is kept."""

import logging

import msgspec
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.errors import ApplicationError
from chalicelib.features.telemetry import gateway, store
from chalicelib.features.telemetry.bodies import Letter

logger = logging.getLogger(__name__)

# What SQS takes in one request.
MOST_IN_A_REQUEST = 10
MOST_REQUESTS = 100


def send_due(engine: Engine, deadline: Deadline, queue: str) -> None:
    """Send what waits, a bounded number. What cannot be sent is tried again a minute later."""
    try:
        for _ in range(MOST_REQUESTS):
            if not _send_some(engine, deadline, queue):
                return
    except ApplicationError as error:
        # What it is about has been committed, and the letters are still due.
        logger.warning("letters_not_sent", extra={"reason": error.message})


def _send_some(engine: Engine, deadline: Deadline, queue: str) -> bool:
    """Send the letters of one request; returns whether there may be more."""
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        letters = store.claim_letters(connection, MOST_IN_A_REQUEST)
    if not letters:
        return False
    bodies = {letter.reject_id: _spelled(letter) for letter in letters}
    sent = gateway.send_letters(queue, bodies)
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        store.forget_letters(connection, sent)
    return len(letters) == MOST_IN_A_REQUEST and bool(sent)


def _spelled(letter: Letter) -> str:
    """*letter* as JSON; the two characters that a queue does not take are escaped."""
    spelled = msgspec.json.encode(letter).decode()
    return spelled.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
