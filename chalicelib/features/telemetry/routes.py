"""The HTTP side of telemetry."""

from chalicelib import database
from chalicelib.access.errors import ForbiddenError, UnknownOrganizationError
from chalicelib.access.model import Role, Scope
from chalicelib.database import Deadline
from chalicelib.features.telemetry import listings, metrics
from chalicelib.features.telemetry.answering import answer_of
from chalicelib.features.telemetry.arriving import from_payload
from chalicelib.features.telemetry.bodies import (
    Ingested,
    LatestOfDevice,
    LatestQuery,
    ReasonCounts,
    RejectedRecord,
    RejectQuery,
    Replay,
    Replayed,
    TelemetryDocument,
)
from chalicelib.features.telemetry.configuring import configured
from chalicelib.features.telemetry.feature import FEATURE
from chalicelib.features.telemetry.ingest import ingest
from chalicelib.features.telemetry.model import Way
from chalicelib.features.telemetry.replay import replay
from chalicelib.http import (
    REQUEST_SECONDS,
    Asked,
    Nothing,
    OrganizationQuery,
    Page,
    Routes,
    page_of,
    reading_for,
    seen_by_caller,
)

routes = Routes(__name__, FEATURE)

_ONE = {
    "deviceId": "dev-abc123",
    "timestamp": 1700056800000,
    "data": {"temperature": 23.5, "humidity": 45, "co2": 450, "battery": 85},
}


@routes.post(
    "/telemetry",
    least=Role.DEVICE,
    scope=Scope.ORGANIZATION,
    body=(TelemetryDocument,),
    answers=Ingested,
    examples={"one": _ONE, "several": {"records": [_ONE]}},
)
def post_telemetry(asked: Asked[Nothing, object]) -> Ingested:
    """Store what devices measured.

    A token may speak for any device of its organization, unless it is for one device; one that is
    for a site may speak for none. What is right is stored, however often it is sent; what is not is
    listed, with the reason, and kept to be tried again. A reading of the same device, metric and
    time with another value is a correction.
    """
    if asked.principal.site_id is not None:
        # Which devices are at a site nobody has registered.
        raise ForbiddenError("the token is for a site, and telemetry is of devices")
    arrived = from_payload(asked.body)
    ingestion = configured(
        Way.HTTP,
        Deadline.after(REQUEST_SECONDS),
        organization=seen_by_caller(asked),
        device_id=asked.principal.device_id,
    )
    with database.busy_when_late():
        outcome = ingest(ingestion, arrived)
    metrics.publish_outcome(outcome)
    return answer_of(outcome, ingestion.admission)


@routes.get(
    "/telemetry/latest",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=LatestQuery,
    answers=Page[LatestOfDevice],
    refuses=(UnknownOrganizationError,),
)
def list_latest_readings(asked: Asked[LatestQuery, None]) -> Page[LatestOfDevice]:
    """What did devices measure last? Devices are listed by their ids."""
    with reading_for(asked) as connection:
        found = listings.list_latest(connection, asked.query, seen_by_caller(asked))
    return page_of(found, asked.query, lambda device: (device.device_id,))


@routes.get(
    "/telemetry/rejects",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=RejectQuery,
    answers=Page[RejectedRecord],
    refuses=(UnknownOrganizationError,),
)
def list_telemetry_rejects(asked: Asked[RejectQuery, None]) -> Page[RejectedRecord]:
    """What did devices send that was not stored, and why? The newest comes first."""
    with reading_for(asked) as connection:
        found = listings.list_rejects(connection, asked.query, seen_by_caller(asked))
    return page_of(found, asked.query, lambda reject: (reject.rejected_at, reject.reject_id))


@routes.get(
    "/telemetry/rejects/reasons",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    query=OrganizationQuery,
    answers=ReasonCounts,
    refuses=(UnknownOrganizationError,),
)
def count_telemetry_rejects(asked: Asked[OrganizationQuery, None]) -> ReasonCounts:
    """How much of what devices sent was not stored, by the reason?"""
    with reading_for(asked) as connection:
        return ReasonCounts(reasons=listings.count_reasons(connection, seen_by_caller(asked)))


@routes.post(
    "/telemetry/rejects/replay",
    least=Role.OPERATOR,
    scope=Scope.ORGANIZATION,
    query=OrganizationQuery,
    body=Replay,
    answers=Replayed,
    refuses=(UnknownOrganizationError,),
    examples={"those of devices that are registered by now": {"reason": "unknown_device"}},
)
def replay_telemetry_rejects(asked: Asked[OrganizationQuery, Replay]) -> Replayed:
    """Try again what was not stored, as if it came now: at most 500 rejects, the oldest first.

    What is right by now is stored, and is no reject any more. Records that were cut stay as they
    are.
    """
    ingestion = configured(
        Way.REPLAY, Deadline.after(REQUEST_SECONDS), organization=seen_by_caller(asked)
    )
    with database.busy_when_late():
        replayed, outcome = replay(ingestion, asked.body, asked.actor)
    metrics.publish_outcome(outcome)
    return replayed
