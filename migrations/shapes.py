"""Whether the platform's tables have the columns, types, keys and collations that are read."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from chalicelib.database.tables import SCHEMA

TEXT = ("text", "character varying")
INSTANT = ("timestamp with time zone",)
BOOLEAN = ("boolean",)

COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    "redshift_devices": {"device_id": TEXT, "device_name": TEXT, "status": BOOLEAN},
    "timescale_measurements": {"time": INSTANT, "device_id": TEXT, "parameter_id": TEXT},
    "timescale_parameters": {"parameter_id": TEXT, "parameter_name": TEXT},
}
# What is read of these must be there once.
KEYS = {"redshift_devices": "device_id", "timescale_parameters": "parameter_id"}
# These may be there already, and then are compared with the platform's.
ADOPTED = ("device_parameters", "device_state")

_FIND_COLUMNS = text(
    """
    SELECT relation.relname AS table_name,
           attribute.attname AS name,
           format_type(coalesce(nullif(type.typbasetype, 0), type.oid), NULL) AS type,
           sorting.collname AS collation,
           sorting.collisdeterministic AS is_deterministic
    FROM pg_class AS relation
    JOIN pg_namespace AS namespace ON namespace.oid = relation.relnamespace
    JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
    JOIN pg_type AS type ON type.oid = attribute.atttypid
    LEFT JOIN pg_collation AS sorting ON sorting.oid = attribute.attcollation
    WHERE namespace.nspname = :schema
      AND relation.relname = ANY (:tables)
      AND relation.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND attribute.attnum > 0
      AND NOT attribute.attisdropped
    ORDER BY relation.relname, attribute.attnum
    """
)
# Views and foreign tables cannot have one.
_LACKS_KEY = text(
    """
    SELECT EXISTS (
        SELECT
        FROM pg_class
        WHERE oid = to_regclass(:table)
          AND relkind IN ('r', 'p')
          AND NOT EXISTS (
              SELECT
              FROM pg_index
              JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
              WHERE indrelid = pg_class.oid
                AND indisunique
                AND indisvalid
                AND indpred IS NULL
                AND indnkeyatts = 1
                AND attname = :column
          )
    )
    """
)


@dataclass(frozen=True)
class Column:
    """A column that is there, with the type below its domain."""

    table_name: str
    name: str
    type: str
    collation: str | None
    is_deterministic: bool | None

    def __str__(self) -> str:
        return f"{SCHEMA}.{self.table_name}.{self.name}"


def problems(connection: Connection) -> list[str]:
    """A sentence for everything that would keep every run from succeeding.

    Tables that are missing altogether are left to the caller.
    """
    values = {"schema": SCHEMA, "tables": [*COLUMNS, *ADOPTED]}
    found = [Column(**row._mapping) for row in connection.execute(_FIND_COLUMNS, values)]
    return [*_of_types(found), *_of_keys(connection, found), *_of_collations(found)]


def _of_types(found: list[Column]) -> Iterator[str]:
    types = {(column.table_name, column.name): column.type for column in found}
    for table in sorted({column.table_name for column in found} & set(COLUMNS)):
        for name, wanted in COLUMNS[table].items():
            there = types.get((table, name))
            if there is None:
                yield f"{SCHEMA}.{table} has no column {name}, which must be {wanted[0]}"
            elif there not in wanted:
                yield f"{SCHEMA}.{table}.{name} is {there}, and must be {wanted[0]}"


def _of_keys(connection: Connection, found: list[Column]) -> Iterator[str]:
    there = {(column.table_name, column.name) for column in found}
    for table, column in KEYS.items():
        values = {"table": f"{SCHEMA}.{table}", "column": column}
        if (table, column) in there and connection.execute(_LACKS_KEY, values).scalar_one():
            yield (
                f"{SCHEMA}.{table} may hold a {column} twice, and then a pair has two names: run "
                f"`CREATE UNIQUE INDEX ON {SCHEMA}.{table} ({column})`"
            )


def _of_collations(found: list[Column]) -> Iterator[str]:
    """Texts of two collations of their own cannot be compared, those of the default with any."""
    compared = [column for column in found if _is_compared(column)]
    for column in compared:
        if not column.is_deterministic:
            yield (
                f"{column} has the collation {column.collation}, in which different ids can be "
                "equal: it must have a deterministic one"
            )
    own = {column.collation: column for column in compared if column.collation != "default"}
    if len(own) > 1:
        named = ", ".join(f"{column} has {name}" for name, column in sorted(own.items()))
        yield f"ids and names of different collations cannot be compared: {named}; give them one"


def _is_compared(column: Column) -> bool:
    if column.table_name in COLUMNS:
        is_read = column.name in COLUMNS[column.table_name]
    else:
        is_read = column.name.endswith(("_id", "_name"))
    return is_read and column.collation is not None
