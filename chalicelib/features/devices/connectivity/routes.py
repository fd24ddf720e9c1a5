"""The HTTP side of connectivity."""

from chalicelib.access.model import Role, Scope
from chalicelib.errors import KeyReusedError, UnknownResourceError
from chalicelib.features.devices import store as devices
from chalicelib.features.devices.connectivity import listings
from chalicelib.features.devices.connectivity.bodies import (
    FleetHold,
    FleetHoldQuery,
    FleetRelease,
    Transition,
    TransitionQuery,
)
from chalicelib.features.devices.connectivity.release import release
from chalicelib.features.devices.errors import UnknownDeviceError
from chalicelib.features.devices.feature import FEATURE
from chalicelib.features.devices.fields import DeviceId
from chalicelib.http import (
    IDEMPOTENCY_KEY,
    Answer,
    Asked,
    Nothing,
    Page,
    Routes,
    page_of,
    reading_for,
    seen_by_caller,
    writing_for,
)
from chalicelib.http.organizations import OrganizationId
from chalicelib.settings import CHANGE_EVENT_BUS

routes = Routes(__name__, FEATURE)


@routes.get(
    "/devices/{device_id}/transitions",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=TransitionQuery,
    answers=Page[Transition],
    refuses=(UnknownDeviceError,),
)
def list_device_transitions(
    asked: Asked[TransitionQuery, None], device_id: DeviceId
) -> Page[Transition]:
    """When did a device become online, and offline? The newest comes first."""
    with reading_for(asked) as connection:
        if devices.find(connection, device_id, seen_by_caller(asked)) is None:
            raise UnknownDeviceError(device_id)
        found = listings.list_transitions(connection, device_id, asked.query)
    return page_of(found, asked.query, lambda transition: (transition.transition_id,))


@routes.get(
    "/connectivity/holds",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=FleetHoldQuery,
    answers=Page[FleetHold],
)
def list_fleet_holds(asked: Asked[FleetHoldQuery, None]) -> Page[FleetHold]:
    """Of which organizations is nobody declared offline, because nothing is heard of anybody?"""
    with reading_for(asked) as connection:
        found = listings.list_holds(connection, asked.query)
    return page_of(found, asked.query, lambda hold: (hold.organization_id,))


@routes.post(
    "/connectivity/holds/{organization_id}/release",
    least=Role.ADMIN,
    scope=Scope.PLATFORM,
    body=FleetRelease,
    answers=FleetHold,
    refuses=(UnknownResourceError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY,),
    examples={"known": {"comment": "The site has no power."}},
)
def release_fleet(
    asked: Asked[Nothing, FleetRelease], organization_id: OrganizationId
) -> Answer[FleetHold]:
    """Let go what is held: the silence is real. The next check declares the devices offline."""
    is_told = CHANGE_EVENT_BUS.value_if_set() is not None
    return writing_for(
        asked,
        lambda connection: release(
            connection, asked.actor, organization_id, asked.body, is_told=is_told
        ),
    )
