"""What storing needs besides the records, and what became of these."""

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from chalicelib import database, paths
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.telemetry.model import Admission, Reason, Reject, Way


@dataclass(frozen=True)
class Ingestion:
    """What storing needs besides the records.

    *organization* is whose devices are known. *device_paths* is where a record says which device it
    is of: the first that leads to a text counts. *bus* and *letter_queue* are None where nobody is
    to be told of anomalies, and of what is refused.
    """

    engine: Engine
    deadline: Deadline
    way: Way
    admission: Admission = field(default_factory=Admission)
    organization: str = EVERY_ORGANIZATION
    device_paths: tuple[paths.Path, ...] = (("deviceId",),)
    bus: str | None = None
    letter_queue: str | None = None

    @property
    def organization_id(self) -> str | None:
        """The organization; None where the devices of all are known."""
        return None if self.organization == EVERY_ORGANIZATION else self.organization

    def transaction(self) -> AbstractContextManager[Connection]:
        """A transaction that sees the devices of the organization."""
        return database.transaction(self.engine, self.deadline, self.organization)


@dataclass
class Outcome:
    """What became of records.

    *received* counts records; *readings*, *stored*, *corrected* and *marked* count readings: all
    that were right, the new ones, those with another value than before, and those that are unusual.
    *measured_ats* are the times of records, in microseconds since 1970, and *latencies* the seconds
    from then to the commit.
    """

    received: int = 0
    readings: int = 0
    stored: int = 0
    corrected: int = 0
    marked: int = 0
    anomaly_count: int = 0
    rejects: list[Reject] = field(default_factory=list)
    measured_ats: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    pending_event_count: int | None = None

    def add(self, other: "Outcome") -> None:
        """Count what became of *other* records as well."""
        self.readings += other.readings
        self.stored += other.stored
        self.corrected += other.corrected
        self.marked += other.marked
        self.anomaly_count += other.anomaly_count
        self.rejects += other.rejects
        self.latencies += other.latencies

    def counts_by_reason(self) -> Counter[Reason]:
        """How much was rejected, by the reason."""
        return Counter(reject.reason for reject in self.rejects)
