"""What is done to devices, written down: for the organization, and in the audit log."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.features.devices import store
from chalicelib.features.devices.bodies import Device
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.model import Action


def note(
    connection: Connection,
    request: Request,
    action: Action,
    device: Device,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write down that whoever asks has done *action* to the device."""
    store.note_change(connection, device, request.actor, action, before or {}, after or {})
    subject = f"device {device.device_id}"
    audit.record(
        connection, request.actor, f"device.{action.value}", subject, before=before, after=after
    )
