"""Which device a record is of."""

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib import paths
from chalicelib.features.telemetry.model import MAX_DEVICE_ID_LENGTH, Reason, Record, Reject
from chalicelib.text import is_storable_text


class Addressed(NamedTuple):
    """The records of one device, in the order in which they came."""

    device_id: str
    records: list[Record]


def by_device(
    records: Iterable[Record], device_paths: Iterable[paths.Path], only: str | None
) -> tuple[list[Addressed], list[Reject]]:
    """*records* by device, and those that name none, or another than *only*, if that is given."""
    found: dict[str, Addressed] = {}
    rejects = []
    for record in records:
        device_id = _device_of(record, device_paths)
        if device_id is None:
            message = "the record does not say which device it is of"
            rejects.append(Reject(record, Reason.NO_DEVICE, message))
        elif only not in (None, device_id):
            message = "the token is for another device"
            rejects.append(Reject(record, Reason.OTHER_DEVICE, message, device_id))
        else:
            found.setdefault(device_id, Addressed(device_id, [])).records.append(record)
    return list(found.values()), rejects


def halves(addressed: list[Addressed]) -> list[list[Addressed]]:
    """Two parts of *addressed*, in order; none where it is a single record, or nothing."""
    if len(addressed) > 1:
        middle = len(addressed) // 2
        return [addressed[:middle], addressed[middle:]]
    if not addressed or len(addressed[0].records) < 2:
        return []
    [(device_id, records)] = addressed
    middle = len(records) // 2
    return [[Addressed(device_id, part)] for part in (records[:middle], records[middle:])]


def _device_of(record: Record, device_paths: Iterable[paths.Path]) -> str | None:
    for path in device_paths:
        found = paths.find(path, record.payload)
        if isinstance(found, str) and found:
            is_possible = len(found) <= MAX_DEVICE_ID_LENGTH and is_storable_text(found)
            return found if is_possible else None
    return None
