"""Carries out one run and kills itself at a boundary of it, as a power failure would.

python -m tests.features.device_parameters.killed_run before:plan_delta 2024-06-05T10:17:00Z 1800
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import chalicelib.features.device_parameters
from chalicelib.database import Deadline, engine_for
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.features.device_parameters.settings import sync_settings
from chalicelib.features.device_parameters.sync import sync
from tests.interruption import die, interrupted_at

QUERIES = Path(chalicelib.features.device_parameters.__path__[0]) / "queries.sql"


def interrupted(boundary: str, interrupt: Callable[[], None]) -> AbstractContextManager[None]:
    """Call *interrupt* whenever the application reaches *boundary*."""
    return interrupted_at(QUERIES, boundary, interrupt)


def main(boundary: str, as_of: str, window_minutes: str) -> None:
    configured = sync_settings()
    context = Sync(engine_for(configured.database), configured, Deadline.after(60))
    request = SyncRequest(Trigger.CLI, int(window_minutes), datetime.fromisoformat(as_of))
    with interrupted(boundary, die):
        sync(context, request)


if __name__ == "__main__":
    main(*sys.argv[1:])
