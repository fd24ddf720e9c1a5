"""Trying again what was not stored: the device may be registered by now, or its type mended."""

from sqlalchemy import Connection

from chalicelib import audit, database
from chalicelib.audit import Actor
from chalicelib.features.telemetry import store
from chalicelib.features.telemetry.arriving import Arrived, again
from chalicelib.features.telemetry.bodies import Replay, Replayed
from chalicelib.features.telemetry.context import Ingestion, Outcome
from chalicelib.features.telemetry.ingest import ingest
from chalicelib.features.telemetry.rejects import id_of
from chalicelib.features.telemetry.store import Kept
from chalicelib.paging import cursor

MOST = 500


def replay(context: Ingestion, wanted: Replay, actor: Actor) -> tuple[Replayed, Outcome]:
    """Store what was rejected, as if it arrived now, the oldest first and at most `MOST`.

    Of values that have been stored in the meantime each stays as it is: they came later.

    What is right is no reject any more. What is wrong stays one, for the reason that it has now. A
    process that dies in between leaves rejects whose readings are stored: to try them again changes
    nothing else.
    """

    def attempt_to_find() -> list[Kept]:
        with context.transaction() as connection:
            return store.find_rejects(connection, wanted, context.organization, MOST)

    found = database.retry(attempt_to_find, context.deadline)
    outcome = ingest(context, _arrived(found))
    still = {id_of(reject) for reject in outcome.rejects}
    over = [kept.reject_id for kept in found if kept.reject_id not in still]

    def attempt_to_forget() -> None:
        with context.transaction() as connection:
            _forget(connection, context, actor, over)

    if over:
        database.retry(attempt_to_forget, context.deadline)
    replayed = Replayed(
        tried=len(found),
        cleared=len(over),
        stored=outcome.stored,
        corrected=outcome.corrected,
        next=cursor(found[-1][-2:]) if len(found) == MOST else None,
    )
    return replayed, outcome


def _arrived(found: list[Kept]) -> Arrived:
    """The records that are kept, each once: several of its values may have been rejected."""
    arrived = Arrived()
    for kept in {(kept.payload, kept.sent_at): kept for kept in found}.values():
        arrived.add(again(kept.payload, kept.sent_at))
    return arrived


def _forget(
    connection: Connection, context: Ingestion, actor: Actor, reject_ids: list[str]
) -> None:
    store.forget_rejects(connection, reject_ids)
    audit.record(
        connection,
        actor,
        "telemetry.replayed",
        f"{len(reject_ids)} rejects",
        organization_id=context.organization_id,
        before={"reject_ids": reject_ids},
    )
