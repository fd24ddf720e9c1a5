"""What is done to devices, written down: for the organization, and in the audit log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.audit import Actor
from chalicelib.features.devices import store
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.model import Action, DeviceOfSomebody


def note(
    connection: Connection,
    request: Request,
    action: Action,
    device: DeviceOfSomebody,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down that whoever asks has done *action* to the device."""
    note_by(connection, request.actor, action, device, before=before, after=after)


def note_by(
    connection: Connection,
    actor: Actor,
    action: Action,
    device: DeviceOfSomebody,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down that *actor* has done *action* to the device."""
    store.note_change(connection, device, actor, action, before or {}, after or {})
    audit.record(
        connection,
        actor,
        f"device.{action.value}",
        f"device {device.device_id}",
        organization_id=device.organization_id,
        before=before,
        after=after,
    )
