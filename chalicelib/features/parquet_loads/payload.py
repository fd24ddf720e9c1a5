"""Which objects an event asks to load, in each of the shapes that the event may have."""

from collections.abc import Callable, Mapping
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
from chalicelib.text import is_storable_text

# S3 leaves out the prefix, and what speaks like S3 may name it.
_CREATED = ("ObjectCreated", "s3:ObjectCreated")
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
    created = [_object(each, "s3") for each in records if _says_created(each)]
    return _data_only([_location(each, unquote_plus) for each in created])


def _says_created(record: Mapping[str, Any]) -> bool:
    return "eventName" not in record or _text(record, "eventName").startswith(_CREATED)


def _data_only(locations: list[Location]) -> list[Location]:
    return [location for location in locations if is_data_key(location.key)]


def _location(payload: Mapping[str, Any], decoded: Callable[[str], str] = str) -> Location:
    bucket, found = _object(payload, "bucket"), _object(payload, "object")
    return Location(_text(bucket, "name"), _text(found, "key", decoded))


def _object(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    if not isinstance(value, Mapping):
        raise InvalidRequestError(_SHAPES, parameter=name)
    return value


def _text(payload: Mapping[str, Any], name: str, decoded: Callable[[str], str] = str) -> str:
    value = payload.get(name)
    text = decoded(value) if isinstance(value, str) else ""
    if not text or not is_storable_text(text):
        raise InvalidRequestError(f"{name} must be text; {_SHAPES}", parameter=name)
    return text
