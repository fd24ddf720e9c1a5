"""Whether the aggregate agrees with the measurements, by samples of what a run is about to read.

TimescaleDB materializes anew what it was told has changed. A chunk that is attached, a policy that
drops chunks of the aggregate, or a copy with its optimizations off tells it nothing.
"""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.statements import statements_beside
from chalicelib.errors import ApplicationError, RunTimedOutError
from chalicelib.features.device_parameters import aggregate, mending
from chalicelib.features.device_parameters.bodies import RunError
from chalicelib.features.device_parameters.context import Finding, Sync
from chalicelib.features.device_parameters.disagreement import Disagreement, Part
from chalicelib.features.device_parameters.model import BUCKET, Span, Window
from chalicelib.instants import instant

logger = logging.getLogger(__name__)

# The error code of a run that found a disagreement; it says nothing about how the run went.
INCONSISTENT = "inconsistent"
# A comparison is begun while the check has taken less than this share of the refresh, or this long.
SHARE_OF_REFRESH = 0.05
AT_LEAST_SECONDS = 0.05
# Where a commit waits for the check, no further one is begun after this part of that.
SHARE_BEFORE_COMMIT = 0.2
# One that has begun is given up after this time.
STATEMENT_SECONDS = 2.0
MOST_BUCKETS = 24
# Of a longer window, a stretch of this length is looked at.
STRETCH = timedelta(days=30)
# Of a bucket with more measurements than this, only a part is compared.
MOST_MEASUREMENTS = 5_000
PART = timedelta(minutes=5)
DISAGREEMENTS_COMPARED = 1_000

sql = statements_beside(__file__, "self_check.sql")
_random = random.SystemRandom()


Suspects = dict[Part, set[Disagreement]]


def check(context: Sync, window: Window, span: Span) -> Finding | None:
    """Compare some buckets of *span*, and mend all closed ones of *window* where one disagrees.

    Returns None where nothing is wrong, or nothing could be compared. What has to be mended is
    noted in the database, so that the next run goes on where this one has to stop. Since a commit
    may wait for it, it takes a part of its time only: `check_further` has the rest.
    """
    context.telemetry.is_checked = True
    suspects: Suspects = {}
    try:
        since = _look(context, span, suspects)
        suspects = _confirmed(context, suspects)
    except ApplicationError as error:
        logger.warning("aggregate_not_checked", extra={"reason": error.message})
        return None
    return _found(context, window, suspects, since)


def check_further(context: Sync, window: Window) -> Finding | None:
    """Compare what `check` has left, once no commit waits for it any more."""
    try:
        suspects = _confirmed(context, _further_suspects(context))
    except ApplicationError as error:
        logger.warning("aggregate_not_checked", extra={"reason": error.message})
        return None
    return _found(context, window, suspects, None)


def _found(
    context: Sync, window: Window, suspects: Suspects, since: datetime | None
) -> Finding | None:
    if since is None and not suspects:
        return None
    found = Finding(_message(suspects), _is_mended(context, window, suspects, since))
    facts = {"code": INCONSISTENT.upper(), "reason": found.message, "is_mended": found.is_mended}
    logger.error("aggregate_inconsistent", extra=facts)
    return found


def explained(finding: Finding) -> RunError:
    """What the record of the run says of *finding*."""
    outcome = (
        "all of the window has been materialized anew"
        if finding.is_mended
        else "the window is not materialized anew as yet, so no pair is removed as expired"
    )
    return RunError(code=INCONSISTENT, message=f"{finding.message}; {outcome}")


def choose(occupied: list[tuple[datetime, bool]], borders: set[datetime]) -> list[datetime]:
    """Which buckets to compare, the most telling ones first: there may be no time for all.

    *occupied* are those with measurements, or of which the aggregate has something, each with
    whether it has.
    """
    buckets = [bucket for bucket, _ in occupied]
    shuffled = _random.sample(buckets, len(buckets))
    lost = [bucket for bucket, is_materialized in occupied if not is_materialized][:1]
    at_borders = [bucket for bucket in buckets if {bucket, bucket + BUCKET} & borders]
    chosen = [*lost, *shuffled[:1], *buckets[:1], *at_borders, *buckets[-1:], *shuffled]
    return list(dict.fromkeys(chosen))[:MOST_BUCKETS]


def _look(context: Sync, span: Span, suspects: Suspects) -> datetime | None:
    """Add to *suspects*, unless an earlier run had to break off: returns how far that one came."""
    since = None
    try:
        with _briefly(context) as connection:
            since = mending.mended_until(connection)
            if since is None:
                _suspects(context, connection, span, suspects)
    except RunTimedOutError as error:
        # What was found until then counts.
        logger.warning("aggregate_not_checked", extra={"reason": error.message})
    return since


def _suspects(context: Sync, connection: Connection, span: Span, suspects: Suspects) -> Suspects:
    """Add what the comparisons find for which there is time before a commit, at least one."""
    context.telemetry.uncompared = _sample(connection, span)
    _compare_next(context, connection, suspects)
    while _has_time(context, SHARE_BEFORE_COMMIT):
        _compare_next(context, connection, suspects)
    return suspects


def _further_suspects(context: Sync) -> Suspects:
    suspects: Suspects = {}
    try:
        with _briefly(context) as connection:
            while _has_time(context):
                _compare_next(context, connection, suspects)
    except RunTimedOutError as error:
        logger.warning("aggregate_not_checked", extra={"reason": error.message})
    return suspects


def _has_time(context: Sync, share: float = 1.0) -> bool:
    """Whether there is anything to compare, and *share* of the time for that is not over."""
    seen = context.telemetry
    limit = max(AT_LEAST_SECONDS, SHARE_OF_REFRESH * (seen.refresh_seconds or 0))
    return bool(seen.uncompared) and seen.compared_seconds < share * limit


def _compare_next(context: Sync, connection: Connection, suspects: Suspects) -> None:
    seen = context.telemetry
    if not seen.uncompared:
        return
    started = time.monotonic()
    part, found = _compare_bucket(connection, seen.uncompared.pop(0))
    if found:
        suspects[part] = found
    seen.compared_seconds += time.monotonic() - started


def _sample(connection: Connection, span: Span) -> list[datetime]:
    values = vars(_stretch(span))
    rows = connection.execute(sql.occupied_buckets, values)
    occupied = [(row.bucket, row.is_materialized) for row in rows]
    borders = connection.execute(sql.chunk_borders, values).scalars()
    return choose(occupied, set(borders))


def _stretch(span: Span) -> Span:
    """All of *span*, or a part: often the oldest, because what goes as a whole goes from there."""
    spare = (span.end - span.start - STRETCH) // BUCKET
    if spare <= 0:
        return span
    start = span.start + _random.choice((0, _random.randrange(spare + 1))) * BUCKET
    return Span(start, start + STRETCH)


def _compare_bucket(connection: Connection, bucket: datetime) -> tuple[Part, set[Disagreement]]:
    values = {"start": bucket, "end": bucket + BUCKET, "limit": MOST_MEASUREMENTS}
    is_large = connection.execute(sql.is_large, values).scalar_one()
    part = _any_part(bucket) if is_large else Part(bucket, bucket, bucket + BUCKET)
    return part, _disagreements(connection, part)


def _any_part(bucket: datetime) -> Part:
    start = bucket + _random.randrange(BUCKET // PART) * PART
    return Part(bucket, start, start + PART)


def _disagreements(connection: Connection, part: Part) -> set[Disagreement]:
    values = {**vars(part), "limit": DISAGREEMENTS_COMPARED}
    rows = connection.execute(sql.list_disagreements, values)
    found = {Disagreement(**row._mapping) for row in rows}
    is_any_extra = any(one.measured_at is None for one in found)
    return found if not is_any_extra or _has_chunk(connection, part) else set()


def _has_chunk(connection: Connection, part: Part) -> bool:
    """Where there is none, the aggregate may know more.

    The measurements were detached, or dropped a moment ago.
    """
    return bool(connection.execute(sql.has_chunk, vars(part)).scalar_one())


def _confirmed(context: Sync, suspects: Suspects) -> Suspects:
    """What of *suspects* another refresh leaves as it is.

    A measurement that arrives, or goes, after the refresh is no fault: TimescaleDB knows of it, and
    a refresh that begins after it was seen takes it in.
    """
    for part in suspects:
        database.retry(lambda: _refresh(context, part), context.deadline)  # noqa: B023 called at once
    return _remaining(context, suspects)


def _refresh(context: Sync, part: Part) -> None:
    work_mem_mb = context.settings.refresh_work_mem_mb
    with aggregate.refresh_session(
        context.engine, context.deadline, work_mem_mb=work_mem_mb
    ) as connection:
        aggregate.materialize(connection, part.whole_bucket)


def _remaining(context: Sync, suspects: Suspects) -> Suspects:
    remaining: Suspects = {}
    for part, seen_before in suspects.items():
        with database.transaction(context.engine, context.deadline) as connection:
            if both := seen_before & _disagreements(connection, part):
                remaining[part] = both
    return remaining


def _is_mended(context: Sync, window: Window, suspects: Suspects, since: datetime | None) -> bool:
    try:
        if since is None:
            mending.begin_mending(context, window)
        first = [part.whole_bucket for part in suspects]
        if not mending.mend(context, window, first, since or window.first_bucket):
            return False
        if _remaining(context, suspects):
            mending.begin_mending(context, window)
            return False
        mending.end_mending(context)
    except ApplicationError as error:
        logger.warning("aggregate_not_mended", extra={"reason": error.message})
        return False
    return True


def _message(suspects: Suspects) -> str:
    if not suspects:
        return "an earlier run found that the aggregate disagrees with the measurements"
    part = min(suspects, key=lambda part: part.start)
    example = min(suspects[part], key=str)
    return (
        f"the aggregate disagreed with the measurements in {len(suspects)} of the hours compared, "
        f"such as that of {instant(part.bucket)}: {example}"
    )


@contextmanager
def _briefly(context: Sync) -> Iterator[Connection]:
    """A transaction whose statements must not take long: a run does not wait for its check."""
    seconds = min(
        context.deadline.remaining_seconds(), STATEMENT_SECONDS + database.RESERVE_SECONDS
    )
    with database.transaction(context.engine, Deadline.after(seconds)) as connection:
        yield connection
