"""What admins do with imports: ask for one, look for one, and cancel one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.audit import Actor
from chalicelib.features.devices.imports import store
from chalicelib.features.devices.imports.bodies import Import, NewImport
from chalicelib.features.devices.imports.errors import ImportEndedError, UnknownImportError
from chalicelib.features.devices.imports.model import ImportStatus


def find(connection: Connection, import_id: str, organization: str) -> Import:
    """The import of that id; raises `UnknownImportError` where whoever asks sees none."""
    found = store.find(connection, import_id, organization)
    if found is None:
        raise UnknownImportError(import_id)
    return found


def add(
    connection: Connection,
    actor: Actor,
    import_id: str,
    organization_id: str,
    asked: NewImport,
    *,
    may_adopt: bool,
) -> Import:
    """A new import, which begins within about a minute, or when its file has come."""
    store.add(connection, import_id, organization_id, actor, asked, may_adopt=may_adopt)
    made = find(connection, import_id, organization_id)
    _note(connection, actor, made, "created", after={"format": made.format, "name": made.name})
    return made


def cancel(connection: Connection, actor: Actor, import_id: str, organization: str) -> Import:
    """Have no more rows of the import be registered; raises `ImportEndedError`.

    Cancelling it twice is cancelling it once.
    """
    known = find(connection, import_id, organization)
    if not store.abandon(connection, import_id):
        ended = find(connection, import_id, organization)
        if ended.status is not ImportStatus.CANCELLED:
            raise ImportEndedError(import_id, ended.status)
        return ended
    store.finish(connection, import_id, ImportStatus.CANCELLED)
    cancelled = find(connection, import_id, organization)
    counts = {"registeredCount": cancelled.registered_count}
    _note(connection, actor, cancelled, "cancelled", {"status": known.status}, counts)
    return cancelled


def _note(
    connection: Connection,
    actor: Actor,
    made: Import,
    action: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        connection,
        actor,
        f"device_import.{action}",
        f"device import {made.import_id}",
        organization_id=made.organization_id,
        before=before,
        after=after,
    )
