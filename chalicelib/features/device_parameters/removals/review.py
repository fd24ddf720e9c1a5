"""Looking at removals that wait, and a token that says what was looked at."""

import base64
from typing import Annotated

import msgspec
from sqlalchemy import Connection, func, select

from chalicelib.bodies import MAX_BIGINT, Body, Meta
from chalicelib.errors import InvalidRequestError
from chalicelib.features.device_parameters.removals import listings, store
from chalicelib.features.device_parameters.removals.bodies import RemovalFilter, RemovalReview
from chalicelib.features.device_parameters.tables import held_removals

_held = held_removals.c


class Reviewed(Body):
    """What a token says: the filter, the newest removal held at the time, and how many there were.

    Numbers only grow, and a removal that is held anew gets a new one. So what is held after the
    review is never among what the token releases.
    """

    wanted: RemovalFilter
    up_to: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
    count: Annotated[int, Meta(ge=0, le=MAX_BIGINT)]


def review(connection: Connection, wanted: RemovalFilter) -> RemovalReview:
    """What waits and is meant by *wanted*, counted in the ways that matter."""
    up_to = store.newest_held_id(connection)
    conditions = listings.reviewed(wanted, up_to)
    totals = connection.execute(
        select(
            func.count().label("pairs"),
            func.min(_held.last_seen_at).label("last_seen_from"),
            func.max(_held.last_seen_at).label("last_seen_until"),
        ).where(*conditions)
    ).one()
    groups = listings.count_groups(connection, conditions)
    return RemovalReview(
        count=totals.pairs,
        last_seen_from=totals.last_seen_from,
        last_seen_until=totals.last_seen_until,
        reasons=groups["reason"],
        scopes=groups["scope"],
        sites=groups["site_id"],
        device_types=groups["device_type_id"],
        parameters=groups["parameter_id"],
        newest_measurement_at=store.newest_measurement_at(connection),
        token=token_of(Reviewed(wanted=wanted, up_to=up_to, count=totals.pairs)),
    )


def token_of(reviewed: Reviewed) -> str:
    """*reviewed* as text for a request."""
    return base64.urlsafe_b64encode(msgspec.json.encode(reviewed)).decode().rstrip("=")


def reviewed_by(token: str) -> Reviewed:
    """What was reviewed; raises `InvalidRequestError` for anything but the token of a review."""
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        decoded = base64.b64decode(padded, altchars=b"-_", validate=True)
        return msgspec.json.decode(decoded, type=Reviewed)
    except (ValueError, RecursionError):
        raise InvalidRequestError(
            "token must be the `token` of a review, unchanged", parameter="token"
        ) from None
