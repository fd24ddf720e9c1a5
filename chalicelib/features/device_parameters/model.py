"""What a run is, what it looks at, and what it finds. Standard library only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

BUCKET = timedelta(hours=1)
# Of both ids. An entry of an index holds 2,704 bytes, and the widest of ours has a run and a kind
# of change besides.
MAX_KEY_BYTES = 2600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    API = "api"
    CLI = "cli"
    EVENT = "event"


class RunStatus(StrEnum):
    """How a run ended, or `running`."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    GUARDED = "guarded"
    FAILED = "failed"
    SKIPPED = "skipped"


class Change(StrEnum):
    """What a run did to a pair."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"


class Obstacle(StrEnum):
    """What can keep a pair from being observed, in the order in which it is checked.

    The first of these that holds is the reason why a pair is removed.
    """

    DEVICE_UNKNOWN = "device_unknown"
    DEVICE_INACTIVE = "device_inactive"
    PARAMETER_UNKNOWN = "parameter_unknown"
    WINDOW_EXPIRED = "window_expired"


class Budget(StrEnum):
    """What a removal is held for: the share of the table, or of a group, that may fall silent.

    `window` stands for a window that is narrower than configured, in which nothing is removed, or
    that the aggregate is not known to be right in, in which nothing is removed as expired.
    """

    TABLE = "table"
    SITE = "site"
    DEVICE_TYPE = "device_type"
    WINDOW = "window"


class GuardMode(StrEnum):
    """How a run treats removals.

    `on`: those beyond a budget are held. `strict`: all are held, because the window is narrower
    than configured. `released`: none is held, because somebody forced the run.
    """

    ON = "on"
    STRICT = "strict"
    RELEASED = "released"


class EvidenceSource(StrEnum):
    """What tells a run which pairs were observed; both are exact."""

    MEASUREMENTS = "measurements"
    AGGREGATE = "aggregate"
    BOTH = "both"


class State(StrEnum):
    """The state of the sync, as `GET /status` says it."""

    OK = "ok"
    STALE = "stale"
    FAILING = "failing"
    GUARDED = "guarded"
    NEVER_RUN = "never_run"


@dataclass(frozen=True)
class SyncRequest:
    """What a caller may ask of a run; None means the configured or current value.

    *run_id* names a run that has been opened already; it is carried out as it was opened.
    *is_exclusive* refuses to open one while another is under way. *may_narrow* says that a window
    narrower than configured may remove pairs, too. *requested_by* is None where no person asked;
    *request_id* is that of their request.
    """

    trigger: Trigger
    window_minutes: int | None = None
    as_of: datetime | None = None
    dry_run: bool = False
    force: bool = False
    run_id: int | None = None
    is_exclusive: bool = False
    may_narrow: bool = True
    requested_by: str | None = None
    request_id: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Span:
    """Whole buckets, `[start, end)`, in UTC; empty where the two meet."""

    start: datetime
    end: datetime

    @property
    def buckets(self) -> list[datetime]:
        """The start of each bucket, in order."""
        count = max(0, (self.end - self.start) // BUCKET)
        return [self.start + number * BUCKET for number in range(count)]

    def steps(self, length: timedelta) -> list["Span"]:
        """The span in order, in pieces of at most *length*."""
        pieces = []
        start = self.start
        while start < self.end:
            end = min(start + length, self.end)
            pieces.append(Span(start, end))
            start = end
        return pieces


def merged(spans: Iterable[Span]) -> list[Span]:
    """*spans* in order, with those joined that touch or overlap."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start <= joined[-1].end:
            last = joined.pop()
            span = Span(last.start, max(last.end, span.end))
        joined.append(span)
    return joined


def gaps(span: Span, spans: Iterable[Span]) -> list[Span]:
    """What of *span* is in none of *spans*, which are in order and do not overlap."""
    starts, ends = [span.start], []
    for one in spans:
        ends.append(one.start)
        starts.append(one.end)
    found = zip(starts, [*ends, span.end], strict=True)
    return [Span(start, end) for start, end in found if start < end]


@dataclass(frozen=True)
class Window:
    """The half-open span `[start, end)` of measurement times that a run looks at, in UTC.

    Where closed buckets are read from the aggregate, the one that holds *start* is cut by the
    time of each pair. The hot bucket, which is still filling, is read from the measurements.
    """

    start: datetime
    end: datetime
    first_bucket: datetime
    hot_bucket: datetime

    @property
    def closed_buckets(self) -> Span:
        """The buckets that can be materialized: all but the hot one."""
        return Span(self.first_bucket, self.hot_bucket)


@dataclass(frozen=True)
class Reading:
    """Where a run reads what was observed in its window, and why there.

    Before *measured_from* the aggregate is read, then the measurements; *instead* needs no refresh.
    """

    window: Window
    measured_from: datetime
    reason: str
    instead: "Reading | None" = None

    @property
    def aggregated(self) -> Span:
        """The closed buckets that are read from the aggregate; empty where none is."""
        return Span(self.window.first_bucket, self.measured_from)

    @property
    def measured_start(self) -> datetime:
        """The instant from which on measurements are read."""
        return max(self.window.start, self.measured_from)

    @property
    def source(self) -> EvidenceSource:
        """In a word; the hot bucket, which no aggregate has, does not count."""
        if self.measured_from == self.window.first_bucket:
            return EvidenceSource.MEASUREMENTS
        if self.measured_from == self.window.hot_bucket:
            return EvidenceSource.AGGREGATE
        return EvidenceSource.BOTH


def bucket_start(instant: datetime) -> datetime:
    """The start of the UTC hour that holds *instant*, as `time_bucket('1 hour', …)` cuts it.

    Rounding the local hour instead would be wrong wherever the offset is not a whole hour.
    """
    return instant - (instant - _EPOCH) % BUCKET


def observation_window(as_of: datetime, length: timedelta) -> Window:
    """The half-open window a run at *as_of* looks at.

    It ends with the hour that holds *as_of*: a reading stamped further in the future is no
    evidence of life. Buckets are whole hours, so the window opens inside a bucket;
    `last_seen_at` makes the cut exact to the microsecond.
    """
    as_of = as_of.astimezone(UTC)
    start = as_of - length
    hot_bucket = bucket_start(as_of)
    return Window(start, hot_bucket + BUCKET, bucket_start(start), hot_bucket)


@dataclass(frozen=True)
class Plan:
    """The difference between what was observed and what the table holds, before applying it.

    *set_aside* are those of *unresolved* whose ids are too long for a key; *known* are the pairs of
    the table, *trusted* those of *trusted_at*, when a run with the configured window held nothing.
    """

    observed: int
    unresolved: int
    to_add: int
    to_remove: int
    to_rename: int
    set_aside: int
    set_aside_examples: list[str]
    known: int
    trusted: int
    trusted_at: datetime | None
    is_any_held: bool


@dataclass(frozen=True)
class Waiting:
    """How many removals wait for a person.

    *planned* are those of the run; *kept* were held by earlier ones, and are observed because its
    window is wider than configured.
    """

    planned: int
    kept: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.planned + self.kept


@dataclass(frozen=True)
class Evidence:
    """Everything that decides whether a pair belongs in the table, as it is now.

    *device_status* and *device_name* are None for an unknown device as well as for a NULL in the
    master data; *is_device_known* and *is_parameter_known* tell the two apart.
    """

    is_present: bool
    is_too_long: bool
    is_held: bool
    is_device_known: bool
    device_status: bool | None
    device_name: str | None
    is_parameter_known: bool
    parameter_name: str | None
    last_seen_at: datetime | None


@dataclass(frozen=True)
class Difference:
    """How often two sides disagree in one way, with the first examples in order."""

    kind: str
    total: int
    examples: list[str]
