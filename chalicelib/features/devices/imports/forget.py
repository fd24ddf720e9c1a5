"""Forgetting imports that ended long ago, and what became of their rows."""

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.features.devices.imports import store
from chalicelib.features.devices.imports.context import Importing

_ROWS_AT_ONCE = 5000


def forget(importing: Importing, retention_days: int) -> None:
    """Forget what is older, as far as there is time: the next minute goes on."""
    while importing.has_time() and _forget_some(importing, retention_days):
        pass


def _forget_some(importing: Importing, retention_days: int) -> int:
    engine, deadline = importing.engine, importing.deadline
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        return store.forget(connection, retention_days, _ROWS_AT_ONCE)
