"""Whether devices are online, as plain data: a part of the declaration of devices."""

from chalicelib.feature import (
    PUT_EVENTS,
    Alarm,
    Delivery,
    Events,
    Function,
    Metric,
    Setting,
    schedule_expression,
    whole,
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
SETTINGS = (
    CONNECTIVITY_SCHEDULE,
    OFFLINE_AFTER_INTERVALS,
    OFFLINE_AFTER_SECONDS,
    CONNECTIVITY_LATENESS_SECONDS,
    OFFLINE_GUARD_PERCENT,
    OFFLINE_GUARD_MIN_DEVICES,
    TRANSITION_RETENTION_DAYS,
)
FUNCTIONS = (
    Function(
        "decide_connectivity",
        "decides which devices are online",
        concurrency=1,
        # The next check, a minute later, decides the same.
        delivery=Delivery(retries=0, max_age_s=60, is_kept=False),
        may=(PUT_EVENTS,),
    ),
)
METRICS = (
    Metric("DevicesOnline", graph="Devices online and offline", statistic="Maximum"),
    Metric("DevicesOffline", graph="Devices online and offline", statistic="Maximum"),
    Metric("Transitions", graph="Devices that became online or offline"),
    Metric("FleetsHeld", graph="Fleets that fell silent together", statistic="Maximum"),
)
ALARMS = (
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
)
# The check runs each minute, so that an hour is a long time.
EVENTS = Events("connectivity", may_wait_h=1)
OBJECTS = {
    "device_transitions": "when devices were noticed to be online, and to be offline",
    "connectivity_holds": "organizations of whose devices none is declared offline, and why",
    "connectivity_rechecks": "devices of which the next check decides, whatever else it reads",
    "connectivity_checkpoint": "how far the last check of who is online has read",
}
RIGHTS = {
    "device_transitions": "SELECT INSERT DELETE",
    "connectivity_holds": "SELECT INSERT UPDATE DELETE",
    "connectivity_rechecks": "SELECT INSERT DELETE",
    "connectivity_checkpoint": "SELECT INSERT UPDATE",
    "v_organizations": "SELECT",
}
