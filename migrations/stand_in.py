"""What a revision would do, taken from its own functions, so that nothing is written down twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sqlalchemy import Connection


class StandIn:
    """What a revision knows as `op`, in place of Alembic's: it reads, and says what it would do.

    It has what revisions of this project use of `op`, and nothing else; a test holds that.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_bind(self) -> Connection:
        """The connection on which a revision looks at the database."""
        return self._connection

    def execute(self, statement: str) -> None:
        """Take note of *statement*, which the revision would carry out."""
        raise NotImplementedError


@contextmanager
def in_place_of_op(revision: ModuleType, stand_in: StandIn) -> Iterator[None]:
    """Have *revision* call *stand_in* where it says `op`."""
    kept = revision.op
    revision.op = stand_in  # type: ignore[attr-defined]
    try:
        yield
    finally:
        revision.op = kept  # type: ignore[attr-defined]
