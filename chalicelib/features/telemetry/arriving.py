"""What arrives, by whatever way, as records."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.errors import InvalidRequestError
from chalicelib.features.telemetry.aggregated import unpacked
from chalicelib.features.telemetry.model import MAX_RECORDS, Reason, Record, Reject, microseconds

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
# Attributes of a message of a queue. Both stay as they are when the message comes again.
_SINCE_WHEN = ("SentTimestamp", "ApproximateFirstReceiveTimestamp")
_SECOND = 1_000_000
_MILLISECOND = 1_000
# No carrier says a time as late as the year 5138, in microseconds since 1970.
_LATEST = 100_000_000_000_000_000
# So many records of twenty bytes a record of Kinesis holds: whoever packs more packs nothing.
_MOST_PARTS = 50_000
# How the list of several records is called, where they come in an object.
RECORDS = "records"
_TOO_MANY = f"must not hold more than {MAX_RECORDS} records"


@dataclass
class Arrived:
    """The records of one event, and what cannot be read as one."""

    records: list[Record] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, other: "Arrived") -> None:
        """Take what *other* holds as well, behind all that is here."""
        first = self.count
        self.records += [each._replace(place=first + each.place) for each in other.records]
        self.rejects += [
            each._replace(record=each.record._replace(place=first + each.record.place))
            for each in other.rejects
        ]

    @property
    def count(self) -> int:
        """How many records have come, readable or not."""
        return len(self.records) + len(self.rejects)


def from_kinesis(event: Mapping[str, Any]) -> Arrived:
    """The records of a batch of Kinesis, those that a producer has aggregated one by one."""
    arrived = Arrived()
    for received in records_of(event):
        kinesis = received.get("kinesis")
        kinesis = kinesis if isinstance(kinesis, Mapping) else {}
        sent_at = _scaled(kinesis.get("approximateArrivalTimestamp"), _SECOND)
        try:
            parts = unpacked(base64.b64decode(kinesis.get("data", ""), validate=True))
            if len(parts) > _MOST_PARTS:
                raise ValueError(f"an aggregated record holds more than {_MOST_PARTS}")
        except (TypeError, ValueError, binascii.Error) as error:
            spelled = str(kinesis.get("data")).encode(errors="replace")
            _refuse(arrived, spelled, sent_at, f"the record cannot be unpacked: {error}")
            continue
        for part in parts:
            _read(arrived, part, sent_at)
    return arrived


def from_queue(event: Mapping[str, Any]) -> Arrived:
    """The records in the messages of a queue."""
    arrived = Arrived()
    for message in records_of(event):
        body = message.get("body")
        spelled = body.encode(errors="replace") if isinstance(body, str) else b""
        _read(arrived, spelled, _queued_at(message))
    return arrived


def from_payload(payload: object) -> Arrived:
    """The records of a payload that is JSON already: one, a list, or `{"records": […]}`.

    Raises `InvalidRequestError` where it is none of these, or holds too many.
    """
    items = _items(payload)
    items = [payload] if items is None else items
    if len(items) > MAX_RECORDS:
        raise InvalidRequestError(f"{RECORDS} {_TOO_MANY}", parameter=RECORDS)
    arrived = Arrived()
    for item in items:
        _add(arrived, item, _spelled(item), None)
    return arrived


def again(spelled: str, sent_at: datetime | None) -> Arrived:
    """The record that was kept as *spelled*: one, even where it is a list."""
    arrived = Arrived()
    sent = None if sent_at is None else microseconds(sent_at)
    _read(arrived, spelled.encode(), sent, is_one=True)
    return arrived


def records_of(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What Lambda hands over at once; raises `InvalidRequestError` where there is no list."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise InvalidRequestError("an event of a stream or queue must have a list of Records")
    return [record if isinstance(record, Mapping) else {} for record in records]


def _read(arrived: Arrived, spelled: bytes, sent_at: int | None, *, is_one: bool = False) -> None:
    try:
        document = _decode(spelled)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse(arrived, spelled, sent_at, f"the record must be JSON: {error}")
        return
    items = None if is_one else _items(document)
    if items is None:
        _add(arrived, document, spelled, sent_at)
    elif len(items) > MAX_RECORDS:
        _refuse(arrived, spelled, sent_at, f"the record {_TOO_MANY}")
    else:
        for item in items:
            _add(arrived, item, _spelled(item), sent_at)


def _items(document: object) -> list[object] | None:
    """The records that *document* is a list of; None where it is none."""
    if isinstance(document, Mapping) and set(document) == {RECORDS}:
        document = document[RECORDS]
    return document if isinstance(document, list) else None


def _add(arrived: Arrived, payload: object, spelled: bytes, sent_at: int | None) -> None:
    if isinstance(payload, dict):
        arrived.records.append(Record(arrived.count, payload, spelled, sent_at))
    else:
        _refuse(arrived, spelled, sent_at, "the record must be a JSON object")


def _refuse(arrived: Arrived, spelled: bytes, sent_at: int | None, message: str) -> None:
    record = Record(arrived.count, None, spelled, sent_at)
    arrived.rejects.append(Reject(record, Reason.NOT_READABLE, message))


def _spelled(item: object) -> bytes:
    """*item* as JSON; where that cannot say it, such as halves of characters, as Python does."""
    try:
        return _encode(item)
    except RecursionError:
        return b"(nested too deeply)"
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError):
        return repr(item).encode(errors="replace")


def _queued_at(message: Mapping[str, Any]) -> int | None:
    attributes = message.get("attributes")
    known: Iterable[Any] = (
        [attributes.get(name) for name in _SINCE_WHEN] if isinstance(attributes, Mapping) else []
    )
    return next(filter(None, (_scaled(value, _MILLISECOND) for value in known)), None)


def _scaled(value: Any, unit: int) -> int | None:
    """*value*, in units of so many microseconds, in microseconds; None where it is no time."""
    try:
        scaled = round(float(value) * unit)
    except (TypeError, ValueError, OverflowError):
        return None
    return scaled if 0 < scaled < _LATEST else None
