"""What is asked of a run from outside, as the run takes it."""

from chalicelib import bodies
from chalicelib.features.device_parameters.bodies import EventWish, RunWish
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.instants import read_instant


def request_of(wish: RunWish, trigger: Trigger) -> SyncRequest:
    """What a request over HTTP asks for."""
    return SyncRequest(
        trigger=trigger,
        window_minutes=wish.window_minutes,
        dry_run=bool(wish.dry_run),
        force=bool(wish.force),
    )


def event_request(payload: object, trigger: Trigger) -> SyncRequest:
    """What an event, or a direct invocation, asks for.

    Raises `InvalidRequestError` naming the field that is unknown or malformed.
    """
    wish = bodies.read(EventWish, payload)
    return SyncRequest(
        trigger=trigger,
        window_minutes=wish.window_minutes,
        as_of=None if wish.as_of is None else read_instant("as_of", wish.as_of),
        dry_run=bool(wish.dry_run),
        force=bool(wish.force),
        run_id=wish.run_id,
    )
