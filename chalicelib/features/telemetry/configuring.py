"""What storing needs, as it is configured."""

from datetime import timedelta

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.telemetry.context import Ingestion
from chalicelib.features.telemetry.feature import (
    DEVICE_PATHS,
    LETTER_QUEUE,
    MAX_LATENESS_DAYS,
    UNKNOWN_DEVICES,
)
from chalicelib.features.telemetry.model import Admission, UnknownDevices, Way
from chalicelib.settings import CHANGE_EVENT_BUS, database_from_environment


def configured(
    way: Way,
    deadline: Deadline,
    *,
    organization: str = EVERY_ORGANIZATION,
    device_id: str | None = None,
) -> Ingestion:
    """How records are stored that come by *way*; *device_id* is the only one to be heard, if given.

    Whoever may invoke a function of ours may speak for any device.
    """
    return Ingestion(
        engine=database.engine_for(database_from_environment()),
        deadline=deadline,
        way=way,
        admission=Admission(
            unknown=UnknownDevices(UNKNOWN_DEVICES.value()),
            max_lateness=timedelta(days=MAX_LATENESS_DAYS.value()),
            device_id=device_id,
        ),
        organization=organization,
        device_paths=DEVICE_PATHS.value(),
        bus=CHANGE_EVENT_BUS.value_if_set(),
        letter_queue=LETTER_QUEUE.value_if_set(),
    )
