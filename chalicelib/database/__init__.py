"""Connections, time limits and retries: what every feature needs to talk to the database."""

from sqlalchemy import Engine

from chalicelib.database.advisory import advisory
from chalicelib.database.deadline import RESERVE_SECONDS, Deadline
from chalicelib.database.engine import APPLICATION_NAME, CONNECT_TIMEOUT_SECONDS, engine_for
from chalicelib.database.isolation import EVERY_ORGANIZATION, is_of
from chalicelib.database.retry import CONNECTION_ATTEMPTS, retry
from chalicelib.database.sessions import session
from chalicelib.database.transaction import (
    busy_when_late,
    configure,
    configured,
    limit_statements,
    seeing,
    transaction,
)
from chalicelib.database.translation import application_error, translated_errors

__all__ = [
    "APPLICATION_NAME",
    "CONNECTION_ATTEMPTS",
    "CONNECT_TIMEOUT_SECONDS",
    "EVERY_ORGANIZATION",
    "RESERVE_SECONDS",
    "Deadline",
    "Engine",
    "advisory",
    "application_error",
    "busy_when_late",
    "configure",
    "configured",
    "engine_for",
    "is_of",
    "limit_statements",
    "retry",
    "seeing",
    "session",
    "transaction",
    "translated_errors",
]
