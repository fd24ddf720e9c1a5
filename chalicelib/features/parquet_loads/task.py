"""What a sink is given to do: which file to read, within which limits, and where rejects go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads import sources
from chalicelib.features.parquet_loads.errors import TooManyRejectedError
from chalicelib.features.parquet_loads.model import Counts, Dataset, ObjectVersion
from chalicelib.features.parquet_loads.parquet.read import ParquetSource
from chalicelib.features.parquet_loads.rows.rejects_writer import RejectsWriter
from chalicelib.features.parquet_loads.rows.schema import require_columns
from chalicelib.features.parquet_loads.rows.validation import Validator
from chalicelib.features.parquet_loads.settings import LoadSettings

# Called with the number of rows that have been read, and the number of all rows.
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
    """What became of the rows, and where the rejected ones are."""

    counts: Counts
    rejects_key: str | None


@contextmanager
def opened(task: Task) -> Iterator[ParquetSource]:
    """The open file. Raises an `UnloadableError` if its columns are not those of the dataset."""
    with sources.opened(task.found) as parquet:
        require_columns(task.dataset, parquet.schema, task.settings.assume_time_zone)
        yield parquet


class RejectsFile:
    """The rejected rows of a load, in a temporary file that is then copied beside the object."""

    def __init__(self, task: Task, parquet: ParquetSource, path: Path) -> None:
        self._task = task
        self._row_count = parquet.num_rows
        self._path = path
        self.writer = RejectsWriter(path, parquet.schema)

    @property
    def count(self) -> int:
        """How many rows were rejected so far."""
        return self.writer.count

    def keep(self) -> str | None:
        """Copy the file beside the object and return its key; None if no row was rejected.

        This happens before the commit, so that no row is ever lost silently.
        """
        self.writer.close()
        location = self._task.found.location
        if self.count:
            sources.keep_rejects(location, self._path)
            return sources.rejects_location(location).key
        if self._task.had_rejects:
            sources.discard_rejects(location)
        return None

    @property
    def has_too_many(self) -> bool:
        """Whether more rows were rejected than the settings allow."""
        return self.count * 100 > self._row_count * self._task.settings.max_rejected_percent

    def require_few(self, rejects_key: str | None) -> None:
        """Raises `TooManyRejectedError` where more rows were rejected than the settings allow."""
        if self.has_too_many:
            limit = self._task.settings.max_rejected_percent
            raise TooManyRejectedError(
                f"{self.count} of {self._row_count} rows are bad, "
                f"and at most {limit} percent are allowed",
                read=self._row_count,
                rejected=self.count,
                rejects_key=rejects_key,
            )


def good_batches(
    task: Task, parquet: ParquetSource, rejects: RejectsFile
) -> Iterator[pa.RecordBatch]:
    """The good rows of the file. The bad ones are written to *rejects*."""
    validator = Validator(task.dataset, zone=task.settings.assume_time_zone)
    for first_row, batch in parquet.batches():
        checked = validator.check(batch, first_row)
        rejects.writer.write(checked.rejected)
        yield checked.good
        task.on_progress(first_row + len(batch), parquet.num_rows)


@contextmanager
def collected_rejects(task: Task, parquet: ParquetSource) -> Iterator[RejectsFile]:
    """A file for the rejected rows of *parquet*. It is deleted at the end."""
    with TemporaryDirectory(prefix="rejects-") as directory:
        rejects = RejectsFile(task, parquet, Path(directory) / "rejects.parquet")
        try:
            yield rejects
        finally:
            rejects.writer.close()
