"""Whether an aggregate that is there is the one that the revisions make."""

import re

from alembic.util import CommandError
from sqlalchemy import Connection, text

from chalicelib.database.tables import SCHEMA

_SELECT = re.compile(r"\bAS\s+(SELECT\b.*?)(?:\s+WITH NO DATA)?\s*\Z", re.DOTALL)
_IS_MATERIALIZED_ONLY = "timescaledb.materialized_only = true"
_FIND = text(
    "SELECT view_definition, materialized_only "
    "FROM timescaledb_information.continuous_aggregates "
    "WHERE view_schema = :schema AND view_name = :name"
)
_DEFINITION = text("SELECT pg_get_viewdef(CAST(:name AS regclass))")


def put_right(connection: Connection, name: str, statement: str) -> list[str]:
    """Make the aggregate *name* read what is materialized only, where *statement* says so.

    Returns a sentence where that was not so. Raises `CommandError` where it is no aggregate, or
    one with another definition: to replace it would lose what it holds.
    """
    found = connection.execute(_FIND, {"schema": SCHEMA, "name": name}).one_or_none()
    if found is None:
        raise CommandError(_sentence(name, "is not a continuous aggregate"))
    if found.view_definition != _definition_in(connection, statement):
        raise CommandError(_sentence(name, "is not defined as this release defines it"))
    if found.materialized_only or _IS_MATERIALIZED_ONLY not in statement:
        return []
    connection.execute(
        text(f"ALTER MATERIALIZED VIEW {SCHEMA}.{name} SET ({_IS_MATERIALIZED_ONLY})")
    )
    return [f"set {SCHEMA}.{name} back to what is materialized only"]


def _sentence(name: str, problem: str) -> str:
    return (
        f"{SCHEMA}.{name} {problem}; nothing has been repaired. Give it another name, which keeps "
        "what it holds, and repair again"
    )


def _definition_in(connection: Connection, statement: str) -> str:
    """The definition in *statement*, as the database spells it: that of a view for a moment."""
    found = _SELECT.search(statement)
    if found is None:
        raise ValueError("the statement of an aggregate has no SELECT")
    name = f"{SCHEMA}.as_the_revision_defines_it"
    moment = connection.begin_nested()
    try:
        connection.execute(text(f"CREATE VIEW {name} AS {found[1]}"))
        return str(connection.execute(_DEFINITION, {"name": name}).scalar_one())
    finally:
        moment.rollback()
