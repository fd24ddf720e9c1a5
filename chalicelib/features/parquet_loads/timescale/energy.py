"""Energy readings: a hypertable of our own, whose rows say which object they came from."""

from pathlib import Path

from sqlalchemy import Connection

from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads.timescale.merging import Incoming, Merged, run
from chalicelib.features.parquet_loads.timescale.stage import Stage

_statements = load_statements(Path(__file__).with_name("energy.sql"))

_CREATE_ENERGY_TABLES = _statements["create_energy_tables"]
_COPY_ENERGY = _statements["copy_energy"]
_DROP_REPEATED_ENERGY = _statements["drop_repeated_energy"]
_MEASURE_STAGED_ENERGY = _statements["measure_staged_energy"]
_ANALYZE_STAGED_ENERGY = _statements["analyze_staged_energy"]
_INDEX_STAGED_ENERGY = _statements["index_staged_energy"]
_NOTE_ABSENT_ENERGY = _statements["note_absent_energy"]
_NOTE_CONTESTED_ENERGY = _statements["note_contested_energy"]
_DELETE_WITHDRAWN_ENERGY = _statements["delete_withdrawn_energy"]
_FORGET_SHADOWED_ENERGY = _statements["forget_shadowed_energy"]
_PROMOTE_SHADOWED_ENERGY = _statements["promote_shadowed_energy"]
_NOTE_STANDING_ENERGY = _statements["note_standing_energy"]
_ANALYZE_STANDING_ENERGY = _statements["analyze_standing_energy"]
_SHADOW_DISPLACED_ENERGY = _statements["shadow_displaced_energy"]
_SHADOW_STAGED_ENERGY = _statements["shadow_staged_energy"]
_CHANGE_ENERGY = _statements["change_energy"]
_ADD_ENERGY = _statements["add_energy"]

STAGE = Stage(
    create=_CREATE_ENERGY_TABLES,
    copy=_COPY_ENERGY,
    drop_repeated=_DROP_REPEATED_ENERGY,
    measure=_MEASURE_STAGED_ENERGY,
    analyze=_ANALYZE_STAGED_ENERGY,
    index=_INDEX_STAGED_ENERGY,
)


def merge(connection: Connection, incoming: Incoming) -> Merged:
    """Make the table hold what is staged in place of what the object's former version brought."""
    removed = _withdraw(connection, incoming)
    span = incoming.span
    run(connection, _NOTE_STANDING_ENERGY, incoming, span)
    connection.execute(_ANALYZE_STANDING_ENERGY)
    # What gives way is kept before it is overwritten.
    run(connection, _SHADOW_DISPLACED_ENERGY, incoming, span)
    shadowed = run(connection, _SHADOW_STAGED_ENERGY, incoming, span)
    changed = run(connection, _CHANGE_ENERGY, incoming, span)
    added = run(connection, _ADD_ENERGY, incoming, span)
    return Merged(added, changed, removed, shadowed)


def _withdraw(connection: Connection, incoming: Incoming) -> int:
    """Take back what the former version brought and this one does not; returns how many rows."""
    former = incoming.former
    if former is None:
        return 0
    removed = run(connection, _NOTE_ABSENT_ENERGY, incoming, former)
    run(connection, _NOTE_CONTESTED_ENERGY, incoming, former)
    run(connection, _DELETE_WITHDRAWN_ENERGY, incoming, former)
    run(connection, _FORGET_SHADOWED_ENERGY, incoming, former)
    run(connection, _PROMOTE_SHADOWED_ENERGY, incoming, former)
    return removed
