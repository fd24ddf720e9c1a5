"""What imaginary devices measure: the same of the same device, parameter and time."""

from datetime import datetime
from typing import NamedTuple
from zlib import crc32

_MINUTE = 60
# What is measured goes up and down with the minutes, in so many steps.
_STEPS = 7
_KINDS_OF_DEVICES = 8


class Swing(NamedTuple):
    """From where a value goes up in steps, and how far apart those of devices are."""

    base: float
    apart: float
    step: float


_SWINGS = {
    "temp": Swing(19.0, 0.5, 0.3),
    "hum": Swing(38.0, 1.0, 0.4),
    "co2": Swing(450.0, 20.0, 12.0),
    "bat": Swing(70.0, 3.0, 0.1),
    "vib": Swing(2.0, 0.2, 0.1),
}
_ANY = Swing(18.0, 1.0, 0.3)


def measured(device_id: str, parameter_id: str, at: datetime) -> float:
    """What the device measures then."""
    swing = _SWINGS.get(parameter_id, _ANY)
    kind = crc32(f"{device_id} {parameter_id}".encode()) % _KINDS_OF_DEVICES
    return round(swing.base + kind * swing.apart + step_at(at) * swing.step, 3)


def within(low: float, high: float, at: datetime) -> float:
    """What a device measures that can measure nothing but this."""
    return round(low + (high - low) * (0.4 + 0.02 * step_at(at)), 3)


def step_at(at: datetime) -> int:
    """The place in the ups and downs, from 0."""
    return int(at.timestamp()) // _MINUTE % _STEPS
