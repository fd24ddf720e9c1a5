"""Where the functions of TimescaleDB are, and whether it is at work in a session."""

from sqlalchemy import Connection, TextClause, text

from chalicelib.errors import DatabaseUnavailableError

# As in the scripts of PostgreSQL's extensions.
_SCHEMA = "@extschema@"
_FOUND_SCHEMA = (
    "coalesce("
    "(SELECT quote_ident(nspname) FROM pg_extension "
    "JOIN pg_namespace AS namespace ON namespace.oid = extnamespace "
    "WHERE extname = 'timescaledb'), 'public')"
)
_FIND_SCHEMA = text(f"SELECT {_FOUND_SCHEMA}")
# Each of these leaves hypertables to PostgreSQL, which sees no compressed rows, and puts new rows
# where TimescaleDB never looks.
_REMEDIES = {
    "timescaledb.restoring": "end the restore with `SELECT timescaledb_post_restore()`",
    "timescaledb.disable_load": "take it back where the server, database or role prescribes it",
}
HIDING = list(_REMEDIES)
_SET_ASIDE = text(
    f"SELECT {_FOUND_SCHEMA} AS schema, ("  # noqa: S608 constants
    "SELECT name FROM unnest(CAST(:names AS text[])) AS name "
    "WHERE CAST(nullif(current_setting(name, true), '') AS boolean) LIMIT 1) AS hidden_by"
)


def extension_schema(connection: Connection) -> str:
    """The schema of TimescaleDB, quoted; where there is none, that which it would be created in."""
    schema: str = connection.execute(_FIND_SCHEMA).scalar_one()
    return schema


def in_extension_schema(connection: Connection, statement: TextClause) -> TextClause:
    """*statement* with the schema of TimescaleDB wherever it says `@extschema@`.

    A statement outside of a transaction cannot have a `search_path` of its own.
    """
    return in_schema(statement, extension_schema(connection))


def in_schema(statement: TextClause, schema: str) -> TextClause:
    """The same, where the *schema* is known."""
    return text(statement.text.replace(_SCHEMA, schema))


def require_hypertables(connection: Connection) -> str:
    """Raise `DatabaseUnavailableError` where this session does not see hypertables as they are.

    What it reads of a compressed hypertable is then empty, without an error. A session stays as it
    began, so it is left for a new one. Returns the schema of TimescaleDB, quoted.
    """
    found = connection.execute(_SET_ASIDE, {"names": HIDING}).one()
    require_nothing_hidden(connection, found.hidden_by)
    schema: str = found.schema
    return schema


def require_nothing_hidden(connection: Connection, name: str | None) -> None:
    """The same, where a statement has found besides that *name*, one of `HIDING`, is on."""
    if name is not None:
        connection.invalidate()
        raise DatabaseUnavailableError(
            f"{name} is on, so compressed rows are out of sight: {_REMEDIES[name]}"
        )
