"""The dictionary of parameters, in which the sync looks names up.

It is the platform's table, and others write it as well. A row of theirs is used and never changed.
"""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Column, Connection, MetaData, Table, Text, or_, update, values
from sqlalchemy.dialects.postgresql import insert

from chalicelib.database.statements import statements_beside
from chalicelib.database.tables import SCHEMA
from chalicelib.features.device_types.check import refused
from chalicelib.features.device_types.metric_bodies import DeviceMetric

sql = statements_beside(__file__)

_KEY = "parameter_id"
# What nobody can shorten: how much room it takes. A column with less goes without it.
_OURS = {"device_type_id": 45, "data_type": 7}
_Row = Mapping[str, str | None]
_Limits = Mapping[str, int | None]


def keep(
    connection: Connection,
    device_type_id: str,
    metrics: Sequence[DeviceMetric],
    own_parameter_ids: Collection[str],
) -> frozenset[str]:
    """Have the dictionary hold the parameters of *metrics*.

    Rows of *own_parameter_ids* are brought to what the metrics say, others that are there are left
    as they are. Returns the ids of those that were not there. Raises `InvalidRequestError` for a
    text that is too long for its column.
    """
    if not metrics:
        return frozenset()
    limits = _limits(connection)
    rows = [_row(device_type_id, metric) for metric in metrics]
    for index, row in enumerate(rows):
        _require_room(f"metrics[{index}]", row, limits, metrics[index])
    dictionary = Table(
        "timescale_parameters",
        MetaData(schema=SCHEMA),
        *(Column(name, Text) for name in rows[0] if name in limits),
    )
    # In the order in which everybody locks them.
    rows.sort(key=lambda row: str(row[_KEY]))
    entered = _enter(connection, dictionary, rows)
    _update(connection, dictionary, [row for row in rows if row[_KEY] in own_parameter_ids])
    return entered


def _row(device_type_id: str, metric: DeviceMetric) -> _Row:
    """All that can be said of the parameter, by column."""
    return {
        _KEY: metric.parameter_id,
        "parameter_name": metric.label or metric.name,
        "attribute": metric.name,
        "device_type_id": device_type_id,
        "data_type": metric.data_type.value,
        "unit": metric.unit,
        "description": metric.description,
    }


def _limits(connection: Connection) -> _Limits:
    """The columns that take a text, and how many characters of it."""
    columns = connection.execute(sql.list_dictionary_columns)
    return {name: most for name, most in columns if most is None or most >= _OURS.get(name, 0)}


def _require_room(place: str, row: _Row, limits: _Limits, metric: DeviceMetric) -> None:
    fields = {
        _KEY: "parameterId",
        "parameter_name": "label" if metric.label else "name",
        "attribute": "name",
    }
    for column, text in row.items():
        most = limits.get(column)
        if text is not None and most is not None and len(text) > most:
            raise refused(
                f"{place}.{fields.get(column, column)}",
                f"must be at most {most} characters long: the platform's dictionary holds no more",
            )


def _enter(connection: Connection, dictionary: Table, rows: Sequence[_Row]) -> frozenset[str]:
    columns = [column.name for column in dictionary.columns]
    entered = (
        insert(dictionary)
        .values([{name: row[name] for name in columns} for row in rows])
        .on_conflict_do_nothing()
        .returning(dictionary.c.parameter_id)
    )
    return frozenset(connection.execute(entered).scalars())


def _update(connection: Connection, dictionary: Table, rows: Sequence[_Row]) -> None:
    if not rows:
        return
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
