"""Events that wait to be sent, and why the bus refuses some of them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class QueuedEvent:
    """One event that waits to be sent; *detail* is a JSON object that holds its `event_id`.

    *occurred_at* is None where the time at which the bus takes it is what counts.

    The events of a stream go out in the order of their positions. Those of one batch may share
    a request, and overtake each other when a part of it fails; a batch never overtakes another.
    """

    position: int
    batch_key: str
    source: str
    detail_type: str
    detail: str
    occurred_at: datetime | None

    @property
    def size(self) -> int:
        """Bytes as EventBridge counts them: 14 for the time, then the texts in UTF-8.

        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
        """
        texts = (self.source, self.detail_type, self.detail)
        return 14 + sum(len(text.encode()) for text in texts)


@dataclass(frozen=True)
class Refusal:
    """Why the bus did not take an event."""

    position: int
    reason: str
