"""The features: a line each, in the order in which people are shown them."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from types import ModuleType
from typing import TYPE_CHECKING

from chalicelib.feature import Feature
from chalicelib.features.device_parameters.feature import FEATURE as DEVICE_PARAMETERS
from chalicelib.features.device_types.feature import FEATURE as DEVICE_TYPES
from chalicelib.features.devices.feature import FEATURE as DEVICES
from chalicelib.features.heartbeats.feature import FEATURE as HEARTBEATS
from chalicelib.features.organizations.feature import FEATURE as ORGANIZATIONS
from chalicelib.features.parquet_loads.feature import FEATURE as PARQUET_LOADS
from chalicelib.features.telemetry.feature import FEATURE as TELEMETRY
from chalicelib.features.users.feature import FEATURE as USERS

if TYPE_CHECKING:
    from sqlalchemy import MetaData

FEATURES: tuple[Feature, ...] = (
    DEVICE_PARAMETERS,
    HEARTBEATS,
    PARQUET_LOADS,
    ORGANIZATIONS,
    USERS,
    DEVICE_TYPES,
    DEVICES,
    TELEMETRY,
)


def modules(name: str) -> Iterator[ModuleType]:
    """The module of that *name*, such as `tables` or `commands`, of every feature that has one."""
    for feature in FEATURES:
        path = f"{__name__}.{feature.name}.{name}"
        if find_spec(path) is not None:
            yield import_module(path)


def gathered_metadata() -> "MetaData":
    """The tables of all features, and those that they share."""
    # Both put a table into the metadata, as those below do.
    import chalicelib.audit.tables
    import chalicelib.idempotency.tables
    import chalicelib.outbox.tables  # noqa: F401
    from chalicelib.database.tables import metadata

    # Those of a folder inside of a feature stand there.
    for found in walk_packages(__path__, f"{__name__}."):
        if found.name.endswith(".tables"):
            import_module(found.name)
    return metadata
