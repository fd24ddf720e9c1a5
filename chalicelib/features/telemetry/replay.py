"""Trying again what was not stored: the device may be registered by now, or its type mended."""

from dataclasses import replace

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
    outcome, still = _tried(context, found)
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


def _tried(context: Ingestion, found: list[Kept]) -> tuple[Outcome, set[str]]:
    """What became of the records of *found*, and the ids of what is still wrong in them.

    Each is tried for the organization that it came from, whoever asks for it: what was sent by one
    is never stored for a device of another.
    """
    total, still = Outcome(), set[str]()
    for organization_id in dict.fromkeys(kept.organization_id for kept in found):
        own = replace(context, organization=organization_id or context.organization)
        records = _arrived([kept for kept in found if kept.organization_id == organization_id])
        outcome = ingest(own, records)
        total.add(outcome)
        total.received += outcome.received
        still |= {id_of(reject, own.organization_id) for reject in outcome.rejects}
    return total, still


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
