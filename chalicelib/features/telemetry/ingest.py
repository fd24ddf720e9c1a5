"""Storing what devices send: what is right, once, and whatever else is wrong beside it."""

from chalicelib import database
from chalicelib.errors import DatabaseBusyError, DatabaseRefusedError
from chalicelib.features.telemetry import anomaly_events, letters, store
from chalicelib.features.telemetry.addressing import Addressed, by_device, halves
from chalicelib.features.telemetry.arriving import Arrived
from chalicelib.features.telemetry.context import Ingestion, Outcome
from chalicelib.features.telemetry.model import SECOND, Reason, Reject, Way, microseconds
from chalicelib.features.telemetry.write import NewDevicesError, write

# One for devices of which nothing is stored yet, and some for those that are deleted meanwhile.
_ROUNDS = 4
# What TimescaleDB says where late readings are of more compressed rows than it likes to unpack.
_TOO_MUCH_TO_UNPACK = "53400"
# What PostgreSQL says of data that it does not take: of its kind, a constraint, or a trigger.
_ABOUT_THE_DATA = ("22", "23", "P0001")
# Whoever asks over HTTP is told at once what is wrong, and does not wait for others to be told.
_TOLD_AT_ONCE = (Way.HTTP, Way.REPLAY)


def ingest(context: Ingestion, arrived: Arrived) -> Outcome:
    """Store what has *arrived*, and return what became of it.

    All of it commits together, or nothing: then an error is raised, and it may be tried again, as
    often as need be. Where the database itself refuses a record, parts commit one after the other
    until that record is found, and rejected. An error in between leaves what has been committed,
    and trying all of it again changes nothing about that.
    """
    if not arrived.count:
        return Outcome()
    admission = context.admission
    addressed, rejected = by_device(arrived.records, context.device_paths, admission.device_id)
    outcome = _store_in_parts(context, addressed, [*arrived.rejects, *rejected])
    outcome.received = arrived.count
    if context.way not in _TOLD_AT_ONCE:
        tell(context, outcome)
    return outcome


def tell(context: Ingestion, outcome: Outcome) -> None:
    """Tell others what has been committed. What cannot be told now is told later."""
    if outcome.rejects and context.letter_queue is not None:
        letters.send_due(context.engine, context.deadline, context.letter_queue)
    if outcome.anomaly_count and context.bus is not None:
        pending = anomaly_events.send(context.engine, context.bus, context.deadline)
        outcome.pending_event_count = pending


def _store_in_parts(
    context: Ingestion, addressed: list[Addressed], rejected: list[Reject]
) -> Outcome:
    """Store all together; where the database refuses something of it, in ever smaller parts."""
    try:
        return _store(context, addressed, rejected)
    except DatabaseRefusedError as error:
        if not _is_about_the_data(error):
            raise
        refusal = error
    parts = halves(addressed)
    if not parts:
        return _store(context, [], [*rejected, *_not_storable(addressed, refusal)])
    outcome = _store(context, [], rejected)
    for part in parts:
        outcome.add(_store_in_parts(context, part, []))
    return outcome


def _is_about_the_data(error: DatabaseRefusedError) -> bool:
    return str(error.details.get("sqlstate", "")).startswith(_ABOUT_THE_DATA)


def _not_storable(addressed: list[Addressed], error: DatabaseRefusedError) -> list[Reject]:
    """The rejection of the one record of *addressed*; raises *error* where there is none."""
    if not addressed:
        raise error
    message = f"the database refuses it: {error.message}"
    return [
        Reject(record, Reason.NOT_STORABLE, message, device_id)
        for device_id, records in addressed
        for record in records
    ]


def _store(context: Ingestion, addressed: list[Addressed], rejected: list[Reject]) -> Outcome:
    try:
        return _write(context, addressed, rejected)
    except DatabaseRefusedError as error:
        if error.details.get("sqlstate") != _TOO_MUCH_TO_UNPACK:
            raise
    return _write(context, addressed, rejected, unpacks_all=True)


def _write(
    context: Ingestion,
    addressed: list[Addressed],
    rejected: list[Reject],
    *,
    unpacks_all: bool = False,
) -> Outcome:
    def attempt() -> Outcome:
        with context.transaction() as connection:
            if unpacks_all:
                store.lift_decompression_limit(connection)
            outcome = write(connection, context, addressed, rejected)
            committed_at = microseconds(store.database_clock(connection))
        outcome.latencies = [(committed_at - at) / SECOND for at in outcome.measured_ats]
        return outcome

    for _ in range(_ROUNDS):
        try:
            # Repeating it after a lost commit finds the same readings, and changes nothing.
            return database.retry(attempt, context.deadline)
        except NewDevicesError:
            _begin(context, addressed)
    raise DatabaseBusyError("devices are registered or deleted at this moment")


def _begin(context: Ingestion, addressed: list[Addressed]) -> None:
    def attempt() -> None:
        with context.transaction() as connection:
            store.begin_devices(connection, [device_id for device_id, _ in addressed])

    database.retry(attempt, context.deadline)
