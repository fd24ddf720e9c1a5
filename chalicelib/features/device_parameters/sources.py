"""Where a run reads what was observed, from what is known beforehand or as a setting says."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters import run_log, store
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    BUCKET,
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


def reading_of(context: Sync, window: Window) -> Reading:
    """Where to read *window*: as EVIDENCE_SOURCE says, or else what is probably the fastest."""
    forced = context.settings.evidence_source
    if forced is EvidenceSource.MEASUREMENTS:
        return Reading(window, window.first_bucket, _as_configured(forced))
    with database.transaction(context.engine, context.deadline) as connection:
        since = kept_since(context.settings, store.database_clock(connection))
        if window.first_bucket < since:
            reason = "the window reaches further back than the aggregate is kept"
            return Reading(window, window.first_bucket, reason)
        if forced is EvidenceSource.AGGREGATE:
            return Reading(window, window.hot_bucket, _as_configured(forced))
        outlook = database.advisory(connection, "sizes", lambda _: _outlook(connection, window))
    if outlook is None:
        return Reading(window, window.hot_bucket, "the database does not say what it holds")
    return choose(window, outlook)


def reading_without_aggregate(context: Sync, window: Window, reason: str) -> Reading | None:
    """What needs no refresh: the measurements, and what is known of times before the first of them.

    None where other times are without measurements, or these are not to be read.
    """
    if context.settings.evidence_source is not None:
        return None
    with database.transaction(context.engine, context.deadline) as connection:
        stocks = database.advisory(connection, "sizes", lambda _: _stocks(connection, window))
    if not stocks:
        return None
    measured_from = first_with_measurements(window, stocks)
    is_whole = measured_from == window.first_bucket or stocks[0].start >= measured_from
    return Reading(window, measured_from, reason) if is_whole else None


def _as_configured(source: EvidenceSource) -> str:
    return f"EVIDENCE_SOURCE is {source}"


def _outlook(connection: Connection, window: Window) -> Outlook:
    totals = run_log.last_totals(connection)
    stale: dict[str, set[datetime]] = {_PAIRS: set(), _SETS: set()}
    for aggregate, span in _stale_spans(connection, window):
        stale[aggregate].update(span.buckets)
    return Outlook(
        pairs=totals.pairs,
        devices=totals.devices,
        stocks=_stocks(connection, window),
        stale_pairs=frozenset(stale[_PAIRS]),
        stale_sets=frozenset(stale[_SETS]),
    )


def _stale_spans(connection: Connection, window: Window) -> list[tuple[str, Span]]:
    values = {
        "start": (window.first_bucket - _EPOCH) // _MICROSECOND,
        "end": (window.hot_bucket - _EPOCH) // _MICROSECOND,
    }
    rows = connection.execute(sql.list_stale_spans, values).all()
    return [
        (aggregate, span)
        for aggregate in (_PAIRS, _SETS)
        for span in merged(
            Span(_EPOCH + row.first_hour * BUCKET, _EPOCH + (row.last_hour + 1) * BUCKET)
            for row in rows
            if row.aggregate == aggregate
        )
    ]


def _stocks(connection: Connection, window: Window) -> list[Stock]:
    values = {
        "start": window.first_bucket,
        "end": window.end,
        "bytes_a_row": _BYTES_A_ROW,
    }
    return [
        Stock(row.range_start, row.range_end, float(row.measurements))
        for row in connection.execute(sql.list_stocks, values)
    ]
