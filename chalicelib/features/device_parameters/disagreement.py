"""What a comparison of the aggregate with the measurements looks at, and what it finds."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.features.device_parameters.model import BUCKET, Span
from chalicelib.instants import instant


@dataclass(frozen=True)
class Part:
    """What of a bucket is compared: all of it, or some minutes."""

    bucket: datetime
    start: datetime
    end: datetime

    @property
    def whole_bucket(self) -> Span:
        """The bucket that it is a part of."""
        return Span(self.bucket, self.bucket + BUCKET)


@dataclass(frozen=True)
class Disagreement:
    """A pair whose newest measurement in a part is another in the aggregate."""

    device_id: str
    parameter_id: str
    measured_at: datetime | None
    materialized_at: datetime | None

    def __str__(self) -> str:
        measured = instant(self.measured_at) if self.measured_at else "not at all"
        materialized = instant(self.materialized_at) if self.materialized_at else "nothing"
        pair = f"{self.device_id} / {self.parameter_id}"
        return f"{pair} was last measured {measured}, the aggregate says {materialized}"
