"""Materializing anew what TimescaleDB takes to be up to date, and is not."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.statements import statements_beside
from chalicelib.errors import RunTimedOutError
from chalicelib.features.device_parameters import aggregate
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import BUCKET, Span, Window, merged

# A step that ends early is lost, so steps are small.
STEP = timedelta(hours=6)
# The rest is for the delta, and for whatever else the run does.
SHARE_OF_TIME = 0.5

sql = statements_beside(__file__, "mending.sql")


def begin_mending(context: Sync, window: Window) -> None:
    """Note that the window is to be materialized anew, in case this run does not end well."""
    _note(context, window.first_bucket)


def mended_until(connection: Connection) -> datetime | None:
    """How far an earlier run came that had to break off; None where nothing is left to mend.

    That is a comment on a column of the aggregate, so that it goes with the aggregate.
    """
    noted: str | None = connection.execute(sql.find_note).scalar_one_or_none()
    return datetime.fromisoformat(noted) if noted else None


def mend(context: Sync, window: Window, first: list[Span], since: datetime) -> bool:
    """Materialize *first*, then the window from *since* on, as far as the time allows.

    Returns whether all of it is done. Where it is not, the next run goes on.
    """
    deadline = context.deadline.share(SHARE_OF_TIME)
    span = Span(max(since, window.first_bucket), window.hot_bucket)
    try:
        with database.transaction(context.engine, deadline) as connection:
            rest = aggregate.measured_spans(connection, span)
        for step in (*first, *(step for span in rest for step in span.steps(STEP))):
            database.retry(lambda: _materialize(context, step, deadline), deadline)  # noqa: B023 called at once
            if step not in first:
                _note(context, step.end)
    except RunTimedOutError:
        return False
    return True


def end_mending(context: Sync) -> None:
    """Forget that anything was to be mended."""
    with database.transaction(context.engine, context.deadline) as connection:
        connection.execute(sql.forget_progress)


def differing_spans(connection: Connection, window: Window) -> list[Span]:
    """The closed buckets of *window* that differ from the measurements, those in a row as one."""
    buckets = connection.execute(sql.list_differing_buckets, vars(window.closed_buckets)).scalars()
    return merged(Span(bucket, bucket + BUCKET) for bucket in buckets)


def lost_spans(connection: Connection, span: Span) -> list[Span]:
    """The buckets of *span* that were measured, and of which the aggregate has nothing."""
    buckets = connection.execute(sql.list_lost_buckets, vars(span)).scalars()
    return merged(Span(bucket, bucket + BUCKET) for bucket in buckets)


def policies(connection: Connection) -> list[str]:
    """A sentence on each policy of the database that works on the aggregate."""
    return [
        f"job {row.job_id} of the database, {row.proc_name}{_after(row.drop_after)}, works on "
        f"iot_data.{row.view_name}: {_EFFECTS.get(row.proc_name, _ANY_EFFECT)}"
        for row in connection.execute(sql.list_policies)
    ]


_ANY_EFFECT = "the runs alone should look after it"
_EFFECTS = {
    "policy_retention": "what it drops of a window has to be materialized anew by the next run",
    "policy_refresh_continuous_aggregate": "it is not needed, and competes with the runs",
    "policy_compression": "runs take longer where they change what is compressed",
}


def _after(drop_after: str | None) -> str:
    return f" after {drop_after}" if drop_after else ""


def _materialize(context: Sync, step: Span, deadline: Deadline) -> None:
    work_mem_mb = context.settings.refresh_work_mem_mb
    with aggregate.refresh_session(context.engine, deadline, work_mem_mb=work_mem_mb) as connection:
        aggregate.materialize(connection, step, is_forced=True)


def _note(context: Sync, until: datetime) -> None:
    with database.transaction(context.engine, context.deadline) as connection:
        connection.execute(sql.remember_progress, {"instant": until.isoformat()})
        connection.execute(sql.note_progress)
