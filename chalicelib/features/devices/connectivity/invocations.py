"""What the schedule of connectivity starts."""

from typing import Any

from chalicelib import database, metrics
from chalicelib.database import Deadline
from chalicelib.features.devices.connectivity.check import Report, check, configured_rules
from chalicelib.features.devices.connectivity.feature import TRANSITION_RETENTION_DAYS
from chalicelib.features.devices.feature import FEATURE
from chalicelib.settings import CHANGE_EVENT_BUS, database_from_environment

TIME_LIMIT_SECONDS = 60.0


def decide_connectivity(context: Any) -> dict[str, Any]:
    """Decide which devices are online, and return how many became what."""
    report = check(
        database.engine_for(database_from_environment()),
        Deadline.of_invocation(context, TIME_LIMIT_SECONDS),
        configured_rules(),
        retention_days=TRANSITION_RETENTION_DAYS.value(),
        bus=CHANGE_EVENT_BUS.value_if_set(),
    )
    checked = report.checked
    if not checked.is_skipped:
        _publish(report)
    return {
        "is_skipped": checked.is_skipped,
        "is_behind": checked.is_behind,
        "became_online": checked.became_online,
        "became_offline": checked.became_offline,
        "maintenance_ended": checked.maintenance_ended,
        "fleets_held": checked.fleets_held,
    }


def _publish(report: Report) -> None:
    checked = report.checked
    counts: dict[str, float] = {
        "Transitions": checked.became_online + checked.became_offline,
        "FleetsHeld": checked.fleets_held,
    }
    if report.counts is not None:
        counts["DevicesOnline"] = report.counts.online
        counts["DevicesOffline"] = report.counts.offline
    if report.pending_event_count is not None:
        counts["ChangeEventsPending"] = report.pending_event_count
    metrics.publish(FEATURE.name, counts, {})
