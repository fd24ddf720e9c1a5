"""The HTTP side of heartbeats."""

from datetime import datetime, timedelta
from typing import Annotated

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import Meta, Text
from chalicelib.database import Deadline
from chalicelib.errors import UnknownResourceError
from chalicelib.features.heartbeats import metrics, store
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.bodies import (
    DeviceState,
    Forgotten,
    Heartbeat,
    HeartbeatBatch,
    Recorded,
    StaleDevice,
    StaleDeviceQuery,
    StaleSite,
    StaleSiteQuery,
    UnknownDevice,
    UnknownDeviceQuery,
)
from chalicelib.features.heartbeats.feature import (
    FEATURE,
    STALE_AFTER_SECONDS,
    UNKNOWN_DEVICES,
)
from chalicelib.features.heartbeats.forget import forget
from chalicelib.features.heartbeats.model import Admission, UnknownDevices
from chalicelib.features.heartbeats.record import record, require_stored
from chalicelib.http import (
    REQUEST_SECONDS,
    Asked,
    Nothing,
    Page,
    Routes,
    page_of,
    reading,
    reading_for,
    seen_by_caller,
)
from chalicelib.settings import database_from_environment

routes = Routes(__name__, FEATURE)

_ONE = {"device_id": "hvac-unit-001", "site_id": "building-a", "status": "ready", "cpu_pct": 25.5}
_OTHER = {"device_id": "hvac-unit-002", "site_id": "building-b", "status": "degraded"}
_DeviceId = Annotated[
    Text,
    Meta(
        min_length=1,
        description="The device; a `/` in it is written `%2F`.",
        examples=["boiler-7"],
    ),
]


@routes.post(
    "/heartbeat",
    least=Role.DEVICE,
    scope=Scope.PLATFORM,
    body=(Heartbeat, HeartbeatBatch),
    answers=Recorded,
    examples={"one": _ONE, "several": {"devices": [_ONE, _OTHER]}},
)
def post_heartbeat(asked: Asked[Nothing, object]) -> Recorded:
    """Say that devices are alive.

    A token may speak for any device, unless it is for one device or one site. A field belongs to
    the latest heartbeat that named it, in whatever order they arrive. `ts` may be 60 seconds ahead
    at most. Heartbeats of unknown devices are set apart, or refused, as `UNKNOWN_DEVICES` says. A
    heartbeat that comes alone and is refused is a 400, or a 403 where the token is for others; of
    a batch, each one that is refused is listed.
    """
    batch = read_batch(asked.body)
    engine = database.engine_for(database_from_environment())
    admission = Admission(
        UnknownDevices(UNKNOWN_DEVICES.value()),
        device_id=asked.principal.device_id,
        site_id=asked.principal.site_id,
    )
    recorded = record(engine, Deadline.after(REQUEST_SECONDS), batch, admission=admission)
    metrics.publish_recorded(recorded)
    if batch.is_single:
        require_stored(recorded)
    return recorded


@routes.get(
    "/heartbeats/stale",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=StaleDeviceQuery,
    answers=Page[StaleDevice],
)
def list_stale_devices(asked: Asked[StaleDeviceQuery, None]) -> Page[StaleDevice]:
    """Which devices are silent? The longest silence comes first."""
    with reading() as connection:
        now, seen_before = _limits(connection, asked.query)
        found = store.list_stale_devices(connection, asked.query, now, seen_before)
    return page_of(found, asked.query, lambda device: (device.last_seen_ts, device.device_id))


@routes.get(
    "/heartbeats/stale/sites",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=StaleSiteQuery,
    answers=Page[StaleSite],
)
def list_stale_sites(asked: Asked[StaleSiteQuery, None]) -> Page[StaleSite]:
    """How many devices of which site are silent? Sites are listed by name."""
    with reading() as connection:
        now, seen_before = _limits(connection, asked.query)
        found = store.list_stale_sites(connection, asked.query, now, seen_before)
    return page_of(found, asked.query, lambda site: (site.site_id,))


@routes.get(
    "/devices/{device_id}/state",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    answers=DeviceState,
    refuses=(UnknownResourceError,),
)
def get_device_state(asked: Asked[Nothing, None], device_id: _DeviceId) -> DeviceState:
    """How was the device, when it last said so?

    Organizations are shown the states of the devices that they have registered.
    """
    stale_after = timedelta(seconds=STALE_AFTER_SECONDS.value())
    with reading_for(asked) as connection:
        state = store.find_state(connection, device_id, stale_after, seen_by_caller(asked))
    if state is None:
        raise UnknownResourceError(f"no heartbeat of {device_id[:40]!r} was ever stored")
    return state


@routes.delete(
    "/devices/{device_id}/state",
    least=Role.OPERATOR,
    scope=Scope.PLATFORM,
    answers=Forgotten,
    refuses=(UnknownResourceError,),
)
def forget_device(asked: Asked[Nothing, None], device_id: _DeviceId) -> Forgotten:
    """Forget what a device said, and that it was silent.

    A device that sends heartbeats nevertheless is stored again if the master table knows it.
    """
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(REQUEST_SECONDS)
    with database.busy_when_late():
        forgotten = forget(engine, deadline, [device_id], actor=asked.actor)
    if not forgotten:
        raise UnknownResourceError(f"nothing is known of {device_id[:40]!r}")
    return Forgotten(device_id=device_id)


@routes.get(
    "/heartbeats/unknown",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=UnknownDeviceQuery,
    answers=Page[UnknownDevice],
)
def list_unknown_devices(asked: Asked[UnknownDeviceQuery, None]) -> Page[UnknownDevice]:
    """Which devices send heartbeats, and are not known?"""
    with reading() as connection:
        found = store.list_unknown_devices(connection, asked.query)
    return page_of(found, asked.query, lambda device: (device.device_id,))


def _limits(connection: Connection, query: StaleSiteQuery) -> tuple[datetime, datetime]:
    """Now, and the instant before which a device must have been seen last to count as silent."""
    now = store.database_clock(connection)
    silence = max(query.min_age_seconds, STALE_AFTER_SECONDS.value())
    return now, now - timedelta(seconds=silence)
