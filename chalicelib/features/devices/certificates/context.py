"""What everybody who is at a device's identity is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.certificates.errors import IdentityServiceError

# Longer than an invocation of either function can take: nobody else is at the device until then.
LEASE = timedelta(seconds=90)
# What a call may take that is begun now.
CALL_SECONDS = 6.0


@dataclass(frozen=True)
class Context:
    """Where things stand, until when IoT Core is asked, and what devices may do there."""

    engine: Engine
    deadline: Deadline
    policy: str

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One that sees the devices of every organization; it may end after the deadline."""
        deadline = Deadline.to_record()
        with database.transaction(self.engine, deadline, EVERY_ORGANIZATION) as connection:
            yield connection

    def require_time(self) -> None:
        """Raise `IdentityServiceError` where another call could outlast the time."""
        if self.deadline.remaining_seconds() < CALL_SECONDS:
            raise IdentityServiceError("there was no time left for the next step")
