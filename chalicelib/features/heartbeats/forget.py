"""Forgetting devices: their states, what was noticed of their silence, and that they knocked."""

import logging
from collections.abc import Sequence

from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import MAX_BATCH

logger = logging.getLogger(__name__)

NAMES_LOGGED = 5


def forget(
    engine: Engine, deadline: Deadline, device_ids: Sequence[str], *, subject: str
) -> list[str]:
    """Forget devices, on behalf of *subject*; returns those of which anything was known.

    A device that goes on sending heartbeats is treated like one that was never heard of.
    """
    forgotten: list[str] = []
    in_key_order = sorted(set(device_ids))
    for start in range(0, len(in_key_order), MAX_BATCH):
        forgotten += _forget_some(engine, deadline, in_key_order[start : start + MAX_BATCH])
    facts = {"subject": subject, "count": len(forgotten), "first": forgotten[:NAMES_LOGGED]}
    if forgotten:
        logger.info("device_forgotten", extra=facts)
    return forgotten


def _forget_some(engine: Engine, deadline: Deadline, device_ids: list[str]) -> list[str]:
    def attempt() -> list[str]:
        with database.transaction(engine, deadline) as connection:
            return store.forget_devices(connection, device_ids)

    return database.retry(attempt, deadline)


def find_unknown(engine: Engine, deadline: Deadline) -> list[str]:
    """All devices that sent heartbeats and are not in the master table."""
    with database.transaction(engine, deadline) as connection:
        return store.unknown_device_ids(connection)
