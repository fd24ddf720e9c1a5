"""Heartbeats, as plain data."""

from chalicelib.feature import (
    HOUR,
    PUT_EVENTS,
    Alarm,
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

QUEUE = "HeartbeatQueue"
MAX_STALE_AFTER_SECONDS = 366 * 24 * HOUR

STALE_AFTER_SECONDS = Setting(
    "STALE_AFTER_SECONDS",
    whole(1, MAX_STALE_AFTER_SECONDS),
    "For how long a device may be silent: 1 to 31622400 seconds (366 days).",
    default="120",
)
CHECK_SCHEDULE = Setting(
    "HEARTBEAT_CHECK_SCHEDULE",
    schedule_expression,
    "When the check looks for silent devices; read while the application is packaged.",
    default="rate(1 minute)",
)
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
QUEUE_NAME = Setting(
    "HEARTBEAT_QUEUE",
    matching(r"[A-Za-z0-9_-]{1,80}", "the name of a standard SQS queue"),
    "The SQS queue that heartbeats may come by; read while the application is packaged.",
    default="device-parameters-heartbeats",
    in_stage="device-parameters-{stage}-heartbeats",
)

UNKNOWN_DEVICES = Setting(
    "UNKNOWN_DEVICES",
    one_of("quarantine", "refuse", "accept"),
    "What becomes of heartbeats of devices that are neither in `redshift_devices` nor in "
    "`device_state`: they are set apart, or refused, or stored like all others.",
    default="quarantine",
)

FEATURE = Feature(
    "heartbeats",
    "The last state of each device, and whether the device is alive.",
    settings=(STALE_AFTER_SECONDS, CHECK_SCHEDULE, QUEUE_NAME, UNKNOWN_DEVICES),
    functions=(
        Function(
            "record_heartbeats",
            "stores heartbeats that come by invocation",
            delivery=Delivery(retries=2, max_age_s=HOUR, is_rule=False),
            invoked_by=("iot", "events"),
        ),
        Function(
            "record_queued_heartbeats",
            "stores heartbeats that come by queue",
            memory_mb=1024,
            queue=QUEUE,
            may=tuple(
                Permission(action, (f"${{{QUEUE}.Arn}}",))
                for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
            ),
        ),
        Function(
            "check_heartbeats",
            "looks for silent devices",
            concurrency=1,
            # The next check, a minute later, notices the same.
            delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
            may=(PUT_EVENTS,),
        ),
    ),
    metrics=(
        Metric("HeartbeatsStored", graph="Heartbeats"),
        Metric("HeartbeatsRefused", graph="Heartbeats"),
        Metric("HeartbeatsQuarantined", graph="Heartbeats"),
        Metric("DevicesStale", graph="Silent devices", statistic="Maximum"),
        Metric("BecameStale", graph="Devices that fell silent, and came back"),
        Metric("Recovered", graph="Devices that fell silent, and came back"),
    ),
    alarms=(
        Alarm(
            "no-heartbeat-check",
            # A check that never started notices no silence.
            "No check for silent devices has ended well for 15 minutes.",
            section="no-heartbeat-check",
            metric="DevicesStale",
            statistic="SampleCount",
            threshold=1,
            comparison="LessThanThreshold",
            missing="breaching",
            periods=3,
            datapoints=3,
        ),
    ),
    # The check runs each minute, so that an hour is a long time.
    sends=Events("silence", may_wait_h=1),
    objects={
        "device_state": "the last state of each device",
        "device_state_fields": "when each field was set, of devices whose fields differ in that",
        "v_device_states": "what devices last said of themselves, for other features to read",
        "v_devices_stale": "the devices that are silent, for others to read",
        "stale_devices": "the devices whose silence has been noticed and announced",
        "unknown_devices": "devices that nobody knows and that sent heartbeats",
    },
    rights={
        "runtime": {
            "redshift_devices": "SELECT",
            "v_devices": "SELECT",
            "device_state": "SELECT INSERT UPDATE DELETE",
            "device_state_fields": "SELECT INSERT UPDATE",
            "stale_devices": "SELECT INSERT DELETE",
            "unknown_devices": "SELECT INSERT UPDATE DELETE",
        }
    },
)
