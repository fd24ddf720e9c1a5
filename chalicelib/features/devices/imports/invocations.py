"""What the schedule of imports starts."""

from typing import Any

from chalicelib import database, metrics
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.feature import FEATURE, MASTER
from chalicelib.features.devices.imports import store
from chalicelib.features.devices.imports.carry_out import carry_out
from chalicelib.features.devices.imports.context import Importing
from chalicelib.features.devices.imports.feature import (
    IMPORT_BUCKET,
    IMPORT_MAX_ROWS,
    IMPORT_RETENTION_DAYS,
)
from chalicelib.features.devices.imports.forget import forget
from chalicelib.settings import database_from_environment

TIME_LIMIT_SECONDS = 60.0


def register_imports(context: Any) -> dict[str, int]:
    """Go on with the imports that are due, and say how many rows were done, and what is left."""
    importing = Importing(
        engine=database.engine_for(database_from_environment()),
        deadline=Deadline.of_invocation(context, TIME_LIMIT_SECONDS),
        bucket=IMPORT_BUCKET.value_if_set(),
        max_rows=IMPORT_MAX_ROWS.value(),
        keeps_master=MASTER.value() == "ours",
    )
    done = carry_out(importing)
    forget(importing, IMPORT_RETENTION_DAYS.value())
    waiting, delay = _unfinished(importing)
    counts = {
        "ImportedDevices": done.registered,
        "ImportRowsRefused": done.refused,
        "ImportsUnfinished": waiting,
    }
    metrics.publish(FEATURE.name, counts, {"ImportStandstill": delay})
    return {"registered": done.registered, "refused": done.refused, "unfinished": waiting}


def _unfinished(importing: Importing) -> tuple[int, float]:
    engine, deadline = importing.engine, importing.deadline
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        return store.unfinished(connection)
