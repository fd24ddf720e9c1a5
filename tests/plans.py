"""How the database would carry out what the application asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event


@contextmanager
def plans(connection: Connection) -> Iterator[list[str]]:
    """How the statements that follow would be carried out."""
    found: list[str] = []

    def explain(
        _: object, cursor: Any, statement: str, values: Any, *rest: object
    ) -> tuple[str, Any]:
        cursor.execute(f"EXPLAIN {statement}", values)
        found.append("\n".join(line for [line] in cursor.fetchall()))
        return statement, values

    event.listen(connection, "before_cursor_execute", explain, retval=True)
    try:
        yield found
    finally:
        event.remove(connection, "before_cursor_execute", explain)
