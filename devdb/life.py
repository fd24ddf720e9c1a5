"""A fleet that goes on living: what it does, and when, while somebody looks."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import BUCKET, SyncRequest, Trigger, bucket_start
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.bodies import Recorded
from chalicelib.features.heartbeats.check import check
from chalicelib.features.heartbeats.record import record
from devdb.fleet import Fleet

# How often to look whether something is due.
STEP_SECONDS = 5.0
READINGS_EVERY = timedelta(minutes=1)
HEARTBEATS_EVERY = timedelta(seconds=30)
CHECKS_EVERY = timedelta(minutes=1)
RUN_AFTER = timedelta(minutes=5)
WORK_SECONDS = 60.0


@dataclass(frozen=True)
class Nap:
    """A device that says nothing for a while, and comes back, over and over."""

    device_id: str
    every: timedelta
    lasts: timedelta

    def is_on(self, lived: timedelta) -> bool:
        """Whether the device is silent when *lived* has passed; it is awake at first."""
        return lived % self.every >= self.every - self.lasts


NAPS = (
    Nap("dev-05", every=timedelta(minutes=20), lasts=timedelta(minutes=8)),
    Nap("dev-08", every=timedelta(hours=2), lasts=timedelta(minutes=30)),
    # For longer than a run looks back: its pairs are removed, and added again.
    Nap("dev-11", every=timedelta(hours=6), lasts=timedelta(minutes=150)),
)


@dataclass
class Duty:
    """Something to be done again and again."""

    name: str
    work: Callable[[datetime], object]
    next_after: Callable[[datetime], datetime]
    due_at: datetime


class Life:
    """The days of *fleet* from *began_at* on, a step at a time; the caller has the clock.

    Whatever fails is told to *tell*, and tried again when it is due again.
    """

    def __init__(
        self,
        fleet: Fleet,
        began_at: datetime,
        tell: Callable[[str], None],
        silent: Set[str] = frozenset(),
    ) -> None:
        self._fleet = fleet
        self._began_at = began_at
        self._tell = tell
        self._silent = silent
        self._duties: list[Duty] = []
        self.repeat("readings", self._report, every(READINGS_EVERY))
        self.repeat("heartbeats", self._beat, every(HEARTBEATS_EVERY))

    def repeat(
        self,
        name: str,
        work: Callable[[datetime], object],
        next_after: Callable[[datetime], datetime],
    ) -> None:
        """Do *work* as well, whenever *next_after* the time before says so."""
        self._duties.append(Duty(name, work, next_after, next_after(self._began_at)))

    def step(self, now: datetime) -> None:
        """Do what is due at *now*, once, however long the last step is ago."""
        for duty in self._duties:
            if now >= duty.due_at:
                duty.due_at = duty.next_after(now)
                self._do(duty, now)

    def _do(self, duty: Duty, now: datetime) -> None:
        try:
            duty.work(now)
        except ApplicationError as error:
            self._tell(f"{now:%H:%M}Z {duty.name}: {error.message}")

    def _report(self, now: datetime) -> None:
        self._fleet.report_all(now, but=self.asleep(now))

    def _beat(self, now: datetime) -> None:
        awake = self._fleet.reporting.keys() - self.asleep(now) - self._silent
        send_heartbeats(self._fleet.engine, {device_id: now for device_id in awake})

    def asleep(self, now: datetime) -> set[str]:
        """The devices that say nothing for the while."""
        return {nap.device_id for nap in NAPS if nap.is_on(now - self._began_at)}


def every(interval: timedelta) -> Callable[[datetime], datetime]:
    """When something is due again that is done at this interval."""
    return lambda now: now + interval


def next_run(now: datetime) -> datetime:
    """When the hourly schedule starts a run after *now*: soon after the hour has closed."""
    due_at = bucket_start(now) + RUN_AFTER
    return due_at if due_at > now else due_at + BUCKET


def run(engine: Engine, configured: SyncSettings, as_of: datetime) -> Run:
    """The run of the schedule at *as_of*."""
    context = Sync(engine, configured, Deadline.after(WORK_SECONDS))
    return sync(context, SyncRequest(Trigger.SCHEDULE, as_of=as_of))


def check_silence(engine: Engine, stale_after_seconds: int) -> None:
    """Notice who fell silent, and who came back."""
    deadline = Deadline.after(WORK_SECONDS)
    check(engine, deadline, stale_after_seconds=stale_after_seconds, bus=None)


def send_heartbeats(engine: Engine, sent_at: dict[str, datetime]) -> Recorded:
    """A heartbeat from each device, at its time."""
    devices = [_heartbeat(device_id, at) for device_id, at in sorted(sent_at.items())]
    return record(engine, Deadline.after(WORK_SECONDS), read_batch({"devices": devices}))


def _heartbeat(device_id: str, at: datetime) -> dict[str, object]:
    number = sum(device_id.encode()) % 20
    return {
        "device_id": device_id,
        "site_id": "north" if number % 2 else "south",
        "status": "ready",
        "cpu_pct": 10.0 + number + at.minute % 7,
        "ts": at.isoformat(),
    }
