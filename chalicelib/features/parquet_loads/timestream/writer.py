"""Writes rows to Amazon Timestream: several requests at once, each repeated while that may help.

A request is repeated with the same version, and Timestream treats a record that it already has as
written. So nothing is written twice if an answer is lost, or if a load is done twice.
"""

import logging
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event, Lock
from types import TracebackType
from typing import Self

import pyarrow as pa
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter
from tenacity.nap import sleep_using_event

from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError, RunTimedOutError
from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.timestream import gateway as gateway
from chalicelib.features.parquet_loads.timestream.errors import (
    NotForTimestreamError,
    TimestreamThrottledError,
    TimestreamUnavailableError,
)
from chalicelib.features.parquet_loads.timestream.gateway import Rejection
from chalicelib.features.parquet_loads.timestream.write_requests import (
    RejectedRow,
    WriteRequest,
    plan,
)

logger = logging.getLogger(__name__)

IN_FLIGHT = 8
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 10.0
# How many rows are planned together. That is enough to bring the rows of a series together and to
# fill the requests, and it fits into the memory of a small function.
GATHERED_ROWS = 50_000
# How long a request can take. None is started that might still be waiting at the deadline.
REQUEST_SECONDS = float(gateway.CONNECT_TIMEOUT_SECONDS + gateway.READ_TIMEOUT_SECONDS)
CONFLICTING_ROW = "conflicting_row"


@dataclass
class WriteResult:
    """What became of the rows.

    The *superseded* ones were rejected because Timestream has a newer version of them. That is
    right: an old load that is repeated after a newer one must not change anything.
    """

    written: int = 0
    superseded: int = 0
    batches: int = 0
    throttled: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """The result as numbers only."""
        return {**vars(self), "rejected": len(self.rejected)}


class TimestreamWriter:
    """Writes the rows of one load. Use it as a context manager; `close` returns the result.

    *version* must be higher than in any earlier load of these rows, because Timestream replaces a
    value only if the version is higher. Memory is bounded, because `write` waits while enough
    requests are in flight.
    """

    def __init__(
        self,
        settings: TimestreamSettings,
        dataset: str,
        version: int,
        deadline: Deadline,
        *,
        in_flight: int = IN_FLIGHT,
        backoff_seconds: float = BACKOFF_SECONDS,
    ) -> None:
        self._settings = settings
        self._dataset = dataset
        self._table = _table_of(settings, dataset)
        self._version = version
        self._deadline = deadline
        self._in_flight = in_flight
        self._backoff_seconds = backoff_seconds
        self._gathered: list[pa.RecordBatch] = []
        self._gathered_count = 0
        self._pending: dict[Future[list[Rejection]], list[int]] = {}
        self._result = WriteResult()
        self._lock = Lock()
        self._is_given_up = Event()
        self._client = gateway.open_client(settings, in_flight)
        self._pool = ThreadPoolExecutor(in_flight, thread_name_prefix="timestream")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def write(self, batch: pa.RecordBatch) -> None:
        """Write these rows, now or together with the next ones.

        Raises `TimestreamUnavailableError` after the last retry, `TimestreamRefusedError` at
        once, and `RunTimedOutError` where the time is used up. Each of them has the counts so far
        in its details. The requests in flight are waited for, and the writer is then closed.
        """
        for offset in range(0, batch.num_rows, GATHERED_ROWS):
            part = batch.slice(offset, GATHERED_ROWS)
            self._gathered.append(part)
            self._gathered_count += part.num_rows
            if self._gathered_count >= GATHERED_ROWS:
                self._send_gathered()

    def close(self) -> WriteResult:
        """Write the remaining rows, and return what became of all. Raises as `write` does."""
        if self._gathered:
            self._send_gathered()
        self._wait_until_pending(0)
        self._release()
        self._result.rejected.sort(key=lambda row: row.row_number)
        logger.info("timestream_written", extra=self._result.counts())
        return self._result

    def _send_gathered(self) -> None:
        rows = pa.concat_batches(self._gathered)
        self._gathered, self._gathered_count = [], 0
        planned = plan(rows, self._dataset)
        self._result.rejected += planned.rejected
        for request in planned.requests(self._version, self._settings.max_batch_size):
            # The first request goes alone: it finds the endpoint, and shows if there is a table.
            self._wait_until_pending(self._in_flight - 1 if self._result.batches else 0)
            future = self._pool.submit(self._write, request)
            self._pending[future] = request.row_numbers

    def _wait_until_pending(self, count: int) -> None:
        while len(self._pending) > count:
            done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
            for future in done:
                if error := future.exception():
                    self._give_up(error)
                self._settle(future)

    def _settle(self, future: Future[list[Rejection]]) -> None:
        """Count what became of the rows of one request."""
        row_numbers = self._pending.pop(future)
        rejections = future.result()
        self._result.batches += 1
        self._result.written += len(row_numbers) - len(rejections)
        for rejection in rejections:
            if (rejection.existing_version or 0) > self._version:
                self._result.superseded += 1
            else:
                row = RejectedRow(row_numbers[rejection.index], self._reason(rejection))
                self._result.rejected.append(row)

    def _reason(self, rejection: Rejection) -> str:
        if rejection.existing_version == self._version:
            return CONFLICTING_ROW
        return rejection.reason

    def _give_up(self, error: BaseException) -> None:
        """Start no more requests, wait for those in flight, and raise *error* with the counts."""
        self._is_given_up.set()
        wait(self._pending)
        for future in [future for future in self._pending if not future.exception()]:
            self._settle(future)
        self._release()
        if isinstance(error, ApplicationError):
            error.details |= self._result.counts()
        raise error

    def _release(self) -> None:
        self._is_given_up.set()
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def _write(self, request: WriteRequest) -> list[Rejection]:
        """Send one request, and repeat it while that may help. Runs in a thread of the pool."""
        retrying = Retrying(
            retry=retry_if_exception_type(TimestreamUnavailableError),
            wait=wait_exponential_jitter(
                multiplier=self._backoff_seconds,
                max=MAX_BACKOFF_SECONDS,
                jitter=self._backoff_seconds,
            ),
            stop=self._is_over,
            sleep=sleep_using_event(self._is_given_up),
            reraise=True,
        )
        return retrying(self._attempt, request)

    def _is_over(self, state: RetryCallState) -> bool:
        is_late = self._deadline.remaining_seconds() - REQUEST_SECONDS <= state.upcoming_sleep
        is_last = state.attempt_number > self._settings.max_retries
        return is_late or is_last

    def _attempt(self, request: WriteRequest) -> list[Rejection]:
        if self._is_given_up.is_set():
            raise CancelledError
        if self._deadline.remaining_seconds() < REQUEST_SECONDS:
            raise RunTimedOutError("the time given to this load is used up")
        try:
            return gateway.write(self._client, self._settings, self._table, request)
        except TimestreamThrottledError:
            with self._lock:
                self._result.throttled += 1
            raise


def _table_of(settings: TimestreamSettings, dataset: str) -> str:
    if dataset not in settings.table_names:
        known = ", ".join(settings.table_names)
        raise NotForTimestreamError(
            f"Timestream takes {known}, not {dataset!r}; LOAD_SINK=timescale takes it"
        )
    return settings.table_names[dataset]
