"""Whether a fleet fell silent, or whether nothing is heard of anybody."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.features.devices.connectivity.model import Rules


@dataclass(frozen=True)
class Silence:
    """The devices of an organization that a check would declare offline.

    *shortest* is the shortest limit among them: for so long one of them may be silent.
    """

    organization_id: str
    device_count: int
    shortest: timedelta

    @property
    def patience(self) -> timedelta:
        """For how long nothing may be heard of anybody before ingestion counts as stopped.

        When a device reaches its limit by itself, others have been heard of in the meantime. When
        ingestion has stopped, the first device reaches it an interval before the last one does, so
        that half of the limit has passed for all.
        """
        return self.shortest / 2


@dataclass(frozen=True)
class Fleet:
    """How many devices of an organization are silent, and of how many that can be said."""

    organization_id: str
    silent_count: int
    device_count: int


@dataclass(frozen=True)
class Hold:
    """Transitions of an organization that wait.

    They wait since *since*; nothing was heard of anybody since *quiet_since*, for longer than
    *patience*. Something is heard again since *resumed_at*. A person let them go at *released_at*,
    and a check has looked at them at *let_go_at*.
    """

    organization_id: str
    since: datetime
    quiet_since: datetime
    patience: timedelta
    resumed_at: datetime | None = None
    released_at: datetime | None = None
    let_go_at: datetime | None = None

    def is_over(self, newest_at: datetime | None, now: datetime) -> bool:
        """Whether readings have come back, and keep coming. That time passes is not enough."""
        is_new = newest_at is not None and newest_at > self.quiet_since
        return is_new and not has_stopped(newest_at, now, self.patience)


def may_have_stopped(newest_at: datetime, shortest: timedelta | None, now: datetime) -> bool:
    """Whether ingestion has stopped as far as those devices say that report most often."""
    return shortest is not None and has_stopped(newest_at, now, shortest / 2)


def has_stopped(newest_at: datetime | None, now: datetime, patience: timedelta) -> bool:
    """Whether ingestion itself has stopped: the newest of all is too old."""
    return newest_at is not None and newest_at < now - patience


def suspects(
    silences: Iterable[Silence], newest_at: datetime | None, now: datetime, rules: Rules
) -> list[Silence]:
    """Those among *silences* that may be the fault of ingestion, so that fleets are weighed."""
    if rules.guard_percent >= 100:
        return []
    return [one for one in silences if has_stopped(newest_at, now, one.patience)]


def is_exceeded(fleet: Fleet, rules: Rules) -> bool:
    """Whether so much of *fleet* is silent that it is no matter of single devices."""
    is_guarded = fleet.device_count >= rules.guard_min_devices
    return is_guarded and fleet.silent_count * 100 > rules.guard_percent * fleet.device_count
