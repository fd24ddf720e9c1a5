"""The audit log as functions. What is written stays: nothing here changes or deletes an entry."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from chalicelib.audit.bodies import AuditEntry, AuditQuery
from chalicelib.audit.model import Actor
from chalicelib.audit.tables import audit_log
from chalicelib.bodies import UNSET
from chalicelib.database import is_of
from chalicelib.database.statements import statements_beside
from chalicelib.paging import start_after

sql = statements_beside(__file__)


def record(
    connection: Connection,
    actor: Actor,
    action: str,
    subject: str,
    *,
    organization_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    comment: str | None = None,
) -> None:
    """Write down that *actor* has done *action* to *subject*, if the transaction commits.

    *organization_id* is whose admins may read it; None leaves it to the platform's own people.
    """
    values = {
        "actor": actor.name,
        "action": action,
        "subject": subject,
        "before": _json(before),
        "after": _json(after),
        "comment": comment,
        "request_id": actor.request_id,
        "organization_id": organization_id,
    }
    connection.execute(sql.record, values)


def list_entries(connection: Connection, query: AuditQuery, organization: str) -> list[AuditEntry]:
    """Entries about *organization*, newest first, one more than the page holds."""
    logged = audit_log.c
    found = (
        select(audit_log)
        .where(is_of(logged.organization_id, organization))
        .order_by(logged.audit_id.desc())
    )
    for column in (logged.actor, logged.action, logged.subject):
        wanted = getattr(query, column.name)
        if wanted is not UNSET:
            found = found.where(column == wanted)
    if after := start_after(query, int):
        found = found.where(logged.audit_id < after[0])
    rows = connection.execute(found.limit(query.limit + 1))
    return [AuditEntry(**row._mapping) for row in rows]


def _json(facts: Mapping[str, Any] | None) -> str | None:
    return None if facts is None else msgspec.json.encode(facts).decode()
