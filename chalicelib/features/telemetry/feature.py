"""Telemetry, as plain data."""

from chalicelib import paths
from chalicelib.feature import (
    HOUR,
    PUT_EVENTS,
    Delivery,
    Events,
    Feature,
    Function,
    Metric,
    Permission,
    Setting,
    matching,
    one_of,
    schedule_expression,
    whole,
)

STREAM = "TelemetryStream"
QUEUE = "TelemetryQueue"
LETTERS = "TelemetryRejects"

# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
STREAM_NAME = Setting(
    "TELEMETRY_STREAM",
    matching(r"[A-Za-z0-9_.-]{1,128}", "the name of a Kinesis stream"),
    "The Kinesis stream that telemetry comes by; read while the application is packaged.",
    default="device-parameters-telemetry",
    in_stage="device-parameters-{stage}-telemetry",
)
QUEUE_NAME = Setting(
    "TELEMETRY_QUEUE",
    matching(r"[A-Za-z0-9_-]{1,80}", "the name of a standard SQS queue"),
    "The SQS queue that telemetry may come by; read while the application is packaged.",
    default="device-parameters-telemetry",
    in_stage="device-parameters-{stage}-telemetry",
)
LETTER_QUEUE = Setting(
    "TELEMETRY_REJECTS_QUEUE",
    matching(r"https?://\S{1,500}", "the address of an SQS queue"),
    "The SQS queue that is told of what is refused. Without it nobody is told.",
    is_optional=True,
)
UNKNOWN_DEVICES = Setting(
    "TELEMETRY_UNKNOWN_DEVICES",
    one_of("quarantine", "refuse"),
    "What becomes of telemetry of devices that are not registered: it is set apart, so that it can "
    "be stored once they are, or refused.",
    default="quarantine",
)
MAX_LATENESS_DAYS = Setting(
    "MAX_LATENESS_DAYS",
    whole(1, 3650),
    "How many days old a reading may be when it arrives; older ones are set apart.",
    default="7",
)
REJECT_RETENTION_DAYS = Setting(
    "TELEMETRY_REJECT_RETENTION_DAYS",
    whole(1, 3650),
    "For how many days it is kept what was not stored.",
    default="30",
)
TIDY_SCHEDULE = Setting(
    "TELEMETRY_TIDY_SCHEDULE",
    schedule_expression,
    "When old rejects are forgotten, and others told what they could not be told at once; read "
    "while the application is packaged.",
    default="rate(5 minutes)",
)


def _device_paths(text: str) -> tuple[paths.Path, ...]:
    """Raises `ValueError`, which says what is wrong."""
    return tuple(paths.parse(part.strip()) for part in text.split(","))


DEVICE_PATHS = Setting(
    "TELEMETRY_DEVICE_PATHS",
    _device_paths,
    "Where a record says which device it is of: paths, with commas between; the first that leads "
    "to a text counts.",
    default="deviceId, device_id, end_device_ids.device_id, src",
)

_LETTERS = {"TELEMETRY_REJECTS_QUEUE": f"${{{LETTERS}}}"}
# Those of the model, as metrics are spelled.
_REASONS = (
    *("NotReadable", "NoDevice", "UnknownDevice", "OtherDevice", "NoTime", "WrongTime", "Ahead"),
    *("TooLate", "NoValues", "UnknownMetric", "WrongType", "WrongUnit", "OutOfLimits"),
    "NotStorable",
)
_TELLS = (PUT_EVENTS, Permission("sqs:SendMessage", (f"${{{LETTERS}.Arn}}",)))
# What makes the work of a batch quick: from here on Lambda gives a function a processor of its own.
_ONE_PROCESSOR_MB = 1769

FEATURE = Feature(
    "telemetry",
    "What devices measure: stored once, however often and by whatever way it comes.",
    settings=(
        STREAM_NAME,
        QUEUE_NAME,
        LETTER_QUEUE,
        DEVICE_PATHS,
        UNKNOWN_DEVICES,
        MAX_LATENESS_DAYS,
        REJECT_RETENTION_DAYS,
        TIDY_SCHEDULE,
    ),
    functions=(
        Function(
            "kinesis_consumer",
            "stores telemetry that comes by stream",
            memory_mb=_ONE_PROCESSOR_MB,
            stream=STREAM,
            may=_TELLS,
            variables=_LETTERS,
        ),
        Function(
            "iot_rule_processor",
            "stores telemetry that comes by invocation",
            delivery=Delivery(retries=2, max_age_s=6 * HOUR, is_rule=False),
            invoked_by=("iot",),
            may=_TELLS,
            variables=_LETTERS,
        ),
        Function(
            "store_queued_telemetry",
            "stores telemetry that comes by queue",
            memory_mb=_ONE_PROCESSOR_MB,
            queue=QUEUE,
            may=(
                *_TELLS,
                *(
                    Permission(action, (f"${{{QUEUE}.Arn}}",))
                    for action in (
                        "sqs:ReceiveMessage",
                        "sqs:DeleteMessage",
                        "sqs:GetQueueAttributes",
                    )
                ),
            ),
            variables=_LETTERS,
        ),
        Function(
            "tidy_telemetry",
            "forgets old rejects, and tells what could not be told at once",
            concurrency=1,
            # The next time, minutes later, does the same.
            delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
            may=_TELLS,
            variables=_LETTERS,
        ),
    ),
    queues=(LETTERS,),
    metrics=(
        Metric("RecordsReceived", graph="Telemetry"),
        Metric("ReadingsStored", graph="Telemetry"),
        Metric("ReadingsCorrected", graph="Telemetry"),
        Metric("ReadingsMarked", graph="Unusual readings"),
        Metric("Anomalies", graph="Unusual readings"),
        Metric("IngestionLatency", graph="From measurement to commit, half of it", statistic="p50"),
        Metric("IngestionLatency", graph="From measurement to commit, nearly all", statistic="p99"),
        *(Metric(f"Rejected{reason}", graph="What is rejected") for reason in _REASONS),
    ),
    sends=Events("anomaly", may_wait_h=1),
    objects={
        "device_readings": "the newest readings of each device, and how its metrics behave",
        "latest_readings": "the newest reading of each metric of each device, for others to read",
        "telemetry_rejects": "what devices sent and is not stored, and why",
    },
    rights={
        "runtime": {
            # What refreshes the aggregates may read it, and the runtime is a member of that.
            "timescale_measurements": "INSERT UPDATE",
            "device_readings": "SELECT INSERT UPDATE",
            "telemetry_rejects": "SELECT INSERT UPDATE DELETE",
            "v_devices": "SELECT",
            "v_device_types": "SELECT",
            "v_device_type_metrics": "SELECT",
            "v_organizations": "SELECT",
            "latest_readings": "SELECT",
        }
    },
)
