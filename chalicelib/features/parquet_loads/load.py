"""One load: look at the object, open a row of the ledger, fill the sink, say how it went."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from chalicelib import database, logs
from chalicelib.database import Deadline, schema
from chalicelib.errors import ApplicationError, DatabaseBusyError, DatabaseRefusedError
from chalicelib.features.parquet_loads import (
    announcements,
    sources,
    store,
    timescale,
    timestream_load,
)
from chalicelib.features.parquet_loads.errors import UnloadableError
from chalicelib.features.parquet_loads.ledger import (
    Counts,
    Failure,
    Load,
    LoadStatus,
    Location,
    ObjectVersion,
    Sink,
)
from chalicelib.features.parquet_loads.model import Dataset, dataset_of
from chalicelib.features.parquet_loads.settings import LoadSettings
from chalicelib.features.parquet_loads.source_errors import ObjectChangedError
from chalicelib.features.parquet_loads.task import Outcome, Progress, Task
from chalicelib.features.parquet_loads.timestream_errors import (
    NotForTimestreamError,
    TimestreamRefusedError,
)

logger = logging.getLogger(__name__)

# Trying again changes nothing: neither Lambda nor anybody else should.
PERMANENT_ERRORS = (UnloadableError, NotForTimestreamError, TimestreamRefusedError)
_UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True)
class Loading:
    """What every load needs: where to, how, and until when."""

    engine: Engine
    settings: LoadSettings
    change_event_bus: str | None
    deadline: Deadline

    @property
    def sink(self) -> Sink:
        """Where rows go."""
        return Sink.TIMESTREAM if self.settings.timestream else Sink.TIMESCALE


def load(context: Loading, location: Location, on_progress: Progress = lambda *_: None) -> Load:
    """Bring what the object holds now into the sink, in place of what it brought before.

    Returns the load as it ended: `succeeded`, now or when this version was loaded before, or
    `failed` because of something that trying again would not change. Raises an
    `ApplicationError`, after recording it, where trying again may help. Either way what was not
    loaded left no trace in TimescaleDB.
    """
    ended = _load_version(context, location, on_progress)
    while ended.status is LoadStatus.SUPERSEDED:
        ended = _load_version(context, location, on_progress)
    if context.change_event_bus and ended.dataset is Dataset.MEASUREMENTS:
        announcements.send(context.engine, context.change_event_bus, context.deadline)
    return ended


def _load_version(context: Loading, location: Location, on_progress: Progress) -> Load:
    """Load what is there at this moment."""
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
    context: Loading, location: Location, dataset: Dataset | None, found: ObjectVersion | None
) -> Load:
    def record() -> Load:
        with database.transaction(context.engine, context.deadline) as connection:
            schema.require_head(connection)
            return store.open_load(connection, location, context.sink, dataset, found)

    return database.retry(record, context.deadline)


def _carry_out(context: Loading, opened: Load, found: ObjectVersion, on_progress: Progress) -> Load:
    try:
        finished = database.retry(
            lambda: _fill(context, opened, found, on_progress), context.deadline
        )
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


def _fill(context: Loading, opened: Load, found: ObjectVersion, on_progress: Progress) -> Load:
    """The rows, the ledger and the event commit together, or not at all.

    While the object is locked it is looked at once more. So its versions are loaded in the order
    they were written, whichever of two loaders comes first: what is loaded last is what is there.
    """
    with _overtaken_as_busy(), database.transaction(context.engine, context.deadline) as connection:
        store.lock_object(connection, opened.location)
        recorded = store.lock_load(connection, opened.load_id)
        if recorded.status is LoadStatus.SUCCEEDED:  # another loader, or a lost answer
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
    context: Loading,
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


def _fill_sink(context: Loading, connection: Connection, task: Task) -> Outcome:
    if context.settings.timestream is not None:
        return timestream_load.fill(context.settings.timestream, task)
    return timescale.fill(connection, task)


@contextmanager
def _overtaken_as_busy() -> Iterator[None]:
    """A reading that another writer of the platform's table added in the same moment is there
    when the load is repeated."""
    try:
        yield
    except DatabaseRefusedError as error:
        if error.details.get("sqlstate") != _UNIQUE_VIOLATION:
            raise
        raise DatabaseBusyError(error.message, **error.details) from error


def _give_up(
    context: Loading,
    opened: Load,
    error: ApplicationError,
    status: LoadStatus = LoadStatus.FAILED,
) -> Load:
    """Close a load that loaded nothing, and return it as it then stands."""
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


def _close(context: Loading, opened: Load, status: LoadStatus, error: ApplicationError) -> Load:
    failure = Failure(error.code.lower(), error.message)
    facts = error.details
    counts = Counts(read=facts.get("read", 0), rejected=facts.get("rejected", 0))
    with database.transaction(context.engine, _recording_time()) as connection:
        store.give_up_load(
            connection, opened.load_id, status, failure, counts, facts.get("rejects_key")
        )
        return store.find_load(connection, opened.load_id) or opened


def _abandon(context: Loading, opened: Load, error: Exception) -> None:
    """Say in the ledger why the load failed, as far as the database still listens.

    What cannot be recorded stays `running`, and the next load of the object takes it over.
    """
    known = error if isinstance(error, ApplicationError) else ApplicationError(type(error).__name__)
    logger.error("load_failed", extra={"url": opened.location.url, "error_code": known.code})
    try:
        _close(context, opened, LoadStatus.FAILED, known)
    except ApplicationError as unrecorded:
        logger.warning("load_failure_not_recorded", extra={"reason": unrecorded.message})


def _recording_time() -> Deadline:
    """A few seconds of its own: the load's deadline may be what has just passed."""
    return Deadline.after(2 * database.RESERVE_SECONDS)
