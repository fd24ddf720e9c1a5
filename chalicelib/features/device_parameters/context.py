"""What every step of a run needs, and what a run notices."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.device_parameters.settings import SyncSettings


@dataclass(frozen=True)
class Finding:
    """That the aggregate disagrees with the measurements, as a person is told.

    *is_mended* says whether all of the window has been materialized anew since.
    """

    message: str
    is_mended: bool


@dataclass
class Telemetry:
    """What a run notices along the way, for its metrics. No table keeps it.

    *materialization_lag_seconds* is how far the aggregate's watermark is behind the run's
    instant, None before anything is materialized; *pending_event_count* is None where no bus is
    told of changes, or the queue could not be read. *finding* is what the self-check found wrong,
    None where it found nothing; *is_checked* says whether it has looked, *uncompared* what it has
    left for after the commit, and *compared_seconds* how long it took. *is_materialized* is False
    where the aggregate could not be brought up to date.
    """

    refresh_seconds: float | None = None
    is_materialized: bool = True
    is_checked: bool = False
    materialization_lag_seconds: float | None = None
    pending_event_count: int | None = None
    finding: Finding | None = None
    uncompared: list[datetime] = field(default_factory=list)
    compared_seconds: float = 0.0


@dataclass(frozen=True)
class Sync:
    """The database, the settings, and the time that a run has."""

    engine: Engine
    settings: SyncSettings
    deadline: Deadline
    telemetry: Telemetry = field(default_factory=Telemetry)
