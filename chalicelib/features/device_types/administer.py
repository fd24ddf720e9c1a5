"""What admins do to device types: add them, change them, remove them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.access.errors import ForbiddenError
from chalicelib.audit import Actor
from chalicelib.bodies import UNSET
from chalicelib.features.device_types import dictionary, store
from chalicelib.features.device_types.bodies import DeviceType, DeviceTypeChange, NewDeviceType
from chalicelib.features.device_types.check import (
    require_consistent,
    require_parameters_of_their_own,
    require_path,
)
from chalicelib.features.device_types.errors import (
    DeviceTypeExistsError,
    DeviceTypeInUseError,
    UnknownDeviceTypeError,
)
from chalicelib.features.device_types.metric_bodies import DeviceMetric, NewDeviceMetric, Usual
from chalicelib.features.device_types.model import is_own_parameter_id, own_parameter_id
from chalicelib.features.device_types.store import Stored


@dataclass(frozen=True)
class Request:
    """A request of *actor*, who sees the types of *organization*, or of `EVERY_ORGANIZATION`.

    *is_of_platform* says whether it is one of the platform's own people. *require_version* raises
    where it is for another version than the one that it is given.
    """

    actor: Actor
    organization: str
    is_of_platform: bool
    require_version: Callable[[int], None]


def find(connection: Connection, request: Request, device_type_id: str) -> Stored:
    """The type of that id; raises `UnknownDeviceTypeError` where whoever asks sees none."""
    stored = store.find(connection, device_type_id, request.organization)
    if stored is None:
        raise UnknownDeviceTypeError(device_type_id)
    return stored


def create(
    connection: Connection,
    request: Request,
    device_type_id: str,
    organization_id: str | None,
    asked: NewDeviceType,
) -> Stored:
    """A new type, of the organization or, where that is None, for all of them.

    Its parameters are in the platform's dictionary when this commits. Raises
    `DeviceTypeExistsError` where the name is in use.
    """
    require_path("timestampPath", asked.timestamp_path)
    metrics = _resolved(request, device_type_id, asked.metrics, ())
    if not store.add(connection, device_type_id, organization_id, asked):
        raise DeviceTypeExistsError(asked.name)
    _keep_metrics(connection, device_type_id, metrics, frozenset())
    made = find(connection, request, device_type_id)
    _note(connection, request, "device_type.created", made.device_type, after=_facts(made))
    return made


def change(
    connection: Connection, request: Request, device_type_id: str, asked: DeviceTypeChange
) -> Stored:
    """The type, with what is *asked* in it; raises `DeviceTypeExistsError` likewise."""
    known = _own(connection, request, device_type_id)
    store.lock(connection, device_type_id)
    known = find(connection, request, device_type_id)
    request.require_version(known.version)
    wanted = _changed(request, known.device_type, asked)
    # Also where nothing changes: the platform may have lost the rows since.
    _keep_metrics(connection, device_type_id, wanted.metrics, known.own_parameter_ids)
    if wanted == known.device_type:
        return known
    if not store.change(connection, wanted):
        raise DeviceTypeExistsError(wanted.name)
    changed = find(connection, request, device_type_id)
    before, after = _differences(known, changed)
    _note(connection, request, "device_type.changed", wanted, before=before, after=after)
    return changed


def remove(connection: Connection, request: Request, device_type_id: str) -> None:
    """Have the type be none any more; raises `DeviceTypeInUseError` where devices are of it."""
    _own(connection, request, device_type_id)
    store.lock_to_remove(connection, device_type_id)
    known = find(connection, request, device_type_id)
    request.require_version(known.version)
    if store.is_in_use(connection, device_type_id):
        raise DeviceTypeInUseError(device_type_id)
    store.remove(connection, device_type_id)
    _note(connection, request, "device_type.removed", known.device_type, before=_facts(known))


def _own(connection: Connection, request: Request, device_type_id: str) -> Stored:
    """The type, which whoever asks may change; raises `ForbiddenError` where it is shared."""
    stored = find(connection, request, device_type_id)
    if stored.device_type.is_shared and not request.is_of_platform:
        raise ForbiddenError("this device type is shared: the platform's own people change it")
    return stored


def _changed(request: Request, known: DeviceType, asked: DeviceTypeChange) -> DeviceType:
    given = {
        name: value
        for name in ("name", "description", "reporting_interval_seconds", "timestamp_path")
        if (value := getattr(asked, name)) is not UNSET
    }
    if asked.timestamp_path is not UNSET:
        require_path("timestampPath", asked.timestamp_path)
    if asked.metrics is not UNSET:
        given["metrics"] = _resolved(request, known.device_type_id, asked.metrics, known.metrics)
    return msgspec.structs.replace(known, **given)


def _resolved(
    request: Request,
    device_type_id: str,
    wanted: Sequence[NewDeviceMetric],
    known: Sequence[DeviceMetric],
) -> list[DeviceMetric]:
    """The metrics that are *wanted*, each with its parameter: of the type *known* so far, or new.

    Raises `InvalidRequestError` where they do not go together, and `ForbiddenError` where the
    parameter is not for whoever asks to name.
    """
    require_consistent(wanted)
    by_name = {metric.name: metric.parameter_id for metric in known}
    parameter_ids = [
        _named_parameter(request, f"metrics[{index}].parameterId", metric, by_name)
        or by_name.get(metric.name)
        or own_parameter_id(device_type_id, metric.name)
        for index, metric in enumerate(wanted)
    ]
    require_parameters_of_their_own(parameter_ids)
    return [
        _kept(metric, parameter_id)
        for metric, parameter_id in zip(wanted, parameter_ids, strict=True)
    ]


def _kept(metric: NewDeviceMetric, parameter_id: str) -> DeviceMetric:
    """The metric as it is kept: what is said to be usual says something, or is null."""
    usual = None if metric.usual == Usual() else metric.usual
    fields = {**msgspec.structs.asdict(metric), "parameter_id": parameter_id, "usual": usual}
    return DeviceMetric(**fields)


def _named_parameter(
    request: Request, place: str, metric: NewDeviceMetric, known: Mapping[str, str]
) -> str | None:
    """The parameter that the request names for *metric*, if it names one.

    Raises `ForbiddenError` where it is none of the *known* ones, and not for whoever asks to name.
    """
    if metric.parameter_id is UNSET:
        return None
    # Whoever names a parameter of somebody else's has readings called by its name.
    if not request.is_of_platform and metric.parameter_id not in known.values():
        raise ForbiddenError(
            f"{place} is not of this device type: the platform's own people may name it",
            parameter=place,
        )
    return metric.parameter_id


def _keep_metrics(
    connection: Connection,
    device_type_id: str,
    metrics: Sequence[DeviceMetric],
    own_parameter_ids: frozenset[str],
) -> None:
    """Have the type have *metrics*, and the dictionary their parameters.

    A row that was there already is somebody else's, unless it is among *own_parameter_ids*, or was
    made for a metric that is back.
    """
    ids = (metric.parameter_id for metric in metrics)
    back = {each for each in ids if is_own_parameter_id(device_type_id, each)}
    own = own_parameter_ids | back
    own |= dictionary.keep(connection, device_type_id, metrics, own)
    store.replace_metrics(connection, device_type_id, metrics, own)


def _note(
    connection: Connection,
    request: Request,
    action: str,
    device_type: DeviceType,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        connection,
        request.actor,
        action,
        f"device_type {device_type.device_type_id}",
        organization_id=device_type.organization_id,
        before=before,
        after=after,
    )


def _differences(known: Stored, changed: Stored) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was, and what is, of that which is not the same."""
    before, after = _facts(known), _facts(changed)
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _facts(stored: Stored) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(stored.device_type)
    left_out = ("deviceTypeId", "isShared", "createdAt", "updatedAt")
    return {name: value for name, value in facts.items() if name not in left_out}
