"""The statements of a merge. Each kind of readings has a file of them, with the same names."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import TextClause

from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads.model import Dataset


@dataclass(frozen=True)
class MergeStatements:
    """The statements by name. A name that is missing in a file, or unknown, fails at import."""

    create_tables: TextClause
    copy_rows: TextClause
    drop_repeated: TextClause
    index_staged: TextClause
    find_missing: TextClause
    find_shared: TextClause
    measure_withdrawn: TextClause
    delete_withdrawn: TextClause
    forget_former_version: TextClause
    restore_shadowed: TextClause
    compare_staged: TextClause
    analyze_compared: TextClause
    shadow_displaced: TextClause
    shadow_outdated: TextClause
    measure_changes: TextClause
    change_readings: TextClause
    add_readings: TextClause


_ENERGY = MergeStatements(**load_statements(Path(__file__).with_name("energy.sql")))
_MEASUREMENTS = MergeStatements(**load_statements(Path(__file__).with_name("measurements.sql")))


def statements_for(dataset: Dataset) -> MergeStatements:
    """The statements for the tables of *dataset*."""
    return _ENERGY if dataset.is_energy else _MEASUREMENTS
