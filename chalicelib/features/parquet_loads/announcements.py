"""The event that measurements were loaded. The sync of device parameters follows it."""

import msgspec
from sqlalchemy import Connection, Engine

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.bodies import load_body
from chalicelib.features.parquet_loads.model import Dataset, Load
from chalicelib.outbox import store as outbox
from chalicelib.outbox.send import send_pending

STREAM = "parquet_loads"
SOURCE = "iot.measurements"
DETAIL_TYPE = "Measurements Loaded"


def queue(connection: Connection, load: Load) -> None:
    """Queue the event of *load* if it changed measurements.

    The event has no time of its own; its time is when the bus accepts it. Whoever reads the tables
    after that sees everything that was loaded. No time before the commit could promise that.
    """
    if load.dataset is not Dataset.MEASUREMENTS or not load.counts.has_changes:
        return
    outbox.queue(
        connection,
        stream=STREAM,
        batch_key=str(load.load_id),
        source=SOURCE,
        detail_type=DETAIL_TYPE,
        details=[msgspec.to_builtins(load_body(load))],
        occurred_at=None,
    )


def send(engine: Engine, bus: str, deadline: Deadline) -> int | None:
    """Send what this load and earlier ones queued; returns how many events still wait."""
    return send_pending(engine, bus, STREAM, deadline)
