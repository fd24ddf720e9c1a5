"""The dictionary of parameters, in which the sync looks names up.

It is the platform's table, and others write it as well. A row of theirs is used and never changed.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Column, Connection, MetaData, Table, Text, or_, update, values
from sqlalchemy.dialects.postgresql import insert

from chalicelib.database.statements import statements_beside
from chalicelib.database.tables import SCHEMA
from chalicelib.features.device_types.metric_bodies import DeviceMetric

sql = statements_beside(__file__)

_KEY = "parameter_id"
_Row = dict[str, str | None]


def enter(
    connection: Connection, device_type_id: str, metrics: Sequence[DeviceMetric]
) -> frozenset[str]:
    """Enter the parameters of *metrics* that are not there; returns the ids of those."""
    rows = _rows(device_type_id, metrics)
    if not rows:
        return frozenset()
    dictionary = _dictionary(connection, rows)
    entered = (
        insert(dictionary)
        .values([_known(row, dictionary) for row in rows])
        .on_conflict_do_nothing()
        .returning(dictionary.c.parameter_id)
    )
    return frozenset(connection.execute(entered).scalars())


def keep_up(
    connection: Connection,
    device_type_id: str,
    metrics: Sequence[DeviceMetric],
    own_parameter_ids: Collection[str],
) -> None:
    """Have the rows that were made here say of their parameters what *metrics* say."""
    own = [metric for metric in metrics if metric.parameter_id in own_parameter_ids]
    rows = _rows(device_type_id, own)
    if not rows:
        return
    dictionary = _dictionary(connection, rows)
    columns = [column.name for column in dictionary.columns]
    wanted = values(*(Column(name, Text) for name in columns), name="wanted").data(
        [tuple(row[name] for name in columns) for row in rows]
    )
    told = [name for name in columns if name != _KEY]
    differs = or_(*(dictionary.c[name].is_distinct_from(wanted.c[name]) for name in told))
    connection.execute(
        update(dictionary)
        .where(dictionary.c.parameter_id == wanted.c.parameter_id, differs)
        .values({name: wanted.c[name] for name in told})
    )


def _rows(device_type_id: str, metrics: Sequence[DeviceMetric]) -> list[_Row]:
    """All that could be said of the parameters, in the order in which everybody locks them."""
    rows: list[_Row] = [
        {
            _KEY: metric.parameter_id,
            "parameter_name": metric.label or metric.name,
            "attribute": metric.name,
            "device_type_id": device_type_id,
            "data_type": metric.data_type.value,
            "unit": metric.unit,
            "description": metric.description,
        }
        for metric in metrics
    ]
    return sorted(rows, key=lambda row: str(row[_KEY]))


def _dictionary(connection: Connection, rows: Sequence[_Row]) -> Table:
    """The platform's table, with those columns that *rows* have a text for and it can take."""
    there = set(connection.execute(sql.list_dictionary_columns).scalars())
    columns = [Column(name, Text) for name in rows[0] if name in there]
    return Table("timescale_parameters", MetaData(schema=SCHEMA), *columns)


def _known(row: _Row, dictionary: Table) -> _Row:
    return {column.name: row[column.name] for column in dictionary.columns}
