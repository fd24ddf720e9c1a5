"""The statements of imports, as functions: a connection first, values out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, select

from chalicelib import due
from chalicelib.audit import Actor
from chalicelib.bodies import UNSET
from chalicelib.database import is_of
from chalicelib.database.statements import statements_beside
from chalicelib.due import Claimed
from chalicelib.features.devices.imports.bodies import (
    Import,
    ImportFailure,
    ImportListQuery,
    ImportRow,
    ImportRowQuery,
    NewImport,
    RowRefusal,
)
from chalicelib.features.devices.imports.model import (
    UPLOAD_TIME,
    FoundObject,
    ImportFormat,
    ImportSort,
    ImportStatus,
    Outcome,
    Place,
    Refused,
    Registered,
)
from chalicelib.features.devices.imports.tables import device_import_work, device_imports
from chalicelib.listing import Listing, Sorting, listed
from chalicelib.paging import start_after

sql = statements_beside(__file__)

_KNOWN = device_imports.c
_SORTINGS = {
    ImportSort.CREATED_AT: Sorting("createdAt", _KNOWN.created_at, datetime, _KNOWN.import_id)
}
_SHOWN: tuple[ColumnElement[Any], ...] = (
    _KNOWN.import_id,
    _KNOWN.organization_id,
    _KNOWN.name,
    _KNOWN.format,
    _KNOWN.status,
    _KNOWN.registered_count,
    _KNOWN.refused_count,
    _KNOWN.size_bytes,
    _KNOWN.read_bytes,
    _KNOWN.error_code,
    _KNOWN.error_message,
    _KNOWN.actor,
    _KNOWN.created_at,
    _KNOWN.started_at,
    _KNOWN.ended_at,
)


@dataclass(frozen=True)
class Task:
    """An import as whoever carries it out needs it.

    *has_data* says that its file is in the database. *etag* and *size* are None until one that is
    uploaded has come, and *is_overdue* says that it will not. *columns* is None until the head of
    a CSV file was read.
    """

    import_id: str
    organization_id: str
    format: ImportFormat
    status: ImportStatus
    actor: Actor
    may_adopt: bool
    has_data: bool
    etag: str | None
    size: int | None
    columns: tuple[str, ...] | None
    place: Place
    registered_count: int
    refused_count: int
    is_overdue: bool


def add(
    connection: Connection,
    import_id: str,
    organization_id: str,
    actor: Actor,
    asked: NewImport,
    *,
    may_adopt: bool,
) -> None:
    """Add an import, which is due as soon as the transaction commits."""
    data = None if asked.data is UNSET else asked.data.encode()
    status = ImportStatus.AWAITING_UPLOAD if data is None else ImportStatus.WAITING
    values = {
        "import_id": import_id,
        "organization_id": organization_id,
        "name": asked.name,
        "format": asked.format.value,
        "status": status.value,
        "actor": actor.name,
        "request_id": actor.request_id,
        "may_adopt": may_adopt,
        "data": data,
        "size_bytes": None if data is None else len(data),
        "upload_time": UPLOAD_TIME if data is None else None,
    }
    connection.execute(sql.add, values)
    key = {"import_id": import_id, "organization_id": organization_id}
    due.put(connection, device_import_work, key)


def find(connection: Connection, import_id: str, organization: str) -> Import | None:
    """The import of that id in *organization*, if there is one."""
    found = select(*_SHOWN).where(
        _KNOWN.import_id == import_id, is_of(_KNOWN.organization_id, organization)
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else _read(row)


def list_imports(
    connection: Connection, query: ImportListQuery, organization: str
) -> Listing[Import]:
    """A page of the imports of *organization*."""
    found = select(*_SHOWN).where(is_of(_KNOWN.organization_id, organization))
    if query.status is not UNSET:
        found = found.where(_KNOWN.status == query.status.value)
    return listed(connection, found, query, _SORTINGS[query.sort_by], _read)


def list_rows(connection: Connection, import_id: str, query: ImportRowQuery) -> list[ImportRow]:
    """Rows of the import by their lines, one more than the page holds."""
    after = start_after(query, int)
    values = {
        "import_id": import_id,
        "after": after[0] if after else 0,
        "most": query.limit + 1,
    }
    # A statement each, so that the index of those that were refused is used.
    statement = {
        Outcome.REGISTERED: sql.list_registered_rows,
        Outcome.REFUSED: sql.list_refused_rows,
        UNSET: sql.list_rows,
    }[query.outcome]
    return [_row(row) for row in connection.execute(statement, values)]


def find_task(connection: Connection, import_id: str) -> Task:
    """What there is to do for the import."""
    row = connection.execute(sql.find_task, {"import_id": import_id}).one()
    return Task(
        import_id=row.import_id,
        organization_id=row.organization_id,
        format=ImportFormat(row.format),
        status=ImportStatus(row.status),
        actor=Actor(row.actor, row.request_id),
        may_adopt=row.may_adopt,
        has_data=row.has_data,
        etag=row.etag,
        size=row.size_bytes,
        columns=None if row.columns is None else tuple(row.columns),
        place=Place(row.read_bytes, row.read_lines),
        registered_count=row.registered_count,
        refused_count=row.refused_count,
        is_overdue=bool(row.is_overdue),
    )


def read_data(connection: Connection, import_id: str, start: int, end: int) -> bytes:
    """The bytes `[start, end)` of a file that is in the database."""
    values = {"import_id": import_id, "first": start + 1, "length": end - start}
    return bytes(connection.execute(sql.read_data, values).scalar_one())


def begin(connection: Connection, import_id: str, found: FoundObject) -> None:
    """Have the import be of the object that was found."""
    values = {"import_id": import_id, "etag": found.etag, "size_bytes": found.size}
    connection.execute(sql.begin, values)


def renew(connection: Connection, claimed: Claimed, lease: timedelta) -> bool:
    """Have the import be ours for as long as *lease*; False where it is no longer."""
    values = {**_claim(claimed), "lease": lease}
    return connection.execute(sql.renew, values).first() is not None


def release(connection: Connection, claimed: Claimed, pause: timedelta) -> None:
    """Have anybody go on with the import after *pause*."""
    connection.execute(sql.release, {**_claim(claimed), "pause": pause})


def move(
    connection: Connection,
    import_id: str,
    columns: Sequence[str] | None,
    before: Place,
    after: Place,
) -> bool:
    """Go on in the file *after* that place; False where the import is not at *before*."""
    values = {
        "import_id": import_id,
        "columns": None if columns is None else list(columns),
        "before": before.offset,
        "read_bytes": after.offset,
        "read_lines": after.lines,
    }
    return connection.execute(sql.move, values).first() is not None


def add_outcomes(
    connection: Connection, task: Task, outcomes: Sequence[Registered | Refused]
) -> None:
    """Keep what became of rows."""
    registered = sum(isinstance(outcome, Registered) for outcome in outcomes)
    counts = {"registered": registered, "refused": len(outcomes) - registered}
    connection.execute(sql.count, {"import_id": task.import_id, **counts})
    rows = msgspec.json.encode([_columns(outcome) for outcome in outcomes]).decode()
    names = {"import_id": task.import_id, "organization_id": task.organization_id}
    connection.execute(sql.add_rows, {**names, "rows": rows})


def finish(
    connection: Connection,
    import_id: str,
    status: ImportStatus,
    failure: ImportFailure | None = None,
) -> None:
    """Have nothing more become of the import."""
    values = {
        "import_id": import_id,
        "status": status.value,
        "code": failure and failure.code,
        "message": failure and failure.message,
    }
    connection.execute(sql.finish, values)


def abandon(connection: Connection, import_id: str) -> bool:
    """Have nobody go on with the import, once its batch is written; False where it has ended."""
    return connection.execute(sql.abandon, {"import_id": import_id}).first() is not None


def unfinished(connection: Connection) -> tuple[int, float]:
    """How many imports are to be done, and for how many seconds one of them has not moved."""
    row = connection.execute(sql.unfinished).one()
    return row.imports, float(row.oldest_seconds)


def forget(connection: Connection, retention_days: int, most: int) -> int:
    """Forget at most that many rows of an import that ended too long ago, and then itself.

    Returns how much was forgotten: nothing means that there is nothing left.
    """
    values = {"retention_days": retention_days}
    rows = connection.execute(sql.forget_rows, {**values, "most": most}).rowcount
    return rows or connection.execute(sql.forget, values).rowcount


def _claim(claimed: Claimed) -> dict[str, Any]:
    return {"import_id": claimed.key["import_id"], "claim_id": claimed.claim_id}


def _read(row: Row[Any]) -> Import:
    return Import(
        import_id=row.import_id,
        organization_id=row.organization_id,
        name=row.name,
        format=ImportFormat(row.format),
        status=ImportStatus(row.status),
        registered_count=row.registered_count,
        refused_count=row.refused_count,
        size_bytes=row.size_bytes,
        read_bytes=row.read_bytes,
        failure=ImportFailure(code=row.error_code, message=row.error_message)
        if row.error_code
        else None,
        created_by=row.actor,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _row(row: Row[Any]) -> ImportRow:
    refusal = None
    if row.device_id is None:
        refusal = RowRefusal(code=row.code, message=row.message, field=row.field)
    return ImportRow(line=row.line, device_id=row.device_id, error=refusal)


def _columns(outcome: Registered | Refused) -> dict[str, Any]:
    if isinstance(outcome, Registered):
        return {"line": outcome.line, "device_id": outcome.device_id}
    refusal = outcome.refusal
    return {
        "line": outcome.line,
        "code": refusal.code,
        "message": refusal.message,
        "field": refusal.field,
    }
