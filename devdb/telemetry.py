"""Telemetry of the demonstration: devices that send, a stream, and the function that stores it."""

from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, Self

from chalicelib.features.telemetry.feature import STREAM_NAME
from chalicelib.features.telemetry.invocations import consume_stream
from devdb.aws import Aws
from devdb.fleet import Fleet
from devdb.life import READINGS_EVERY, STEP_SECONDS, Life, every
from devdb.senders import Senders
from devdb.stream import Event, EventSource, Stream

# The platform knows it, and nobody has registered it. It sends what another does.
STRANGER, _ITS_NAME, _LIKE = "dev-99", "Attic", "dev-12"


@dataclass(frozen=True)
class Telemetry:
    """Who sends, and what hands over to the application what was sent."""

    senders: Senders
    source: EventSource

    @classmethod
    def of(cls, fleet: Fleet, aws: Aws) -> Self:
        """The telemetry of *fleet* by a new stream. It is stored where `os.environ` says."""
        name = STREAM_NAME.value()
        aws.make_stream(name)
        stream = Stream(aws.client("kinesis"), name)
        return cls(Senders(fleet, stream), EventSource(stream, _store))

    def begin(self, now: datetime) -> int:
        """Have registered devices send what they have measured by *now*, and what they do now.

        Returns how many records of the past these are.
        """
        self.senders.look_round()
        self.senders.fleet.enter(STRANGER, _ITS_NAME)
        self.senders.add_stranger(STRANGER, like=_LIKE)
        sent = self.senders.send_again()
        self.senders.send(now)
        self.source.follow()
        return sent

    def live_on(self, lives: Life, tell: Callable[[str], None]) -> None:
        """Have *lives* go on with it, and devices that somebody registers take part."""

        def look_round(_: datetime) -> None:
            for device_id in self.senders.look_round():
                tell(f"{device_id} was registered, and reports from now on.")

        def send(now: datetime) -> None:
            self.senders.send(now, but=lives.asleep(now))
            self.source.follow()

        lives.repeat("registered devices", look_round, every(READINGS_EVERY))
        lives.repeat("telemetry", send, every(timedelta(seconds=STEP_SECONDS)))


def _store(event: Event) -> Mapping[str, Any]:
    """What `kinesis_consumer` does, without the metrics, which it prints for CloudWatch."""
    with redirect_stdout(StringIO()):
        return consume_stream(event, None)
