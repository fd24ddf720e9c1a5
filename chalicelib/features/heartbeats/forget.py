"""Forgetting devices: their states, what was noticed of their silence, and that they knocked."""

import logging
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from chalicelib import audit, database
from chalicelib.audit import Actor
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import MAX_BATCH

logger = logging.getLogger(__name__)

NAMES_LOGGED = 5


def forget(
    engine: Engine, deadline: Deadline, device_ids: Sequence[str], *, actor: Actor
) -> list[str]:
    """Forget devices, on behalf of *actor*; returns those of which anything was known.

    A device that goes on sending heartbeats is treated like one that was never heard of.
    """
    forgotten: list[str] = []
    in_key_order = sorted(set(device_ids))
    for start in range(0, len(in_key_order), MAX_BATCH):
        some = in_key_order[start : start + MAX_BATCH]
        forgotten += _forget_some(engine, deadline, some, actor)
    facts = {"actor": actor.name, "count": len(forgotten), "first": forgotten[:NAMES_LOGGED]}
    if forgotten:
        logger.info("device_forgotten", extra=facts)
    return forgotten


def _forget_some(
    engine: Engine, deadline: Deadline, device_ids: list[str], actor: Actor
) -> list[str]:
    def attempt() -> list[str]:
        with database.transaction(engine, deadline) as connection:
            forgotten = store.forget_devices(connection, device_ids)
            if forgotten:
                _note(connection, actor, forgotten)
            return forgotten

    return database.retry(attempt, deadline)


def _note(connection: Connection, actor: Actor, forgotten: list[str]) -> None:
    """One entry for each device that was forgotten by itself, and one for those of a batch."""
    subject = f"device {forgotten[0]}" if len(forgotten) == 1 else f"{len(forgotten)} devices"
    before = {"device_ids": forgotten}
    audit.record(connection, actor, "device.forgotten", subject, before=before)


def find_unknown(engine: Engine, deadline: Deadline) -> list[str]:
    """All devices that sent heartbeats and are not in the master table."""
    with database.transaction(engine, deadline) as connection:
        return store.unknown_device_ids(connection)
