"""What imports are carried out with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.devices.imports.model import Refused, Registered

# Longer than a batch can take, and renewed with each.
LEASE = timedelta(minutes=2)
# How often is looked whether a file has come.
PATIENCE = timedelta(seconds=55)
# For how long an import may go on while others wait for their turn.
TURN_SECONDS = 10.0
# What is kept back for a batch that takes long.
SECONDS_A_BATCH = 12.0


@dataclass(frozen=True)
class Importing:
    """The database, the time that there is, and what is configured.

    *bucket* is None where there is none. *keeps_master* says whether the platform's master table
    is ours to write.
    """

    engine: Engine
    deadline: Deadline
    bucket: str | None
    max_rows: int
    keeps_master: bool

    def has_time(self) -> bool:
        """Whether there is time for a batch."""
        return self.deadline.leaves_time_after(SECONDS_A_BATCH)


@dataclass
class Done:
    """How many rows became devices, and how many did not."""

    registered: int = 0
    refused: int = 0

    def add(self, outcomes: Iterable[Registered | Refused]) -> None:
        """Count *outcomes* as well."""
        for outcome in outcomes:
            if isinstance(outcome, Registered):
                self.registered += 1
            else:
                self.refused += 1
