"""What is wrong, now and then, with what devices of the demonstration send."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from devdb.kinds import Document


@dataclass(frozen=True)
class Fault:
    """A device that spoils each so many-th record of its own, the first one among them."""

    device_id: str
    every: int
    spoil: Callable[[Document], None]


def spoil(device_id: str, number: int, document: Document) -> None:
    """Do to *document*, the device's record of this number from 0 on, what its fault does."""
    for fault in FAULTS:
        if fault.device_id == device_id and number % fault.every == 0:
            fault.spoil(document)


def _set(metric: str, value: object) -> Callable[[Document], None]:
    def spoil(document: Document) -> None:
        document["data"][metric] = value

    return spoil


def _heat(document: Document) -> None:
    """Hotter than usual, and not impossible: it is stored, and marked."""
    document["data"]["temperature"]["value"] += 20


def _set_clock_ahead(document: Document) -> None:
    day = timedelta(days=1)
    document["timestamp"] = (datetime.fromisoformat(document["timestamp"]) + day).isoformat()


FAULTS = (
    Fault("dev-02", 3, _set("pressure", 1013)),
    Fault("dev-06", 4, _set("humidity", {"value": 140, "unit": "%"})),
    Fault("dev-09", 5, _heat),
    Fault("dev-10", 6, _set("battery", "low")),
    Fault("dev-12", 4, _set("temperature", {"value": 71.6, "unit": "°F"})),
    Fault("dev-13", 10, _set_clock_ahead),
)
