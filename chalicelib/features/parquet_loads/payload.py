"""Which objects an event asks to load, in each of the shapes that the event may have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.errors import InvalidRequestError
from chalicelib.features.parquet_loads.model import (
    NOT_DATA,
    Location,
    is_data_key,
    is_rejects_key,
)

_CREATED = "ObjectCreated"
_DIRECT = {"bucket", "key"}
_SHAPES = (
    'an event must be {"bucket": …, "key": …}, a notification of S3, or an EventBridge event of S3'
)


@dataclass(frozen=True)
class LoadRequest:
    """What is to be loaded. *is_direct* is set where the caller names one object and waits."""

    locations: list[Location]
    is_direct: bool


def load_request(payload: object) -> LoadRequest:
    """What *payload*, an event without its envelope, asks to load.

    Raises `InvalidRequestError` where it has none of the known shapes.
    """
    if not isinstance(payload, Mapping):
        raise InvalidRequestError(_SHAPES)
    if payload.get("Event") == "s3:TestEvent":  # S3 tries a new configuration
        return LoadRequest([], is_direct=False)
    if "Records" in payload:
        return LoadRequest(_created_objects(payload["Records"]), is_direct=False)
    if "object" in payload:
        return LoadRequest(_data_only([_location(payload)]), is_direct=False)
    return LoadRequest([_direct(payload)], is_direct=True)


def _direct(payload: Mapping[str, Any]) -> Location:
    unknown = sorted(set(payload) - _DIRECT)
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0]!r}: {_SHAPES}", parameter=str(unknown[0])
        )
    location = Location(_text(payload, "bucket"), _text(payload, "key"))
    if is_rejects_key(location.key):
        raise InvalidRequestError("rejected rows are not loaded again", parameter="key")
    if not is_data_key(location.key):
        raise InvalidRequestError(NOT_DATA, parameter="key")
    return location


def _created_objects(records: object) -> list[Location]:
    """The objects that a notification says were created. Their keys are encoded as in a form."""
    if not isinstance(records, list) or not all(isinstance(each, Mapping) for each in records):
        raise InvalidRequestError(_SHAPES, parameter="Records")
    created = [each for each in records if each.get("eventName", _CREATED).startswith(_CREATED)]
    locations = [_location(_object(each, "s3")) for each in created]
    return _data_only([Location(found.bucket, unquote_plus(found.key)) for found in locations])


def _data_only(locations: list[Location]) -> list[Location]:
    return [location for location in locations if is_data_key(location.key)]


def _location(payload: Mapping[str, Any]) -> Location:
    bucket, found = _object(payload, "bucket"), _object(payload, "object")
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
