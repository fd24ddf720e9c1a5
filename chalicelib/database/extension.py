"""Where the functions of TimescaleDB are: in the schema that it was created in."""

from sqlalchemy import Connection, TextClause, text

# As in the scripts of PostgreSQL's extensions.
_SCHEMA = "@extschema@"
_FIND_SCHEMA = text(
    "SELECT coalesce("
    "(SELECT quote_ident(nspname) FROM pg_extension "
    "JOIN pg_namespace AS namespace ON namespace.oid = extnamespace "
    "WHERE extname = 'timescaledb'), 'public')"
)


def extension_schema(connection: Connection) -> str:
    """The schema of TimescaleDB, quoted; where there is none, that which it would be created in."""
    schema: str = connection.execute(_FIND_SCHEMA).scalar_one()
    return schema


def in_extension_schema(connection: Connection, statement: TextClause) -> TextClause:
    """*statement* with the schema of TimescaleDB wherever it says `@extschema@`.

    A statement outside of a transaction cannot have a `search_path` of its own.
    """
    return text(statement.text.replace(_SCHEMA, extension_schema(connection)))
