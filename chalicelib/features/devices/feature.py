"""Devices, as plain data."""

from chalicelib.feature import (
    PUT_EVENTS,
    Alarm,
    Delivery,
    Events,
    Feature,
    Function,
    Metric,
    Setting,
    one_of,
    schedule_expression,
    whole,
)

MASTER = Setting(
    "DEVICE_MASTER",
    one_of("ours", "external"),
    "Who keeps the platform's `redshift_devices`: `ours` writes a row for each device that is "
    "registered; `external` leaves the table alone, and registers only what is there.",
    default="ours",
)
CONNECTIVITY_SCHEDULE = Setting(
    "CONNECTIVITY_SCHEDULE",
    schedule_expression,
    "When the check decides which devices are online; read while the application is packaged.",
    default="rate(1 minute)",
)
OFFLINE_AFTER_INTERVALS = Setting(
    "OFFLINE_AFTER_INTERVALS",
    whole(1, 1000),
    "After how many reporting intervals of its type without a sign of life a device is offline.",
    default="3",
)
OFFLINE_AFTER_SECONDS = Setting(
    "OFFLINE_AFTER_SECONDS",
    whole(60, 86_400),
    "For how many seconds a device may be silent at the least, however often its type reports.",
    default="120",
)
CONNECTIVITY_LATENESS_SECONDS = Setting(
    "CONNECTIVITY_LATENESS_SECONDS",
    whole(60, 86_400),
    "How late readings and heartbeats may come to count as signs of life.",
    default="900",
)
OFFLINE_GUARD_PERCENT = Setting(
    "OFFLINE_GUARD_PERCENT",
    whole(0, 100),
    "The share of an organization's devices, in percent, that may fall silent together with "
    "ingestion before their transitions to offline are held; 100 turns the guard off.",
    default="50",
)
OFFLINE_GUARD_MIN_DEVICES = Setting(
    "OFFLINE_GUARD_MIN_DEVICES",
    whole(1, 10**9),
    "Organizations with fewer devices are not guarded.",
    default="20",
)
TRANSITION_RETENTION_DAYS = Setting(
    "TRANSITION_RETENTION_DAYS",
    whole(30, 36_500),
    "For how many days it is kept when devices were online and offline.",
    default="90",
)

FEATURE = Feature(
    "devices",
    "The devices of organizations: what each is, whether it is there, and what was changed of it.",
    settings=(
        MASTER,
        CONNECTIVITY_SCHEDULE,
        OFFLINE_AFTER_INTERVALS,
        OFFLINE_AFTER_SECONDS,
        CONNECTIVITY_LATENESS_SECONDS,
        OFFLINE_GUARD_PERCENT,
        OFFLINE_GUARD_MIN_DEVICES,
        TRANSITION_RETENTION_DAYS,
    ),
    functions=(
        Function(
            "decide_connectivity",
            "decides which devices are online",
            concurrency=1,
            # The next check, a minute later, decides the same.
            delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
            may=(PUT_EVENTS,),
        ),
    ),
    metrics=(
        Metric("DevicesOnline", graph="Devices online and offline", statistic="Maximum"),
        Metric("DevicesOffline", graph="Devices online and offline", statistic="Maximum"),
        Metric("Transitions", graph="Devices that became online or offline"),
        Metric("FleetsHeld", graph="Fleets that fell silent together", statistic="Maximum"),
    ),
    alarms=(
        Alarm(
            "no-connectivity-check",
            # A check that never started decides nothing.
            "No check of which devices are online has ended well for 15 minutes.",
            section="no-connectivity-check",
            metric="FleetsHeld",
            statistic="SampleCount",
            threshold=1,
            comparison="LessThanThreshold",
            missing="breaching",
            periods=3,
            datapoints=3,
        ),
        Alarm(
            "fleet-silent",
            "Nothing is heard of any device: ingestion has stopped. Nobody is declared offline.",
            section="fleet-silent",
            metric="FleetsHeld",
            statistic="Maximum",
            # What a check says holds until another one says otherwise.
            missing="ignore",
        ),
    ),
    # The check runs each minute, so that an hour is a long time.
    sends=Events("connectivity", may_wait_h=1),
    objects={
        "devices": "the devices of organizations; those deleted, too",
        "device_presence": "when each device was last seen",
        "device_changes": "what was changed of each device, when, and by whom",
        "device_counts": "how many devices are how, for the totals of lists",
        "device_transitions": "when devices were noticed to be online, and to be offline",
        "connectivity_holds": "organizations of whose devices none is declared offline, and why",
        "connectivity_rechecks": "devices of which the next check decides, whatever else it reads",
        "connectivity_checkpoint": "how far the last check of who is online has read",
        "v_devices": "the devices, for other features to read",
    },
    rights={
        "runtime": {
            "devices": "SELECT INSERT UPDATE",
            "device_presence": "SELECT INSERT UPDATE",
            "device_changes": "SELECT INSERT",
            "device_counts": "SELECT INSERT UPDATE DELETE",
            "v_device_parameters": "SELECT",
            "v_device_states": "SELECT",
            "device_transitions": "SELECT INSERT DELETE",
            "connectivity_holds": "SELECT INSERT UPDATE DELETE",
            "connectivity_rechecks": "SELECT INSERT DELETE",
            "connectivity_checkpoint": "SELECT INSERT UPDATE",
            "v_device_types": "SELECT",
            "v_device_type_metrics": "SELECT",
            "v_organizations": "SELECT",
            # The platform's master data, which says whose readings count.
            "redshift_devices": "SELECT INSERT UPDATE",
        }
    },
)
