"""One load at work: what it reads, how far it got, and where its rejected rows go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads import sources
from chalicelib.features.parquet_loads.errors import TooManyRejectedError
from chalicelib.features.parquet_loads.ledger import Counts, ObjectVersion
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.read import ParquetSource
from chalicelib.features.parquet_loads.rejects import RejectsWriter
from chalicelib.features.parquet_loads.settings import LoadSettings
from chalicelib.features.parquet_loads.validate import Validator

# Told how many rows have been read, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Task:
    """What is to be loaded, and within which limits."""

    load_id: int
    dataset: Dataset
    found: ObjectVersion
    settings: LoadSettings
    deadline: Deadline
    had_rejects: bool
    on_progress: Progress


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    counts: Counts
    rejects_key: str | None


@contextmanager
def opened(task: Task) -> Iterator[ParquetSource]:
    """The file, if its columns are those of the dataset; raises an `UnloadableError` if not."""
    with sources.opened(task.found) as parquet:
        Validator(task.dataset).check_schema(parquet.schema)
        yield parquet


class Rejects:
    """The rejected rows of a load: written to a file of its own, and kept beside the object."""

    def __init__(self, task: Task, parquet: ParquetSource, path: Path) -> None:
        self._task = task
        self._read = parquet.num_rows
        self._path = path
        self.writer = RejectsWriter(path, parquet.schema)

    @property
    def count(self) -> int:
        """How many rows were rejected so far."""
        return self.writer.count

    def keep(self) -> str | None:
        """Put them where they belong and return their key; None if there are none.

        This comes before the commit: a row is never lost silently.
        """
        self.writer.close()
        location = self._task.found.location
        if self.count:
            sources.keep_rejects(location, self._path)
            return sources.rejects_of(location).key
        if self._task.had_rejects:
            sources.discard_rejects(location)
        return None

    @property
    def are_many(self) -> bool:
        """Whether more are bad than may be."""
        return self.count * 100 > self._read * self._task.settings.max_rejected_percent

    def require_few(self, rejects_key: str | None) -> None:
        """Raises `TooManyRejectedError` where more are bad than may be."""
        if self.are_many:
            limit = self._task.settings.max_rejected_percent
            raise TooManyRejectedError(
                f"{self.count} of {self._read} rows are bad, and {limit} percent may be",
                read=self._read,
                rejected=self.count,
                rejects_key=rejects_key,
            )


def good_batches(task: Task, parquet: ParquetSource, rejects: Rejects) -> Iterator[pa.RecordBatch]:
    """The good rows of the file; the bad ones go to *rejects*."""
    validator = Validator(task.dataset)
    for first_row, batch in parquet.batches():
        checked = validator.check(batch, first_row)
        rejects.writer.write(checked.rejected)
        yield checked.good
        task.on_progress(first_row + len(batch), parquet.num_rows)


@contextmanager
def rejects_of(task: Task, parquet: ParquetSource) -> Iterator[Rejects]:
    """A place for the rejected rows of *parquet*, gone afterwards."""
    with TemporaryDirectory(prefix="rejects-") as directory:
        rejects = Rejects(task, parquet, Path(directory) / "rejects.parquet")
        try:
            yield rejects
        finally:
            rejects.writer.close()
