"""What users see and change of themselves."""

from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib import audit, zones
from chalicelib.bodies import UNSET
from chalicelib.errors import InvalidRequestError
from chalicelib.features.users import store
from chalicelib.features.users.bodies import ProfileChange
from chalicelib.features.users.context import Request
from chalicelib.features.users.errors import NoProfileError
from chalicelib.features.users.preference_bodies import Preferences, PreferencesChange
from chalicelib.features.users.store import Stored


def find_own(connection: Connection, request: Request) -> Stored:
    """The user that asks; raises `NoProfileError` for somebody who is none."""
    user_id = store.find_id_of_subject(connection, request.actor.name)
    stored = None
    if user_id is not None:
        organization, has_pool = request.organization, request.has_pool
        stored = store.find(connection, user_id, organization, has_pool=has_pool)
    if stored is None:
        raise NoProfileError("you are not among the users of an organization")
    return stored


def lock_own(connection: Connection, request: Request) -> Stored:
    """The same, which nobody else changes until the transaction ends."""
    store.lock(connection, find_own(connection, request).user.user_id)
    return find_own(connection, request)


def require_zone(change: PreferencesChange, place: str = "") -> None:
    """Raise `InvalidRequestError` where *change*, at *place* in the body, names no time zone."""
    hours = change.quiet_hours
    zone = UNSET if hours is UNSET else hours.timezone
    if zone is not UNSET and not zones.is_zone(zone):
        parameter = f"{place}quietHours.timezone"
        raise InvalidRequestError(
            f"{parameter} must be an IANA time zone, such as America/New_York", parameter=parameter
        )


def change_profile(connection: Connection, request: Request, change: ProfileChange) -> Stored:
    """The user that asks, with *change* in it."""
    known = lock_own(connection, request)
    request.require_version(known.version)
    wanted = _changed(known, change)
    if wanted == known:
        return known
    store.change_profile(connection, wanted.user, wanted.preferences)
    if wanted.user.name != known.user.name:
        store.want_identity(connection, wanted.user)
    audit.record(
        connection,
        request.actor,
        "user.profile_changed",
        f"user {known.user.user_id}",
        organization_id=known.user.organization_id,
        before=_facts(known),
        after=_facts(wanted),
    )
    return find_own(connection, request)


def _changed(known: Stored, change: ProfileChange) -> Stored:
    user = msgspec.structs.replace(
        known.user, **_given(name=change.name, phone_number=change.phone_number)
    )
    preferences = known.preferences
    if change.preferences is not UNSET:
        preferences = _merged(known.preferences, change.preferences)
    return Stored(user, preferences, known.version)


def _merged(known: Preferences, change: PreferencesChange) -> Preferences:
    merged: Preferences = _merge(known, change)
    return merged


def _merge(known: Any, change: Any) -> Any:
    """*known* with the fields of *change* in it that are given, at whatever depth."""
    values = {name: getattr(change, name) for name in change.__struct_fields__}
    changes = {
        name: _merge(getattr(known, name), value) if isinstance(value, msgspec.Struct) else value
        for name, value in values.items()
        if value is not UNSET
    }
    return msgspec.structs.replace(known, **changes)


def _given(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not UNSET}


def _facts(stored: Stored) -> dict[str, Any]:
    return {
        "name": stored.user.name,
        "phoneNumber": stored.user.phone_number,
        "preferences": msgspec.to_builtins(stored.preferences),
    }
