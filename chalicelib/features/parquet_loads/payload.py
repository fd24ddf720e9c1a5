"""Which objects an event is about, in each of the shapes it may come in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.errors import InvalidRequestError
from chalicelib.features.parquet_loads.ledger import Location
from chalicelib.features.parquet_loads.model import is_rejects_key

_CREATED = "ObjectCreated"
_DIRECT = {"bucket", "key"}
_SHAPES = (
    'an event must be {"bucket": …, "key": …}, a notification of S3, or what S3 tells EventBridge'
)


@dataclass(frozen=True)
class Asked:
    """What is to be loaded; *is_direct* where somebody asks for one object and waits."""

    locations: list[Location]
    is_direct: bool


def asked(payload: object) -> Asked:
    """What *payload*, an event without its envelope, asks for.

    Raises `InvalidRequestError` where that cannot be told.
    """
    if not isinstance(payload, Mapping):
        raise InvalidRequestError(_SHAPES)
    if payload.get("Event") == "s3:TestEvent":  # what S3 sends to try a new configuration
        return Asked([], is_direct=False)
    if "Records" in payload:
        return Asked(_created(payload["Records"]), is_direct=False)
    if "object" in payload:
        return Asked(_of_data([_named(payload, "object")]), is_direct=False)
    return Asked([_direct(payload)], is_direct=True)


def _direct(payload: Mapping[str, Any]) -> Location:
    unknown = sorted(set(payload) - _DIRECT)
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0]!r}: {_SHAPES}", parameter=str(unknown[0])
        )
    location = Location(_text(payload, "bucket"), _text(payload, "key"))
    if is_rejects_key(location.key):
        raise InvalidRequestError("rejected rows are not loaded again", parameter="key")
    return location


def _created(records: object) -> list[Location]:
    """The objects a notification says were created; it spells keys as a form would."""
    if not isinstance(records, list) or not all(isinstance(said, Mapping) for said in records):
        raise InvalidRequestError(_SHAPES, parameter="Records")
    created = [said for said in records if said.get("eventName", _CREATED).startswith(_CREATED)]
    located = [_named(_object(said, "s3"), "object") for said in created]
    return _of_data([Location(found.bucket, unquote_plus(found.key)) for found in located])


def _of_data(locations: list[Location]) -> list[Location]:
    """Without what is no data: our own rejects, folders, and what a writer leaves for itself.

    Spark, Hive and Athena agree that names which begin with `_` or `.` are not data.
    """
    return [
        location
        for location in locations
        if not is_rejects_key(location.key)
        and not location.key.endswith("/")
        and not location.key.rpartition("/")[2].startswith(("_", "."))
    ]


def _named(payload: Mapping[str, Any], name: str) -> Location:
    bucket, found = _object(payload, "bucket"), _object(payload, name)
    return Location(_text(bucket, "name"), _text(found, "key"))


def _object(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    if not isinstance(value, Mapping):
        raise InvalidRequestError(_SHAPES, parameter=name)
    return value


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidRequestError(f"{name} must be text; {_SHAPES}", parameter=name)
    return value
