"""What callers ask of a run, turned into what the run itself takes."""

from chalicelib import bodies
from chalicelib.access.model import Role
from chalicelib.audit import Actor
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.request_bodies import EventRunRequest, RunRequest
from chalicelib.instants import read_instant


def sync_request(
    asked: RunRequest, trigger: Trigger, actor: Actor, role: Role | None
) -> SyncRequest:
    """What a request over HTTP asks for."""
    return SyncRequest(
        trigger=trigger,
        window_minutes=asked.window_minutes,
        dry_run=bool(asked.dry_run),
        force=bool(asked.force),
        may_narrow=role is Role.ADMIN,
        requested_by=actor.name,
        request_id=actor.request_id,
        comment=asked.comment,
    )


def sync_request_of_event(
    payload: object, trigger: Trigger, actor: Actor | None = None
) -> SyncRequest:
    """What an event, or a direct invocation by *actor*, asks for.

    Raises `InvalidRequestError` naming the field that is unknown or malformed.
    """
    asked = bodies.read(EventRunRequest, payload)
    return SyncRequest(
        trigger=trigger,
        window_minutes=asked.window_minutes,
        as_of=None if asked.as_of is None else read_instant("as_of", asked.as_of),
        dry_run=bool(asked.dry_run),
        force=bool(asked.force),
        run_id=asked.run_id,
        requested_by=actor.name if actor else None,
        request_id=actor.request_id if actor else None,
        comment=asked.comment,
    )
