"""Held removals as CSV, for a spreadsheet."""

import csv
import io
from collections.abc import Iterable

import msgspec

from chalicelib.features.device_parameters.removals.bodies import HeldRemoval

COLUMNS = (
    "device_id",
    "device_name",
    "parameter_id",
    "parameter_name",
    "reason",
    "scope",
    "site_id",
    "device_type_id",
    "last_seen_at",
    "held_at",
    "run_id",
    "released_at",
    "released_by",
)
# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_lines(removals: Iterable[HeldRemoval], *, with_headings: bool) -> str:
    """*removals* as lines of CSV (RFC 4180), which no spreadsheet takes for formulas."""
    text = io.StringIO()
    writer = csv.writer(text)
    if with_headings:
        writer.writerow(COLUMNS)
    for removal in removals:
        facts = msgspec.to_builtins(removal)
        writer.writerow([_cell(facts[name]) for name in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
