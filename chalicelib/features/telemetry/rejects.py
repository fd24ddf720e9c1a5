"""Keeping what is not stored, with the reason, so that people can find it and try it again."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.features.telemetry import store
from chalicelib.features.telemetry.context import Ingestion
from chalicelib.features.telemetry.model import (
    MAX_PAYLOAD_BYTES,
    Record,
    Reject,
    from_microseconds,
)
from chalicelib.instants import instant

# A record may have any number of wrong values: the first ones tell what is the matter with it.
MOST_OF_A_RECORD = 20
_OWN_TIME = "timestamp"
_ID_DIGITS = 24
_canonical = msgspec.json.Encoder(order="deterministic").encode


def keep(
    connection: Connection, context: Ingestion, now: datetime, rejects: Iterable[Reject]
) -> None:
    """Keep *rejects*. The same one is kept once, however often it comes."""
    rows = {row["reject_id"]: row for row in _rows(context, now, rejects)}
    # In one order, so that writers can wait but never deadlock.
    in_order = [rows[reject_id] for reject_id in sorted(rows)]
    store.keep_rejects(connection, msgspec.json.encode(in_order).decode())


def _rows(
    context: Ingestion, now: datetime, rejects: Iterable[Reject]
) -> Iterator[Mapping[str, Any]]:
    seen: Counter[int] = Counter()
    for reject in rejects:
        seen[reject.record.place] += 1
        if seen[reject.record.place] <= MOST_OF_A_RECORD:
            yield _row(context, now, reject)


def _row(context: Ingestion, now: datetime, reject: Reject) -> Mapping[str, Any]:
    record = reject.record
    is_quarantined = context.admission.is_quarantined(reject.reason)
    is_letter = context.letter_queue is not None and not is_quarantined
    payload = _clean(record.spelled[:MAX_PAYLOAD_BYTES].decode(errors="ignore"))
    return {
        "reject_id": id_of(reject, context.organization_id),
        "organization_id": reject.organization_id or context.organization_id,
        "device_id": reject.device_id,
        "metric": reject.metric and _clean(reject.metric),
        "reason": reject.reason,
        "message": _clean(reject.message),
        "way": context.way,
        "payload": payload,
        # What is kept may not pass for another record.
        "is_cut": payload.encode() != record.spelled,
        "is_quarantined": is_quarantined,
        "sent_at": record.sent_at and instant(from_microseconds(record.sent_at)),
        "letter_due_at": instant(now) if is_letter else None,
    }


def id_of(reject: Reject, organization_id: str | None = None) -> str:
    """The same for the same fault of the same record, by whatever way it comes.

    *organization_id* is whose it is where nobody knows the device: what one organization sends must
    not keep another from seeing its own.

    Where a record does not say its own time, records that look the same are not the same.
    """
    record = reject.record
    has_time = isinstance(record.payload, dict) and _OWN_TIME in record.payload
    facts = (
        reject.organization_id or organization_id,
        reject.device_id,
        reject.reason,
        reject.metric and _clean(reject.metric),
        _canonically(record),
        None if has_time else record.sent_at,
    )
    digest = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()
    return f"rej-{digest[:_ID_DIGITS]}"


def _canonically(record: Record) -> bytes:
    """The same however the carrier spells the same document: in which order, with which spaces."""
    try:
        return record.spelled if record.payload is None else _canonical(record.payload)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError, OverflowError):
        return record.spelled


def _clean(text: str) -> str:
    """*text* without what PostgreSQL cannot hold: NUL, and halves of characters."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
