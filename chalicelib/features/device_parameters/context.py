"""What every step of a run needs."""

from dataclasses import dataclass, field

from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.device_parameters.model import Telemetry
from chalicelib.features.device_parameters.settings import SyncSettings


@dataclass(frozen=True)
class Sync:
    """The database, the settings, and the time that a run has."""

    engine: Engine
    settings: SyncSettings
    deadline: Deadline
    telemetry: Telemetry = field(default_factory=Telemetry)
