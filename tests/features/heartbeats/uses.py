"""What the suite over all features cannot read from the declarations of heartbeats."""

from collections.abc import Iterator
from datetime import timedelta

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.invocations import check_silence, record_event
from chalicelib.settings import database_from_environment
from tests.features.devices.uses import make_device
from tests.isolation.probes import Probe, Probes
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox

NEVER_MADE = {
    ("record_heartbeats", "events.put_events"): "only the check tells of silence",
    ("record_queued_heartbeats", "events.put_events"): "only the check tells of silence",
}


def everything(sandbox: Sandbox) -> Iterator[str]:
    """A device that is heard of, falls silent, is noticed, comes back, is forgotten; strangers."""
    sandbox.rows(
        "INSERT INTO iot_data.redshift_devices (device_id, status) VALUES ('hvac-1', true) "
        "ON CONFLICT DO NOTHING"
    )
    beat = {"device_id": "hvac-1", "site_id": "a", "status": "ready"}
    yield from invocation(lambda: record_event(beat, None))
    sandbox.rows("UPDATE iot_data.device_state SET last_seen_ts = now() - interval '1 day'")
    yield from invocation(lambda: check_silence(None))
    yield from request("GET", "/devices/hvac-1/state")
    yield from invocation(_read_as_organization)
    yield from invocation(lambda: record_event(beat, None))
    yield from invocation(lambda: check_silence(None))
    for _ in range(2):
        yield from invocation(lambda: record_event({**beat, "device_id": "stranger"}, None))
    yield from request("GET", "/heartbeats/unknown")
    yield from request("DELETE", "/devices/hvac-1/state")


def _read_as_organization() -> None:
    engine = database.engine_for(database_from_environment())
    with database.transaction(engine, Deadline.after(30), "o") as connection:
        store.find_state(connection, "hvac-1", timedelta(minutes=2), "o")


USES = {"runtime": everything}


def _make_state(sandbox: Sandbox, organization_id: str) -> str:
    """A device of the organization that has been heard of."""
    device_id = make_device(sandbox, organization_id)
    sandbox.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "VALUES (%s, 'a', now())",
        [device_id],
    )
    return device_id


PROBES = {
    "get_device_state": Probes(
        (Probe("device_id", "/devices/{id}/state", _make_state, "dev-org-missing"),)
    ),
}
