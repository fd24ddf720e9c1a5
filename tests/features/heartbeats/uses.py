"""What the suite over all features cannot read from the declarations of heartbeats."""

from collections.abc import Iterator

from chalicelib.features.heartbeats.invocations import check_silence, record_event
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
    sandbox.rows("UPDATE iot_data.device_state_fields SET last_seen_ts = now() - interval '1 day'")
    yield from invocation(lambda: check_silence(None))
    yield from request("GET", "/devices/hvac-1/state")
    yield from invocation(lambda: record_event(beat, None))
    yield from invocation(lambda: check_silence(None))
    for _ in range(2):
        yield from invocation(lambda: record_event({**beat, "device_id": "stranger"}, None))
    yield from request("GET", "/heartbeats/unknown")
    yield from request("DELETE", "/devices/hvac-1/state")


USES = {"runtime": everything}
