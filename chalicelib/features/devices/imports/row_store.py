"""What became of the rows of imports, as functions: a connection first, values out."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from chalicelib.bodies import UNSET
from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.imports.bodies import ImportRow, ImportRowQuery, RowRefusal
from chalicelib.features.devices.imports.model import Outcome, Refused, Registered
from chalicelib.features.devices.imports.store import Task
from chalicelib.paging import start_after

sql = statements_beside(__file__)


def add(connection: Connection, task: Task, outcomes: Sequence[Registered | Refused]) -> None:
    """Keep what became of rows."""
    registered = sum(isinstance(outcome, Registered) for outcome in outcomes)
    counts = {"registered": registered, "refused": len(outcomes) - registered}
    connection.execute(sql.count, {"import_id": task.import_id, **counts})
    rows = msgspec.json.encode([_columns(outcome) for outcome in outcomes]).decode()
    names = {"import_id": task.import_id, "organization_id": task.organization_id}
    connection.execute(sql.add_rows, {**names, "rows": rows})


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
