"""Measurements: the platform's own hypertable, which others write too.

It has no column that could say which object a row came from, so the keys an object brings are
kept beside it, packed. A row that somebody else wrote gives way to an object that brings its key.
"""

from pathlib import Path

from sqlalchemy import Connection

from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads.timescale.merging import Incoming, Merged, run
from chalicelib.features.parquet_loads.timescale.stage import Stage

_statements = load_statements(Path(__file__).with_name("measurements.sql"))

_CREATE_MEASUREMENT_TABLES = _statements["create_measurement_tables"]
_COPY_MEASUREMENTS = _statements["copy_measurements"]
_DROP_REPEATED_MEASUREMENTS = _statements["drop_repeated_measurements"]
_MEASURE_STAGED_MEASUREMENTS = _statements["measure_staged_measurements"]
_ANALYZE_STAGED_MEASUREMENTS = _statements["analyze_staged_measurements"]
_INDEX_STAGED_MEASUREMENTS = _statements["index_staged_measurements"]
_NOTE_ABSENT_MEASUREMENTS = _statements["note_absent_measurements"]
_NOTE_CONTESTED_MEASUREMENTS = _statements["note_contested_measurements"]
_DELETE_WITHDRAWN_MEASUREMENTS = _statements["delete_withdrawn_measurements"]
_FORGET_SHADOWED_MEASUREMENTS = _statements["forget_shadowed_measurements"]
_PROMOTE_SHADOWED_MEASUREMENTS = _statements["promote_shadowed_measurements"]
_NOTE_CLAIMED_MEASUREMENTS = _statements["note_claimed_measurements"]
_ANALYZE_CLAIMED_MEASUREMENTS = _statements["analyze_claimed_measurements"]
_NOTE_STANDING_MEASUREMENTS = _statements["note_standing_measurements"]
_ANALYZE_STANDING_MEASUREMENTS = _statements["analyze_standing_measurements"]
_SHADOW_DISPLACED_MEASUREMENTS = _statements["shadow_displaced_measurements"]
_SHADOW_STAGED_MEASUREMENTS = _statements["shadow_staged_measurements"]
_CHANGE_MEASUREMENTS = _statements["change_measurements"]
_ADD_MEASUREMENTS = _statements["add_measurements"]
_FORGET_CLAIMS = _statements["forget_claims"]
_CLAIM_MEASUREMENTS = _statements["claim_measurements"]

STAGE = Stage(
    create=_CREATE_MEASUREMENT_TABLES,
    copy=_COPY_MEASUREMENTS,
    drop_repeated=_DROP_REPEATED_MEASUREMENTS,
    measure=_MEASURE_STAGED_MEASUREMENTS,
    analyze=_ANALYZE_STAGED_MEASUREMENTS,
    index=_INDEX_STAGED_MEASUREMENTS,
)


def merge(connection: Connection, incoming: Incoming) -> Merged:
    """Make the table hold what is staged in place of what the object's former version brought."""
    removed = _withdraw(connection, incoming)
    _compare(connection, incoming)
    span = incoming.span
    # What gives way is kept before it is overwritten.
    run(connection, _SHADOW_DISPLACED_MEASUREMENTS, incoming, span)
    shadowed = run(connection, _SHADOW_STAGED_MEASUREMENTS, incoming, span)
    changed = run(connection, _CHANGE_MEASUREMENTS, incoming, span)
    added = run(connection, _ADD_MEASUREMENTS, incoming, span)
    run(connection, _CLAIM_MEASUREMENTS, incoming, span)
    return Merged(added, changed, removed, shadowed)


def _compare(connection: Connection, incoming: Incoming) -> None:
    """Note who else has what is staged, and what the table holds of it."""
    run(connection, _NOTE_CLAIMED_MEASUREMENTS, incoming, incoming.span)
    connection.execute(_ANALYZE_CLAIMED_MEASUREMENTS)
    run(connection, _NOTE_STANDING_MEASUREMENTS, incoming, incoming.span)
    connection.execute(_ANALYZE_STANDING_MEASUREMENTS)


def _withdraw(connection: Connection, incoming: Incoming) -> int:
    """Take back what the former version brought and this one does not; returns how many rows."""
    former = incoming.former
    if former is None:
        return 0
    removed = run(connection, _NOTE_ABSENT_MEASUREMENTS, incoming, former)
    run(connection, _NOTE_CONTESTED_MEASUREMENTS, incoming, former)
    run(connection, _DELETE_WITHDRAWN_MEASUREMENTS, incoming, former)
    run(connection, _FORGET_SHADOWED_MEASUREMENTS, incoming, former)
    run(connection, _PROMOTE_SHADOWED_MEASUREMENTS, incoming, former)
    run(connection, _FORGET_CLAIMS, incoming, former)
    return removed
