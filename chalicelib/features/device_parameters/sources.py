"""Where a run reads what was observed, from what is known beforehand or as a setting says."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from chalicelib import database
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    EvidenceSource,
    Reading,
    Span,
    Window,
    merged,
)
from chalicelib.features.device_parameters.source_choice import (
    Outlook,
    Stock,
    choose,
    first_with_measurements,
)
from chalicelib.features.device_parameters.upkeep import kept_since

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PAIRS = "device_parameters_hourly"
_SETS = "device_parameter_sets_hourly"
# Of a chunk of measurements that nobody has analyzed: what a row with two ids takes.
_BYTES_A_ROW = 100

sql = statements_beside(__file__, "sources.sql")


def reading_of(context: Sync, run: Run) -> Reading:
    """Where to read the run's window: as EVIDENCE_SOURCE says, or else what is probably fastest.

    Where that is the aggregate, the reading says what is read instead if it cannot be brought up to
    date in good time.
    """
    window, forced = run.window, context.settings.evidence_source
    if forced is EvidenceSource.MEASUREMENTS:
        return Reading(window, window.first_bucket, _as_configured(forced))
    if window.first_bucket < kept_since(context.settings, run.started_at):
        reason = "the window reaches further back than the aggregate is kept"
        return Reading(window, window.first_bucket, reason)
    if forced is EvidenceSource.AGGREGATE:
        return Reading(window, window.hot_bucket, _as_configured(forced))
    if not window.closed_buckets.buckets:
        return Reading(window, window.first_bucket, "no hour of the window has ended yet")
    outlook = _outlook(context, window)
    if outlook is None:
        return Reading(window, window.hot_bucket, "the database does not say what it holds")
    reading = choose(window, outlook)
    return replace(reading, instead=_without_refresh(reading, outlook.stocks))


def _without_refresh(reading: Reading, stocks: list[Stock]) -> Reading | None:
    """What needs no refresh: the measurements, and what is known of times before the first of them.

    None where other times are without measurements.
    """
    window = reading.window
    if not stocks:
        return None
    measured_from = first_with_measurements(window, stocks)
    is_whole = measured_from == window.first_bucket or stocks[0].start >= measured_from
    return Reading(window, measured_from, reading.reason) if is_whole else None


def _as_configured(source: EvidenceSource) -> str:
    return f"EVIDENCE_SOURCE is {source}"


def _outlook(context: Sync, window: Window) -> Outlook | None:
    with database.transaction(context.engine, context.deadline) as connection:
        return database.advisory(
            connection, "sizes", lambda _: _foresee(connection, window), is_last=True
        )


def _foresee(connection: Connection, window: Window) -> Outlook:
    values = {
        "start": window.first_bucket,
        "end": window.end,
        "start_microseconds": (window.first_bucket - _EPOCH) // _MICROSECOND,
        "closed_microseconds": (window.hot_bucket - _EPOCH) // _MICROSECOND,
        "bytes_a_row": _BYTES_A_ROW,
    }
    found = defaultdict(list)
    for row in connection.execute(sql.foresee, values):
        found[row.subject].append(row)
    return Outlook(
        pairs=sum(int(row.amount) for row in found["pairs"]),
        devices=sum(int(row.amount) for row in found["devices"]),
        stocks=[Stock(row.start, row.end, row.amount) for row in found["measurements"]],
        stale_pairs=_buckets(found[_PAIRS]),
        stale_sets=_buckets(found[_SETS]),
    )


def _buckets(spans: list[Row[Any]]) -> frozenset[datetime]:
    joined = merged(Span(span.start, span.end) for span in spans)
    return frozenset(bucket for span in joined for bucket in span.buckets)
