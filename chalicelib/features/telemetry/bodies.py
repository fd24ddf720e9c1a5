"""The bodies of telemetry: what was stored, what was not, and why."""

from datetime import datetime
from typing import Annotated, Any

from chalicelib.bodies import UNSET, Body, Count, Id, Instant, Meta, ShortText, Text, UnsetType
from chalicelib.features.telemetry.model import MAX_RECORDS, Reason, Way
from chalicelib.http.organizations import OwnedPageQuery
from chalicelib.instants import SpelledInstant
from chalicelib.paging import After


class Letter(Body):
    """What the queue of dead letters is told of a reject."""

    reject_id: str
    organization_id: str | None
    device_id: str | None
    metric: str | None
    reason: str
    message: str
    payload: str
    is_cut: bool
    way: str
    sent_at: datetime | None
    rejected_at: datetime


class Tidied(Body):
    """What was done about telemetry now and then."""

    forgotten: Annotated[Count, Meta(description="How many rejects were old.")]
    pending_event_count: Count | None


_Device = Annotated[ShortText | None, Meta(description="The device, as far as the record says it.")]
_Metric = Annotated[
    Text | None, Meta(description="The metric; null where it is all of the record.")
]
_Reason = Annotated[Reason, Meta(description="Why it is not stored.")]
_Message = Annotated[Text, Meta(description="The same for people.")]


class Refusal(Body, rename="camel"):
    """A record, or a value in it, that was not stored."""

    index: Annotated[int, Meta(ge=0, description="The place of the record in what was sent.")]
    device_id: _Device
    metric: _Metric
    reason: _Reason
    message: _Message
    is_quarantined: Annotated[bool, Meta(description="Whether it is set apart, to be tried again.")]


class Ingested(Body, rename="camel"):
    """What became of the records that were sent."""

    received: Annotated[Count, Meta(description="How many records there were.")]
    readings: Annotated[Count, Meta(description="How many values in them are right.")]
    stored: Annotated[Count, Meta(description="How many of these are new.")]
    corrected: Annotated[
        Count, Meta(description="How many had been stored before with another value.")
    ]
    anomalies: Annotated[Count, Meta(description="How many metrics began to behave unusually.")]
    rejected: Annotated[Count, Meta(description="How many values and records are not stored.")]
    refusals: Annotated[
        list[Refusal], Meta(description="What is not stored; the first hundred are listed.")
    ]


class TelemetryDocument(Body, rename="camel", forbid_unknown_fields=False):
    """What a device measured at one time, as its type says that it is sent; or several of these.

    Without another word of the type, the values stand under the names of metrics in `data`, or
    beside the other fields.
    """

    device_id: Annotated[
        Text | UnsetType, Meta(description="The device.", examples=["dev-abc123"])
    ] = UNSET
    timestamp: Annotated[
        SpelledInstant | UnsetType,
        Meta(
            description="When it measured: seconds or milliseconds since 1970, or ISO 8601.",
            examples=[1700056800000],
        ),
    ] = UNSET
    data: Annotated[
        dict[str, Any] | UnsetType,
        Meta(
            description="The values, by the names of metrics: a number, true or false, or an "
            "object of `value` and `unit`.",
            examples=[{"temperature": 23.5, "humidity": 45}],
        ),
    ] = UNSET
    records: (
        Annotated[
            list[Any],
            Meta(
                max_length=MAX_RECORDS,
                description="Several records, and nothing beside them. Each is judged by itself.",
            ),
        ]
        | UnsetType
    ) = UNSET


class RejectQuery(OwnedPageQuery, rename="camel"):
    """Which rejects; all that is said has to hold."""

    reason: (
        Annotated[Reason, Meta(description="Why they are not stored.", examples=["unknown_device"])]
        | UnsetType
    ) = UNSET
    device_id: (
        Annotated[Text, Meta(description="Of which device.", examples=["dev-abc123"])] | UnsetType
    ) = UNSET


class RejectedRecord(Body, rename="camel"):
    """What was not stored, and why."""

    reject_id: Annotated[Id, Meta(description="The id of the reject.")]
    organization_id: Annotated[
        Text | None, Meta(description="Whose it is; null where nobody knows.")
    ]
    device_id: _Device
    metric: _Metric
    reason: _Reason
    message: _Message
    way: Annotated[Way, Meta(description="How it came.")]
    payload: Annotated[Text, Meta(description="The record, or its first 4,096 bytes.")]
    is_cut: Annotated[
        bool, Meta(description="Whether the record is longer, or no text: it is not tried again.")
    ]
    is_quarantined: Annotated[bool, Meta(description="Whether it may be right at another time.")]
    sent_at: Annotated[
        Instant | None, Meta(description="When its carrier took it over, if that is known.")
    ]
    rejected_at: Annotated[Instant, Meta(description="When it came first.")]


class ReasonCount(Body, rename="camel"):
    """How much is rejected for one reason."""

    reason: _Reason
    rejects: Annotated[Count, Meta(description="How many rejects are kept.")]
    newest_at: Annotated[Instant, Meta(description="When the newest of them came.")]


class ReasonCounts(Body, rename="camel"):
    """How much is rejected, by the reason."""

    reasons: Annotated[list[ReasonCount], Meta(description="The most frequent comes first.")]


class Replay(Body, rename="camel"):
    """Which rejects are to be tried again; all that is said has to hold."""

    reason: Annotated[Reason, Meta(description="Those with this reason.")] | UnsetType = UNSET
    device_id: Annotated[Text, Meta(description="Those of this device.")] | UnsetType = UNSET
    reject_ids: Annotated[list[Id], Meta(max_length=500, description="These.")] | UnsetType = UNSET
    after: After | UnsetType = UNSET


class Replayed(Body, rename="camel"):
    """What became of rejects that were tried again."""

    tried: Annotated[Count, Meta(description="How many were tried.")]
    cleared: Annotated[Count, Meta(description="How many are no rejects any more.")]
    stored: Annotated[Count, Meta(description="How many readings are new.")]
    corrected: Annotated[Count, Meta(description="How many readings have another value.")]
    next: Annotated[
        str | None,
        Meta(description="Pass it on as `after` for those that follow; null after the last."),
    ]


class LatestQuery(OwnedPageQuery, rename="camel"):
    """Of which devices."""

    device_id: (
        Annotated[Text, Meta(description="Of this device only.", examples=["dev-abc123"])]
        | UnsetType
    ) = UNSET


class LatestReading(Body, rename="camel"):
    """The newest reading of a metric."""

    metric: Annotated[Text, Meta(description="The metric.", examples=["temperature"])]
    parameter_id: Annotated[Text, Meta(description="The parameter that it is kept as.")]
    unit: Annotated[Text | None, Meta(description="Its unit.", examples=["°C"])]
    data_type: Annotated[
        Text,
        Meta(description="`number`, `integer` or `boolean`.", examples=["number"]),
    ]
    measured_at: Annotated[Instant, Meta(description="When it was measured.")]
    value: Annotated[float, Meta(description="Its value; 1 and 0 are true and false.")]
    marks: Annotated[
        list[str],
        Meta(
            description="What is unusual about it: `limits`, `change`, `deviation`, `stuck`.",
            examples=[["deviation"]],
        ),
    ]


class LatestOfDevice(Body, rename="camel"):
    """The newest readings of a device."""

    device_id: Annotated[Text, Meta(description="The device.", examples=["dev-abc123"])]
    organization_id: Annotated[Text, Meta(description="Whose it is.", examples=["org-1"])]
    name: Annotated[Text, Meta(description="What people call it.")]
    last_reading_at: Annotated[Instant | None, Meta(description="When it last measured anything.")]
    reading_count: Annotated[Count, Meta(description="How many readings of it were stored.")]
    corrected_count: Annotated[
        Count, Meta(description="How many of them came again with another value.")
    ]
    readings: Annotated[
        list[LatestReading], Meta(description="The newest of each metric, in the type's order.")
    ]
