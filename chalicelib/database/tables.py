"""What the tables of all features are made of: one schema, one metadata, a few shapes of columns.

A feature defines its tables in its `tables.py`, on this metadata; `all_tables()` of
`chalicelib.features` gathers them for Alembic.
"""

from sqlalchemy import TIMESTAMP, Column, MetaData, func

SCHEMA = "iot_data"

metadata = MetaData(schema=SCHEMA)


def instant_column(
    name: str, *, nullable: bool = True, is_defaulted: bool = False
) -> Column[object]:
    """A `timestamptz`; with *is_defaulted*, the time of the transaction is the default."""
    default = func.now() if is_defaulted else None
    return Column(name, TIMESTAMP(timezone=True), nullable=nullable, server_default=default)
