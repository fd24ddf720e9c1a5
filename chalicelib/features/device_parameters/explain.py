"""Why is this pair in the table, or why is it not?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from chalicelib.features.device_parameters import records, store
from chalicelib.features.device_parameters.model import (
    Evidence,
    LoggedChange,
    Run,
    RunStatus,
    Window,
    observation_window,
)
from chalicelib.instants import instant
from chalicelib.settings import Settings

CHANGES_SHOWN = 10


class Obstacle(StrEnum):
    """What keeps a pair from being observed, in the order in which it is looked for."""

    DEVICE_UNKNOWN = "device_unknown"
    DEVICE_INACTIVE = "device_inactive"
    PARAMETER_UNKNOWN = "parameter_unknown"
    WINDOW_EXPIRED = "window_expired"


@dataclass(frozen=True)
class Explanation:
    """A pair as it stands: what was found, what it means, and what runs did to it."""

    device_id: str
    parameter_id: str
    evidence: Evidence
    window: Window
    window_minutes: int
    changes: list[LoggedChange]
    sentence: str

    @property
    def is_observed(self) -> bool:
        """Whether a run at this instant would want the pair in the table."""
        return obstacle(self.evidence, self.window) is None


def explain(
    connection: Connection, settings: Settings, device_id: str, parameter_id: str
) -> Explanation:
    """Look a pair up everywhere; it need not be in any table."""
    minutes = settings.check_interval_minutes
    window = observation_window(store.database_clock(connection), timedelta(minutes=minutes))
    evidence = records.find_evidence(connection, device_id, parameter_id, window)
    return Explanation(
        device_id=device_id,
        parameter_id=parameter_id,
        evidence=evidence,
        window=window,
        window_minutes=minutes,
        changes=records.changes_of_pair(connection, device_id, parameter_id, CHANGES_SHOWN),
        sentence=sentence_for(evidence, window, records.last_settled_run(connection)),
    )


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


def sentence_for(evidence: Evidence, window: Window, last_settled: Run | None) -> str:
    """One plain sentence: present or absent, why, and what the next run will do about it."""
    found = obstacle(evidence, window)
    if found is None:
        reason = f"it was last measured at {_at(evidence.last_seen_at)}, inside the window"
        if evidence.is_present:
            return f"The pair is in the table because {reason}."
        return f"The pair is not in the table yet, but {reason}: the next run will add it."
    reason = _REASONS[found](evidence, window)
    if not evidence.is_present:
        return f"The pair is not in the table because {reason}."
    if last_settled is not None and last_settled.status is RunStatus.GUARDED:
        return f"The pair is still in the table although {reason}: the guard holds its removal."
    return f"The pair is still in the table although {reason}: the next run will remove it."


def _why_expired(evidence: Evidence, window: Window) -> str:
    if evidence.last_seen_at is None:
        return "it has never been measured"
    return (
        f"it was last measured at {_at(evidence.last_seen_at)}, before the window that opened "
        f"at {_at(window.start)}"
    )


_REASONS = {
    Obstacle.DEVICE_UNKNOWN: lambda evidence, window: "the master data has no such device",
    Obstacle.DEVICE_INACTIVE: lambda evidence, window: "the device is not active",
    Obstacle.PARAMETER_UNKNOWN: lambda evidence, window: "the dictionary has no such parameter",
    Obstacle.WINDOW_EXPIRED: _why_expired,
}


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The body of `GET /device-parameters/{device_id}/{parameter_id}`."""
    evidence, window = explanation.evidence, explanation.window
    return {
        "device_id": explanation.device_id,
        "parameter_id": explanation.parameter_id,
        "present": evidence.is_present,
        "observed": explanation.is_observed,
        "last_seen_at": instant(evidence.last_seen_at) if evidence.last_seen_at else None,
        "device": {
            "known": evidence.is_device_known,
            "name": evidence.device_name,
            "status": evidence.device_status,
        },
        "parameter": {"known": evidence.is_parameter_known, "name": evidence.parameter_name},
        "window": {
            "start": instant(window.start),
            "end": instant(window.end),
            "minutes": explanation.window_minutes,
        },
        "changes": [_logged_document(change) for change in explanation.changes],
        "explanation": explanation.sentence,
    }


def _logged_document(change: LoggedChange) -> dict[str, Any]:
    return {
        "run_id": change.run_id,
        "change": change.change,
        "reason": change.reason,
        "as_of": instant(change.as_of),
        "finished_at": instant(change.finished_at) if change.finished_at else None,
    }


def _at(value: datetime | None) -> str:
    return instant(value) if value is not None else "no time"
