"""Letting removals go that somebody has reviewed."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select, tuple_, update

from chalicelib import audit
from chalicelib.audit import Actor
from chalicelib.features.device_parameters.removals import listings, store
from chalicelib.features.device_parameters.removals.bodies import NamedKey, Release, ReleaseRequest
from chalicelib.features.device_parameters.removals.review import Reviewed, reviewed_by
from chalicelib.features.device_parameters.tables import held_removals

_held = held_removals.c


def release(connection: Connection, actor: Actor, asked: ReleaseRequest) -> Release:
    """Let go what was reviewed, or the pairs of it that are named; the next run removes it.

    What is observed again by then stays. What was held after the review is not let go. Repeating a
    release changes nothing.
    """
    reviewed = reviewed_by(asked.token)
    of_review = [*listings.matching(reviewed.wanted), _held.held_id <= reviewed.up_to]
    meant = [*of_review, *_named(asked.pairs)]
    newly_released = _release(connection, actor, meant)
    if newly_released:
        _note(connection, actor, asked, reviewed, newly_released)
    return Release(
        reviewed=reviewed.count,
        released=_count_released(connection, meant),
        held=store.count_waiting(connection),
    )


def _named(pairs: list[NamedKey] | None) -> list[ColumnElement[bool]]:
    if pairs is None:
        return []
    keys = [(pair.device_id, pair.parameter_id) for pair in pairs]
    return [tuple_(_held.device_id, _held.parameter_id).in_(keys)]


def _release(connection: Connection, actor: Actor, meant: list[ColumnElement[bool]]) -> int:
    # In key order, as a run locks them: the two can wait for each other but never deadlock.
    waiting = (
        select(_held.held_id)
        .where(*meant, _held.released_at.is_(None))
        .order_by(_held.device_id, _held.parameter_id)
        .with_for_update()
    )
    released = (
        update(held_removals)
        .where(_held.held_id.in_(waiting))
        .values(released_at=func.now(), released_by=actor.name)
    )
    return connection.execute(released).rowcount


def _count_released(connection: Connection, meant: list[ColumnElement[bool]]) -> int:
    released = select(func.count()).where(*meant, _held.released_at.is_not(None))
    return int(connection.execute(released).scalar_one())


def _note(
    connection: Connection, actor: Actor, asked: ReleaseRequest, reviewed: Reviewed, released: int
) -> None:
    facts: dict[str, Any] = {
        "released": released,
        "reviewed": reviewed.count,
        "filter": msgspec.to_builtins(reviewed.wanted),
    }
    if asked.pairs is not None:
        facts["pairs"] = msgspec.to_builtins(asked.pairs)
    audit.record(
        connection, actor, "removals.released", "removals", after=facts, comment=asked.comment
    )
