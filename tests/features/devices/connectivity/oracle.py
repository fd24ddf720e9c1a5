"""What checks have to find, in memory and one device at a time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.features.devices.connectivity.model import (
    CLOCK_TOLERANCE,
    LOOK_BACK,
    SLOT,
    Rules,
)


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
class Hold:
    """The fleet is held: nothing was heard of anybody since *quiet_since*."""

    quiet_since: datetime
    patience: timedelta
    resumed_at: datetime | None = None


@dataclass
class Oracle:
    """Devices of one organization, by name; what checks notice is added to *transitions*."""

    rules: Rules
    devices: dict[str, Device] = field(default_factory=dict)
    read_until: datetime | None = None
    newest_reading_at: datetime | None = None
    newest_beat_at: datetime | None = None
    hold: Hold | None = None
    transitions: list[tuple[str, str, datetime, bool]] = field(default_factory=list)

    def check(self, now: datetime) -> None:
        """What a check at *now* reads, decides and writes down."""
        earliest = self._earliest(now)
        for device in self.devices.values():
            self._read(device, earliest, now)
        self._review(now)
        self._guard(now)
        held = {name for name, device in self.devices.items() if self._is_held(device, now)}
        if self.hold and self.hold.resumed_at and not held:
            self.hold = None
        for name, device in sorted(self.devices.items()):
            if name not in held:
                self._decide(name, device, now)
        self.read_until = now

    @property
    def newest_at(self) -> datetime | None:
        """The newest sign that anything arrives."""
        return self.newest_reading_at or self.newest_beat_at

    def _earliest(self, now: datetime) -> datetime:
        """What came late counts, a minute longer still; what nobody looked at, for a day."""
        known = self.read_until or now - LOOK_BACK
        is_behind = now - max(known, now - LOOK_BACK) > timedelta(hours=1)
        late = self.rules.lateness + (timedelta(0) if is_behind else SLOT)
        return max(known, now - LOOK_BACK) - late

    def _read(self, device: Device, earliest: datetime, now: datetime) -> None:
        until = now + CLOCK_TOLERANCE
        readings = [one for one in device.signs if earliest < one <= until]
        beats = [one for one in [device.beats] if one and earliest < one <= until]
        if not any(one > until for one in device.signs):
            self.newest_reading_at = _newest(self.newest_reading_at, readings, now)
        self.newest_beat_at = _newest(self.newest_beat_at, beats, now)
        seen = [*readings, *beats, *([device.last_seen_at] if device.last_seen_at else [])]
        device.last_seen_at = max(seen, default=None)

    def _review(self, now: datetime) -> None:
        if not self.hold or not self.newest_at:
            return
        is_new = self.newest_at > self.hold.quiet_since
        is_over = is_new and self.newest_at >= now - self.hold.patience
        if is_over and not self.hold.resumed_at:
            self.hold.resumed_at = now
        elif not is_over and self.hold.resumed_at:
            self.hold = Hold(self.newest_at, self.hold.patience)

    def _guard(self, now: datetime) -> None:
        newest = self.newest_at
        silent = [one for one in self._would_go(now) if not one.in_maintenance]
        if self.hold or not silent or not newest:
            return
        patience = min(one.limit for one in silent) / 2
        due = [one for one in self.devices.values() if _is_due(one, newest, now)]
        count = sum(one.state == "offline" or _seen(one) <= now - one.limit / 2 for one in due)
        is_large = len(due) >= self.rules.guard_min_devices
        is_most = count * 100 > self.rules.guard_percent * len(due)
        if newest < now - patience and is_large and is_most:
            self.hold = Hold(newest, patience)

    def _would_go(self, now: datetime) -> list[Device]:
        return [
            one
            for one in self.devices.values()
            if one.last_seen_at
            and not one.is_deleted
            and one.state != "offline"
            and one.last_seen_at + one.limit <= now
        ]

    def _is_held(self, device: Device, now: datetime) -> bool:
        if not self.hold or device not in self._would_go(now):
            return False
        if not self.hold.resumed_at or not self.newest_at:
            return True
        at_least = timedelta(seconds=self.rules.at_least_seconds)
        next_due = max(device.limit / self.rules.intervals, at_least)
        resumed_at = self.hold.resumed_at
        return resumed_at + next_due > now or resumed_at + next_due / 2 >= self.newest_at

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


def _newest(known: datetime | None, found: list[datetime], now: datetime) -> datetime | None:
    return max([min(one, now) for one in [*([known] if known else []), *found]], default=None)


def _seen(device: Device) -> datetime:
    assert device.last_seen_at
    return device.last_seen_at


def _is_due(device: Device, newest_at: datetime, now: datetime) -> bool:
    """Whether something can be said of the device since *newest_at*."""
    if device.is_deleted or device.in_maintenance or device.limit / 2 >= now - newest_at:
        return False
    is_of_this_silence = device.state == "offline" and _since(device) > newest_at
    return device.state == "online" or is_of_this_silence


def _since(device: Device) -> datetime:
    assert device.since
    return device.since
