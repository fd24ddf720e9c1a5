"""The HTTP side of devices."""

from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.access.model import Principal, Role, Scope
from chalicelib.bodies import UNSET, UnsetType
from chalicelib.errors import KeyReusedError, StaleVersionError
from chalicelib.features.devices import changing, deleting, registering, showing, store
from chalicelib.features.devices.bodies import (
    Change,
    ChangeQuery,
    Deleted,
    Device,
    DeviceChange,
    DeviceListing,
    NewDevice,
    Parameter,
    ParameterQuery,
    Registered,
)
from chalicelib.features.devices.certificates.bodies import Provisioning
from chalicelib.features.devices.certificates.errors import KeyInUseError
from chalicelib.features.devices.certificates.issue import wish_for
from chalicelib.features.devices.certificates.register import completed, want_for_new
from chalicelib.features.devices.certificates.store import Owned
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.errors import DeviceExistsError, UnknownDeviceError
from chalicelib.features.devices.feature import FEATURE, MASTER
from chalicelib.features.devices.fields import DeviceId
from chalicelib.features.devices.finding import find
from chalicelib.features.devices.listing.find import list_devices as find_devices
from chalicelib.features.devices.listing.query import DeviceListQuery
from chalicelib.features.devices.model import Status
from chalicelib.http import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    LOCATION,
    Answer,
    Asked,
    Nothing,
    OrganizationQuery,
    Page,
    Routes,
    organization_of,
    page_of,
    reading_for,
    seen_by_caller,
    writing_for,
)
from chalicelib.ids import new_id

routes = Routes(__name__, FEATURE)

_SENSOR = {
    "deviceType": "temperature-sensor-v2",
    "name": "Office-Temp-Sensor-1",
    "location": {"lat": 37.7749, "lon": -122.4194, "address": "Office 301, Building A"},
    "connectivity": {"type": "cellular", "simId": "sim-123456"},
    "metadata": {
        "manufacturer": "SensorCorp",
        "model": "TSv2-001",
        "serialNumber": "SN123456789",
    },
    "tags": ["office", "building-a"],
}


@routes.post(
    "/devices",
    least=Role.OPERATOR,
    scope=Scope.ORGANIZATION,
    query=OrganizationQuery,
    body=NewDevice,
    answers={201: Registered},
    refuses=(UnknownOrganizationError, DeviceExistsError, KeyInUseError, KeyReusedError),
    headers={**ETAG, **LOCATION},
    takes=(IDEMPOTENCY_KEY,),
    examples={"sensor": _SENSOR},
)
def register_device(asked: Asked[OrganizationQuery, NewDevice]) -> Answer[Registered]:
    """Register a device, whose pairs follow with the next run of the sync.

    With a `csr` the device gets a certificate for the key that it keeps. Without one a key is made,
    shown in this answer and kept nowhere; a request that is sent again gets the same answer
    without it.
    """
    is_adopted = asked.body.device_id is not UNSET
    _require_may_adopt(asked.principal, asked.body.device_id)
    device_id = new_id("dev") if asked.body.device_id is UNSET else asked.body.device_id
    wish = wish_for(None if asked.body.csr is UNSET else asked.body.csr)

    def work(connection: Connection) -> Answer[Registered]:
        organization_id = organization_of(connection, asked)
        made = registering.register(
            connection,
            _request(asked),
            device_id,
            organization_id,
            asked.body,
            is_adopted=is_adopted,
        )
        owned = Owned(device_id, organization_id)
        provisioning = want_for_new(connection, asked.actor, owned, wish)
        registered = _registered(made.device, provisioning)
        location = f"devices/{quote(device_id, safe='')}"
        return Answer.versioned(registered, made.version, 201, Location=location)

    return completed(writing_for(asked, work), Registered, wish)


@routes.get(
    "/devices",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=DeviceListQuery,
    answers=DeviceListing,
    refuses=(UnknownOrganizationError,),
)
def list_devices(asked: Asked[DeviceListQuery, None]) -> DeviceListing:
    """Which devices are there, and how are they?"""
    with reading_for(asked) as connection:
        return find_devices(connection, asked.query, seen_by_caller(asked))


@routes.get(
    "/devices/{device_id}",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    answers=Device,
    refuses=(UnknownDeviceError,),
    headers=ETAG,
)
def get_device(asked: Asked[Nothing, None], device_id: DeviceId) -> Answer[Device]:
    """What is it, how is it, and what did it measure last?"""
    with reading_for(asked) as connection:
        found = find(connection, _request(asked), device_id)
        return Answer.versioned(showing.shown(connection, found), found.version)


@routes.put(
    "/devices/{device_id}",
    least=Role.OPERATOR,
    scope=Scope.ORGANIZATION,
    body=DeviceChange,
    answers=Device,
    refuses=(UnknownDeviceError, DeviceExistsError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={
        "move": {"location": {"address": "Office 302, Building A"}},
        "maintenance": {"status": "maintenance", "maintenanceUntil": None},
    },
)
def update_device(asked: Asked[Nothing, DeviceChange], device_id: DeviceId) -> Answer[Device]:
    """Change what is said of a device, field by field."""

    def work(connection: Connection) -> Answer[Device]:
        changed = changing.change(connection, _request(asked), device_id, asked.body)
        return Answer.versioned(showing.shown(connection, changed), changed.version)

    return writing_for(asked, work)


@routes.delete(
    "/devices/{device_id}",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    answers=Deleted,
    refuses=(UnknownDeviceError, StaleVersionError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
)
def delete_device(asked: Asked[Nothing, None], device_id: DeviceId) -> Answer[Deleted]:
    """Delete a device, whose readings count no more. What it has measured stays."""

    def work(connection: Connection) -> Deleted:
        deleted_at = deleting.delete(connection, _request(asked), device_id)
        return Deleted(device_id=device_id, status=Status.DELETED, deleted_at=deleted_at)

    return writing_for(asked, work)


@routes.get(
    "/devices/{device_id}/changes",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=ChangeQuery,
    answers=Page[Change],
    refuses=(UnknownDeviceError,),
)
def list_device_changes(asked: Asked[ChangeQuery, None], device_id: DeviceId) -> Page[Change]:
    """What was done to a device, newest first?"""
    with reading_for(asked) as connection:
        find(connection, _request(asked), device_id)
        changes = store.list_changes(connection, device_id, asked.query)
    return page_of(changes, asked.query, lambda change: (change.change_id,))


@routes.get(
    "/devices/{device_id}/parameters",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=ParameterQuery,
    answers=Page[Parameter],
    refuses=(UnknownDeviceError,),
)
def list_device_reports(asked: Asked[ParameterQuery, None], device_id: DeviceId) -> Page[Parameter]:
    """What does a device report, as far as the sync knows?"""
    with reading_for(asked) as connection:
        find(connection, _request(asked), device_id)
        parameters = store.list_parameters(connection, device_id, asked.query)
    return page_of(parameters, asked.query, lambda parameter: (parameter.parameter_id,))


def _require_may_adopt(principal: Principal, device_id: str | UnsetType) -> None:
    """Raise where *principal* may not say which device of the master table it is."""
    if device_id is UNSET:
        return
    if principal.organization is not None or principal.role is not Role.ADMIN:
        raise registering.not_theirs_to_name()


def _registered(device: Device, provisioning: Provisioning) -> Registered:
    return Registered(
        device_id=device.device_id,
        name=device.name,
        status=device.status,
        provisioning=provisioning,
        provisioning_credentials=None,
        created_at=device.created_at,
    )


def _request(asked: Asked[Any, Any]) -> Request:
    keeps_master = MASTER.value() == "ours"
    return Request(asked.actor, seen_by_caller(asked), asked.require_version, keeps_master)
