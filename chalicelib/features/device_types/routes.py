"""The HTTP side of device types."""

from typing import Any

from sqlalchemy import Connection

from chalicelib.access.errors import ForbiddenError, UnknownOrganizationError
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import UNSET
from chalicelib.errors import InvalidRequestError, KeyReusedError, StaleVersionError
from chalicelib.features.device_types import administer, store
from chalicelib.features.device_types.administer import Request
from chalicelib.features.device_types.bodies import (
    DeviceType,
    DeviceTypeChange,
    DeviceTypeId,
    DeviceTypeListQuery,
    ListedDeviceType,
    NewDeviceType,
    RemovedDeviceType,
)
from chalicelib.features.device_types.errors import (
    DeviceTypeExistsError,
    DeviceTypeInUseError,
    UnknownDeviceTypeError,
)
from chalicelib.features.device_types.feature import FEATURE
from chalicelib.http import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    LOCATION,
    Answer,
    Asked,
    Nothing,
    OrganizationQuery,
    Routes,
    organization_of,
    reading_for,
    seen_by_caller,
    writing_for,
)
from chalicelib.ids import new_id
from chalicelib.listing import Listing

routes = Routes(__name__, FEATURE)

_TEMPERATURE = {
    "name": "temperature",
    "label": "Room temperature",
    "unit": "°C",
    "minimum": -40,
    "maximum": 85,
    "conversion": {"scale": 0.1, "offset": 0, "fromUnit": "0.1 °C"},
}
_HUMIDITY = {"name": "humidity", "unit": "%", "minimum": 0, "maximum": 100}
_DEW_POINT = {
    "name": "dew_point",
    "unit": "°C",
    "expression": "temperature - (100 - humidity) / 5",
}
_SENSOR = {
    "name": "temperature-sensor-v2",
    "description": "Indoor sensor, firmware 2",
    "reportingIntervalSeconds": 300,
    "metrics": [_TEMPERATURE, _HUMIDITY, _DEW_POINT],
}


@routes.get(
    "/device-types",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=DeviceTypeListQuery,
    answers=Listing[ListedDeviceType],
    refuses=(UnknownOrganizationError,),
)
def list_device_types(asked: Asked[DeviceTypeListQuery, None]) -> Listing[ListedDeviceType]:
    """Which kinds of devices are there? An organization's own ones and the shared ones."""
    with reading_for(asked) as connection:
        return store.list_device_types(connection, asked.query, seen_by_caller(asked))


@routes.post(
    "/device-types",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=OrganizationQuery,
    body=NewDeviceType,
    answers={201: DeviceType},
    refuses=(UnknownOrganizationError, DeviceTypeExistsError, KeyReusedError),
    headers={**ETAG, **LOCATION},
    takes=(IDEMPOTENCY_KEY,),
    examples={"sensor": _SENSOR},
)
def create_device_type(asked: Asked[OrganizationQuery, NewDeviceType]) -> Answer[DeviceType]:
    """Say how often a kind of device reports, and what.

    Each metric gets a parameter in the platform's dictionary, by which the sync resolves what such
    devices report. Where an organization has a type of the same name as a shared one, its devices
    are of its own.
    """
    if asked.body.is_shared:
        _require_may_share(asked)
    device_type_id = new_id("type")

    def work(connection: Connection) -> Answer[DeviceType]:
        owner = None if asked.body.is_shared else organization_of(connection, asked)
        made = administer.create(connection, _request(asked), device_type_id, owner, asked.body)
        address = f"device-types/{device_type_id}"
        return Answer.versioned(made.device_type, made.version, 201, Location=address)

    return writing_for(asked, work)


@routes.get(
    "/device-types/{device_type_id}",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    answers=DeviceType,
    refuses=(UnknownDeviceTypeError,),
    headers=ETAG,
)
def get_device_type(
    asked: Asked[Nothing, None], device_type_id: DeviceTypeId
) -> Answer[DeviceType]:
    """How often does such a device report, and what?"""
    with reading_for(asked) as connection:
        found = administer.find(connection, _request(asked), device_type_id)
    return Answer.versioned(found.device_type, found.version)


@routes.put(
    "/device-types/{device_type_id}",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    body=DeviceTypeChange,
    answers=DeviceType,
    refuses=(UnknownDeviceTypeError, DeviceTypeExistsError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={"slower": {"reportingIntervalSeconds": 900}},
)
def update_device_type(
    asked: Asked[Nothing, DeviceTypeChange], device_type_id: DeviceTypeId
) -> Answer[DeviceType]:
    """Change a kind of device, field by field; its metrics are one field.

    A metric keeps its parameter as long as it keeps its name, or names that parameter. A new label
    renames the parameter, and with the next run of the sync its pairs.
    """

    def work(connection: Connection) -> Answer[DeviceType]:
        changed = administer.change(connection, _request(asked), device_type_id, asked.body)
        return Answer.versioned(changed.device_type, changed.version)

    return writing_for(asked, work)


@routes.delete(
    "/device-types/{device_type_id}",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    answers=RemovedDeviceType,
    refuses=(UnknownDeviceTypeError, DeviceTypeInUseError, StaleVersionError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
)
def remove_device_type(
    asked: Asked[Nothing, None], device_type_id: DeviceTypeId
) -> Answer[RemovedDeviceType]:
    """Remove a kind of device of which there are no devices.

    Its parameters stay in the platform's dictionary: old readings are resolved by them.
    """

    def work(connection: Connection) -> RemovedDeviceType:
        administer.remove(connection, _request(asked), device_type_id)
        return RemovedDeviceType(device_type_id=device_type_id)

    return writing_for(asked, work)


def _require_may_share(asked: Asked[OrganizationQuery, NewDeviceType]) -> None:
    """Raise where whoever asks may not write for every organization, or has named one."""
    if asked.principal.organization is not None:
        raise ForbiddenError("only the platform's own people may share a device type")
    if asked.query.organization_id is not UNSET:
        raise InvalidRequestError(
            "organizationId must be left out: a shared device type is of no organization",
            parameter="organizationId",
        )


def _request(asked: Asked[Any, Any]) -> Request:
    is_of_platform = asked.principal.organization is None
    return Request(asked.actor, seen_by_caller(asked), is_of_platform, asked.require_version)
