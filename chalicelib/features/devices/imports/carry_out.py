"""Carrying out imports: a batch a transaction, in which the place in the file moves as well.

Whoever is killed leaves the import at the last batch that was written, and its claim runs out. So
no row is registered twice, and none is left out.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from chalicelib import audit, database, due
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.due import Claimed
from chalicelib.errors import DatabaseRefusedError
from chalicelib.features.devices.imports import gateway, row_store, store
from chalicelib.features.devices.imports.batches import Batch, batches_of
from chalicelib.features.devices.imports.bodies import ImportFailure
from chalicelib.features.devices.imports.context import (
    LEASE,
    PATIENCE,
    TURN_SECONDS,
    Done,
    Importing,
)
from chalicelib.features.devices.imports.enrol import Outcomes, enrol
from chalicelib.features.devices.imports.errors import (
    ClaimLostError,
    FileRefusedError,
    FileUnavailableError,
)
from chalicelib.features.devices.imports.model import (
    MAX_FILE_BYTES,
    FoundObject,
    ImportStatus,
    Read,
    key_of,
)
from chalicelib.features.devices.imports.store import Task
from chalicelib.features.devices.imports.tables import device_import_work
from chalicelib.features.devices.imports.window import Window

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Turn:
    """An import that is *claimed*, and until when it may go on while others wait."""

    importing: Importing
    claimed: Claimed
    ends: Deadline

    @property
    def import_id(self) -> str:
        """Which import it is."""
        return str(self.claimed.key["import_id"])

    def is_over(self) -> bool:
        """Whether another import is to be claimed."""
        return self.ends.remaining_seconds() < 0 or not self.importing.has_time()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that sees the organization's rows; raises `ClaimLostError`.

        Nobody cancels the import, or claims it, until it ends.
        """
        engine, deadline = self.importing.engine, self.importing.deadline
        organization_id = self.claimed.row["organization_id"]
        with database.transaction(engine, deadline, organization_id) as connection:
            if not store.renew(connection, self.claimed, LEASE):
                raise ClaimLostError("the import was cancelled, or somebody else goes on with it")
            yield connection


def carry_out(importing: Importing) -> Done:
    """Carry out the imports that are due, in turns, for as long as there is time."""
    done = Done()
    while importing.has_time():
        claimed = _claim(importing)
        if claimed is None:
            break
        _take(_Turn(importing, claimed, Deadline.after(TURN_SECONDS)), done)
    return done


def _claim(importing: Importing) -> Claimed | None:
    engine, deadline = importing.engine, importing.deadline
    # A claim whose answer was lost is due again when its lease is over.
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        found = due.claim(connection, device_import_work, limit=1, lease=LEASE)
    return found[0] if found else None


def _take(turn: _Turn, done: Done) -> None:
    """Go on with an import for a while; one that fails keeps none of the others waiting."""
    facts = {"import_id": turn.import_id, "attempt": turn.claimed.attempt_count}
    try:
        _go_on_or_fail(turn, done)
    except ClaimLostError:
        logger.info("import_left", extra=facts)
    except (FileUnavailableError, DatabaseRefusedError) as error:
        logger.warning("import_postponed", extra={**facts, "reason": error.message})
        with turn.transaction() as connection:
            due.postpone(connection, device_import_work, turn.claimed, error.message)


def _go_on_or_fail(turn: _Turn, done: Done) -> None:
    try:
        _go_on(turn, done)
    except FileRefusedError as error:
        _finish(turn, ImportStatus.FAILED, error)


def _go_on(turn: _Turn, done: Done) -> None:
    task = _task(turn)
    size = task.size
    if size is None:
        found = _arrived(turn, task)
        if found is None:
            return
        task, size = replace(task, etag=found.etag), found.size
    most = turn.importing.max_rows - task.registered_count - task.refused_count
    window = Window(_reader(turn, task), size)
    for batch in batches_of(window, task.format, task.place, task.columns, most):
        done.add(_written(turn, task, batch))
        if batch.is_too_many:
            raise _too_many(turn, batch)
        if turn.is_over():
            _release(turn)
            return
    _finish(turn, ImportStatus.SUCCEEDED)


def _task(turn: _Turn) -> Task:
    with turn.transaction() as connection:
        return store.find_task(connection, turn.import_id)


def _arrived(turn: _Turn, task: Task) -> FoundObject | None:
    """The file, which is looked at in this version only; None where it has still to come.

    Raises `FileRefusedError` where it has not come in time.
    """
    bucket, key = turn.importing.bucket, key_of(turn.import_id)
    found = gateway.look_at(bucket, key) if bucket else None
    if found is None and task.is_overdue:
        raise FileRefusedError("no file was uploaded in time")
    if found is None:
        _release(turn, is_waiting=True)
        return None
    if found.size > MAX_FILE_BYTES:
        raise FileRefusedError(f"the file is longer than {MAX_FILE_BYTES:,} bytes")
    with turn.transaction() as connection:
        store.begin(connection, turn.import_id, found)
    return found


def _reader(turn: _Turn, task: Task) -> Read:
    """How the file is read, wherever it is."""
    if task.has_data:
        return lambda start, end: _read_data(turn, start, end)
    bucket, etag = turn.importing.bucket, task.etag
    if bucket is None or etag is None:
        raise FileUnavailableError("the bucket is not configured any more")
    return lambda start, end: gateway.read(bucket, key_of(turn.import_id), etag, start, end)


def _read_data(turn: _Turn, start: int, end: int) -> bytes:
    with turn.transaction() as connection:
        return store.read_data(connection, turn.import_id, start, end)


def _written(turn: _Turn, task: Task, batch: Batch) -> Outcomes:
    """What becomes of the rows of *batch*, written together with the place after it."""

    def attempt() -> Outcomes:
        with turn.transaction() as connection:
            return _write(connection, turn, task, batch)

    return database.retry(attempt, turn.importing.deadline)


def _write(connection: Connection, turn: _Turn, task: Task, batch: Batch) -> Outcomes:
    if not store.move(connection, task.import_id, batch.columns, batch.before, batch.after):
        # An attempt whose answer was lost has written it.
        return []
    keeps_master = turn.importing.keeps_master
    outcomes = enrol(connection, task, batch.rows, keeps_master=keeps_master)
    row_store.add(connection, task, outcomes)
    return outcomes


def _release(turn: _Turn, *, is_waiting: bool = False) -> None:
    """Let whoever claims it next go on, some time later where the file has still to come."""
    with turn.transaction() as connection:
        store.release(connection, turn.claimed, PATIENCE if is_waiting else PATIENCE * 0)


def _finish(turn: _Turn, status: ImportStatus, error: FileRefusedError | None = None) -> None:
    failure = None if error is None else ImportFailure(code=error.code, message=error.message)
    with turn.transaction() as connection:
        task = store.find_task(connection, turn.import_id)
        due.settle(connection, device_import_work, turn.claimed)
        store.finish(connection, turn.import_id, status, failure)
        audit.record(
            connection,
            task.actor,
            "device_import.ended",
            f"device import {turn.import_id}",
            organization_id=task.organization_id,
            after={
                "status": status.value,
                "registeredCount": task.registered_count,
                "refusedCount": task.refused_count,
                "error": failure and failure.message,
            },
        )
    logger.info("import_ended", extra={"import_id": turn.import_id, "status": status.value})


def _too_many(turn: _Turn, batch: Batch) -> FileRefusedError:
    return FileRefusedError(
        f"the file has more than {turn.importing.max_rows:,} rows: those after line "
        f"{batch.after.lines:,} have been left out"
    )
