"""Trying again, for as long as that can help."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from chalicelib.database.deadline import Deadline
from chalicelib.database.translation import INTERNAL_ERROR
from chalicelib.errors import DatabaseBusyError, DatabaseUnavailableError, LoginRefusedError

T = TypeVar("T")

CONNECTION_ATTEMPTS = 4


def retry(work: Callable[[], T], deadline: Deadline) -> T:
    """The result of *work*, tried again with exponential backoff and jitter while that can help.

    Contention passes, so it is waited out for as long as the deadline allows; a database that
    does not answer is given a few attempts. *work* must be idempotent: a commit whose answer
    was lost is repeated.
    """
    retrying = Retrying(
        retry=retry_if_exception(_is_transient),
        wait=wait_exponential_jitter(multiplier=0.2, max=10, jitter=0.5),
        stop=_gives_up(deadline),
        reraise=True,
    )
    return retrying(work)


def _gives_up(deadline: Deadline) -> Callable[[RetryCallState], bool]:
    def is_over(state: RetryCallState) -> bool:
        if not deadline.leaves_time_after(state.upcoming_sleep):
            return True
        error = state.outcome.exception() if state.outcome else None
        return not _is_contention(error) and state.attempt_number >= CONNECTION_ATTEMPTS

    return is_over


def _is_contention(error: BaseException | None) -> bool:
    """Whether others are in the way, and for how long nobody knows; an internal error passes."""
    if not isinstance(error, DatabaseBusyError):
        return False
    return error.details.get("sqlstate") != INTERNAL_ERROR


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, DatabaseUnavailableError) and not isinstance(error, LoginRefusedError)
