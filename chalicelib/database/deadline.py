"""The time that work is given."""

import time
from dataclasses import dataclass
from typing import Any

# Kept back from every statement's time limit, so that a run can still say that it ran out of time.
RESERVE_SECONDS = 5.0


@dataclass(frozen=True)
class Deadline:
    """An instant on the monotonic clock by which the work must be over."""

    expires_at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The deadline *seconds* from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def of_invocation(cls, context: Any, otherwise_seconds: float) -> "Deadline":
        """When Lambda would end the invocation, or in *otherwise_seconds* outside of Lambda."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return cls.after(otherwise_seconds if remaining is None else remaining() / 1000)

    @classmethod
    def to_record(cls) -> "Deadline":
        """A few seconds more: what is to be recorded may be that a deadline has passed."""
        return cls.after(2 * RESERVE_SECONDS)

    def share(self, part: float) -> "Deadline":
        """The deadline of work that may take *part* of what is left, so that the rest remains."""
        seconds = self.remaining_seconds() - RESERVE_SECONDS
        return Deadline.after(seconds * part + RESERVE_SECONDS)

    def remaining_seconds(self) -> float:
        """Seconds left; negative once it has passed."""
        return self.expires_at - time.monotonic()

    def leaves_time_after(self, seconds: float) -> bool:
        """Whether another attempt, *seconds* from now, would have more than the reserve."""
        return self.remaining_seconds() - RESERVE_SECONDS > seconds
