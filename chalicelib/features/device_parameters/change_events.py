"""Telling others what a run changed; docs/events.md describes what they get."""

from sqlalchemy import Connection, Engine

from chalicelib.database import Deadline
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.outbox import store as outbox
from chalicelib.outbox.send import send_pending

STREAM = "device_parameters"
SOURCE = "iot.device-parameters"
DETAIL_TYPE = "Device Parameters Changed"
NAME_LENGTH = 1024


def queue(connection: Connection, run: Run) -> None:
    """Queue events about what *run* changed, if it changed anything."""
    if not run.has_changes:
        return
    outbox.collect_items(connection)
    store.report_changes(connection, run.recorded_id, DETAIL_TYPE, NAME_LENGTH)
    outbox.queue_items(
        connection,
        stream=STREAM,
        batch_key=str(run.recorded_id),
        source=SOURCE,
        common={"run": run},
        items_name="changes",
        occurred_at=run.finished_at,
    )


def send(engine: Engine, bus: str, deadline: Deadline) -> int | None:
    """Send what this run and earlier ones queued; returns how many events still wait."""
    return send_pending(engine, bus, STREAM, deadline)
