"""When a device counts as online, and what a check has to read to know."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

# A clock may be a little ahead of the database's. What is further ahead does not count yet.
CLOCK_TOLERANCE = timedelta(seconds=60)
# Nobody has to be told of a year-long outage minute by minute.
LOOK_BACK = timedelta(days=1)
# As much as one transaction reads where there is a lot to catch up with.
STEP = timedelta(hours=1)
SLOT = timedelta(minutes=1)
# Over so many checks the reading of what comes late is spread, at the most.
MAX_ROUNDS = 15
# So many devices a minute are read again, for what came late, by every check.
DEVICES_A_ROUND = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rules:
    """What decides: how many reporting intervals of silence, and how late readings may come.

    A device is online for *intervals* reporting intervals of its type after its last sign of life,
    and for *at_least_seconds* in any case.
    """

    intervals: int
    at_least_seconds: int
    lateness: timedelta
    guard_percent: int
    guard_min_devices: int


@dataclass(frozen=True)
class Checkpoint:
    """How far the last check got.

    It has read what was there up to *read_until*. At *decided_at* it has decided of every device;
    None where one has still to, of all of them. *newest_reading_at* and *newest_heartbeat_at* are
    the newest of anybody, *heard_count* how many devices a minute to reckon with.
    """

    read_until: datetime | None = None
    decided_at: datetime | None = None
    newest_reading_at: datetime | None = None
    newest_heartbeat_at: datetime | None = None
    heard_count: int = 0

    @property
    def newest_at(self) -> datetime | None:
        """The newest sign that ingestion works: of readings, if there has ever been one."""
        return self.newest_reading_at or self.newest_heartbeat_at


@dataclass(frozen=True)
class Span:
    """The times after *since*, up to and including *until*."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Look:
    """What a check reads, the newest first, and the instant up to which all is read then.

    Where it *is_behind*, there is more to read before anything can be decided.
    """

    read_until: datetime
    spans: list[Span] = field(default_factory=list)
    is_behind: bool = False


def look(checkpoint: Checkpoint, now: datetime, lateness: timedelta) -> Look:
    """What to read at *now*: what is new, and what may have come late.

    All that is new is read by every check. What lies further back, as far as readings may be late,
    is read again as well: by every check where that is little, and slot by slot in turns otherwise.
    """
    since = max(checkpoint.read_until or now - LOOK_BACK, now - LOOK_BACK)
    if now - since > STEP:
        until = since + STEP
        return Look(until, [Span(since - max(lateness, CLOCK_TOLERANCE), until)], is_behind=True)
    new = Span(since - CLOCK_TOLERANCE, now + CLOCK_TOLERANCE)
    turns = rounds(checkpoint.heard_count)
    # What came since the last check may have been late already. And its slot may have to wait for
    # all the others before it is read once more.
    first = since - lateness - SLOT * turns
    return Look(now, [new, *_late(Span(first, new.since), turns, since, now)])


def rounds(heard_count: int) -> int:
    """Over how many checks to spread what came late, with so many devices heard in a minute."""
    return min(1 + heard_count // DEVICES_A_ROUND, MAX_ROUNDS)


def usual_count(known: int, heard_count: int) -> int:
    """How many devices a minute to reckon with, after *known*, when *heard_count* have been heard.

    When nobody is heard of any more, the minutes that are read again are those of before. So what
    was usual fades, about as fast as they fall out of what is read.
    """
    return max(heard_count, known * 9 // 10)


def _late(late: Span, turns: int, since: datetime, now: datetime) -> list[Span]:
    """The slots of *late* whose turn has come between *since* and *now*, neighbours as one."""
    due = {number % turns for number in range(_slot(since) + 1, _slot(now) + 1)}
    found: list[Span] = []
    for number in range(_slot(late.until), _slot(late.since) - 1, -1):
        if number % turns not in due and turns > 1:
            continue
        slot = _bounded(number, late)
        if found and found[-1].since == slot.until:
            found[-1] = Span(slot.since, found[-1].until)
        elif slot.since < slot.until:
            found.append(slot)
    return found


def _slot(instant: datetime) -> int:
    return (instant - _EPOCH) // SLOT


def _bounded(number: int, late: Span) -> Span:
    start = _EPOCH + number * SLOT
    return Span(max(start, late.since), min(start + SLOT, late.until))
