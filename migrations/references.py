"""What a table that was dropped has taken from others: their references, and their numbers."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Table, func, inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import AddConstraint

from chalicelib.database.tables import SCHEMA
from chalicelib.features import gathered_metadata


def restore_foreign_keys(connection: Connection) -> Iterator[str]:
    """Add the foreign keys that went with `DROP TABLE … CASCADE`; a sentence for each."""
    for table in _tables_there(connection):
        known = {
            (tuple(key["constrained_columns"]), key["referred_table"])
            for key in inspect(connection).get_foreign_keys(table.name, SCHEMA)
        }
        for key in table.foreign_key_constraints:
            if (tuple(key.column_keys), key.referred_table.name) not in known:
                yield _restore(connection, key)


def _restore(connection: Connection, key: ForeignKeyConstraint) -> str:
    statement = str(AddConstraint(key).compile(dialect=connection.dialect))
    names = f"{SCHEMA}.{key.table.name} to {SCHEMA}.{key.referred_table.name}"
    sentence = f"restored the foreign key of {names}"
    try:
        with connection.begin_nested():
            connection.execute(text(statement))
    except IntegrityError:
        # The rows stay: they are all that is left of what they refer to.
        connection.execute(text(f"{statement} NOT VALID"))
        return f"{sentence}, for new rows only: some refer to what is gone"
    return sentence


def skip_numbers_in_use(connection: Connection, created: Iterable[str]) -> Iterator[str]:
    """Let recreated tables go on after the numbers that other tables still refer to.

    A number that is given out twice would make the rows of one run, or one file, another's.
    """
    tables = _tables_there(connection)
    for table in tables:
        for numbered in (column for column in table.columns if column.identity):
            if table.name in created and (last := _last_number(connection, numbered, tables)):
                sequence = func.pg_get_serial_sequence(table.fullname, numbered.name)
                connection.execute(select(func.setval(sequence, last)))
                yield f"{table.fullname} goes on after {numbered.name} {last}, which is in use"


def _last_number(
    connection: Connection, numbered: Column[object], tables: list[Table]
) -> int | None:
    """The greatest value of the columns that have the name of *numbered*, in all tables."""
    holders = [table for table in tables if numbered.name in table.c]
    maxima = [select(func.max(table.c[numbered.name])) for table in holders]
    return max((last for each in maxima if (last := connection.scalar(each))), default=None)


def _tables_there(connection: Connection) -> list[Table]:
    there = inspect(connection).get_table_names(SCHEMA)
    return [table for table in gathered_metadata().sorted_tables if table.name in there]
