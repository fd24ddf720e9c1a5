"""Why is this pair in the table, or why is it not?"""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from chalicelib.features.device_parameters import run_log, store
from chalicelib.features.device_parameters.model import (
    MAX_KEY_BYTES,
    Evidence,
    Obstacle,
    Window,
    observation_window,
)
from chalicelib.features.device_parameters.pair_bodies import (
    CANDIDATES_SHOWN,
    LOGGED_CHANGES_SHOWN,
    Candidates,
    Explanation,
    KnownDevice,
    KnownParameter,
    WindowNow,
)
from chalicelib.instants import instant


def explain(
    connection: Connection, window_minutes: int, device_id: str, parameter_id: str
) -> Explanation:
    """Look a pair up everywhere; it need not be in any table."""
    length = timedelta(minutes=window_minutes)
    window = observation_window(store.database_clock(connection), length)
    evidence = store.find_evidence(connection, device_id, parameter_id, window)
    candidates = _candidates(connection, evidence, device_id, parameter_id)
    is_misnamed = bool(candidates.devices or candidates.parameters) and not evidence.is_present
    return Explanation(
        device_id=device_id,
        parameter_id=parameter_id,
        present=evidence.is_present,
        observed=obstacle(evidence, window) is None and not evidence.is_too_long,
        last_seen_at=evidence.last_seen_at,
        device=KnownDevice(
            known=evidence.is_device_known,
            name=evidence.device_name,
            status=evidence.device_status,
        ),
        parameter=KnownParameter(known=evidence.is_parameter_known, name=evidence.parameter_name),
        window=WindowNow(start=window.start, end=window.end, minutes=window_minutes),
        changes=run_log.changes_of_pair(connection, device_id, parameter_id, LOGGED_CHANGES_SHOWN),
        candidates=candidates,
        explanation=_sentence_about_names(candidates)
        if is_misnamed
        else sentence_for(evidence, window),
    )


def _candidates(
    connection: Connection, evidence: Evidence, device_id: str, parameter_id: str
) -> Candidates:
    """The devices or parameters that are called what was asked for as an id: people know names."""
    return Candidates(
        devices=[]
        if evidence.is_device_known
        else store.devices_named(connection, device_id, CANDIDATES_SHOWN),
        parameters=[]
        if evidence.is_parameter_known
        else store.parameters_named(connection, parameter_id, CANDIDATES_SHOWN),
    )


def _sentence_about_names(candidates: Candidates) -> str:
    if candidates.devices and candidates.parameters:
        who = "The device and the parameter were"
    else:
        who = "The device was" if candidates.devices else "The parameter was"
    return f"{who} asked for by name, not by id: the candidates have that name."


def obstacle(evidence: Evidence, window: Window) -> Obstacle | None:
    """The first thing that keeps the pair from being observed in *window*."""
    if not evidence.is_device_known:
        return Obstacle.DEVICE_UNKNOWN
    if not evidence.device_status:
        return Obstacle.DEVICE_INACTIVE
    if not evidence.is_parameter_known:
        return Obstacle.PARAMETER_UNKNOWN
    if evidence.last_seen_at is None or evidence.last_seen_at < window.start:
        return Obstacle.WINDOW_EXPIRED
    return None


def sentence_for(evidence: Evidence, window: Window) -> str:
    """One plain sentence: present or absent, why, and what the next run will do about it."""
    found = obstacle(evidence, window)
    if found is None and evidence.is_too_long:
        return _SET_ASIDE
    if found is None:
        reason = f"it was last measured at {_at(evidence.last_seen_at)}, inside the window"
        if evidence.is_present:
            return f"The pair is in the table because {reason}."
        return f"The pair is not in the table yet, but {reason}: the next run will add it."
    reason = _REASONS[found](evidence, window)
    if not evidence.is_present:
        return f"The pair is not in the table because {reason}."
    if evidence.is_held:
        return (
            f"The pair is still in the table although {reason}: the guard holds its removal until "
            "it is measured again, or somebody releases it."
        )
    return f"The pair is still in the table although {reason}: the next run will remove it."


def _why_expired(evidence: Evidence, window: Window) -> str:
    if evidence.last_seen_at is None:
        return "it has never been measured"
    return (
        f"it was last measured at {_at(evidence.last_seen_at)}, before the window that opened "
        f"at {_at(window.start)}"
    )


_SET_ASIDE = (
    f"The pair is left out because its ids are longer than {MAX_KEY_BYTES:,} bytes together, which "
    "is more than a key holds."
)
_REASONS = {
    Obstacle.DEVICE_UNKNOWN: lambda evidence, window: "the master data has no such device",
    Obstacle.DEVICE_INACTIVE: lambda evidence, window: "the device is not active",
    Obstacle.PARAMETER_UNKNOWN: lambda evidence, window: "the dictionary has no such parameter",
    Obstacle.WINDOW_EXPIRED: _why_expired,
}


def _at(value: datetime | None) -> str:
    return instant(value) if value is not None else "no time"
