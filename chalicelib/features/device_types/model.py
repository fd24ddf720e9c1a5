"""What a type of devices can be. Standard library only."""

from enum import StrEnum

MAX_METRICS = 100
# What the last reading of a device has beside its metrics.
TIMESTAMP = "timestamp"
# Who is silent for longer than this would be called online for months.
MAX_INTERVAL_SECONDS = 30 * 24 * 3600


class DataType(StrEnum):
    """What kind of value a metric has."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class DeviceTypeSort(StrEnum):
    """By what device types are listed."""

    NAME = "name"
    CREATED_AT = "createdAt"


def own_parameter_id(device_type_id: str, metric: str) -> str:
    """The parameter that is made for a metric of a type, where nobody names one.

    It follows from the two: a metric that was taken away, and is back, goes on with its readings.
    """
    return f"{device_type_id}.{metric}"


def is_own_parameter_id(device_type_id: str, parameter_id: str) -> bool:
    """Whether the parameter was made for a metric of the type, perhaps of an earlier name."""
    return parameter_id.startswith(own_parameter_id(device_type_id, ""))
