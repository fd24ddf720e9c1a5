"""One load: look at the object, open a row of the ledger, fill the sink, record the outcome."""

import logging
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from chalicelib import database, logs
from chalicelib.database import Deadline, schema
from chalicelib.errors import ApplicationError
from chalicelib.features.parquet_loads import announcements, sources, store
from chalicelib.features.parquet_loads.errors import ObjectChangedError, UnloadableError
from chalicelib.features.parquet_loads.model import (
    Counts,
    Dataset,
    Load,
    LoadFailure,
    LoadStatus,
    Location,
    ObjectVersion,
    Sink,
    dataset_of,
)
from chalicelib.features.parquet_loads.refusals import Refusals
from chalicelib.features.parquet_loads.settings import LoadSettings
from chalicelib.features.parquet_loads.task import Outcome, Progress, Task
from chalicelib.features.parquet_loads.timescale.fill import fill as fill_timescale
from chalicelib.features.parquet_loads.timestream.errors import (
    NotForTimestreamError,
    TimestreamRefusedError,
)
from chalicelib.features.parquet_loads.timestream.fill import fill as fill_timestream

logger = logging.getLogger(__name__)

# Trying again would end the same way, so a load that raises one of these is given up for good.
PERMANENT_ERRORS = (UnloadableError, NotForTimestreamError, TimestreamRefusedError)


@dataclass(frozen=True)
class LoadContext:
    """What every load needs: the database, the settings, the event bus and the deadline."""

    engine: Engine
    settings: LoadSettings
    change_event_bus: str | None
    deadline: Deadline

    @property
    def sink(self) -> Sink:
        """The database that the rows are written to."""
        return Sink.TIMESTREAM if self.settings.timestream else Sink.TIMESCALE


def load(context: LoadContext, location: Location, on_progress: Progress = lambda *_: None) -> Load:
    """Bring the present rows of the object into the sink, in place of those it brought before.

    Returns the load as it ended. It is `succeeded` if this version is loaded now or was loaded
    before, and `failed` if trying again would not change the outcome. Where trying again may help,
    the `ApplicationError` is recorded and raised. A load that did not succeed leaves no trace in
    TimescaleDB.
    """
    ended = _load_version(context, location, on_progress)
    while ended.status is LoadStatus.SUPERSEDED:
        ended = _load_version(context, location, on_progress)
    if context.change_event_bus and ended.dataset is Dataset.MEASUREMENTS:
        announcements.send(context.engine, context.change_event_bus, context.deadline)
    return ended


def _load_version(context: LoadContext, location: Location, on_progress: Progress) -> Load:
    """Load the version of the object that is there at this moment."""
    dataset = None
    try:
        dataset = dataset_of(location.key)
        found = sources.look_at(location)
    except UnloadableError as error:
        return _give_up(context, _opened(context, location, dataset, None), error)
    opened = _opened(context, location, dataset, found)
    with logs.facts(load_id=opened.load_id, dataset=dataset):
        if opened.status is not LoadStatus.RUNNING:
            return _repeated(opened)
        return _carry_out(context, opened, found, on_progress)


def _opened(
    context: LoadContext, location: Location, dataset: Dataset | None, found: ObjectVersion | None
) -> Load:
    def open_load() -> Load:
        with database.transaction(context.engine, context.deadline) as connection:
            schema.require_head(connection)
            return store.open_load(connection, location, context.sink, dataset, found)

    return database.retry(open_load, context.deadline)


def _carry_out(
    context: LoadContext, opened: Load, found: ObjectVersion, on_progress: Progress
) -> Load:
    refusals = Refusals()

    def fill() -> Load:
        with refusals.told_apart():
            return _fill(context, opened, found, on_progress)

    try:
        finished = database.retry(fill, context.deadline)
    except PERMANENT_ERRORS as error:
        return _give_up(context, opened, error)
    except ObjectChangedError as error:
        return _give_up(context, opened, error, LoadStatus.SUPERSEDED)
    except Exception as error:
        _abandon(context, opened, error)
        raise
    if not finished.is_repeated:
        facts = {f"{name}_count": count for name, count in vars(finished.counts).items()}
        logger.info("load_finished", extra={"url": opened.location.url, **facts})
    return finished


def _fill(context: LoadContext, opened: Load, found: ObjectVersion, on_progress: Progress) -> Load:
    """Write the rows, the ledger and the event; they commit together or not at all.

    The object is locked and then looked at once more. So of two loaders of one object, the last to
    commit always loads the version that is there, whichever of them started first.
    """
    with database.transaction(context.engine, context.deadline) as connection:
        store.lock_object(connection, opened.location)
        recorded = store.lock_load(connection, opened.load_id)
        # Another loader may have loaded it, or this one before the answer to its commit was lost.
        if recorded.status is LoadStatus.SUCCEEDED:
            return _repeated(recorded)
        sources.require_unchanged(found)
        outcome = _fill_sink(
            context, connection, _task(context, connection, opened, found, on_progress)
        )
        finished = store.finish_load(
            connection, opened.load_id, outcome.counts, outcome.rejects_key
        )
        if context.change_event_bus and context.sink is Sink.TIMESCALE:
            announcements.queue(connection, finished)
    return finished


def _repeated(load: Load) -> Load:
    logger.info("load_already_done", extra={"url": load.location.url})
    return replace(load, is_repeated=True)


def _task(
    context: LoadContext,
    connection: Connection,
    opened: Load,
    found: ObjectVersion,
    on_progress: Progress,
) -> Task:
    return Task(
        load_id=opened.load_id,
        dataset=dataset_of(found.location.key),
        found=found,
        settings=context.settings,
        deadline=context.deadline,
        had_rejects=store.had_rejects(connection, found.location),
        on_progress=on_progress,
    )


def _fill_sink(context: LoadContext, connection: Connection, task: Task) -> Outcome:
    if context.settings.timestream is not None:
        return fill_timestream(context.settings.timestream, task)
    return fill_timescale(connection, task)


def _give_up(
    context: LoadContext,
    opened: Load,
    error: ApplicationError,
    status: LoadStatus = LoadStatus.FAILED,
) -> Load:
    """Record that a load has loaded nothing, and return it as it then is."""
    logger.log(
        logging.ERROR if status is LoadStatus.FAILED else logging.INFO,
        "load_given_up",
        extra={
            "load_id": opened.load_id,
            "url": opened.location.url,
            "error_code": error.code,
            "reason": error.message,
        },
    )
    return database.retry(lambda: _close(context, opened, status, error), _recording_time())


def _close(context: LoadContext, opened: Load, status: LoadStatus, error: ApplicationError) -> Load:
    failure = LoadFailure(error.code.lower(), error.message)
    facts = error.details
    counts = Counts(read=facts.get("read", 0), rejected=facts.get("rejected", 0))
    with database.transaction(context.engine, _recording_time()) as connection:
        store.give_up_load(
            connection, opened.load_id, status, failure, counts, facts.get("rejects_key")
        )
        return store.find_load(connection, opened.load_id) or opened


def _abandon(context: LoadContext, opened: Load, error: Exception) -> None:
    """Record why the load failed, if the database can still be reached.

    If it cannot, the load stays `running`, and the next load of the object takes it over.
    """
    known = error if isinstance(error, ApplicationError) else ApplicationError(type(error).__name__)
    logger.error("load_failed", extra={"url": opened.location.url, "error_code": known.code})
    try:
        _close(context, opened, LoadStatus.FAILED, known)
    except ApplicationError as unrecorded:
        logger.warning("load_failure_not_recorded", extra={"reason": unrecorded.message})


def _recording_time() -> Deadline:
    """A few seconds more, because the load may have failed by passing its deadline."""
    return Deadline.after(2 * database.RESERVE_SECONDS)
