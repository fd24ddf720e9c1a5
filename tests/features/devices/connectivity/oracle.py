"""What checks have to find, in memory and one device at a time, without the guard."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.features.devices.connectivity.model import CLOCK_TOLERANCE, LOOK_BACK


@dataclass
class Device:
    """A device, and the times of all that was stored of it."""

    limit: timedelta
    signs: list[datetime] = field(default_factory=list)
    # Of heartbeats the latest is kept.
    beats: datetime | None = None
    last_seen_at: datetime | None = None
    state: str = "never"
    since: datetime | None = None
    is_deleted: bool = False
    in_maintenance: bool = False


@dataclass
class Oracle:
    """Devices by name; what checks notice is added to *transitions*."""

    lateness: timedelta
    devices: dict[str, Device] = field(default_factory=dict)
    read_until: datetime | None = None
    transitions: list[tuple[str, str, datetime, bool]] = field(default_factory=list)

    def check(self, now: datetime) -> None:
        """What a check at *now* reads, decides and writes down."""
        earliest = self._earliest(now)
        for name, device in sorted(self.devices.items()):
            signs = [*device.signs, *([device.beats] if device.beats else [])]
            seen = [one for one in signs if earliest < one <= now + CLOCK_TOLERANCE]
            known = [*seen, *([device.last_seen_at] if device.last_seen_at else [])]
            device.last_seen_at = max(known, default=None)
            self._decide(name, device, now)
        self.read_until = now

    def _earliest(self, now: datetime) -> datetime:
        """What came late counts; what came while nobody looked counts for a day."""
        known = self.read_until or now - LOOK_BACK
        return max(known, now - LOOK_BACK) - self.lateness

    def _decide(self, name: str, device: Device, now: datetime) -> None:
        seen_at = device.last_seen_at
        if device.is_deleted or seen_at is None:
            return
        silent_at = seen_at + device.limit
        state = "online" if silent_at > now else "offline"
        if state == device.state:
            return
        happened_at = min(seen_at, now) if state == "online" else silent_at
        device.state = state
        device.since = max(happened_at, device.since or happened_at)
        self.transitions.append((name, state, device.since, device.in_maintenance))
